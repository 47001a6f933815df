"""Matching of subjects, peers and ports of a policy for one flow, in three values.

| Thing | Clause |
|---|---|
| subject | NetworkPolicy spec.podSelector; spec.subject of the admin kinds: pods only, host-network pods excepted |
| pod peers | NetworkPolicyPeer podSelector and namespaceSelector; `pods` and `namespaces` peers of the admin kinds |
| address peers | NetworkPolicyPeer ipBlock; `networks` peers: any party of the right kind that uses such an address |
| node peers | `nodes` peers: an address among status.addresses of a node with those labels |
| party peers, own and other nodes | Cilium entities: what the party is, whatever its address |
| domain peers | `domainNames` peers: which addresses stand behind a name is not known here |
| intersection, union, complement | entity rules of Calico: conditions on an end of the flow, together |
| ports | NetworkPolicyPort; `ports` and `protocols` of the admin kinds; names are looked up at the destination pod |

Trusted by every verdict: it is the meaning of a match, and the solver has its own. Checked by tests/cases (rows that
can be read), tests/laws, and tests/agreement (against the solver on drawn snapshots).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import assert_never

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.labels import Selector
from reachproof.network.policy import (
    AddressPeer,
    AnyPeer,
    Complement,
    Direction,
    DomainPeer,
    Intersection,
    Match,
    NamedPort,
    NodePeer,
    OtherNodePeer,
    OwnNodePeer,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    PortMatch,
    Union,
)
from reachproof.network.ports import place
from reachproof.network.predicate import holds
from reachproof.network.snapshot import Snapshot


class Matched(IntEnum):
    """Kleene's three values in their order: AND is `min`, OR is `max`."""

    NO = 0
    MAYBE = 1
    YES = 2


def subject(flow: Flow, direction: Direction) -> tuple[Party, int]:
    """The party that the direction is decided for, with its address: the source of egress, else the destination."""
    if direction is Direction.EGRESS:
        return flow.source, flow.source_address
    return flow.destination, flow.destination_address


def other(flow: Flow, direction: Direction) -> tuple[Party, int]:
    """The party at the far end, which peers are matched with, and its address."""
    if direction is Direction.EGRESS:
        return flow.destination, flow.destination_address
    return flow.source, flow.source_address


def party_kind(party: Party) -> PartyKind:
    """The kind of the party to a CIDR: a host-network pod speaks with its node's addresses, so it is a node."""
    match party:
        case Pod():
            return PartyKind.NODE if party.host_network else PartyKind.POD
        case Node():
            return PartyKind.NODE
        case External():
            return PartyKind.EXTERNAL
        case _:
            assert_never(party)


def in_pod_set(snapshot: Snapshot, pods: PodSet, party: Party) -> bool:
    """True if the party is a pod of the set; serves subjects and peers alike."""
    if not isinstance(party, Pod):
        return False
    if party.host_network and not pods.host_network:
        return False
    namespace = snapshot.namespace_of[party.namespace]
    if not (pods.namespaces.matches(namespace.labels) and pods.pods.matches(party.labels)):
        return False
    return pods.where is None or holds(pods.where, snapshot.labels_of(party))


def peer_matches(snapshot: Snapshot, peer: Peer, flow: Flow, direction: Direction) -> Matched:
    """True if the far end of the flow is such a peer, seen from the subject of the direction."""
    return _meets(snapshot, peer, other(flow, direction), subject(flow, direction)[0])


