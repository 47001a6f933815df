"""Connectivity as pictures: a matrix, a graph, and a table of what each end is exposed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reachproof.documents.connectivity import Access, Connections, Exposure, Facing, ports_of
from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, ports_text
from reachproof.render.connectivity_words import end_text, remarks, short_names
from reachproof.render.html_fragments import ALL, FAINT, NONE, OPEN, SOME, Html, drawing, label, legend, shortened, tag

MOST_MATRIX_ENDS = 80
"""A picture of more ends cannot be read."""
_CELL, _LONGEST = 22, 30
_MATRIX_LEGEND = (
    (ALL, "all ports"),
    (SOME, "some ports, or some pods"),
    (OPEN, "undetermined"),
    (NONE, "nothing"),
)
_MARKS = {ALL: "●", SOME: "◐", OPEN: "?"}


def matrix_chart(report: ConnectivityMatrix, title: str) -> Html:
    """A line for each source, a column for each destination. ValueError for more than MOST_MATRIX_ENDS ends."""
    count = len(report.ends)
    if count > MOST_MATRIX_ENDS:
        raise ValueError(
            f"too many endpoints ({count}; the limit is {MOST_MATRIX_ENDS}); group them with by, or narrow the report"
        )
    titles = _titles(report)
    room = 16 + round(6.4 * max((len(shortened(each, _LONGEST)) for each in titles), default=0))
    width, top = room + count * _CELL + 12, 8 + round(room * 0.75)
    parts = [*_margin(titles, room, top), *_squares(report, room, top)]
    bottom = top + count * _CELL
    parts.append(legend(_MATRIX_LEGEND, x=4, y=bottom + 24))
    return drawing(parts, width=max(width + room // 2, 540), height=bottom + 34, title=title)


def _titles(report: ConnectivityMatrix) -> list[str]:
    """The names of all ends in pictures."""
    names = short_names(report.ends)
    return [f"outside {end}" if end.external and end not in names else end_text(end, names) for end in report.ends]


def _margin(titles: Sequence[str], room: int, top: int) -> Iterator[Html]:
    for number, title in enumerate(titles):
        text, full = shortened(title, _LONGEST), tag("title", title)
        row, column = top + number * _CELL + 15, room + number * _CELL + 14
        yield tag("g", full, label(text, x=room - 7, y=row, text_anchor="end"))
        turned = f"rotate(-48 {column} {top - 6})"
        yield tag("g", full, label(text, x=column, y=top - 6, transform=turned))


def _squares(report: ConnectivityMatrix, room: int, top: int) -> Iterator[Html]:
    names = short_names(report.ends)
    ends = [end_text(end, names) for end in report.ends]
    for row, src in enumerate(ends):
        for column, dst in enumerate(ends):
            number = report.numbers.get((row, column))
            access = None if number is None else report.accesses[number]
            x, y = room + column * _CELL, top + row * _CELL
            colour = colour_of(access)
            said = access_remarks(access) if access else ""
            words = ports_text(access.ports) if access else "nothing"
            square = tag("rect", x=x + 1, y=y + 1, width=_CELL - 2, height=_CELL - 2, rx=3, fill=colour)
            mark = label(
                _MARKS.get(colour, ""), x=x + _CELL / 2, y=y + 15, text_anchor="middle", fill="#10233d", font_size=10
            )
            yield tag("g", tag("title", f"{src} => {dst}: {words}{f' ({said})' if said else ''}"), square, mark)


def access_remarks(access: Access) -> str:
    """Remarks beside the ports in the words of Python; mostly nothing."""
    return remarks(access, ports_text=ports_text, option="podCidr")


def colour_of(access: Access | None) -> str:
    """The colour of what is allowed between two ends."""
    if access is None:
        return NONE
    if access.depends:
        return OPEN
    return ALL if access.ports == ALL_PORTS and not access.partial else SOME


MOST_GRAPH_ENDS = 60
"""A picture of more ends on one side cannot be read."""
_BOX_WIDTH, _BOX_HEIGHT, _ACROSS, _DOWN, _GRAPH_TOP, _LONGEST_NAME = 240, 24, 500, 34, 30, 36
_GRAPH_LEGEND = ((ALL, "from or to the outside"), (FAINT, "inside"), (OPEN, "undetermined"))
_Sides = tuple[Mapping[int, int], Mapping[int, int]]
"""The place of each source on the left, and of each destination on the right."""


def access_graph(report: ConnectivityMatrix, title: str) -> Html:
    """Lines from those who connect, on the left, to those who are connected to.

    Ends without a connection are left out. ValueError for more than MOST_GRAPH_ENDS on one side.
    """
    places = list(report.places)
    left = {end: at for at, end in enumerate(dict.fromkeys(src for src, _, _ in places))}
    right = _ordered(places, left)
    most = max(len(left), len(right))
    if most > MOST_GRAPH_ENDS:
        raise ValueError(
            f"too many endpoints ({most}; the limit is {MOST_GRAPH_ENDS}); group them with by, or narrow the report"
        )
    titles = _titles(report)
    lines = access_lines(report)
    parts = [label("can connect", x=8, y=16, font_weight=700), label("to", x=8 + _ACROSS, y=16, font_weight=700)]
    parts += [_line(report, place, line, (left, right)) for place, line in zip(places, lines, strict=True)]
    parts += [*_boxes(report, titles, left, 8), *_boxes(report, titles, right, 8 + _ACROSS)]
    height = _GRAPH_TOP + most * _DOWN + 28
    parts.append(legend(_GRAPH_LEGEND, x=8, y=height - 8))
    return drawing(parts, width=_ACROSS + _BOX_WIDTH + 16, height=height, title=title)


def access_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A line for each row, in the words of Python."""
    names = short_names(report.ends)
    ends = [end_text(end, names) for end in report.ends]
    said = [(ports_text(access.ports), access_remarks(access)) for access in report.accesses]
    accesses = [f"{ports}  ({words})" if words else ports for ports, words in said]
    return (f"{ends[src]} => {ends[dst]} : {accesses[number]}" for src, dst, number in report.places)


