"""Who may connect to whom, as lines from those who connect, on the left, to those who are connected to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from reachproof.face.drawing import ALL, FAINT, OPEN, Picture, drawing, label, legend, shortened
from reachproof.face.html import Html, tag

if TYPE_CHECKING:
    from reachproof.face.connectivity import Connectivity, Row
    from reachproof.face.ends import ReportEnd

MOST_ENDS = 60
"""A picture of more ends on one side cannot be read."""
_WIDTH, _HEIGHT, _ACROSS, _DOWN, _TOP, _MOST = 240, 24, 500, 34, 30, 36
_LEGEND = ((ALL, "from or to the outside"), (FAINT, "inside"), (OPEN, "depends on what is left open"))
Sides = tuple[Mapping["ReportEnd", int], Mapping["ReportEnd", int]]
"""The place of each source on the left, and of each destination on the right."""


def access_graph(report: Connectivity) -> Picture:
    """The picture, of the ends that have a connection. ValueError for more than MOST_ENDS on one side."""
    left = {end: at for at, end in enumerate(dict.fromkeys(row.src for row in report.rows))}
    right = _ordered(report.rows, left)
    most = max(len(left), len(right))
    if most > MOST_ENDS:
        raise ValueError(
            f"found {most} ends, expected at most {MOST_ENDS}: put more pods together with by, or narrow the report"
        )
    parts = [label("can connect", x=8, y=16, font_weight=700), label("to", x=8 + _ACROSS, y=16, font_weight=700)]
    parts += [_line(row, (left, right)) for row in report.rows]
    parts += [*_boxes(left, 8), *_boxes(right, 8 + _ACROSS)]
    height = _TOP + most * _DOWN + 28
    parts.append(legend(_LEGEND, x=8, y=height - 8))
    title = f"who may connect to whom, by {report.by}"
    return Picture(drawing(parts, width=_ACROSS + _WIDTH + 16, height=height, title=title), title)


def _ordered(rows: Iterable[Row], left: Mapping[ReportEnd, int]) -> Mapping[ReportEnd, int]:
    """The destinations, each about as high as its sources, so that few lines cross."""
    sources: dict[ReportEnd, list[int]] = defaultdict(list)
    for row in rows:
        sources[row.dst].append(left[row.src])
    found = sorted(sources, key=lambda end: sum(sources[end]) / len(sources[end]))
    return {end: at for at, end in enumerate(found)}


def _boxes(places: Mapping[ReportEnd, int], x: int) -> Iterator[Html]:
    for end, at in places.items():
        y = _TOP + at * _DOWN
        dashed: dict[str, str] = {"stroke_dasharray": "4 3"} if end.external else {}
        box = tag("rect", x=x, y=y, width=_WIDTH, height=_HEIGHT, rx=5, fill="#8080801f", stroke=FAINT, **dashed)
        name = label(shortened(end.words, _MOST), x=x + 9, y=y + 16)
        yield tag("g", tag("title", end.words), box, name)


def _line(row: Row, sides: Sides) -> Html:
    x1, x2 = 8 + _WIDTH, 8 + _ACROSS
    y1, y2 = (_TOP + side[end] * _DOWN + _HEIGHT // 2 for side, end in zip(sides, (row.src, row.dst), strict=True))
    bend = (x2 - x1) // 2
    outside = row.src.external or row.dst.external
    colour = OPEN if row.access.open else ALL if outside else FAINT
    curve = f"M {x1} {y1} C {x1 + bend} {y1}, {x2 - bend} {y2}, {x2 - 6} {y2}"
    line = tag("path", d=curve, fill="none", stroke=colour, stroke_width=1.4, stroke_opacity=0.8)
    head = tag("polygon", points=f"{x2 - 7},{y2 - 4} {x2},{y2} {x2 - 7},{y2 + 4}", fill=colour)
    return tag("g", tag("title", str(row)), line, head)
