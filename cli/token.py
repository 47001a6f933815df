"""`reachproof token`: who may use the service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import click

from reachproof.cli.exit_codes import ExitCode
from reachproof.network.printable import printable
from reachproof.render.text_fragments import aligned

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LIFETIME = re.compile(r"([1-9]\d{0,4})([mhdw])")


class Lifetime(click.ParamType[timedelta]):
    """A number and a unit, such as 30d."""

    name = "time"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The time; a usage error for anything else."""
        if isinstance(value, timedelta):
            return value
        found = _LIFETIME.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is not a duration; write a number and m, h, d or w, such as 30d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.group()
def token() -> None:
    """Create, list and revoke tokens of the service.

    They are in the database that REACHPROOF_DATABASE_URL names, or that --config does.
    """


config_option = click.option(
    "--config", "file", type=click.Path(dir_okay=False), metavar="FILE", help="TOML file with settings of the service."
)


@token.command()
@click.option(
    "--role", type=click.Choice(("read", "write")), required=True, help="read: ask. write: change what is stored too."
)
@click.option("--name", default="", metavar="NAME", help="Description, shown in the list.")
@click.option(
    "--snapshot",
    "snapshots",
    multiple=True,
    metavar="PATTERN",
    help="Limit it to snapshots with such a name or digest; * and ? stand for what may differ. Repeatable.",
)
@click.option(
    "--namespace",
    "namespaces",
    multiple=True,
    metavar="NAMESPACE",
    help="Name only objects of this namespace in what it is shown. Repeatable; with the role read.",
)
@click.option("--expires", type=Lifetime(), metavar="TIME", help="Lifetime, such as 12h or 30d.")
@config_option
@click.pass_context
def create(
    context: click.Context,
    role: str,
    name: str,
    snapshots: tuple[str, ...],
    namespaces: tuple[str, ...],
    expires: timedelta | None,
    file: str | None,
) -> None:
    """Create a token and print it. It cannot be shown again."""
    from reachproof.api.tokens import Role, configured_tokens, scope_of  # the database only where it is needed

    try:
        scope = scope_of(snapshots or None, namespaces or None)
        with reachable(context):
            made = configured_tokens(file).create(Role(role), name, expires, scope)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(made)
    click.echo("store it now: it cannot be shown again", err=True)


@token.command("list")
@config_option
@click.pass_context
def list_tokens(context: click.Context, file: str | None) -> None:
    """List all tokens, also expired and revoked ones, without their secrets."""
    from reachproof.api.tokens import configured_tokens

    with reachable(context):
        entries = configured_tokens(file).entries()
    if not entries:
        click.echo("no tokens", err=True)
        return
    rows = [("ID", "ROLE", "STATE", "CREATED", "EXPIRES", "SNAPSHOTS", "NAMESPACES", "NAME")]
    rows += [
        (
            each.id,
            each.role.value,
            each.state,
            _day(each.created_at),
            _day(each.expires_at),
            _limit(each.scope.snapshots),
            _limit(each.scope.namespaces),
            printable(each.name),
        )
        for each in entries
    ]
    print_table(rows)


@token.command()
@click.argument("token_id", metavar="ID")
@config_option
@click.pass_context
def revoke(context: click.Context, token_id: str, file: str | None) -> None:
    """Revoke a token within seconds. ID is shown by `list`; the token itself works too."""
    from reachproof.api.tokens import configured_tokens, public_part

    part = public_part(token_id)
    with reachable(context):
        found = configured_tokens(file).revoke(part)
    if not found:
        raise click.UsageError(f"token {printable(part)} not found")
    click.echo(f"revoked {part}", err=True)


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows with their columns aligned; the first has the headings."""
    for line in aligned(rows):
        click.echo(line.lstrip())


@contextmanager
def reachable(context: click.Context) -> Iterator[None]:
    """Exit code 4 where the database cannot be used."""
    from reachproof.api.tokens import StoreUnavailable

    try:
        yield
    except StoreUnavailable as error:
        click.echo(f"error: {error}: {printable(str(error.__cause__))}", err=True)
        context.exit(ExitCode.UNREACHABLE_SERVER)


def _limit(given: tuple[str, ...] | None) -> str:
    return "all" if given is None else ",".join(given)


def _day(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%MZ}"