def _ordered(places: Iterable[tuple[int, int, int]], left: Mapping[int, int]) -> Mapping[int, int]:
    """The destinations, each about as high as its sources, so that few lines cross."""
    sources: dict[int, list[int]] = defaultdict(list)
    for src, dst, _ in places:
        sources[dst].append(left[src])
    found = sorted(sources, key=lambda end: sum(sources[end]) / len(sources[end]))
    return {end: at for at, end in enumerate(found)}


def _boxes(report: ConnectivityMatrix, titles: Sequence[str], places: Mapping[int, int], x: int) -> Iterator[Html]:
    for end, at in places.items():
        y = _GRAPH_TOP + at * _DOWN
        dashed: dict[str, str] = {"stroke_dasharray": "4 3"} if report.ends[end].external else {}
        box = tag(
            "rect", x=x, y=y, width=_BOX_WIDTH, height=_BOX_HEIGHT, rx=5, fill="#8080801f", stroke=FAINT, **dashed
        )
        name = label(shortened(titles[end], _LONGEST_NAME), x=x + 9, y=y + 16)
        yield tag("g", tag("title", titles[end]), box, name)


def _line(report: ConnectivityMatrix, place: tuple[int, int, int], text: str, sides: _Sides) -> Html:
    src, dst, number = place
    x1, x2 = 8 + _BOX_WIDTH, 8 + _ACROSS
    y1, y2 = (_GRAPH_TOP + side[end] * _DOWN + _BOX_HEIGHT // 2 for side, end in zip(sides, (src, dst), strict=True))
    bend = (x2 - x1) // 2
    outside = report.ends[src].external or report.ends[dst].external
    colour = OPEN if report.accesses[number].depends else ALL if outside else FAINT
    curve = f"M {x1} {y1} C {x1 + bend} {y1}, {x2 - bend} {y2}, {x2 - 6} {y2}"
    line = tag("path", d=curve, fill="none", stroke=colour, stroke_width=1.4, stroke_opacity=0.8)
    head = tag("polygon", points=f"{x2 - 7},{y2 - 4} {x2},{y2} {x2 - 7},{y2 + 4}", fill=colour)
    return tag("g", tag("title", text), line, head)


_ROOM, _CELL_WIDTH, _CELL_HEIGHT, _EXPOSURE_TOP, _LONGEST_PORTS = 230, 116, 24, 44, 15
_COLUMNS = ("outside", "entire cluster", "pods to come")
_EXPOSURE_LEGEND = ((ALL, "all ports"), (SOME, "some ports"), (NONE, "nothing"), (FAINT, "not looked at"))


def exposure_chart(report: ConnectivityMatrix, title: str) -> Html:
    """A line for each end: the outside, the entire cluster, and pods that could be created, both ways.

    ValueError for a report that was made without exposure.
    """
    exposures = report.exposures
    if not exposures:
        raise ValueError("the report has no exposure; make it with exposure=True")
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
    if facing is None:
        return None, None, None
    outside, everywhere, possible = facing.outside, facing.entire_cluster, facing.possible_pods
    return (
        None if outside is None else _union(each.connections for each in outside),
        None if everywhere is None else ports_of(everywhere),
        None if possible is None else _union(each.connections for each in possible),
    )


def _union(found: Iterable[Connections]) -> IntervalSet:
    return IntervalSet.of(span for each in found for span in ports_of(each))


def _cell(ports: IntervalSet | None, *, x: int, y: int) -> Html:
    if ports is None:
        return tag(
            "rect", x=x, y=y + 2, width=_CELL_WIDTH - 4, height=_CELL_HEIGHT - 4, rx=3, fill=FAINT, fill_opacity=0.25
        )
    colour = ALL if ports == ALL_PORTS else SOME if ports else NONE
    words = ports_text(ports) if ports else ""
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
