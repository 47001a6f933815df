"""The parts of a sentence of the query language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from reachproof.network.labels import Selector


def parts_of(node: object) -> Iterator[object]:
    """A node of the syntax tree, or several, and everything below, in order."""
    left = [node]
    while left:
        part = left.pop()
        yield part
        left.extend(reversed(_below(part)))


def _below(part: object) -> Sequence[object]:
    if isinstance(part, tuple):
        return part
    if is_dataclass(part) and not isinstance(part, (type, Selector)):
        return [getattr(part, field.name) for field in fields(part)]
    return ()
