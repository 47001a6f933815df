"""The source or the destination of a rule of Calico: who is meant there, and which ports.

| Field | Meaning |
|---|---|
| selector, namespaceSelector, serviceAccounts, notSelector | one condition on what has the address: a pod or a set |
| none of them | any address |
| notSelector alone in a GlobalNetworkPolicy | every address that nothing with such labels has |
| nets, notNets | by address, pods included; only the family of the CIDRs matches |
| services | the addresses in the slices of a Service |

In a namespaced policy without namespaceSelector the first four mean its own namespace only.

Trusted by every verdict about policies of Calico; checked by tests/agreement/test_calico.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.manifests.field_reader import Block, Field
from reachproof.manifests.kinds.calico.objects import read_net
from reachproof.manifests.kinds.calico.peers import (
    ACCOUNT,
    HAS_NAMESPACE,
    NAMESPACE,
    OF_ACCOUNT,
    OF_NAMESPACE,
    peer_of,
    pods_of,
)
from reachproof.manifests.kinds.calico.ports import Ports, read_ports
from reachproof.manifests.kinds.calico.selector import Global, SelectorMistake, parse_selector
from reachproof.manifests.kinds.kubernetes.endpoint_slices import Slice
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.network.address import ALL_ADDRESSES, ALL_V4, ALL_V6
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import EVERYTHING, Operator, Requirement
from reachproof.network.policy import (
    AddressPeer,
    AnyPeer,
    Complement,
    Intersection,
    Match,
    Peer,
    PodSet,
    PolicyRef,
    PortMatch,
)
from reachproof.network.ports import place
from reachproof.network.predicate import ALWAYS, Needs, Predicate, both, negated, with_always, with_prefix

_EXCLUDED = ("selector", "notSelector", "namespaceSelector", "serviceAccounts", "nets", "notNets", "ports", "notPorts")
_FIELDS = (*_EXCLUDED, "services")
# Behind the prefix of namespaces: each has its name as a label, and nothing else has that.
_HAS_NAME = Needs(Requirement("projectcalico.org/name", Operator.EXISTS))
_ANYBODY = AnyPeer()
_ANY_PORT = Ports()
_EVERYBODY = PodSet(EVERYTHING, EVERYTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One side of a rule. `narrowed`: the pods whose named ports count. `families`: those of its CIDRs; empty for none.

    `reached`: for `services`, addresses with their ports, in place of everything else.
    """

    peer: Peer = _ANYBODY
    narrowed: PodSet = _EVERYBODY
    ports: Ports = _ANY_PORT
    families: frozenset[int] = frozenset()
    reached: tuple[Match, ...] | None = None
    known: Predicate | None = None


def read_predicate(field: Field) -> Predicate:
    """The selector of a field, always true where it is absent."""
    found = _parsed(field)
    if isinstance(found, Global):
        field.report("global() is allowed only in the namespaceSelector of a rule")
        return ALWAYS
    return found


def _parsed(field: Field) -> Predicate | Global:
    text = field.text()
    if text is None:
        return ALWAYS
    try:
        return parse_selector(text)
    except SelectorMistake as mistake:
        field.report(f'selector "{text}": {mistake.message}')
        return ALWAYS


def read_namespaces(field: Field, *, in_rule: bool = False) -> Predicate:
    """A selector of namespaces, on the labels that their members have of them. `in_rule`: `global()` may stand here."""
    found = _parsed(field) if in_rule else read_predicate(field)
    if isinstance(found, Global):
        return negated(HAS_NAMESPACE)
    return with_prefix(with_always(found, _HAS_NAME), OF_NAMESPACE)


def read_entity(field: Field, ref: PolicyRef, context: Context, *, side: str) -> Entity:
    """The entity rule of a field; `side` is `source` or `destination`."""
    if not field.present or not field.only(*_FIELDS):
        return Entity()
    if field.get("services").present:
        return _services(field, ref, context, ports=side == "destination")
    known, excluded = _conditions(field, ref)
    if known is not None and excluded is not None:
        known, excluded = both(known, negated(excluded)), None
    parts: list[Peer] = []
    if known is not None:
        parts.append(peer_of(known, context))
    elif excluded is not None:
        parts.append(Complement(peer_of(excluded, context)))
    nets, not_nets = _nets(field.get("nets")), _nets(field.get("notNets"))
    if nets is not None:
        parts.append(AddressPeer(nets))
    if not_nets is not None:
        parts.append(AddressPeer(ALL_ADDRESSES - not_nets))
    families = {family for each in (nets, not_nets) if each is not None for family in _families(each)}
    if len(families) > 1:
        field.report("IPv4 and IPv6 CIDRs in one rule; split it in two")
    return Entity(
        peer=AnyPeer() if not parts else parts[0] if len(parts) == 1 else Intersection(tuple(parts)),
        narrowed=_EVERYBODY if known is None else pods_of(known),
        ports=read_ports(field.get("ports"), field.get("notPorts")),
        families=frozenset(families),
        known=known,
    )


