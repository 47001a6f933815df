"""One HTML page of several results. It has no script, and asks for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from reachproof.render.html_fragments import Html, joined, style, table, tag

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2em auto; padding: 0 1.5em; max-width: 80em; font: 14px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; } .rp { max-width: none; }
"""


@runtime_checkable
class Renders(Protocol):
    """A result or a picture."""

    def html(self) -> Html:
        """The HTML."""


def html_page(parts: Iterable[Any], title: str) -> str:
    """The parts under a title: results and pictures as they show themselves, frames as tables, texts as headings.

    TypeError for a part of another kind.
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
    return f"<!DOCTYPE html>\n{page}\n"


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
    raise TypeError(
        f"cannot show {type(part).__name__}; expected a result, a picture, a frame, or a text for a heading"
    )
