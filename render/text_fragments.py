"""Fragments of text: colours for terminals, notices, errors and places, lines of tables."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from reachproof.documents import parts
from reachproof.documents.near import NearMiss, Unmet
from reachproof.network.cluster import Notice
from reachproof.network.errors import InputError
from reachproof.network.origin import Origin
from reachproof.network.printable import printable

Colour: TypeAlias = Literal["red", "green", "yellow", "cyan"]
_CODES: dict[Colour, int] = {"red": 31, "green": 32, "yellow": 33, "cyan": 36}
_FEW = 3  # that many warnings of one code are all shown


def coloured(word: str, colour: Colour, *, bold: bool = True) -> str:
    """The word between the sequences of ECMA-48 that switch its colour on and off."""
    return f"\x1b[{_CODES[colour]}m{chr(27) + '[1m' if bold else ''}{word}\x1b[0m"


_MARKS = re.compile(r"([\\`*_\[\]{}|<>#~&!()])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Iterable[str]) -> str:
    """The cells without the end of the line. One that a spreadsheet would take for a formula begins with `'`."""
    written = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    csv.writer(written, lineterminator="").writerow(safe)
    return written.getvalue()


def markdown_row(cells: Iterable[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(map(markdown, cells))} |"


def markdown(text: str) -> str:
    """Text in which nothing is markup: names in manifests are not ours."""
    return _MARKS.sub(r"\\\1", printable(text)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows under each other, indented, each column as wide as its widest entry."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def unmet_text(unmet: Unmet) -> str:
    """A condition that fails, after a word for it."""
    return f"{'undetermined' if unmet.undetermined else 'but'}: {unmet.text}"


def near_lines(found: Iterable[NearMiss]) -> Iterator[str]:
    """The rules that came nearest, each with its place, and under it the conditions that fail."""
    for number, each in enumerate(found):
        if not number:
            yield "  nearest rules"
        yield f"    {each.text}{place(each.origin)}"
        yield from (f"      {unmet_text(unmet)}" for unmet in each.failing)


def place(origin: Origin | parts.Origin | parts.Absent | None) -> str:
    """The place of something in the input, in brackets; nothing where that is not known."""
    return f"  [{origin}]" if origin and origin.file else ""


def assumption_lines(notices: Iterable[Notice | parts.Notice]) -> Iterator[str]:
    """A line for each assumption, printable."""
    return (printable(f"assuming {notice.code}: {notice.text}") for notice in notices)


def warning_lines(warnings: Iterable[Notice | parts.Notice]) -> Iterator[str]:
    """The warnings, each once, printable; of more than a few with one code the first, and how many there are."""
    alike: dict[str, list[Notice | parts.Notice]] = {}
    for notice in dict.fromkeys(warnings):
        alike.setdefault(notice.code, []).append(notice)
    for code, notices in alike.items():
        shown = notices if len(notices) <= _FEW else notices[:1]
        more = f"; and {len(notices) - 1} more, which -o json lists" if shown is not notices else ""
        for notice in shown:
            yield printable(f"warning: {code}: {notice.text}{place(notice.origin)}{more}")


def error_lines(error: InputError) -> Iterator[str]:
    """Every problem, each once; those of a query bring the line and a marker under the place."""
    for problem in dict.fromkeys(error.problems):
        yield from f"error: {problem}".split("\n")
