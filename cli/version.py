"""`reachproof version`: the same as `--version`."""

from __future__ import annotations

import click

from reachproof import __version__


@click.command()
def version() -> None:
    """Show the version."""
    click.echo(f"reachproof, version {__version__}")
