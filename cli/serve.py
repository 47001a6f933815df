"""`reachproof serve`: the HTTP service."""

from __future__ import annotations

from typing import Any

import click

from reachproof.cli.help_page import Command
from reachproof.cli.options import MODEL, READING, source, with_options
from reachproof.cli.reading import read


@click.command(cls=Command)
@with_options(source("none; requests bring their manifests"), *READING)
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port to listen on; 0 takes a free one.  [default: 8000]",
)
@click.option("--processes", type=click.IntRange(1, 64), metavar="N", help="Number of processes that share the port.")
@click.option(
    "--allow-unauthenticated",
    is_flag=True,
    help="Accept requests from other machines without authentication.",
)
@click.option(
    "--config", "file", type=click.Path(dir_okay=False), metavar="FILE", help="TOML file with settings of the service."
)
@click.option("--print-config", is_flag=True, help="Print the settings in force, and exit.")
@with_options(*MODEL)
def serve(
    sources: tuple[str, ...],
    host: str | None,
    port: int | None,
    processes: int | None,
    *,
    allow_unauthenticated: bool,
    file: str | None,
    print_config: bool,
    **reading: Any,
) -> None:
    """Start the HTTP service (Ctrl-C stops it).

    POST /query answers questions; /docs describes it all. With --from, that snapshot is what requests ask about when
    they bring no manifests. The model options are for that snapshot.
    """
    from reachproof.api.serve import (  # the web framework only where it is needed
        ignored_limits,
        run,
        settings_lines,
        settings_of,
    )

    options = {"host": host, "port": port, "processes": processes, "allow_unauthenticated": allow_unauthenticated}
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    if print_config:
        click.echo("\n".join(settings_lines(file, given)))
        return
    settings = settings_of(file, given)
    snapshot = read(sources, reading) if sources else None

    def ready(url: str) -> None:
        click.echo(f"listening on {url}", err=True)
        if (warning := ignored_limits(settings)) is not None:
            click.echo(f"warning: {warning}", err=True)

    run(snapshot, settings, ready)
