"""A connectivity report as lines: text, CSV (RFC 4180), Markdown and DOT."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from reachproof.documents.connectivity import Access, Exposure, Facing, PodEnd, ReportEnd, WayIn, ports_of
from reachproof.documents.connectivity_matrix import ConnectivityMatrix, ExplainedWay, Explanation, Stretch
from reachproof.documents.words import Truth
from reachproof.network.policy import Direction
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, name_lines, remarks, short_names
from reachproof.render.text_fragments import assumption_lines, csv_line, markdown, markdown_row, near_lines
from reachproof.render.ways_in import TITLE, route_lines, route_names, way_cells, way_line

TRUTHS = {Truth.ALLOWED: "allowed", Truth.DENIED: "denied", Truth.EITHER: "undetermined"}


def text_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """`SRC => DST : CONNECTIONS` for every row, then what was asked for besides, then what it assumes.

    External ends of many CIDRs have short names, which are explained after the rows. The ways in follow.
    """
    names = _names(report)
    ends = [end_text(end, names) for end in report.ends]
    yield from _rows(report, ends) if report.explanations is None else _explained(report, report.explanations, ends)
    yield from _ways_in(report.ways_in, names)
    yield from name_lines(names)
    if report.exposures is not None:
        yield from _exposed(report, names)
    yield from assumption_lines(report.assumptions)


def _names(report: ConnectivityMatrix) -> Names:
    """Short names of the ends that have many CIDRs, also of those of ways in."""
    ways = (end for each in report.ways_in or () for end in (each.row.src, each.row.dst))
    return short_names((*report.ends, *ways))


def _ways_in(ways: tuple[ExplainedWay, ...] | None, names: Names) -> Iterator[str]:
    """A line for each way in, with its routes and steps where it is explained."""
    if ways is None:
        return
    yield from ("", f"{TITLE}:", *(() if ways else ("none",)))
    for each in ways:
        yield way_line(each.row, names)
        if each.stretches:
            yield from (f"    {line}" for line in route_lines(each))
        yield from _stretches(each.stretches)


def _rows(report: ConnectivityMatrix, ends: list[str]) -> Iterator[str]:
    """A line for each row; what they are made of is written once and used again, as there may be millions."""
    said = [_access(access) for access in report.accesses]
    none = True
    for src, dst, number in report.places:
        none = False
        yield f"{ends[src]} => {ends[dst]} : {said[number]}"
    if none:
        yield "no connections"


def _access(access: Access) -> str:
    said = remarks(access)
    return f"{connections(access.ports)}  ({said})" if said else connections(access.ports)


def _explained(report: ConnectivityMatrix, explanations: tuple[Explanation, ...], ends: list[str]) -> Iterator[str]:
    """Pairs with a connection and what allows it, then pairs without one and what denies it."""
    if not explanations:
        yield "no connections"
    numbers = [report.numbers.get((each.src, each.dst)) for each in explanations]
    for present in (True, False):
        for each, number in zip(explanations, numbers, strict=True):
            if (number is not None) is present:
                said = "no ports" if number is None else _access(report.accesses[number])
                yield f"{ends[each.src]} => {ends[each.dst]} : {said}"
                yield from _stretches(each.stretches)
                yield from (printable(f"  {line}") for line in near_lines(each.near))


def _stretches(stretches: tuple[Stretch, ...]) -> Iterator[str]:
    for each in stretches:
        yield f"    {connections(each.ports)}: {TRUTHS[each.truth]}"
        yield from (printable(f"      {step}") for step in each.steps if step.direction in each.deciding)
        yield from (printable(f"      depends on {notice.code}: {notice.text}") for notice in each.depends)


def _exposed(report: ConnectivityMatrix, names: Names) -> Iterator[str]:
    exposures = report.exposures or ()
    for direction, title, arrow in ((Direction.EGRESS, "Egress", "=>"), (Direction.INGRESS, "Ingress", "<=")):
        found = [(each.end, each.facing(direction)) for each in exposures]
        facings = [(end, facing) for end, facing in found if facing is not None]
        lines = [f"{end_text(end, names)} {arrow} {line}" for end, facing in facings for line in _facing(facing, names)]
        narrowed = not any(facing.looked_at for _, facing in facings)
        yield from (
            "",
            f"{title} exposure:",
            *(lines or ["not looked at; the report is narrowed" if narrowed else "none"]),
        )


def _facing(facing: Facing, names: Names) -> Iterator[str]:
    for other in facing.outside or ():
        yield f"{end_text(other.end, names)} : {connections(ports_of(other.connections))}"
    if everywhere := ports_of(facing.entire_cluster):
        yield f"entire-cluster : {connections(everywhere)}"
    for each in facing.possible_pods or ():
        yield printable(f"possible-pods : {connections(ports_of(each.connections))}  (such as {each.pod})")


COLUMNS = ("src", "dst", "connections", "depends", "partial", "partialBy", "routes")


def csv_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A header and a line for each row, then one for each way in, which alone has routes.

    A cell that a spreadsheet would take for a formula begins with `'`.
    """
    yield csv_line(COLUMNS)
    ends = [csv_line((end_text(end, {}),)) for end in report.ends]
    accesses = [csv_line((*_access_cells(access), "")) for access in report.accesses]
    for src, dst, number in report.places:
        yield f"{ends[src]},{ends[dst]},{accesses[number]}"
    for row in (each.row for each in report.ways_in or ()):
        routes = route_names(row.routes, len(row.routes))
        yield csv_line((end_text(row.src, {}), end_text(row.dst, {}), *_access_cells(row.access), routes))


