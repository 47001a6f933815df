"""Ends of flows and of reports, as the owner of some namespaces is shown them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reachproof.api.namespace_view import OUTSIDE, NamespaceView
from reachproof.documents import answer, connectivity, parts
from reachproof.documents.json import viewed


def is_own_end(end: Any, view: NamespaceView) -> bool:
    """True for an end that is theirs."""
    match end:
        case connectivity.PodEnd() | connectivity.NamespaceEnd() | parts.End(kind="pod"):
            return view.owns(end.namespace)
        case connectivity.TenantEnd():
            return end.name in view.tenants
        case _:
            return False


def shown_end(end: parts.End, view: NamespaceView) -> parts.End:
    """An end of a flow. What was invented for it may be taken from policies of others, and is left out then."""
    if is_own_end(end, view):
        labels = cleaned_labels(end.labels, view)
        if not end.possible:
            return viewed(parts.End, end, labels=labels)
        ip = end.ip if end.ip and not view.names_others(end.ip) else None
        return viewed(parts.End, end, labels=labels, ip=ip, name=view.text(end.name or ""), workload=None)
    ip = end.ip if end.kind == "external" and end.ip and view.tells([_cidr(end.ip)]) else None
    return parts.End(
        kind=end.kind,
        namespace=OUTSIDE if end.kind == "pod" else None,
        name=None if end.kind == "external" else OUTSIDE,
        workload=None,
        ip=ip,
        tenant=None,
        labels={},
        possible=end.possible,
    )


def _cidr(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"


def shown_inside(end: connectivity.InsideEnd, view: NamespaceView) -> connectivity.InsideEnd:
    """An end of a report inside the cluster; all that are not theirs are one."""
    if is_own_end(end, view):
        return viewed(type(end), end, labels=cleaned_labels(end.labels, view))
    spaced = isinstance(end, connectivity.PodEnd | connectivity.NamespaceEnd)
    return type(end)(
        namespace=OUTSIDE if spaced else None,
        name=OUTSIDE,
        workload=None,
        ip=None,
        tenant=None,
        labels={},
        possible=end.possible,
    )


def shown_outside(end: connectivity.OutsideEnd, view: NamespaceView) -> connectivity.OutsideEnd:
    """Addresses outside; without CIDRs where policies or addresses of others tell them apart."""
    return end if view.tells(end.cidrs) else connectivity.OutsideEnd(cidrs=())


def shown_service(name: answer.ServiceName, view: NamespaceView) -> answer.ServiceName:
    """The name of a Service."""
    return name if view.owns(name.namespace) else answer.ServiceName(namespace=OUTSIDE, name=OUTSIDE)


def cleaned_labels(value: Mapping[str, str], view: NamespaceView) -> dict[str, str]:
    """Labels, without those that only other objects have."""
    return {key: label for key, label in value.items() if not view.names_others(f"{key} {label}")}
