"""The last words of a command that does not come to an end, said without anything that takes long to load."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from reachproof.cli.output import write_json
from reachproof.network.errors import InputError


def statements(text: str) -> Sequence[str]:
    """The statements of a text, to be told as undecided; all of it as one where it cannot be parsed."""
    from reachproof.grammar.parse import parse_many

    try:
        return [text[query.span.start : query.span.end] for query in parse_many(text)] or [text]
    except InputError:
        return [text]


def tell(document: Callable[[str], object], output: str, reason: str) -> None:
    """Write the document where JSON is wanted; in any other format nothing could be told from a clean result."""
    if output == "json":
        write_json(document(reason))
    click.echo(f"undecided: {reason}", err=True)