def _access_cells(access: Access) -> tuple[str, str, str, str]:
    depends, partial = (connections(ports_of(part)) if part else "" for part in (access.depends, access.partial))
    return connections(access.ports), depends, partial, access.partial_by or ""


def md_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A table of the rows, and of the ways in; then the CIDRs of the outside, the exposure, and what is assumed."""
    names = _names(report)
    ends = [end_text(end, names) for end in report.ends]
    accesses = [(connections(access.ports), remarks(access)) for access in report.accesses]
    yield "| src | dst | connections | remarks |"
    yield "|---|---|---|---|"
    yield from (markdown_row((ends[src], ends[dst], *accesses[number])) for src, dst, number in report.places)
    if report.ways_in is not None:
        yield from ("", "| way in from | to | connections | remarks | routes |", "|---|---|---|---|---|")
        yield from (markdown_row(way_cells(each.row, names)) for each in report.ways_in)
    if names:
        yield ""
        yield from (f"- {line}" for line in name_lines(names))
    if report.exposures is not None:
        yield from ("", "| exposed | to or from | connections |", "|---|---|---|")
        for each in report.exposures:
            yield from _exposed_rows(each, names)
    if report.assumptions:
        yield ""
        yield from (f"- assuming {markdown(f'{each.code}: {each.text}')}" for each in report.assumptions)


def _exposed_rows(exposure: Exposure, names: Names) -> Iterator[str]:
    end = end_text(exposure.end, names)
    facings = (("from", exposure.ingress), ("to", exposure.egress))
    for word, facing in ((word, facing) for word, facing in facings if facing is not None):
        found = [(end_text(other.end, names), other.connections) for other in facing.outside or ()]
        if facing.entire_cluster and ports_of(facing.entire_cluster):
            found.append(("the entire cluster", facing.entire_cluster))
        found += ((f"possible pods, such as {each.pod}", each.connections) for each in facing.possible_pods or ())
        yield from (markdown_row((end, f"{word} {other}", connections(ports_of(each)))) for other, each in found)


_SHAPES = {"external": "diamond", "node": "hexagon", "namespace": "folder", "tenant": "tab"}


def dot_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A `digraph` in the DOT language. Edges that are undetermined, or that some pods lack, are dashed, with a tip.

    Edges of ways in are bold, and their tips name the routes.
    """
    names = _names(report)
    ways = [each.row for each in report.ways_in or ()]
    ends = list(dict.fromkeys((*report.ends, *(end for row in ways for end in (row.src, row.dst)))))
    yield "digraph connectivity {"
    yield '  graph [rankdir="LR", fontname="sans-serif"];'
    yield '  node [shape="box", fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize="10"];'
    for number, (namespace, own) in enumerate(_by_namespace(ends).items()):
        nodes = [_node(f"n{at}", ends[at], names) for at in own]
        if namespace is None:
            yield from (f"  {node}" for node in nodes)
            continue
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_quoted(namespace)};"
        yield from (f"    {node}" for node in nodes)
        yield "  }"
    edges = [_edge(access) for access in report.accesses]
    yield from (f"  n{src} -> n{dst} {edges[number]};" for src, dst, number in report.places)
    number_of = {end: number for number, end in enumerate(ends)}
    yield from (f"  n{number_of[row.src]} -> n{number_of[row.dst]} {_way_edge(row)};" for row in ways)
    yield "}"


def _edge(access: Access) -> str:
    said = remarks(access)
    style = f', style="dashed", tooltip={_quoted(said)}' if said else ""
    return f"[label={_quoted(connections(access.ports))}{style}]"


def _way_edge(row: WayIn) -> str:
    said = remarks(row.access)
    tip = f"{said}, by" if said else "by"
    style = "bold,dashed" if said else "bold"
    label = _quoted(connections(ports_of(row.connections)))
    return f'[label={label}, style="{style}", tooltip={_quoted(f"{tip} {route_names(row.routes)}")}]'


def _by_namespace(ends: Sequence[ReportEnd]) -> dict[str | None, list[int]]:
    """The numbers of the ends that are pods by their namespace, and of all others by None."""
    found: dict[str | None, list[int]] = defaultdict(list)
    for number, end in enumerate(ends):
        found[end.namespace if isinstance(end, PodEnd) else None].append(number)
    return found


def _node(number: str, end: ReportEnd, names: Names) -> str:
    own = end_text(end, names)
    label = own.removeprefix(f"{end.namespace}/") if isinstance(end, PodEnd) else own
    shape = f', shape="{_SHAPES[end.kind]}"' if end.kind in _SHAPES else ""
    tip = f", tooltip={_quoted(', '.join(end.cidrs))}" if end in names else ""
    return f"{number} [label={_quoted(label)}{shape}{tip}];"


def _quoted(text: str) -> str:
    """A quoted string of the DOT language; `\\\\` stands for a backslash in labels."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


LINES = {"text": text_lines, "csv": csv_lines, "md": md_lines, "dot": dot_lines}
"""The lines of a report by the name of the format."""
