"""Exposure of each end of a report: the outside, the entire cluster, and pods that could be created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from reachproof.documents.connectivity import Exposure, Facing, OutsideAccess, connections
from reachproof.grammar import ast
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.connectivity_document import access_fields, end_document
from reachproof.queries.report_nodes import EndKind
from reachproof.solver.connection_matrix import Access


def exposure(report: Connectivity) -> Iterator[Exposure]:
    """The exposure of every end inside the cluster that the report asks about, in the order of ends.

    Of a report that is narrowed to some sources, destinations or ports, the exposure is to these, and nothing is said
    about every pod of a side that is narrowed.
    """
    matrix, request = report.matrix, report.request
    inside = {at for at, end in enumerate(report.ends) if end.kind is not EndKind.EXTERNAL}
    outside = [at for at, end in enumerate(report.ends) if end.kind is EndKind.EXTERNAL]
    sources, destinations = inside & set(matrix.sources), inside & set(matrix.destinations)
    for at in sorted(sources | destinations):
        own = [matrix.access(at, at)] if at in matrix.own else []
        received = (matrix.access(other, at) for other in sorted(sources - {at}))
        sent = (matrix.access(at, other) for other in sorted(destinations - {at}))
        come_in = _outside(report, ((other, matrix.access(other, at)) for other in outside), request.source)
        go_out = _outside(report, ((other, matrix.access(at, other)) for other in outside), request.destination)
        ingress = _facing(come_in, _everywhere(chain(own, received), request.source))
        egress = _facing(go_out, _everywhere(chain(own, sent), request.destination))
        yield Exposure(
            end=end_document(report.snapshot, report.ends[at]),
            ingress=ingress if at in destinations else None,
            egress=egress if at in sources else None,
        )


def _facing(outside: tuple[OutsideAccess, ...] | None, everywhere: IntervalSet | None) -> Facing:
    """One direction without the pods that could be created, which take longer."""
    entire = None if everywhere is None else connections(everywhere)
    return Facing(outside=outside, entire_cluster=entire, possible_pods=None)


def _outside(
    report: Connectivity, accesses: Iterable[tuple[int, Access]], asked: ast.SetExpr | None
) -> tuple[OutsideAccess, ...] | None:
    snapshot, ends = report.snapshot, report.ends
    found = tuple(
        OutsideAccess(end=end_document(snapshot, ends[other]), **access_fields(access))
        for other, access in accesses
        if access
    )
    return found if found or asked is None else None


def _everywhere(accesses: Iterable[Access], asked: ast.SetExpr | None) -> IntervalSet | None:
    return _common(accesses) if _is_every_pod(asked) else None


def _is_every_pod(asked: ast.SetExpr | None) -> bool:
    """True if one side of a report has every pod."""
    return asked is None or (isinstance(asked, ast.Pods) and not asked.filters)


def _common(accesses: Iterable[Access]) -> IntervalSet:
    """The ports that all have for certain; none where there are none to have them."""
    found: IntervalSet | None = None
    for access in accesses:
        certain = access.ports - access.partial - access.open
        found = certain if found is None else found & certain
        if not found:
            return EMPTY
    return found or EMPTY
