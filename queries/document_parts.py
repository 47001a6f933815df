"""Values as the parts of documents: ends, flows, connections, steps, rules, places and notices."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Literal, TypedDict, assert_never

from reachproof.documents import connectivity, parts
from reachproof.documents.connectivity import connections
from reachproof.documents.parts import RuleNumber
from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Notice, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.labels import Labels
from reachproof.network.origin import Origin
from reachproof.network.policy import PolicyRef
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.report_nodes import End, EndKind
from reachproof.queries.tenancy import tenant_of, tenant_of_party
from reachproof.semantics.trace import Step
from reachproof.solver.connection_matrix import Access


class FlowFields(TypedDict):
    """The fields that every document of a flow has."""

    source: parts.End
    destination: parts.End
    protocol: Protocol
    port: int


def origin_part(origin: Origin) -> parts.Origin:
    """A place in the input."""
    return parts.Origin(file=origin.file, line=origin.line, path=origin.path)


def policy_part(policy: PolicyRef) -> parts.Policy:
    """The identity of a policy."""
    return parts.Policy(kind=policy.kind, namespace=policy.namespace, name=policy.name)


def notices(found: Iterable[Notice]) -> tuple[parts.Notice, ...]:
    """Notices without their places, as assumptions are written."""
    return tuple(parts.Notice(code=each.code, text=each.text) for each in found)


def warnings(found: Iterable[Notice]) -> tuple[parts.Notice, ...]:
    """Warnings, with their places."""
    return tuple(
        parts.Notice(code=each.code, text=each.text, origin=origin_part(each.origin) if each.origin else None)
        for each in found
    )


def rule_number(index: int | None, name: str) -> RuleNumber | None:
    """The number and name of a rule; None where no written rule decides."""
    return None if index is None else RuleNumber(index=index, name=name)


def steps(found: Iterable[Step]) -> tuple[parts.Step, ...]:
    """The steps of a trace."""
    return tuple(map(_step, found))


def _step(step: Step) -> parts.Step:
    return parts.Step(
        direction=step.direction,
        subject=f"node {step.subject.name}" if isinstance(step.subject, Node) else str(step.subject),
        tier=str(step.tier),
        action=step.action,
        policy=policy_part(step.policy) if step.policy and step.policy.kind else None,
        rule=rule_number(step.rule_index, step.rule_name),
        origin=origin_part(step.origin) if step.origin and step.origin.file else None,
        text=step.text,
    )


def flow_fields(snapshot: Snapshot, flow: Flow) -> FlowFields:
    """Both ends of a flow, and its port."""
    return {
        "source": _end(snapshot, flow.source, flow.source_address),
        "destination": _end(snapshot, flow.destination, flow.destination_address),
        "protocol": flow.protocol,
        "port": flow.port,
    }


def _end(snapshot: Snapshot, party: Party, address: int) -> parts.End:
    kind: Literal["pod", "node", "external"]
    match party:
        case Pod():
            kind = "pod"
        case Node():
            kind = "node"
        case External():
            kind = "external"
    return parts.End(
        kind=kind,
        namespace=party.namespace if isinstance(party, Pod) else None,
        name=None if isinstance(party, External) else party.name,
        workload=(party.workload or None) if isinstance(party, Pod) else None,
        ip=None if isinstance(party, Pod) and party.abstract else format_address(address),
        tenant=tenant_of_party(snapshot, party),
        labels={} if isinstance(party, External) else dict(sorted(party.labels.items())),
        possible=isinstance(party, Pod) and party.key in snapshot.possible,
    )


class AccessFields(TypedDict):
    """The connections of every document that has some."""

    connections: connectivity.Connections
    depends: connectivity.Connections | None
    partial: connectivity.Connections | None


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


def end_document(snapshot: Snapshot, end: End) -> connectivity.ReportEnd:
    """One end. A workload has the kind `pod`, and the name that its pods are made from."""
    if end.kind is EndKind.EXTERNAL:
        return connectivity.OutsideEnd(cidrs=end.cidrs)
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
            return connectivity.PodEnd(namespace=space, name=name, workload=workload, tenant=tenant, **fields)
        case EndKind.WORKLOAD:
            short = name.rpartition("/")[2]
            return connectivity.WorkloadEnd(namespace=space, name=short, workload=name, tenant=tenant, **fields)
        case EndKind.NAMESPACE:
            tenant = tenant_of(snapshot, name)
            return connectivity.NamespaceEnd(namespace=name, name=name, workload=None, tenant=tenant, **fields)
        case EndKind.TENANT:
            return connectivity.TenantEnd(namespace=None, name=name, workload=None, tenant=name, **fields)
        case EndKind.NODE:
            return connectivity.NodeEnd(namespace=None, name=name, workload=None, tenant=None, **fields)
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
