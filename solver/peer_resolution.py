"""Resolution of subjects, peers and named ports to points of a universe.

| Kubernetes thing | points |
|---|---|
| pods by selectors | pods with these labels in such namespaces; host-network pods only where they count as pods |
| CIDRs | points with such an address, of the kinds of party that a CIDR can match |
| nodes | nodes and host-network pods by an address of a matching node |
| domain names | every address outside: which ones stand behind a name is not known here |
| own node of the subject, other nodes | every node and host-network pod: which of them is a relation of both ends |
| kinds of party | all points of such parties |
| intersection, union, complement | the same of points: policies tell no two addresses of a point apart |
| named port | pods that declare the name, by the ports that carry it there |

Trusted by both engines; checked by tests/agreement.
"""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from operator import and_, or_
from typing import assert_never

from reachproof.network.cluster import ContainerPort
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import (
    AddressPeer,
    AnyPeer,
    Complement,
    DomainPeer,
    Intersection,
    NamedPort,
    NodePeer,
    OtherNodePeer,
    OwnNodePeer,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    Union,
)
from reachproof.network.ports import place
from reachproof.network.predicate import Conjunction, Disjunction, Holder, Needs, Negation, Predicate
from reachproof.solver.universe import Universe, node_addresses


class PeerResolution:
    """Sets of points as bits, each found once."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self.everything = universe.everything
        self._points: dict[Peer, int] = {}
        self._named: dict[tuple[NamedPort, bool], tuple[tuple[IntervalSet, int], ...]] = {}

    def peer(self, peer: Peer) -> int:
        """The points that the peer can match; exact but for what the header calls not known here."""
        found = self._points.get(peer)
        if found is None:
            found = self._points[peer] = self._peer(peer)
        return found

    def declaring(self, name: NamedPort, *, host_network: bool) -> tuple[tuple[IntervalSet, int], ...]:
        """For each set of ports that carry the name at some pod, the pods where exactly these do."""
        if (name, host_network) not in self._named:
            universe = self._universe
            found: dict[IntervalSet, int] = defaultdict(int)
            for ports, points in universe.by_ports.items():
                found[_places(ports, name)] |= points if host_network else points & ~universe.host_pods
            named = tuple((places, points) for places, points in found.items() if places)
            self._named[name, host_network] = named
        return self._named[name, host_network]

    def _peer(self, peer: Peer) -> int:
        universe = self._universe
        match peer:
            case PodSet():
                bits = universe.in_namespaces(peer.namespaces) & universe.labelled(peer.pods)
                if peer.where is not None:
                    bits &= self._where(peer.where)
                return bits if peer.host_network else bits & ~universe.host_pods
            case AddressPeer():
                return universe.with_addresses(peer.addresses) & self._parties(peer.parties)
            case NodePeer():
                addresses = node_addresses(universe.snapshot, peer)
                return universe.with_addresses(addresses) & self._parties(frozenset((PartyKind.NODE,)))
            case DomainPeer():
                return universe.external
            case AnyPeer():
                return universe.everything
            case OwnNodePeer() | OtherNodePeer():
                return universe.nodes | universe.host_pods
            case PartyPeer(parties):
                return self._parties(parties)
            case Intersection(items):
                return reduce(and_, map(self.peer, items), universe.everything)
            case Union(items):
                return reduce(or_, map(self.peer, items), 0)
            case Complement(item):
                return universe.everything & ~self.peer(item)
            case _:
                assert_never(peer)

    def _where(self, predicate: Predicate) -> int:
        """The pods of which it is true."""
        match predicate:
            case Needs():
                return self._meeting(predicate)
            case Conjunction(items):
                return reduce(and_, map(self._where, items), self._universe.pods)
            case Disjunction(items):
                return reduce(or_, map(self._where, items), 0)
            case Negation(item):
                return self._universe.pods & ~self._where(item)
            case _:
                assert_never(predicate)

    def _meeting(self, needs: Needs) -> int:
        """The pods that meet one test: by the labels that some of them have, or by those of their home or account."""
        universe, test = self._universe, needs.test
        match needs.of:
            case Holder.POD | Holder.MESH:
                by_key = universe.by_label if needs.of is Holder.POD else universe.by_mesh
                by_value = by_key.get(test.key, {})
                groups = [({test.key: value}, points) for value, points in by_value.items()]
                groups.append(({}, universe.pods & ~reduce(or_, by_value.values(), 0)))
            case Holder.NAMESPACE:
                homes = universe.snapshot.namespace_of
                groups = [(dict(homes[name].labels), points) for name, points in universe.by_namespace.items()]
            case Holder.ACCOUNT:
                of_account = universe.snapshot.account_labels
                groups = [(dict(of_account(*account)), points) for account, points in universe.by_account.items()]
            case _:
                assert_never(needs.of)
        return reduce(or_, (points for labels, points in groups if test.matches(labels)), 0)

    def _parties(self, kinds: frozenset[PartyKind]) -> int:
        universe = self._universe
        of_kind = {
            PartyKind.POD: universe.pods & ~universe.host_pods,
            PartyKind.NODE: universe.nodes | universe.host_pods,
            PartyKind.EXTERNAL: universe.external,
        }
        return reduce(or_, (of_kind[kind] for kind in kinds), 0)


def _places(ports: tuple[ContainerPort, ...], name: NamedPort) -> IntervalSet:
    return IntervalSet.of(
        (place(port.protocol, port.number),) * 2
        for port in ports
        if port.name == name.name and name.protocol in (None, port.protocol)
    )
