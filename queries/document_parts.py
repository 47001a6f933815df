"""Values as the parts of documents: ends, flows, steps, rules, places and notices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypedDict

from reachproof.documents import parts
from reachproof.documents.parts import RuleNumber
from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Notice, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.origin import Origin
from reachproof.network.policy import PolicyRef
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.tenancy import tenant_of_party
from reachproof.semantics.trace import Step


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
