"""Elements of SVG pictures: colours, labels, legends; drawn without a library."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.render.html_fragments import Html, joined, tag

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
