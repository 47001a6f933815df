"""What each end is exposed to: the outside, the entire cluster, and pods that could be created, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reachproof.face.drawing import ALL, FAINT, NONE, SOME, Picture, drawing, label, legend, shortened
from reachproof.face.html import Html, tag
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, format_ports

if TYPE_CHECKING:
    from reachproof.face.connectivity import Connectivity, Facing

_ROOM, _WIDTH, _HEIGHT, _TOP, _MOST = 230, 116, 24, 44, 15
_COLUMNS = ("outside", "entire cluster", "pods to come")
_LEGEND = ((ALL, "every port"), (SOME, "some ports"), (NONE, "nothing"), (FAINT, "not looked at"))


def exposure_chart(report: Connectivity) -> Picture:
    """The picture. ValueError for a report that was made without exposure."""
    if not report.exposures:
        raise ValueError("found a report without exposure, expected one that was made with exposure=True")
    parts = [*_heads(), *_cells(report)]
    height = _TOP + len(report.exposures) * _HEIGHT
    parts.append(legend(_LEGEND, x=4, y=height + 24))
    title = f"what each {report.by} is exposed to"
    return Picture(drawing(parts, width=_ROOM + 6 * _WIDTH + 24, height=height + 34, title=title), title)


def _heads() -> Iterator[Html]:
    for side, word in enumerate(("receives from", "sends to")):
        left = _left(3 * side)
        yield label(word, x=left, y=14, font_weight=700)
        for column, name in enumerate(_COLUMNS):
            yield label(name, x=left + column * _WIDTH, y=32, opacity=0.75)


def _left(column: int) -> int:
    return _ROOM + column * _WIDTH + (14 if column > 2 else 0)


def _cells(report: Connectivity) -> Iterator[Html]:
    for row, exposure in enumerate(report.exposures):
        y = _TOP + row * _HEIGHT
        yield tag("g", tag("title", str(exposure.end)), label(shortened(str(exposure.end), 34), x=4, y=y + 16))
        for side, facing in enumerate((exposure.ingress, exposure.egress)):
            for column, ports in enumerate(_ports(facing)):
                yield _cell(ports, x=_left(3 * side + column), y=y)


def _ports(facing: Facing | None) -> tuple[IntervalSet | None, ...]:
    return (facing.outside, facing.everywhere, facing.possible) if facing else (None, None, None)


def _cell(ports: IntervalSet | None, *, x: int, y: int) -> Html:
    if ports is None:
        return tag("rect", x=x, y=y + 2, width=_WIDTH - 4, height=_HEIGHT - 4, rx=3, fill=FAINT, fill_opacity=0.25)
    colour = ALL if ports == ALL_PORTS else SOME if ports else NONE
    words = format_ports(ports) if ports else ""
    ink = {ALL: "#ffffff", SOME: "#10233d"}.get(colour, "currentColor")
    return tag(
        "g",
        tag("title", words or "nothing"),
        tag("rect", x=x, y=y + 2, width=_WIDTH - 4, height=_HEIGHT - 4, rx=3, fill=colour),
        label(_short(words), x=x + 6, y=y + 16, fill=ink, font_size=10.5),
    )


def _short(words: str) -> str:
    """The ports, or the first of them and how many more there are."""
    first, *others = words.split(", ")
    return words if len(words) <= _MOST else f"{shortened(first, _MOST - 3)} +{len(others)}"
