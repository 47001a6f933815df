"""One HTML file of several results. It has no script, and asks for nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from reachproof.face.cells import text_of
from reachproof.face.html import Html, joined, style, tag

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2em auto; padding: 0 1.5em; max-width: 80em; font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; } .rp { max-width: none; }
"""


@runtime_checkable
class Renders(Protocol):
    """Something of ours that is HTML when asked."""

    def html(self) -> Html:
        """The HTML."""


def write_page(path: str | os.PathLike[str], parts: Iterable[Any], title: str) -> None:
    """Write the parts under a title: results and pictures as they show themselves, frames as tables, texts as headings.

    TypeError for a part of another kind; then nothing is written.
    """
    shown = joined(_section(part) for part in parts)
    head = joined(
        [
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            tag("title", title),
            Html(f"<style>{_PAGE_STYLE}{style()}</style>"),
        ]
    )
    page = tag("html", tag("head", head), tag("body", tag("h1", title), shown), lang="en")
    Path(path).write_text(f"<!DOCTYPE html>\n{page}\n", encoding="utf-8")


def _section(part: Any) -> Html:
    if isinstance(part, str):
        return tag("h2", part)
    if isinstance(part, Renders):
        return tag("div", part.html(), class_="rp")
    if hasattr(part, "itertuples") and hasattr(part, "columns"):
        # What is missing in a frame is the one thing that does not equal itself.
        rows = (
            ["" if cell is None or cell != cell else str(cell) for cell in row] for row in part.itertuples(index=False)
        )
        return tag("div", table(map(str, part.columns), rows), class_="rp")
    raise TypeError(f"found {type(part).__name__}, expected a result, a picture, a frame, or a text for a heading")


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Html:
    """Rows under their columns; a cell that is Html stays as it is."""
    head = tag("tr", *(tag("th", column) for column in columns))
    lines = (tag("tr", *(tag("td", cell if isinstance(cell, Html) else text_of(cell)) for cell in row)) for row in rows)
    return tag("div", tag("table", tag("thead", head), tag("tbody", joined(lines))), class_="rp-wide")
