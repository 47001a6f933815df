"""Notices, errors and places as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents import parts
from reachproof.network.cluster import Notice
from reachproof.network.errors import InputError
from reachproof.network.origin import Origin
from reachproof.network.printable import printable


def place(origin: Origin | parts.Origin | parts.Absent | None) -> str:
    """The place of something in the input, in brackets; nothing where that is not known."""
    return f"  [{origin}]" if origin and origin.file else ""


def assumption_lines(notices: Iterable[Notice | parts.Notice]) -> Iterator[str]:
    """A line for each assumption, printable."""
    return (printable(f"assuming {notice.code}: {notice.text}") for notice in notices)


def warning_lines(warnings: Iterable[Notice | parts.Notice]) -> Iterator[str]:
    """The warnings, each once, printable."""
    for notice in dict.fromkeys(warnings):
        yield printable(f"warning: {notice.code}: {notice.text}{place(notice.origin)}")


def error_lines(error: InputError) -> Iterator[str]:
    """Every problem, each once; those of a query bring the line and a marker under the place."""
    for problem in dict.fromkeys(error.problems):
        yield from f"error: {problem}".split("\n")
