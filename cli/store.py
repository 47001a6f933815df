"""`reachproof store`: clean up, back up and restore what the service stores."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import click

from reachproof.cli.token import Lifetime, config_option, print_table, reachable
from reachproof.network.printable import printable

_MONTH = timedelta(days=30)


@click.group()
def store() -> None:
    """Clean up, back up and restore what the service stores.

    It is in the database that REACHPROOF_DATABASE_URL names, or that --config does. The service may run meanwhile.
    """


_path = click.argument("path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))


@store.command()
@click.option(
    "--keep",
    type=Lifetime(),
    default=_MONTH,
    metavar="TIME",
    help="Keep what had a name, or was stored, in this time.  [default: 30d]",
)
@click.option("--dry-run", is_flag=True, help="List what would be removed, and remove nothing.")
@config_option
@click.pass_context
def gc(context: click.Context, keep: timedelta, file: str | None, *, dry_run: bool) -> None:
    """Remove snapshots without names, and the results about them.

    A snapshot with a name stays. So does one that was stored, or lost its last name, in the time to keep.
    """
    from reachproof.api.upkeep import collect  # the database only where it is needed

    with reachable(context):
        found = collect(file, keep, dry_run=dry_run)
    if found:
        rows = [("SNAPSHOT", "UNUSED SINCE", "BYTES", "STORED BY")]
        rows += [
            (each.digest, f"{each.since:%Y-%m-%d %H:%MZ}", str(each.stored_bytes), printable(each.stored_by or ""))
            for each in found
        ]
        print_table(rows)
    what = "1 snapshot" if len(found) == 1 else f"{len(found)} snapshots"
    size = sum(each.stored_bytes for each in found)
    click.echo(f"{'would remove' if dry_run else 'removed'} {what}, {size} bytes", err=True)


@store.command()
@_path
@config_option
@click.pass_context
def backup(context: click.Context, path: Path, file: str | None) -> None:
    """Write snapshots, names and tokens to a new FILE.

    It has one state of the store, also while services write. It is an SQLite database, whatever the store is.
    """
    from reachproof.api.upkeep import back_up

    with reachable(context):
        counts = back_up(file, path)
    click.echo(f"wrote {_told(counts)} to {printable(str(path))}", err=True)


@store.command()
@_path
@config_option
@click.pass_context
def restore(context: click.Context, path: Path, file: str | None) -> None:
    """Put what a backup FILE has into an empty store, which may be in another kind of database."""
    from reachproof.api import upkeep

    with reachable(context):
        counts = upkeep.restore(file, path)
    click.echo(f"restored {_told(counts)}", err=True)


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())
