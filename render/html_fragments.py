"""Fragments of HTML and SVG that cannot be broken out of: elements, badges, steps, rules, notices, tables.

Names of pods, labels and rules are chosen by whoever writes manifests. Every element is made by `tag`, which escapes
each text and each value of an attribute that is not `Html` already, and `Html` comes from `tag`, `joined` and the
style sheet alone. tests/face/test_escaping.py holds every renderer against hostile names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Protocol, TypeAlias, runtime_checkable

from reachproof.documents.near import NearMiss
from reachproof.documents.parts import Absent, Notice, Origin, Rule, Step
from reachproof.network.printable import printable
from reachproof.render.text_fragments import unmet_text

Cell: TypeAlias = "str | int | bool | None"
"""An entry of a table; None is nothing."""

_EMPTY = frozenset({"path", "rect", "line", "circle", "polygon", "meta"})
"""Elements that have attributes only."""

_KINDS = {
    "holds": "good",
    "unreachable": "good",
    "passed": "good",
    "equivalent": "good",
    "stricter": "good",
    "allowed": "found",
    "violated": "bad",
    "failed": "bad",
    "looser": "bad",
    "incomparable": "bad",
    "error": "bad",
    "reachable": "found",
    "warning": "found",
    "listed": "note",
    "explained": "note",
    "info": "note",
    "denied": "note",
}
"""The class of a word, for its colour; open for all others."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | int | float) -> Html:
    """An element. `class_` stands for class, and a low line within a name for a hyphen: `stroke_width`.

    Children that are not Html are texts: escaped, and with control characters written out.
    """
    names = {key: key.removesuffix("_").replace("_", "-") for key in attributes}
    written = "".join(f' {names[key]}="{_escaped(str(value))}"' for key, value in attributes.items())
    inside = "".join(child if isinstance(child, Html) else _escaped(child) for child in children)
    return Html(f"<{name}{written}/>" if name in _EMPTY and not children else f"<{name}{written}>{inside}</{name}>")


def joined(parts: Iterable[str]) -> Html:
    """One after the other."""
    return Html("".join(part if isinstance(part, Html) else _escaped(part) for part in parts))


def _escaped(text: str) -> str:
    return escape(printable(text))


@cache
def style() -> str:
    """The style sheet; it is about elements of the class `rp` and what is in them."""
    return files("reachproof.render").joinpath("fragments.css").read_text(encoding="utf-8")


def standing_alone(*parts: str) -> Html:
    """The parts with the style sheet, as one cell of a notebook shows them."""
    return tag("div", Html(f"<style>{style()}</style>"), *parts, class_="rp")


def badge(word: str) -> Html:
    """A word on its colour."""
    return tag("span", word.upper(), class_=f"rp-badge rp-{_KINDS.get(word, 'open')}")


def place(origin: Origin | Absent | None) -> Html:
    """The place of something in the input; nothing where that is not known."""
    if not origin or not origin.file:
        return Html("")
    return joined([" ", tag("span", str(origin), class_="rp-place")])


def steps(found: Iterable[Step]) -> Html:
    """The steps of a trace, one to a line."""
    return tag("ol", *(tag("li", _words(each.direction, each.action), each.text, place(each.origin)) for each in found))


def _words(direction: str, action: str) -> Html:
    return joined([tag("span", f"{direction} {action}", class_=f"rp-word rp-{action}"), " "])


def rules(title: str, found: Collection[Rule]) -> Html:
    """The rules that a verdict rests on, under a title; nothing for none."""
    if not found:
        return Html("")
    lines = (tag("li", each.text, place(each.origin)) for each in found)
    return joined([tag("div", title, class_="rp-title"), tag("ul", *lines)])


def near_rules(found: Collection[NearMiss]) -> Html:
    """The rules that came nearest to a blocked flow, each with the conditions that fail; nothing for none."""
    if not found:
        return Html("")
    lines = (
        tag("li", each.text, place(each.origin), tag("ul", *(tag("li", unmet_text(unmet)) for unmet in each.failing)))
        for each in found
    )
    return joined([tag("div", "nearest rules", class_="rp-title"), tag("ul", *lines)])


def folded_lines(title: str, lines: Iterable[str]) -> Html:
    """Texts behind a title; nothing for none."""
    found = [tag("li", line) for line in lines]
    return tag("details", tag("summary", title), tag("ul", *found)) if found else Html("")


def folded(word: str, notices: Collection[Notice]) -> Html:
    """Notices behind a line that counts them; nothing for none."""
    if not notices:
        return Html("")
    count = f"1 {word}" if len(notices) == 1 else f"{len(notices)} {word}s"
    lines = (tag("li", tag("code", notice.code), " ", notice.text, place(notice.origin)) for notice in notices)
    return tag("details", tag("summary", count), tag("ul", *lines))


def table(columns: Iterable[str], rows: Iterable[Iterable[Cell]]) -> Html:
    """Rows under their columns; a cell that is Html stays as it is."""
    head = tag("tr", *(tag("th", column) for column in columns))
    lines = (tag("tr", *(tag("td", cell if isinstance(cell, Html) else _text(cell)) for cell in row)) for row in rows)
    return tag("div", tag("table", tag("thead", head), tag("tbody", joined(lines))), class_="rp-wide")


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)


ALL, SOME, OPEN, NONE = "#1f6feb", "#8ab8f5", "#e3b341", "#80808022"
"""Colours of an access: all ports of all pods, some of it, what depends, nothing."""
FAINT = "#808a96"


def drawing(parts: Iterable[Html], *, width: int, height: int, title: str) -> Html:
    """An SVG document of this size in pixels, with a name for those who cannot see it."""
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
        role="img",
        aria_label=title,
        font_family="system-ui, sans-serif",
        xmlns="http://www.w3.org/2000/svg",
    )


def label(text: str, *, x: float, y: float, **look: str | int | float) -> Html:
    """A text in the colour of the page."""
    return tag("text", text, **{"x": round(x, 1), "y": round(y, 1), "font_size": 11, "fill": "currentColor", **look})


def legend(entries: Iterable[tuple[str, str]], *, x: int, y: int) -> Html:
    """Colours and what they stand for, on one line."""
    parts: list[Html] = []
    for colour, words in entries:
        parts.append(tag("rect", x=x, y=y - 9, width=11, height=11, rx=2, fill=colour))
        parts.append(label(words, x=x + 16, y=y))
        x += 34 + round(6.2 * len(words))
    return joined(parts)


def shortened(text: str, most: int) -> str:
    """The text, with its middle left out where it is longer than that."""
    if len(text) <= most:
        return text
    keep = most - 1
    return f"{text[: keep - keep // 2]}…{text[len(text) - keep // 2 :]}"


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