def _meets(snapshot: Snapshot, peer: Peer, end: tuple[Party, int], subject_party: Party) -> Matched:
    """True if one end of a flow is such a party; own nodes are those of the subject."""
    party, address = end
    match peer:
        case AnyPeer():
            return Matched.YES
        case PodSet():
            return _known(in_pod_set(snapshot, peer, party))
        case AddressPeer():
            return _known(party_kind(party) in peer.parties and address in peer.addresses)
        case NodePeer():
            at_a_node = party_kind(party) is PartyKind.NODE and _is_address_of_node(snapshot, address, peer.nodes)
            return _known(at_a_node)
        case DomainPeer():
            return Matched.MAYBE if isinstance(party, External) else Matched.NO
        case OwnNodePeer():
            return _on_own_node(subject_party, party)
        case OtherNodePeer():
            return _on_other_node(subject_party, party)
        case PartyPeer(parties):
            return _known(party_kind(party) in parties)
        case Intersection(items):
            return min((_meets(snapshot, item, end, subject_party) for item in items), default=Matched.YES)
        case Union(items):
            return max((_meets(snapshot, item, end, subject_party) for item in items), default=Matched.NO)
        case Complement(item):
            return Matched(Matched.YES - _meets(snapshot, item, end, subject_party))
        case _:
            assert_never(peer)


def subject_matches(snapshot: Snapshot, match: Match, flow: Flow, direction: Direction) -> Matched:
    """True if the subject of the direction is what the match asks of it."""
    near = subject(flow, direction)
    return _meets(snapshot, match.subject, near, near[0])


def ports_match(ports: PortMatch | None, flow: Flow, *, host_network: bool) -> bool:
    """True if the flow's protocol and destination port match; None matches every port of every protocol.

    `host_network`: whether the container ports of a host-network pod can be named (only where the policy treats such
    pods as pods).
    """
    if ports is None:
        return True
    number = place(flow.protocol, flow.port)
    if number in ports.not_numbers or _named(ports.not_names, flow, host_network=host_network):
        return False
    return number in ports.numbers or _named(ports.names, flow, host_network=host_network)


def any_match(
    snapshot: Snapshot, matches: Iterable[Match], flow: Flow, direction: Direction, *, host_network: bool
) -> Matched:
    """True if any of a rule's matches holds: its peer, its ports and what it asks of the subject together."""
    found = Matched.NO
    for match in matches:
        if not ports_match(match.ports, flow, host_network=host_network):
            continue
        held = peer_matches(snapshot, match.peer, flow, direction)
        if held is not Matched.NO:
            held = min(held, subject_matches(snapshot, match, flow, direction))
        if held is Matched.YES:
            return held
        found = max(found, held)
    return found


def _known(matches: bool) -> Matched:
    return Matched.YES if matches else Matched.NO


def _is_address_of_node(snapshot: Snapshot, address: int, nodes: Selector) -> bool:
    return any(nodes.matches(node.labels) and address in node.addresses for node in snapshot.nodes)


def _on_own_node(subject_party: Party, party: Party) -> Matched:
    """True if `party` is the node that the subject runs on, or a host-network pod there."""
    if not isinstance(subject_party, Pod) or party_kind(party) is not PartyKind.NODE:
        return Matched.NO
    node = party.name if isinstance(party, Node) else party.node if isinstance(party, Pod) else None
    if subject_party.node is None or node is None:
        return Matched.MAYBE
    return _known(subject_party.node == node)


def _on_other_node(subject_party: Party, party: Party) -> Matched:
    """True if `party` is a node that the subject does not run on, or a host-network pod there."""
    if not isinstance(subject_party, Pod) or party_kind(party) is not PartyKind.NODE:
        return Matched.NO
    return Matched(Matched.YES - _on_own_node(subject_party, party))


def _named(names: Iterable[NamedPort], flow: Flow, *, host_network: bool) -> bool:
    return any(_named_port_matches(name, flow, host_network=host_network) for name in names)


def _named_port_matches(name: NamedPort, flow: Flow, *, host_network: bool) -> bool:
    """Names are those of the destination pod's containers; an unnamed protocol is the one that they declare."""
    pod = flow.destination
    if not isinstance(pod, Pod) or (pod.host_network and not host_network):
        return False
    return any(
        port.name == name.name
        and port.number == flow.port
        and port.protocol is flow.protocol
        and (name.protocol is None or name.protocol is port.protocol)
        for port in pod.ports
    )
