"""Who may connect to whom, as arrows from left to right: an end stands right of those that connect to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from reachproof.face.drawing import ALL, FAINT, OPEN, Picture, drawing, label, legend, shortened
from reachproof.face.html import Html, tag

if TYPE_CHECKING:
    from reachproof.face.connectivity import Connectivity, Row

MOST_ENDS = 60
"""A picture of more ends cannot be read."""
_WIDTH, _HEIGHT, _ACROSS, _DOWN, _MOST = 190, 26, 300, 44, 28
_LEGEND = ((ALL, "from outside"), (FAINT, "inside, or to outside"), (OPEN, "depends, or not all of their pods"))
_BACK = "#9a6dd7"
Places = Mapping[int, tuple[int, int]]
"""Where each end stands: its column and its place in it."""


def access_graph(report: Connectivity) -> Picture:
    """The picture, of the ends that have a connection. ValueError for more than MOST_ENDS of them."""
    edges = tuple((src, dst) for src, dst, _ in report.places if src != dst)
    inside = sorted({end for edge in edges for end in edge})
    if len(inside) > MOST_ENDS:
        raise ValueError(
            f"found {len(inside)} ends, expected at most {MOST_ENDS}: "
            "put more pods together with by, or narrow the report"
        )
    places = _arranged(inside, edges)
    columns = 1 + max((column for column, _ in places.values()), default=0)
    rows = 1 + max((row for _, row in places.values()), default=0)
    rows_drawn = (row for row in report.rows if row.src != row.dst)
    number = {end: at for at, end in enumerate(report.ends)}
    parts = [_edge(row, places[number[row.src]], places[number[row.dst]]) for row in rows_drawn]
    parts += _boxes(report, places)
    height = rows * _DOWN + 40
    parts.append(legend(_LEGEND, x=8, y=height - 10))
    title = f"who may connect to whom, by {report.by}"
    width = (columns - 1) * _ACROSS + _WIDTH + 70
    return Picture(drawing(parts, width=max(width, 480), height=height, title=title), title)


def _arranged(ends: Iterable[int], edges: Iterable[tuple[int, int]]) -> Places:
    """Columns by the longest way from the left, without the edges that close a circle; then few crossings."""
    forward = _without_circles(ends, edges)
    before: dict[int, list[int]] = defaultdict(list)
    for src, dst in forward:
        before[dst].append(src)
    column: dict[int, int] = {}

    def place(end: int) -> int:
        if end not in column:
            column[end] = 1 + max(map(place, before[end]), default=-1)
        return column[end]

    columns: dict[int, list[int]] = defaultdict(list)
    for end in ends:
        columns[place(end)].append(end)
    row = {end: at for members in columns.values() for at, end in enumerate(members)}
    for _, right in pairwise(sorted(columns)):
        ordered = sorted(columns[right], key=lambda end: (_middle(row, before[end]), end))
        row |= {end: at for at, end in enumerate(ordered)}
    return {end: (column[end], row[end]) for end in ends}


def _middle(row: Mapping[int, int], others: list[int]) -> float:
    return sum(row[other] for other in others) / len(others) if others else 0.0


def _without_circles(ends: Iterable[int], edges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges in order, but for those that lead back to where one came from."""
    following: dict[int, list[int]] = defaultdict(list)
    for src, dst in edges:
        following[src].append(dst)
    entered = {dst for _, dst in edges}
    done: set[int] = set()
    found: list[tuple[int, int]] = []
    for start in sorted(ends, key=lambda end: (end in entered, end)):
        _walk(start, following, (done, set()), found)
    return found


def _walk(
    end: int, following: Mapping[int, list[int]], seen: tuple[set[int], set[int]], found: list[tuple[int, int]]
) -> None:
    """As deep as the graph has ends, of which there are at most MOST_ENDS."""
    done, way = seen
    if end in done:
        return
    way.add(end)
    for dst in following[end]:
        if dst not in way:
            found.append((end, dst))
            _walk(dst, following, seen, found)
    way.discard(end)
    done.add(end)


def _boxes(report: Connectivity, places: Places) -> Iterator[Html]:
    for number, (column, row) in places.items():
        end = report.ends[number]
        x, y = 8 + column * _ACROSS, 8 + row * _DOWN
        own = report.between.get((end, end))
        name = tag("title", f"{end}{', also among themselves' if own else ''}")
        look: dict[str, str] = {"stroke_dasharray": "4 3"} if end.external else {}
        box = tag(
            "rect",
            x=x,
            y=y,
            width=_WIDTH,
            height=_HEIGHT,
            rx=5,
            fill="#8080801f",
            stroke=FAINT,
            stroke_width=1.2,
            **look,
        )
        text = f"outside {end}" if end.external else str(end)
        yield tag("g", name, box, label(shortened(text, _MOST), x=x + 8, y=y + 17))


def _edge(row: Row, start: tuple[int, int], stop: tuple[int, int]) -> Html:
    x1, y1 = 8 + start[0] * _ACROSS + _WIDTH, 8 + start[1] * _DOWN + _HEIGHT // 2
    x2, y2 = 8 + stop[0] * _ACROSS, 8 + stop[1] * _DOWN + _HEIGHT // 2
    back = stop[0] <= start[0]
    bend = 55 if back else (x2 - x1) // 2
    colour = OPEN if row.access.open or row.access.partial else ALL if row.src.external else _BACK if back else FAINT
    curve = f"M {x1} {y1} C {x1 + bend} {y1}, {x2 - bend} {y2}, {x2 - 6} {y2}"
    line = tag("path", d=curve, fill="none", stroke=colour, stroke_width=1.4, stroke_opacity=0.75)
    head = tag("polygon", points=f"{x2 - 7},{y2 - 4} {x2},{y2} {x2 - 7},{y2 + 4}", fill=colour)
    return tag("g", tag("title", str(row)), line, head)
