"""Lines of tables: CSV (RFC 4180) for spreadsheets, Markdown for pages and comments."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from reachproof.network.printable import printable

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
