"""The parts of a sentence of the query language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from reachproof.network.labels import Selector


def parts_of(node: object) -> Iterator[object]:
    """A node of the syntax tree, or several, and everything below, in order."""
    yield node
    if isinstance(node, tuple):
        for each in node:
            yield from parts_of(each)
    elif is_dataclass(node) and not isinstance(node, (type, Selector)):
        for field in fields(node):
            yield from parts_of(getattr(node, field.name))
