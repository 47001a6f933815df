"""`reachproof serve`: the HTTP service."""

from __future__ import annotations

from typing import Any

import click

from reachproof.cli.options import MODEL, READING, source, with_options
from reachproof.cli.reading import read


@click.command()
@with_options(source("none; requests bring their manifests"), *READING)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="PORT",
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--allow-unauthenticated",
    is_flag=True,
    help="Listen for other machines too, although nobody is asked who they are.",
)
@with_options(*MODEL)
def serve(
    sources: tuple[str, ...],
    host: str,
    port: int,
    *,
    lenient: bool,
    ignore_kinds: tuple[str, ...],
    allow_unauthenticated: bool,
    **model: Any,
) -> None:
    """Run the HTTP service until it is interrupted.

    POST /query answers questions; /docs describes it all. With --from, that snapshot is what requests ask about when
    they bring no manifests. The model options are for that snapshot.
    """
    from reachproof.api.serve import is_loopback, run  # the web framework is loaded only where it is needed

    if not is_loopback(host) and not allow_unauthenticated:
        raise click.UsageError(
            f"found --host {host}, expected an address of this machine only (127.0.0.1, ::1, localhost): there is no "
            "authentication yet; --allow-unauthenticated listens there all the same"
        )
    snapshot = read(sources, model, lenient=lenient, ignore_kinds=ignore_kinds) if sources else None
    run(snapshot, host=host, port=port, ready=lambda url: click.echo(f"listening on {url}", err=True))
