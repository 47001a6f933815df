"""The ways in of a report as rows of its document."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents import connectivity as documents
from reachproof.documents.connectivity import connections
from reachproof.documents.connectivity_matrix import ExplainedWay, Explanation
from reachproof.documents.parts import ABSENT, Absent, Rule
from reachproof.network.ports import ALL_PORTS
from reachproof.queries.connectivity_explain import explain_report
from reachproof.queries.document_parts import access_fields, end_document, origin_part
from reachproof.queries.report_nodes import partial_by
from reachproof.queries.ways_in import Place, RouteShare, WaysIn
from reachproof.solver.budget import Budget


def ways_in_rows(ways: WaysIn, budget: Budget, *, explained: bool) -> tuple[ExplainedWay, ...]:
    """The rows in order of their ends; explained also those of which policy stops everything, after the others.

    Raises what `explain_report` does.
    """
    if not explained:
        return tuple(ExplainedWay(row=_row(ways, place)) for place in _places(ways))
    found = {(each.src, each.dst): each for each in explain_report(ways.report, budget)}
    return tuple(_explained(ways, place, found[place]) for place in (*_places(ways), *_stopped(ways, found)))


def _places(ways: WaysIn) -> Iterator[Place]:
    matrix = ways.report.matrix
    return ((src, dst) for src in matrix.sources for dst in matrix.destinations if matrix.access(src, dst))


def _stopped(ways: WaysIn, explained: dict[Place, Explanation]) -> Iterator[Place]:
    return (place for place in explained if not ways.report.matrix.access(*place))


def _explained(ways: WaysIn, place: Place, explanation: Explanation) -> ExplainedWay:
    row = _row(ways, place, because=explanation.because)
    return ExplainedWay(row=row, stretches=explanation.stretches)


def _row(ways: WaysIn, place: Place, because: tuple[Rule, ...] | Absent = ABSENT) -> documents.WayIn:
    report = ways.report
    access, (src, dst) = ways.access(place), (report.ends[number] for number in place)
    shown = access.ports or ALL_PORTS
    return documents.WayIn(
        src=end_document(report.snapshot, src),
        dst=end_document(report.snapshot, dst),
        **access_fields(access),
        partial_by=partial_by(src, dst) if access.partial else None,
        routes=tuple(route_document(each) for each in ways.shares(place) if each.ports & shown),
        because=because,
    )


def route_document(share: RouteShare) -> documents.Route:
    """A route with the ports that it leads to."""
    route = share.route
    return documents.Route(
        kind=route.other_kind or "Ingress",
        namespace=route.namespace,
        name=route.name,
        connections=connections(share.ports),
        doubt=share.doubt,
        origin=origin_part(route.origin),
    )
