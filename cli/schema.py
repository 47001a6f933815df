"""`reachproof schema`: the JSON Schemas of what `-o json` writes."""

from __future__ import annotations

import json

import click

from reachproof.documents.schema import PUBLISHED, published


@click.command()
@click.argument("name", type=click.Choice(tuple(PUBLISHED)))
def schema(name: str) -> None:
    """Print the JSON Schema (2020-12) of a document.

    \b
    reachproof schema answer > answer.schema.json
    """
    click.echo(json.dumps(published(name), indent=2))
