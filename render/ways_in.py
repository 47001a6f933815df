"""Ways in of a report, by Ingresses and other routes: a line of text for each, and cells of tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reachproof.documents.connectivity import Route, WayIn, ports_of
from reachproof.documents.connectivity_matrix import ExplainedWay
from reachproof.documents.diff import ChangedWayIn
from reachproof.documents.parts import Origin
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, remarks
from reachproof.render.text_fragments import place

TITLE = "Ways in, by routes"
SHOWN = 3
"""As many routes a line names."""


def route_names(routes: Sequence[Route], most: int = SHOWN) -> str:
    """The routes by kind and name, certain ones first, with the reason why one may lead nowhere."""
    ordered = sorted(routes, key=lambda each: bool(each.doubt))
    names = [str(each) for each in ordered[:most]]
    return printable(", ".join((*names, *((f"{len(routes) - most} more",) if len(routes) > most else ()))))


def way_line(row: WayIn, names: Names) -> str:
    """`SRC => DST : CONNECTIONS  (REMARKS by ROUTES)`, printable."""
    said = remarks(row.access)
    by = f"{said}, by" if said else "by"
    ends = f"{end_text(row.src, names)} => {end_text(row.dst, names)}"
    return f"{ends} : {connections(ports_of(row.connections))}  ({by} {route_names(row.routes)})"


def way_cells(row: WayIn, names: Names) -> tuple[str, str, str, str, str]:
    """Both ends, ports, remarks, and all routes."""
    ports = connections(ports_of(row.connections))
    ends = end_text(row.src, names), end_text(row.dst, names)
    return *ends, ports, remarks(row.access), route_names(row.routes, len(row.routes))


def changed_line(row: ChangedWayIn, names: Names) -> str:
    """`CHANGE SRC => DST : BEFORE -> AFTER  (REMARKS)`."""
    before, after = (connections(ports_of(each)) for each in (row.before, row.after))
    said = changed_remarks(row)
    ends = f"{end_text(row.src, names)} => {end_text(row.dst, names)}"
    return f"{row.change:<8} {ends} : {before} -> {after}{f'  ({said})' if said else ''}"


def changed_remarks(row: ChangedWayIn) -> str:
    """Remarks beside the ports before and after; mostly nothing."""
    depends = (("before", row.before_depends), ("after", row.after_depends))
    said = [f"{word} {connections(ports_of(each))} undetermined" for word, each in depends if each is not None]
    if row.may_differ is not None:
        said.append(f"{connections(ports_of(row.may_differ))} may differ")
    return ", ".join(said)


def changed_reasons(row: ChangedWayIn) -> Iterator[str]:
    """Routes before and after, rules, and what is different about the ends."""
    if row.routes_before == row.routes_after:
        yield f"by {route_names(row.routes_after)}"
    else:
        for word, routes in (("before", row.routes_before), ("after", row.routes_after)):
            yield f"{word}: {f'by {route_names(routes)}' if routes else 'no route'}{place(_origin(routes))}"
    yield from (f"{cause}{place(cause.origin)}" for cause in row.because)
    yield from row.endpoints


def _origin(routes: Sequence[Route]) -> Origin | None:
    """The place of the route, where there is one alone."""
    return routes[0].origin if len(routes) == 1 else None


def route_lines(way: ExplainedWay) -> Iterator[str]:
    """For each route the ports that it leads to there, and its place; printable."""
    for each in way.row.routes:
        leads = connections(ports_of(each.connections))
        may = f"may lead to {leads}: {each.doubt}" if each.doubt else f"leads to {leads}"
        yield printable(f"{each.kind} {each.namespace}/{each.name} {may}{place(each.origin)}")