def _families(addresses: IntervalSet) -> set[int]:
    return {family for family, every in ((4, ALL_V4), (6, ALL_V6)) if addresses & every}


def _nets(field: Field) -> IntervalSet | None:
    """The union of CIDRs; None where the list is absent or empty."""
    items = field.items()
    found = EMPTY
    for item in items:
        addresses = read_net(item)
        if addresses:
            field.place.blocks.append(Block(text=str(item.value), addresses=addresses, origin=item.origin))
        found = found | addresses
    return found if items else None


def _conditions(field: Field, ref: PolicyRef) -> tuple[Predicate | None, Predicate | None]:
    """Predicates that must be true of the labels, and that must not; None where nothing is said."""
    selector, excluded = (field.get(name) for name in ("selector", "notSelector"))
    namespaces = field.get("namespaceSelector")
    parts: list[Predicate] = []
    if namespaces.value:
        parts.append(read_namespaces(namespaces, in_rule=True))
    accounts = _accounts(field.get("serviceAccounts"))
    if accounts is not None:
        parts.append(accounts)
    if selector.value:
        parts.append(read_predicate(selector))
    not_these = read_predicate(excluded) if excluded.value else None
    if ref.namespace and not namespaces.value and (parts or not_these is not None):
        parts.append(Needs(Requirement(NAMESPACE, Operator.IN, (ref.namespace,))))
    return (both(*parts) if parts else None), not_these


def _accounts(field: Field) -> Predicate | None:
    if not field.present or not field.only("names", "selector"):
        return None
    names = field.get("names").texts()
    parts: list[Predicate] = []
    if names:
        parts.append(Needs(Requirement(ACCOUNT, Operator.IN, tuple(sorted(set(names))))))
    if field.get("selector").value:
        parts.append(with_prefix(read_predicate(field.get("selector")), OF_ACCOUNT))
    return both(*parts) if parts else None


# ---------------------------------------------------------------- services


def _services(field: Field, ref: PolicyRef, context: Context, *, ports: bool) -> Entity:
    services = field.get("services")
    if not services.only("name", "namespace"):
        return Entity()
    for excluded in _EXCLUDED:
        allowed = not ports and excluded in ("ports", "notPorts")
        if field.get(excluded).present and not allowed:
            field.get(excluded).report("not allowed beside services: the Service names the peers")
    name, namespace = services.get("name").text(), services.get("namespace").text()
    if not name:
        services.get("name").expected("the name of a Service")
        return Entity()
    if not namespace:
        if not ref.namespace:
            services.get("namespace").expected("a namespace, since a GlobalNetworkPolicy has none of its own")
            return Entity()
        services.notice("SERVICES_WITHOUT_NAMESPACE", "without a namespace no Service is found, and nothing matches")
        return Entity(peer=AddressPeer(EMPTY), reached=())
    slices = [each for each in context.slices if (each.namespace, each.service) == (namespace, name)]
    if not slices:
        services.report(
            f"no EndpointSlice of Service {namespace}/{name}; a rule matches the addresses in its "
            f"slices, so add them (kubectl get endpointslices -n {namespace} -o yaml)"
        )
    addresses = IntervalSet.of((e.address, e.address) for each in slices for e in each.endpoints)
    return Entity(
        peer=AddressPeer(addresses),
        ports=Ports() if ports else read_ports(field.get("ports"), field.get("notPorts")),
        reached=_reached(slices) if ports else None,
    )


def _reached(slices: list[Slice]) -> tuple[Match, ...]:
    by_port: dict[IntervalSet, list[int]] = {}
    for each in slices:
        for endpoint in each.endpoints:
            ports = IntervalSet.of((place(protocol, port),) * 2 for _, protocol, port in endpoint.ports)
            by_port.setdefault(ports, []).append(endpoint.address)
    return tuple(
        Match(AddressPeer(IntervalSet.of((one, one) for one in addresses)), PortMatch(ports))
        for ports, addresses in by_port.items()
        if ports
    )
