"""A connectivity report as JSON, in the shape that programs rely on (docs/interfaces.md); in pieces, for its size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from typing import TYPE_CHECKING, assert_never

from reachproof.network.address import format_address
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Labels
from reachproof.network.ports import ALL_PORTS, Protocol, ranges
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.exposure import Exposure, Facing
from reachproof.queries.report_ends import End, EndKind, Partial, partial_by
from reachproof.queries.tenancy import tenant_of
from reachproof.queries.wire import API_VERSION, Json, because_json, warnings_json
from reachproof.solver.matrix import Access

if TYPE_CHECKING:
    from reachproof.queries.connectivity_explain import Explanation


def report_text(
    report: Connectivity, explanations: Sequence[Explanation] | None = None, exposures: Iterable[Exposure] | None = None
) -> Iterator[str]:
    """The document in pieces, one row to a line.

    `ends` are those of the report in order, also such that have no row. With `explanations`, rows have `because`, and
    `absent` lists the pairs without a row; with `exposures`, `exposure` says what each end inside is exposed to.
    """
    yield f'{{\n  "apiVersion": "{API_VERSION}",\n  "by": "{report.request.by}",\n  "rows": ['
    yield from _lines(_rows(report) if explanations is None else _explained(report, explanations, absent=False))
    if explanations is not None:
        yield ',\n  "absent": ['
        yield from _lines(_explained(report, explanations, absent=True))
    yield ',\n  "ends": ['
    yield from _lines(json.dumps(end_json(report.snapshot, end)) for end in report.ends)
    if exposures is not None:
        yield ',\n  "exposure": ['
        yield from _lines(json.dumps(exposure_json(report, each)) for each in exposures)
    snapshot = report.snapshot
    rest: dict[str, Json] = {
        "assumptions": [{"code": notice.code, "text": notice.text} for notice in report.assumptions],
        "warnings": warnings_json(report.warnings),
        "evidence": {"judged": report.judged, "flows": report.flows, "snapshot": snapshot.digest},
    }
    yield "".join(f",\n  {json.dumps(key)}: {json.dumps(value)}" for key, value in rest.items()) + "\n}\n"


def in_blocks(pieces: Iterable[str], size: int = 5_000) -> Iterator[str]:
    """The same text in fewer pieces, each made of `size` of them."""
    left = iter(pieces)
    while block := list(islice(left, size)):
        yield "".join(block)


def unknown_text(reason: str) -> str:
    """The document that stands in for a report that was not finished. It has no rows, so that nobody counts on them."""
    return json.dumps({"apiVersion": API_VERSION, "verdict": "unknown", "reason": reason})


def _lines(items: Iterator[str]) -> Iterator[str]:
    """The items of a list, each on a line, and its end."""
    before = "\n    "
    for item in items:
        yield before + item
        before = ",\n    "
    yield "]" if before == "\n    " else "\n  ]"


def _rows(report: Connectivity) -> Iterator[str]:
    """The rows; what they are made of is written once and used again."""
    ends = [json.dumps(end_json(report.snapshot, end)) for end in report.ends]
    accesses = [_inner(access_json(access)) for access in report.matrix.accesses]
    partial = [bool(access.partial) for access in report.matrix.accesses]
    for src, dst, number in report.places():
        by = f', "partialBy": "{partial_by(report.ends[src], report.ends[dst])}"' if partial[number] else ""
        yield f'{{"src": {ends[src]}, "dst": {ends[dst]}, {accesses[number]}{by}}}'


def _inner(value: dict[str, Json]) -> str:
    return json.dumps(value)[1:-1]


def _explained(report: Connectivity, explanations: Iterable[Explanation], *, absent: bool) -> Iterator[str]:
    for each in explanations:
        access = report.between(each.src, each.dst)
        if bool(access) is absent:
            continue
        row: dict[str, Json] = {"src": end_json(report.snapshot, each.src), "dst": end_json(report.snapshot, each.dst)}
        row |= {} if absent else access_json(access, partial_by(each.src, each.dst))
        yield json.dumps(row | {"because": [because_json(because) for because in each.because]})


def access_json(access: Access, by: Partial | None = None) -> dict[str, Json]:
    """The connections of a row; `depends`, `partial` and what it is due to only where they are not empty."""
    found: dict[str, Json] = {"connections": connections_json(access.ports)}
    if access.open:
        found["depends"] = connections_json(access.open)
    if access.partial:
        found["partial"] = connections_json(access.partial)
    if access.partial and by is not None:
        found["partialBy"] = str(by)
    return found


def connections_json(ports: IntervalSet) -> Json:
    """`"all"`, or the inclusive ranges of each protocol."""
    if ports == ALL_PORTS:
        return "all"
    by_protocol = ranges(ports)
    return {str(protocol): [[low, high] for low, high in by_protocol.get(protocol, ())] for protocol in Protocol}


def exposure_json(report: Connectivity, exposure: Exposure) -> dict[str, Json]:
    """What an end receives from and sends to, outside and in the entire cluster."""
    return {
        "end": end_json(report.snapshot, exposure.end),
        "ingress": _facing(report, exposure.ingress),
        "egress": _facing(report, exposure.egress),
    }


def _facing(report: Connectivity, facing: Facing | None) -> Json:
    if facing is None:
        return None
    outside: Json = None
    if facing.outside is not None:
        outside = [{"end": end_json(report.snapshot, end), **access_json(a)} for end, a in facing.outside]
    possible: Json = None
    if facing.possible is not None:
        possible = [{"connections": connections_json(each.ports), "pod": each.pod} for each in facing.possible]
    everywhere = None if facing.everywhere is None else connections_json(facing.everywhere)
    return {"outside": outside, "entireCluster": everywhere, "possiblePods": possible}


def end_json(snapshot: Snapshot, end: End) -> dict[str, Json]:
    """One end. A workload has the kind `pod`, and the name that its pods are made from."""
    if end.kind is EndKind.EXTERNAL:
        return {"kind": "external", "cidrs": list(end.cidrs)}
    addresses = end.node.addresses if end.node else end.pods[0].addresses if len(end.pods) == 1 else ()
    found: dict[str, Json] = {
        "kind": end.kind.value,
        "namespace": end.namespace,
        "name": end.name,
        "workload": None,
        "ip": format_address(addresses[0]) if addresses else None,
        "tenant": None,
        "labels": dict(sorted(_labels(snapshot, end).items())),
        "possible": False,
    }
    match end.kind:
        case EndKind.POD:
            found |= {"workload": end.pods[0].workload or None, "tenant": _tenant(snapshot, end.namespace)}
        case EndKind.WORKLOAD:
            short = end.name.rpartition("/")[2]
            found |= {"kind": "pod", "name": short, "workload": end.name, "tenant": _tenant(snapshot, end.namespace)}
        case EndKind.NAMESPACE:
            found |= {"namespace": end.name, "tenant": _tenant(snapshot, end.name)}
        case EndKind.TENANT:
            found |= {"tenant": end.name}
        case EndKind.NODE | EndKind.EXTERNAL:
            pass
        case _:
            assert_never(end.kind)
    return found


def _tenant(snapshot: Snapshot, namespace: str | None) -> str | None:
    return tenant_of(snapshot, namespace) if namespace is not None else None


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
