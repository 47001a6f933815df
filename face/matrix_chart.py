"""Who may connect to whom, as a matrix: a line for each source, a column for each destination."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reachproof.face.drawing import ALL, NONE, OPEN, SOME, Picture, drawing, label, legend, shortened
from reachproof.face.html import Html, tag
from reachproof.network.ports import ALL_PORTS, format_ports

if TYPE_CHECKING:
    from reachproof.face.connectivity import Access, Connectivity
    from reachproof.face.ends import ReportEnd

MOST_ENDS = 80
"""A picture of more ends cannot be read."""
_CELL, _LONGEST = 22, 30
_LEGEND = (
    (ALL, "every port"),
    (SOME, "some ports, or some pods"),
    (OPEN, "depends on what is left open"),
    (NONE, "nothing"),
)
_MARKS = {ALL: "●", SOME: "◐", OPEN: "?"}


def matrix_chart(report: Connectivity) -> Picture:
    """The picture. ValueError for more than MOST_ENDS ends."""
    ends = report.ends
    if len(ends) > MOST_ENDS:
        raise ValueError(
            f"found {len(ends)} ends, expected at most {MOST_ENDS}: "
            "put more pods together with by, or narrow the report"
        )
    room = 16 + round(6.4 * max((len(shortened(end.words, _LONGEST)) for end in ends), default=0))
    width, top = room + len(ends) * _CELL + 12, 8 + round(room * 0.75)
    parts = [*_names(ends, room, top), *_cells(report, room, top)]
    bottom = top + len(ends) * _CELL
    parts.append(legend(_LEGEND, x=4, y=bottom + 24))
    title = f"who may connect to whom, by {report.by}"
    return Picture(drawing(parts, width=max(width + room // 2, 540), height=bottom + 34, title=title), title)


def _names(ends: tuple[ReportEnd, ...], room: int, top: int) -> Iterator[Html]:
    for number, end in enumerate(ends):
        text, full = shortened(end.words, _LONGEST), tag("title", end.words)
        row, column = top + number * _CELL + 15, room + number * _CELL + 14
        yield tag("g", full, label(text, x=room - 7, y=row, text_anchor="end"))
        turned = f"rotate(-48 {column} {top - 6})"
        yield tag("g", full, label(text, x=column, y=top - 6, transform=turned))


def _cells(report: Connectivity, room: int, top: int) -> Iterator[Html]:
    found = report.between
    for row, src in enumerate(report.ends):
        for column, dst in enumerate(report.ends):
            access = found.get((src, dst))
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
