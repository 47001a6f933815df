"""A connectivity report as a document: its matrix, and the JSON in blocks, for its size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, TypedDict, assert_never

from reachproof.documents import connectivity as documents
from reachproof.documents.connectivity import connections
from reachproof.documents.json import once, plain_fields, streamed
from reachproof.documents.parts import ABSENT
from reachproof.documents.words import Partial, Truth
from reachproof.network.address import format_address
from reachproof.network.labels import Labels
from reachproof.network.policy import Direction
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.document_parts import notices, steps, warnings
from reachproof.queries.report_nodes import End, EndKind, partial_by
from reachproof.queries.tenancy import tenant_of
from reachproof.semantics import trace
from reachproof.solver.connection_matrix import Access

if TYPE_CHECKING:
    from reachproof.queries.connectivity_explain import Explanation, Stretch


def connectivity_document(
    report: Connectivity,
    explanations: Sequence[Explanation] | None = None,
    exposures: Sequence[documents.Exposure] | None = None,
) -> documents.ConnectivityMatrix:
    """The report with what was asked for besides; of a large one the rows are made when they are read."""
    snapshot = report.snapshot
    return documents.ConnectivityMatrix(
        by=report.request.by,
        ends=tuple(end_document(snapshot, end) for end in report.ends),
        accesses=tuple(
            documents.Access(**access_fields(each), partial_by=by if each.partial else None)
            for by in Partial
            for each in report.matrix.accesses
        ),
        places=_Places(report),
        explanations=None if explanations is None else tuple(_explanation(report, each) for each in explanations),
        exposures=None if exposures is None else tuple(exposures),
        assumptions=notices(report.assumptions),
        warnings=warnings(report.warnings),
        evidence=documents.ConnectivityEvidence(judged=report.judged, flows=report.flows, snapshot=snapshot.digest),
        cells_of=partial(_cells, report),
    )


@dataclass(frozen=True, slots=True)
class _Places:
    """The rows of a report as numbers, made one by one and as often as they are wanted.

    Accesses are numbered once for each cause of `partial`, in the order of `Partial`.
    """

    report: Connectivity

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        ends, accesses = self.report.ends, self.report.matrix.accesses
        partial = [bool(access.partial) for access in accesses]
        first = {by: place * len(accesses) for place, by in enumerate(Partial)}
        for src, end in enumerate(ends):
            for dst, number in enumerate(self.report.matrix.row(src)):
                if number:
                    yield src, dst, number + first[partial_by(end, ends[dst])] if partial[number] else number


def connectivity_blocks(matrix: documents.ConnectivityMatrix) -> Iterator[bytes]:
    """The document in UTF-8, one row to a line. At most some thousand rows are held at once.

    With explanations, rows have `because`, and `absent` lists the pairs without a row.
    """
    explained, exposures = matrix.explanations, matrix.exposures
    document = documents.Connectivity(
        by=matrix.by,
        rows=(),
        absent=ABSENT if explained is None else tuple(_absent(matrix, explained)),
        ends=matrix.ends,
        exposure=ABSENT if exposures is None else exposures,
        assumptions=matrix.assumptions,
        warnings=matrix.warnings,
        evidence=matrix.evidence,
    )
    return streamed(document, "rows", _rows(matrix))


def _rows(matrix: documents.ConnectivityMatrix) -> Iterator[documents.Connection]:
    """The rows; what they are made of is encoded once and used again."""
    ends: list[Any] = [once(end) for end in matrix.ends]
    fields: list[Mapping[str, Any]] = [
        {name: once(value) for name, value in plain_fields(access).items() if value is not None}
        for access in matrix.accesses
    ]
    if matrix.explanations is None:
        for src, dst, number in matrix.places:
            yield documents.Connection(src=ends[src], dst=ends[dst], **fields[number])
        return
    for each in matrix.explanations:
        pair = each.src, each.dst
        if pair in matrix.numbers:
            access = fields[matrix.numbers[pair]]
            yield documents.Connection(src=ends[each.src], dst=ends[each.dst], **access, because=each.because)


def _absent(
    matrix: documents.ConnectivityMatrix, explained: Sequence[documents.Explanation]
) -> Iterator[documents.BlockedPair]:
    ends = matrix.ends
    for each in explained:
        if (each.src, each.dst) not in matrix.numbers:
            yield documents.BlockedPair(src=ends[each.src], dst=ends[each.dst], because=each.because)


def _explanation(report: Connectivity, found: Explanation) -> documents.Explanation:
    return documents.Explanation(
        src=report.place[found.src],
        dst=report.place[found.dst],
        stretches=tuple(map(_stretch, found.stretches)),
        because=found.because,
    )


def _stretch(found: Stretch) -> documents.Stretch:
    sides = (found.trace.egress, found.trace.ingress)
    denied = tuple(side.direction for side in sides if side.truth is trace.Truth.DENIED)
    return documents.Stretch(
        ports=found.ports,
        truth=Truth(found.truth),
        steps=steps(found.trace.steps),
        deciding=denied or tuple(Direction),
        depends=notices(found.trace.depends),
    )


def _cells(report: Connectivity) -> documents.Cells:
    matrix = report.matrix
    return documents.Cells(
        groups=matrix.groups,
        rows=matrix.row_numbers,
        columns=matrix.column_numbers,
        own=matrix.own,
        lines=matrix.lines,
        accesses=tuple(documents.Access(**access_fields(each)) for each in matrix.accesses),
        traits=tuple(map(_traits, report.ends)),
    )


def _traits(end: End) -> documents.EndTraits:
    return documents.EndTraits(
        pods=len(end.pods),
        unknown=any(pod.abstract for pod in end.pods),
        several=end.node is not None or any(len(pod.addresses) != 1 for pod in end.pods),
    )


class AccessFields(TypedDict):
    """The connections of every document that has some."""

    connections: documents.Connections
    depends: documents.Connections | None
    partial: documents.Connections | None


def access_fields(access: Access) -> AccessFields:
    """The connections of a row; what is empty is left out."""
    return {
        "connections": connections(access.ports),
        "depends": connections(access.open) if access.open else None,
        "partial": connections(access.partial) if access.partial else None,
    }


class _InsideFields(TypedDict):
    ip: str | None
    labels: dict[str, str]
    possible: bool


def end_document(snapshot: Snapshot, end: End) -> documents.ReportEnd:
    """One end. A workload has the kind `pod`, and the name that its pods are made from."""
    if end.kind is EndKind.EXTERNAL:
        return documents.OutsideEnd(cidrs=end.cidrs)
    addresses = end.node.addresses if end.node else end.pods[0].addresses if len(end.pods) == 1 else ()
    name, space = end.name, end.namespace
    tenant = tenant_of(snapshot, space) if space is not None else None
    fields: _InsideFields = {
        "ip": format_address(addresses[0]) if addresses else None,
        "labels": dict(sorted(_labels(snapshot, end).items())),
        "possible": False,
    }
    match end.kind:
        case EndKind.POD:
            workload = end.pods[0].workload or None
            return documents.PodEnd(namespace=space, name=name, workload=workload, tenant=tenant, **fields)
        case EndKind.WORKLOAD:
            short = name.rpartition("/")[2]
            return documents.WorkloadEnd(namespace=space, name=short, workload=name, tenant=tenant, **fields)
        case EndKind.NAMESPACE:
            tenant = tenant_of(snapshot, name)
            return documents.NamespaceEnd(namespace=name, name=name, workload=None, tenant=tenant, **fields)
        case EndKind.TENANT:
            return documents.TenantEnd(namespace=None, name=name, workload=None, tenant=name, **fields)
        case EndKind.NODE:
            return documents.NodeEnd(namespace=None, name=name, workload=None, tenant=None, **fields)
        case _:
            assert_never(end.kind)


def _labels(snapshot: Snapshot, end: End) -> Labels:
    """The labels of the thing, or those that all of its pods have."""
    match end.kind:
        case EndKind.NAMESPACE:
            return snapshot.namespace_of[end.name].labels
        case EndKind.NODE:
            return end.node.labels if end.node else {}
        case _:
            shared = reduce(lambda left, right: left & right, (set(pod.labels.items()) for pod in end.pods))
            return dict(shared)
