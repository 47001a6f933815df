"""The names of a snapshot as they are written in a sentence, quoted where they have to be, by kind and in order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import assert_never

from reachproof.grammar.ast import Name, ObjectName
from reachproof.grammar.complete import Bound, Kind, Slot
from reachproof.grammar.format_parts import (
    format_domain,
    format_name,
    format_object,
    format_port_name,
    format_selector,
    quoted,
)
from reachproof.grammar.wholes import policy_kind
from reachproof.grammar.words import is_plain_snapshot
from reachproof.network.cluster import Namespace, Node, Pod
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.tenancy import tenants

_NOTHING = Snapshot()


def candidates(
    slot: Slot, bound: Iterable[Bound] = (), snapshot: Snapshot = _NOTHING, others: Collection[str] = ()
) -> tuple[str, ...]:
    """What may fill a slot, sorted, whatever is begun there; names that prefixes bind come first.

    `others`: the names of the snapshots that a sentence may compare with.
    """
    own = [format_name(Name(each.name)) for each in bound if each.kind is slot.kind]
    return tuple(dict.fromkeys((*own, *sorted(_known(slot, snapshot, others)))))


def _known(slot: Slot, snapshot: Snapshot, others: Collection[str]) -> Iterable[str]:
    match slot.kind:
        case Kind.NAMESPACE:
            return (format_name(Name(each.name)) for each in snapshot.namespaces)
        case Kind.TENANT:
            return (format_name(Name(each)) for each in tenants(snapshot) if each)
        case Kind.NODE:
            return (format_name(Name(each.name)) for each in snapshot.nodes)
        case Kind.POD:
            return (_object(each.namespace, each.name) for each in snapshot.pods)
        case Kind.SERVICE:
            return (_object(each.namespace, each.name) for each in snapshot.services)
        case Kind.WORKLOAD:
            return _workloads(snapshot, slot.after)
        case Kind.SERVICE_ACCOUNT:
            return {_object(each.namespace, each.service_account) for each in snapshot.pods}
        case Kind.POLICY:
            return _policies(snapshot, policy_kind(slot.after))
        case Kind.POD_LABEL:
            return _labels(snapshot.pods)
        case Kind.NAMESPACE_LABEL:
            return _labels(snapshot.namespaces)
        case Kind.NODE_LABEL:
            return _labels(snapshot.nodes)
        case Kind.PROTOCOL_PORT:
            return {f"{protocol.lower()}/{number}" for number, protocol in _ports(snapshot)}
        case Kind.PORT:
            return {format_port_name(port.name) for pod in snapshot.pods for port in pod.ports if port.name}
        case Kind.DOMAIN:
            return (format_domain(each) for each in snapshot.options.domains)
        case Kind.SNAPSHOT:
            return (each if is_plain_snapshot(each) else quoted(each) for each in others)
        case Kind.NEW:
            return ("T",) if slot.after == "tenant" else ("N",)
        case _:
            assert_never(slot.kind)


# The same few thousand names are written anew at every key that is pressed.
@lru_cache(maxsize=20_000)
def _object(namespace: str, name: str) -> str:
    return format_object(ObjectName(namespace, name))


def _workloads(snapshot: Snapshot, after: str) -> set[str]:
    """The workloads of a kind, or of all; pods without one are none."""
    owned = {(pod.namespace, *pod.workload.partition("/")[::2]) for pod in snapshot.pods if pod.workload}
    any_kind = after in {"workload", "workloads"}
    return {_object(namespace, name) for namespace, kind, name in owned if any_kind or kind.lower() == after}


def _policies(snapshot: Snapshot, kind: str) -> Iterable[str]:
    refs = [policy.ref for policy in snapshot.policies if policy.ref.kind.lower() == kind]
    return (_object(ref.namespace, ref.name) if ref.namespace else format_name(Name(ref.name)) for ref in refs)


def _labels(objects: Iterable[Pod | Namespace | Node]) -> set[str]:
    pairs = {pair for each in objects for pair in each.labels.items()}
    return {format_selector(Selector.of(Requirement(key, Operator.IN, (value,)))) for key, value in pairs}


def _ports(snapshot: Snapshot) -> set[tuple[int, Protocol]]:
    """What pods declare and Services offer."""
    declared = {pair for pod in snapshot.pods for pair in pod.declared}
    return declared | {(port.port, port.protocol) for service in snapshot.services for port in service.ports}
