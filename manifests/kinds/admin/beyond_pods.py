"""Endpoints besides pods that a `namespaces` peer of ClusterNetworkPolicy selects, where it is turned into labels.

| Implementation | Also selects |
|---|---|
| Calico | NetworkSets of such namespaces; where it only rules labels out, GlobalNetworkSets and host endpoints too |
| Cilium | where it only rules labels out: nodes and every address outside the cluster |

`pods` peers select pods only. A port name in an ingress rule is one of the pod that the policy selects, whoever the
peer is. Trusted by every verdict under these profiles; checked by tests/cases and tests/agreement.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.manifests.field_reader import Field, Place
from reachproof.manifests.kinds.calico.peers import addresses_of, in_namespaces, with_ports
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.manifests.selectors import read_selector
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Selector
from reachproof.network.policy import AddressPeer, Direction, Match, NamedPort, PartyKind, PartyPeer, PortMatch
from reachproof.network.ports import place
from reachproof.network.predicate import Holder, Predicate, holds

_NODES_AND_OUTSIDE = PartyPeer(frozenset((PartyKind.NODE, PartyKind.EXTERNAL)))


def beyond_pods(
    entries: list[Field], ports: PortMatch | None, direction: Direction, context: Context
) -> Iterator[Match]:
    """The matches of the peers of a rule with what is no pod; none where something is wrong with the peers."""
    profile = context.profile
    if not (profile.namespaces_beyond_pods or context.support) or any(entry.place.problems for entry in entries):
        return
    for entry in entries:
        field = entry.get("namespaces")
        if not field.present:
            continue
        namespaces = _selector(field)
        if profile.namespaces_of_sets:
            yield from _labelled(in_namespaces(namespaces), ports, direction, context)
        elif _only_rules_out(namespaces):
            yield from _numbered(_NODES_AND_OUTSIDE, ports, direction)


def _selector(field: Field) -> Selector:
    """The selector, of which everything has been said already."""
    place = Place(field.place.file, field.place.document, field.place.subject)
    return read_selector(Field(place, field.value, field.path, field.line), lax=True)


def _only_rules_out(namespaces: Selector) -> bool:
    """True if what has no labels at all meets the conditions; without conditions a namespace is asked for."""
    return bool(namespaces.requirements) and namespaces.matches({})


def _numbered(peer: AddressPeer | PartyPeer, ports: PortMatch | None, direction: Direction) -> Iterator[Match]:
    """The match, without port names where the peer is the destination."""
    if ports is None or direction is Direction.INGRESS:
        yield Match(peer, ports)
    elif ports.numbers:
        yield Match(peer, PortMatch(ports.numbers))


def _labelled(wanted: Predicate, ports: PortMatch | None, direction: Direction, context: Context) -> Iterator[Match]:
    """Sets and host endpoints of whose labels it is true; a host endpoint has port names of its own."""
    addresses = addresses_of(wanted, context)
    if addresses:
        yield from _numbered(AddressPeer(addresses), ports, direction)
    if ports is None or not ports.names or direction is Direction.INGRESS:
        return
    for each, labels in with_ports(context):
        numbers = IntervalSet.of(
            (place(port.protocol, port.number),) * 2 for port in each.ports if NamedPort(port.name, None) in ports.names
        )
        if numbers and holds(wanted, {Holder.POD: labels}):
            yield Match(AddressPeer(each.addresses), PortMatch(numbers))
