"""The points of a snapshot: every endpoint with every address (or set of addresses) it may speak with.

    Point = (party, addresses): a pod or node with one of its addresses; or a *free* point, which is an abstract pod or
            the outside world with a set of addresses that no policy tells apart

A question is about pairs of points of one address family. Points with one address come first, ascending by address, so
that a range of addresses is a run of bits.

Trusted by both engines; checked by tests/agreement, where the reference evaluator judges flows that were enumerated
without it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import accumulate
from operator import or_, xor
from typing import TypeVar

from reachproof.engines.assembly import programs
from reachproof.network.address import ALL_ADDRESSES, ALL_V4, ALL_V6, family
from reachproof.network.cluster import ContainerPort, Node, Pod
from reachproof.network.flow import External, Party
from reachproof.network.intervals import IntervalSet, atoms
from reachproof.network.labels import NAMESPACE_NAME, Labels, Operator, Selector
from reachproof.network.policy import AddressPeer, Direction, NodePeer, parts_of
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import from_positions, ones, positions

EXTERNAL = External()
_RUN = 64
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Point:
    """A party with one address, or with a set of addresses of one family that no policy tells apart."""

    party: Party
    addresses: IntervalSet

    @property
    def family(self) -> int:
        """4 or 6."""
        return family(self.addresses.first)


@dataclass(frozen=True, slots=True)
class IntervalIndex:
    """Sets of addresses, numbered from 0; they may have addresses in common.

    `starts` is ascending; `holders[i]` are the sets (bits) that have the addresses from `starts[i]` up to the next one.
    `runs` are the holders of `_RUN` starts together.
    """

    starts: tuple[int, ...]
    holders: tuple[int, ...]
    runs: tuple[int, ...]

    @staticmethod
    def of(sets: Iterable[IntervalSet]) -> IntervalIndex:
        """The overlap of these sets. Cost: O(n log n) in the number of their spans."""
        changes: dict[int, int] = defaultdict(int)
        for number, addresses in enumerate(sets):
            for low, high in addresses.spans:
                changes[low] ^= 1 << number
                changes[high + 1] ^= 1 << number
        starts = sorted(changes)
        holders = tuple(accumulate((changes[start] for start in starts), xor))
        runs = (reduce(or_, holders[at : at + _RUN]) for at in range(0, len(holders), _RUN))
        return IntervalIndex(tuple(starts), holders, tuple(runs))

    def meeting(self, addresses: IntervalSet) -> int:
        """The sets that have an address in common with this one, as bits. Cost: linear in runs that it touches."""
        bits = 0
        for low, high in addresses.spans:
            bits |= self._any(max(0, bisect_right(self.starts, low) - 1), bisect_right(self.starts, high))
        return bits

    def _any(self, first: int, end: int) -> int:
        """The holders from one place up to another."""
        start, stop = -(-first // _RUN), end // _RUN
        if start >= stop:
            return reduce(or_, self.holders[first:end], 0)
        whole = reduce(or_, self.runs[start:stop])
        rest = (*self.holders[first : start * _RUN], *self.holders[stop * _RUN : end])
        return reduce(or_, rest, whole)


@dataclass(frozen=True)
class Universe:
    """All points of a snapshot; sets of points are bits, point i being bit i.

    `fixed` is how many points have one address; the free points follow. Cost to build: O(points log points), and
    O(distinct policy CIDRs x free points).
    """

    snapshot: Snapshot
    points: tuple[Point, ...]
    fixed: int

    @cached_property
    def everything(self) -> int:
        """All points."""
        return ones(len(self.points))

    @cached_property
    def pods(self) -> int:
        """Pods, host-network pods included."""
        return self._where(lambda party: isinstance(party, Pod))

    @cached_property
    def host_pods(self) -> int:
        """Host-network pods."""
        return self._where(lambda party: isinstance(party, Pod) and party.host_network)

    @cached_property
    def nodes(self) -> int:
        """Nodes."""
        return self._where(lambda party: isinstance(party, Node))

    @cached_property
    def external(self) -> int:
        """Addresses outside the cluster."""
        return self._where(lambda party: isinstance(party, External))

    @cached_property
    def abstract(self) -> int:
        """Pods whose address is not known."""
        return self._where(lambda party: isinstance(party, Pod) and party.abstract)

    @cached_property
    def v6(self) -> int:
        """Points with an IPv6 address."""
        return from_positions(index for index, point in enumerate(self.points) if point.family == 6)

    @cached_property
    def by_namespace(self) -> dict[str, int]:
        """Pods by namespace."""
        return self._grouped(lambda party: (party.namespace,) if isinstance(party, Pod) else ())

    @cached_property
    def by_account(self) -> dict[tuple[str, str], int]:
        """Pods by (namespace, name) of their service account."""
        return self._grouped(
            lambda party: ((party.namespace, party.service_account),) if isinstance(party, Pod) else ()
        )

    @cached_property
    def by_node(self) -> dict[str, int]:
        """Nodes, and pods that run on them, by node name."""

        def names(party: Party) -> tuple[str, ...]:
            match party:
                case Node(name=name) | Pod(node=str(name)):
                    return (name,)
                case _:
                    return ()

        return self._grouped(names)

    @cached_property
    def by_party(self) -> dict[str, int]:
        """The points of a pod (`pod namespace/name`) or node (`node name`)."""
        return self._grouped(lambda party: (party_key(party),))

    @cached_property
    def by_ports(self) -> dict[tuple[ContainerPort, ...], int]:
        """Pods by the named ports that they declare."""
        return self._grouped(lambda party: (party.ports,) if isinstance(party, Pod) else ())

    @cached_property
    def sole_keys(self) -> tuple[str | None, ...]:
        """`sole_key` of each point."""
        return tuple(map(sole_key, self.points))

    @cached_property
    def by_label(self) -> dict[str, dict[str, int]]:
        """Pods by label key and value."""
        return self._labelled(lambda pod: pod.labels)

    @cached_property
    def by_mesh(self) -> dict[str, dict[str, int]]:
        """Pods by what they show of a mesh, key and value."""
        return self._labelled(lambda pod: pod.mesh)

    @cached_property
    def _addresses(self) -> tuple[int, ...]:
        return tuple(point.addresses.first for point in self.points[: self.fixed])

    def pods_of(self, keys: Iterable[tuple[str, str]]) -> int:
        """The points of the pods with these (namespace, name) keys."""
        return reduce(or_, (self.by_party[f"pod {namespace}/{name}"] for namespace, name in keys), 0)

    def in_namespaces(self, selector: Selector) -> int:
        """Pods in namespaces whose labels match."""
        if not selector.requirements:
            return self.pods
        labels = {name: self.snapshot.namespace_of[name].labels for name in self._named_namespaces(selector)}
        found = (name for name, own in labels.items() if selector.matches(own))
        return reduce(or_, (self.by_namespace.get(name, 0) for name in found), 0)

    def _named_namespaces(self, selector: Selector) -> Iterable[str]:
        """The namespaces that can match: those that the selector names, where it names some (every NetworkPolicy)."""
        for requirement in selector.requirements:
            if requirement.key == NAMESPACE_NAME and requirement.operator is Operator.IN:
                return [name for name in requirement.values if name in self.snapshot.namespace_of]
        return self.snapshot.namespace_of

    def labelled(self, selector: Selector) -> int:
        """Pods whose own labels match."""
        bits = self.pods
        for requirement in selector.requirements:
            values = self.by_label.get(requirement.key, {})
            named = requirement.operator in (Operator.IN, Operator.NOT_IN)
            present = reduce(
                or_, (values.get(value, 0) for value in requirement.values) if named else values.values(), 0
            )
            wanted = requirement.operator in (Operator.IN, Operator.EXISTS)
            bits &= present if wanted else ~present
        return bits

    def with_addresses(self, addresses: IntervalSet) -> int:
        """Points that have an address in the set; exact for fixed points, an upper bound for free ones."""
        bits = self.free_meeting(addresses)
        for low, high in addresses.spans:
            first, end = bisect_left(self._addresses, low), bisect_right(self._addresses, high)
            if first < end:
                bits |= ones(end - first) << first
        return bits

    def free_meeting(self, addresses: IntervalSet) -> int:
        """The free points that may have an address in the set."""
        return reduce(or_, map(self._free_members.__getitem__, positions(self._overlap.meeting(addresses))), 0)

    @cached_property
    def _by_free_addresses(self) -> dict[IntervalSet, int]:
        """Free points by their addresses; replicas of all Deployments have the same ones."""
        found: dict[IntervalSet, list[int]] = defaultdict(list)
        for index in range(self.fixed, len(self.points)):
            found[self.points[index].addresses].append(index)
        return {addresses: from_positions(members) for addresses, members in found.items()}

    @cached_property
    def _free_members(self) -> tuple[int, ...]:
        return tuple(self._by_free_addresses.values())

    @cached_property
    def _overlap(self) -> IntervalIndex:
        return IntervalIndex.of(self._by_free_addresses)

    def _where(self, test: Callable[[Party], bool]) -> int:
        return from_positions(index for index, point in enumerate(self.points) if test(point.party))

    def _labelled(self, labels: Callable[[Pod], Labels]) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = defaultdict(dict)
        pods = self._grouped(lambda party: labels(party).items() if isinstance(party, Pod) else ())
        for (key, value), points in pods.items():
            found[key][value] = points
        return dict(found)

    def _grouped(self, keys: Callable[[Party], Iterable[Key]]) -> dict[Key, int]:
        """The points by the keys that their parties have."""
        found: dict[Key, list[int]] = defaultdict(list)
        for index, point in enumerate(self.points):
            for key in keys(point.party):
                found[key].append(index)
        return {key: from_positions(members) for key, members in found.items()}


def party_key(party: Party) -> str:
    """A name for the party that is unique in a snapshot; one for the whole outside."""
    match party:
        case Pod():
            return f"pod {party.namespace}/{party.name}"
        case Node():
            return f"node {party.name}"
        case External():
            return "external"


def sole_key(point: Point) -> str | None:
    """A name for what cannot reach itself: the party, or the one replica that has the address; None for several."""
    party = point.party
    if not (isinstance(party, Pod) and party.repeated):
        return party_key(party)
    return f"{party_key(party)} at {point.addresses.first}" if point.addresses.size == 1 else None


def build(snapshot: Snapshot) -> Universe:
    """The universe of a snapshot under its options."""
    parties: list[Pod | Node] = [*snapshot.pods, *snapshot.nodes]
    fixed = sorted(
        ((address, position) for position, party in enumerate(parties) for address in party.addresses),
    )
    points = [Point(parties[position], IntervalSet.single(address)) for address, position in fixed]
    cuts = _policy_addresses(snapshot)
    regions: dict[IntervalSet, tuple[IntervalSet, ...]] = {}
    free: list[Point] = []
    for party, addresses in _free_ranges(snapshot):
        if addresses not in regions:
            regions[addresses] = regions_of(addresses, cuts)
        free.extend(Point(party, region) for region in regions[addresses])
    return Universe(snapshot=snapshot, points=(*points, *free), fixed=len(points))


def _free_ranges(snapshot: Snapshot) -> list[tuple[Party, IntervalSet]]:
    ranges: list[tuple[Party, IntervalSet]] = [(pod, snapshot.free_range(pod)) for pod in snapshot.pods if pod.abstract]
    return [*ranges, (EXTERNAL, ALL_ADDRESSES - snapshot.held)]


def _policy_addresses(snapshot: Snapshot) -> list[IntervalSet]:
    """Every set of addresses that some peer of the programs asks about, once each, in order of appearance."""
    found: dict[IntervalSet, None] = {}
    for direction in Direction:
        for tier in programs(snapshot).tiers(direction):
            for policy in tier.policies:
                for rule in policy.rules(direction):
                    for match in rule.matches:
                        for peer in (*parts_of(match.peer), *parts_of(match.subject)):
                            if isinstance(peer, AddressPeer):
                                found[peer.addresses] = None
                            elif isinstance(peer, NodePeer):
                                found[node_addresses(snapshot, peer)] = None
    return list(found)


def node_addresses(snapshot: Snapshot, peer: NodePeer) -> IntervalSet:
    """The addresses of the nodes that the peer selects."""
    return IntervalSet.of(
        (address, address) for node in snapshot.nodes if peer.nodes.matches(node.labels) for address in node.addresses
    )


def regions_of(addresses: IntervalSet, cuts: Iterable[IntervalSet]) -> tuple[IntervalSet, ...]:
    """The set, split into regions of one family that lie inside or outside each cut as a whole."""
    within = [part for cut in cuts if (part := cut & addresses) and part != addresses]
    if not within and family(addresses.first) == family(addresses.spans[-1][1]):
        return (addresses,)
    pieces = atoms(addresses, (ALL_V4, ALL_V6, *within))
    starts = [low for low, _ in pieces]
    signature: list[list[int]] = [[family(low)] for low in starts]
    for number, cut in enumerate(within):
        for low, high in cut.spans:
            for position in range(bisect_left(starts, low), bisect_right(starts, high)):
                signature[position].append(number)
    grouped: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    for piece, key in zip(pieces, signature, strict=True):
        grouped[tuple(key)].append(piece)
    return tuple(IntervalSet.of(spans) for spans in grouped.values())
