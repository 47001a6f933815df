"""Pieces of HTML and SVG that cannot be broken out of.

Names of pods, labels and rules are chosen by whoever writes manifests. Every element is made by `tag`, which escapes
each text and each value of an attribute that is not `Html` already, and `Html` comes from `tag`, `joined` and the
style sheet alone. tests/face/test_escaping.py holds every renderer against hostile names.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files

from reachproof.network.printable import printable

_EMPTY = frozenset({"path", "rect", "line", "circle", "polygon", "meta"})
"""Elements that have attributes only."""


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | int | float) -> Html:
    """An element. `class_` stands for class, and a low line within a name for a hyphen: `stroke_width`.

    Children that are not Html are texts: escaped, and with control characters written out.
    """
    written = "".join(f' {_attribute(key)}="{_escaped(str(value))}"' for key, value in attributes.items())
    inside = "".join(child if isinstance(child, Html) else _escaped(child) for child in children)
    return Html(f"<{name}{written}/>" if name in _EMPTY and not children else f"<{name}{written}>{inside}</{name}>")


def joined(parts: Iterable[str]) -> Html:
    """One after the other."""
    return Html("".join(part if isinstance(part, Html) else _escaped(part) for part in parts))


def _attribute(name: str) -> str:
    return name.removesuffix("_").replace("_", "-")


def _escaped(text: str) -> str:
    return escape(printable(text))


@cache
def style() -> str:
    """The style sheet; it is about elements of the class `rp` and what is in them."""
    return files("reachproof.face").joinpath("face.css").read_text(encoding="utf-8")


def standing_alone(*parts: str) -> Html:
    """The parts with the style sheet, as one cell of a notebook shows them."""
    return tag("div", Html(f"<style>{style()}</style>"), *parts, class_="rp")
