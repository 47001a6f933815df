"""Connectivity as pictures: a matrix, a graph, and a table of what each end is exposed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, format_ports
from reachproof.render.html_fragments import Html, tag
from reachproof.render.report_edges import Access, Exposure, Facing, Row
from reachproof.render.report_nodes import ReportEnd
from reachproof.render.svg import ALL, FAINT, NONE, OPEN, SOME, drawing, label, legend, shortened

Between: TypeAlias = Mapping[tuple[ReportEnd, ReportEnd], Access]
"""The access from a source to a destination; pairs with nothing are absent."""

MOST_MATRIX_ENDS = 80
"""A picture of more ends cannot be read."""
_CELL, _LONGEST = 22, 30
_MATRIX_LEGEND = (
    (ALL, "every port"),
    (SOME, "some ports, or some pods"),
    (OPEN, "depends on what is left open"),
    (NONE, "nothing"),
)
_MARKS = {ALL: "●", SOME: "◐", OPEN: "?"}


def matrix_chart(ends: Sequence[ReportEnd], between: Between, title: str) -> Html:
    """A line for each source, a column for each destination. ValueError for more than MOST_MATRIX_ENDS ends."""
    if len(ends) > MOST_MATRIX_ENDS:
        raise ValueError(
            f"found {len(ends)} ends, expected at most {MOST_MATRIX_ENDS}: "
            "put more pods together with by, or narrow the report"
        )
    room = 16 + round(6.4 * max((len(shortened(end.words, _LONGEST)) for end in ends), default=0))
    width, top = room + len(ends) * _CELL + 12, 8 + round(room * 0.75)
    parts = [*_margin(ends, room, top), *_squares(ends, between, room, top)]
    bottom = top + len(ends) * _CELL
    parts.append(legend(_MATRIX_LEGEND, x=4, y=bottom + 24))
    return drawing(parts, width=max(width + room // 2, 540), height=bottom + 34, title=title)


def _margin(ends: Sequence[ReportEnd], room: int, top: int) -> Iterator[Html]:
    for number, end in enumerate(ends):
        text, full = shortened(end.words, _LONGEST), tag("title", end.words)
        row, column = top + number * _CELL + 15, room + number * _CELL + 14
        yield tag("g", full, label(text, x=room - 7, y=row, text_anchor="end"))
        turned = f"rotate(-48 {column} {top - 6})"
        yield tag("g", full, label(text, x=column, y=top - 6, transform=turned))


def _squares(ends: Sequence[ReportEnd], between: Between, room: int, top: int) -> Iterator[Html]:
    for row, src in enumerate(ends):
        for column, dst in enumerate(ends):
            access = between.get((src, dst))
            x, y = room + column * _CELL, top + row * _CELL
            colour = colour_of(access)
            words = format_ports(access.ports) if access else "nothing"
            remark = f" ({access.remarks})" if access and access.remarks else ""
            square = tag("rect", x=x + 1, y=y + 1, width=_CELL - 2, height=_CELL - 2, rx=3, fill=colour)
            mark = label(
                _MARKS.get(colour, ""), x=x + _CELL / 2, y=y + 15, text_anchor="middle", fill="#10233d", font_size=10
            )
            yield tag("g", tag("title", f"{src} => {dst}: {words}{remark}"), square, mark)


def colour_of(access: Access | None) -> str:
    """The colour of what is allowed between two ends."""
    if access is None:
        return NONE
    if access.open:
        return OPEN
    return ALL if access.ports == ALL_PORTS and not access.partial else SOME


MOST_GRAPH_ENDS = 60
"""A picture of more ends on one side cannot be read."""
_BOX_WIDTH, _BOX_HEIGHT, _ACROSS, _DOWN, _GRAPH_TOP, _LONGEST_NAME = 240, 24, 500, 34, 30, 36
_GRAPH_LEGEND = ((ALL, "from or to the outside"), (FAINT, "inside"), (OPEN, "depends on what is left open"))
_Sides = tuple[Mapping[ReportEnd, int], Mapping[ReportEnd, int]]
"""The place of each source on the left, and of each destination on the right."""


def access_graph(rows: Sequence[Row], title: str) -> Html:
    """Lines from those who connect, on the left, to those who are connected to.

    Ends without a connection are left out. ValueError for more than MOST_GRAPH_ENDS on one side.
    """
    left = {end: at for at, end in enumerate(dict.fromkeys(row.src for row in rows))}
    right = _ordered(rows, left)
    most = max(len(left), len(right))
    if most > MOST_GRAPH_ENDS:
        raise ValueError(
            f"found {most} ends, expected at most {MOST_GRAPH_ENDS}: "
            "put more pods together with by, or narrow the report"
        )
    parts = [label("can connect", x=8, y=16, font_weight=700), label("to", x=8 + _ACROSS, y=16, font_weight=700)]
    parts += [_line(row, (left, right)) for row in rows]
    parts += [*_boxes(left, 8), *_boxes(right, 8 + _ACROSS)]
    height = _GRAPH_TOP + most * _DOWN + 28
    parts.append(legend(_GRAPH_LEGEND, x=8, y=height - 8))
    return drawing(parts, width=_ACROSS + _BOX_WIDTH + 16, height=height, title=title)


def _ordered(rows: Iterable[Row], left: Mapping[ReportEnd, int]) -> Mapping[ReportEnd, int]:
    """The destinations, each about as high as its sources, so that few lines cross."""
    sources: dict[ReportEnd, list[int]] = defaultdict(list)
    for row in rows:
        sources[row.dst].append(left[row.src])
    found = sorted(sources, key=lambda end: sum(sources[end]) / len(sources[end]))
    return {end: at for at, end in enumerate(found)}


def _boxes(places: Mapping[ReportEnd, int], x: int) -> Iterator[Html]:
    for end, at in places.items():
        y = _GRAPH_TOP + at * _DOWN
        dashed: dict[str, str] = {"stroke_dasharray": "4 3"} if end.external else {}
        box = tag(
            "rect", x=x, y=y, width=_BOX_WIDTH, height=_BOX_HEIGHT, rx=5, fill="#8080801f", stroke=FAINT, **dashed
        )
        name = label(shortened(end.words, _LONGEST_NAME), x=x + 9, y=y + 16)
        yield tag("g", tag("title", end.words), box, name)


def _line(row: Row, sides: _Sides) -> Html:
    x1, x2 = 8 + _BOX_WIDTH, 8 + _ACROSS
    y1, y2 = (
        _GRAPH_TOP + side[end] * _DOWN + _BOX_HEIGHT // 2 for side, end in zip(sides, (row.src, row.dst), strict=True)
    )
    bend = (x2 - x1) // 2
    outside = row.src.external or row.dst.external
    colour = OPEN if row.access.open else ALL if outside else FAINT
    curve = f"M {x1} {y1} C {x1 + bend} {y1}, {x2 - bend} {y2}, {x2 - 6} {y2}"
    line = tag("path", d=curve, fill="none", stroke=colour, stroke_width=1.4, stroke_opacity=0.8)
    head = tag("polygon", points=f"{x2 - 7},{y2 - 4} {x2},{y2} {x2 - 7},{y2 + 4}", fill=colour)
    return tag("g", tag("title", str(row)), line, head)


_ROOM, _CELL_WIDTH, _CELL_HEIGHT, _EXPOSURE_TOP, _LONGEST_PORTS = 230, 116, 24, 44, 15
_COLUMNS = ("outside", "entire cluster", "pods to come")
_EXPOSURE_LEGEND = ((ALL, "every port"), (SOME, "some ports"), (NONE, "nothing"), (FAINT, "not looked at"))


def exposure_chart(exposures: Sequence[Exposure], title: str) -> Html:
    """A line for each end: the outside, the entire cluster, and pods that could be created, both ways.

    ValueError for a report that was made without exposure.
    """
    if not exposures:
        raise ValueError("found a report without exposure, expected one that was made with exposure=True")
    parts = [*_heads(), *_exposures(exposures)]
    height = _EXPOSURE_TOP + len(exposures) * _CELL_HEIGHT
    parts.append(legend(_EXPOSURE_LEGEND, x=4, y=height + 24))
    return drawing(parts, width=_ROOM + 6 * _CELL_WIDTH + 24, height=height + 34, title=title)


def _heads() -> Iterator[Html]:
    for side, word in enumerate(("receives from", "sends to")):
        left = _left(3 * side)
        yield label(word, x=left, y=14, font_weight=700)
        for column, name in enumerate(_COLUMNS):
            yield label(name, x=left + column * _CELL_WIDTH, y=32, opacity=0.75)


def _left(column: int) -> int:
    return _ROOM + column * _CELL_WIDTH + (14 if column > 2 else 0)


def _exposures(exposures: Sequence[Exposure]) -> Iterator[Html]:
    for row, exposure in enumerate(exposures):
        y = _EXPOSURE_TOP + row * _CELL_HEIGHT
        yield tag("g", tag("title", str(exposure.end)), label(shortened(str(exposure.end), 34), x=4, y=y + 16))
        for side, facing in enumerate((exposure.ingress, exposure.egress)):
            for column, ports in enumerate(_ports(facing)):
                yield _cell(ports, x=_left(3 * side + column), y=y)


def _ports(facing: Facing | None) -> tuple[IntervalSet | None, ...]:
    return (facing.outside, facing.everywhere, facing.possible) if facing else (None, None, None)


def _cell(ports: IntervalSet | None, *, x: int, y: int) -> Html:
    if ports is None:
        return tag(
            "rect", x=x, y=y + 2, width=_CELL_WIDTH - 4, height=_CELL_HEIGHT - 4, rx=3, fill=FAINT, fill_opacity=0.25
        )
    colour = ALL if ports == ALL_PORTS else SOME if ports else NONE
    words = format_ports(ports) if ports else ""
    ink = {ALL: "#ffffff", SOME: "#10233d"}.get(colour, "currentColor")
    return tag(
        "g",
        tag("title", words or "nothing"),
        tag("rect", x=x, y=y + 2, width=_CELL_WIDTH - 4, height=_CELL_HEIGHT - 4, rx=3, fill=colour),
        label(_short(words), x=x + 6, y=y + 16, fill=ink, font_size=10.5),
    )


def _short(words: str) -> str:
    """The ports, or the first of them and how many more there are."""
    first, *others = words.split(", ")
    return words if len(words) <= _LONGEST_PORTS else f"{shortened(first, _LONGEST_PORTS - 3)} +{len(others)}"
