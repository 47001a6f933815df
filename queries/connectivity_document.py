"""A connectivity report as a document, also in blocks, for its size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, TypedDict, assert_never

from reachproof.documents import connectivity as documents
from reachproof.documents.connectivity import connections
from reachproof.documents.json import once, streamed
from reachproof.documents.parts import ABSENT
from reachproof.network.address import format_address
from reachproof.network.labels import Labels
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.document_parts import notices, rules, warnings
from reachproof.queries.exposure import Exposure, Facing
from reachproof.queries.report_nodes import End, EndKind, partial_by
from reachproof.queries.tenancy import tenant_of
from reachproof.solver.connection_matrix import Access

if TYPE_CHECKING:
    from reachproof.queries.connectivity_explain import Explanation


def connectivity_blocks(
    report: Connectivity, explanations: Sequence[Explanation] | None = None, exposures: Iterable[Exposure] | None = None
) -> Iterator[bytes]:
    """The document in UTF-8, one row to a line. At most some thousand rows are held at once.

    With `explanations`, rows have `because`, and `absent` lists the pairs without a row.
    """
    snapshot = report.snapshot
    document = documents.Connectivity(
        by=report.request.by,
        rows=(),
        absent=ABSENT if explanations is None else tuple(_absent(report, explanations)),
        ends=tuple(end_document(snapshot, end) for end in report.ends),
        exposure=ABSENT if exposures is None else tuple(exposure_document(snapshot, each) for each in exposures),
        assumptions=notices(report.assumptions),
        warnings=warnings(report.warnings),
        evidence=documents.ConnectivityEvidence(judged=report.judged, flows=report.flows, snapshot=snapshot.digest),
    )
    return streamed(document, "rows", _rows(report) if explanations is None else _explained(report, explanations))


class _AccessFields(TypedDict):
    connections: documents.Connections
    depends: documents.Connections | None
    partial: documents.Connections | None


def _access(access: Access) -> _AccessFields:
    """The connections of a row; what is empty is left out."""
    return {
        "connections": connections(access.ports),
        "depends": connections(access.open) if access.open else None,
        "partial": connections(access.partial) if access.partial else None,
    }


def _rows(report: Connectivity) -> Iterator[documents.Connection]:
    """The rows; what they are made of is encoded once and used again."""
    ends: list[Any] = [once(end_document(report.snapshot, end)) for end in report.ends]
    fields: list[dict[str, Any]] = [
        {name: once(value) for name, value in _access(access).items() if value is not None}
        for access in report.matrix.accesses
    ]
    partial = [bool(access.partial) for access in report.matrix.accesses]
    for src, dst, number in report.places():
        by = partial_by(report.ends[src], report.ends[dst]) if partial[number] else None
        yield documents.Connection(src=ends[src], dst=ends[dst], **fields[number], partial_by=by)


def _explained(report: Connectivity, explanations: Iterable[Explanation]) -> Iterator[documents.Connection]:
    for each in explanations:
        if access := report.between(each.src, each.dst):
            yield documents.Connection(
                src=end_document(report.snapshot, each.src),
                dst=end_document(report.snapshot, each.dst),
                **_access(access),
                partial_by=partial_by(each.src, each.dst) if access.partial else None,
                because=rules(each.because),
            )


def _absent(report: Connectivity, explanations: Iterable[Explanation]) -> Iterator[documents.BlockedPair]:
    for each in explanations:
        if not report.between(each.src, each.dst):
            src, dst = (end_document(report.snapshot, end) for end in (each.src, each.dst))
            yield documents.BlockedPair(src=src, dst=dst, because=rules(each.because))


def exposure_document(snapshot: Snapshot, exposure: Exposure) -> documents.Exposure:
    """Traffic that an end receives and sends, outside and in the entire cluster."""
    return documents.Exposure(
        end=end_document(snapshot, exposure.end),
        ingress=_facing(snapshot, exposure.ingress) if exposure.ingress else None,
        egress=_facing(snapshot, exposure.egress) if exposure.egress else None,
    )


def _facing(snapshot: Snapshot, facing: Facing) -> documents.Facing:
    outside, possible, everywhere = facing.outside, facing.possible, facing.everywhere
    return documents.Facing(
        outside=None if outside is None else tuple(_outside(snapshot, end, access) for end, access in outside),
        entire_cluster=None if everywhere is None else connections(everywhere),
        possible_pods=None
        if possible is None
        else tuple(documents.PossibleAccess(connections=connections(each.ports), pod=each.pod) for each in possible),
    )


def _outside(snapshot: Snapshot, end: End, access: Access) -> documents.OutsideAccess:
    return documents.OutsideAccess(end=end_document(snapshot, end), **_access(access))


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
