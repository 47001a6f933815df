"""The part of the programs that an open question is about, and where the ends of its flows can be.

    home   = a place for possible pods: a namespace of the snapshot, or one that is not in it (the last bit of homes)
    target = what a subject or peer means at one side: points of the universe, and possible pods by its own words

Only policies that can select an end of the question stay, and of their matches only those that can hold. Nothing is
listed here that does not exist: possible pods stay words until `script` makes terms of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TypeAlias

from reachproof.engines.assembly import programs
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Operator, Selector
from reachproof.network.policy import (
    AddressPeer,
    AnyPeer,
    Complement,
    Direction,
    Intersection,
    Match,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    Policy,
    Rule,
    Union,
)
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import DirectedPolicy, Tier, TierOf, directed
from reachproof.solver.bitset import ones
from reachproof.solver.goal import (
    PEER,
    SUBJECT,
    At,
    Declares,
    Formula,
    InAddresses,
    InNamespaces,
    InNewNamespace,
    Labelled,
    Members,
    OnNode,
    Possible,
    Side,
    addresses_in,
    bound,
    upper_ports,
)
from reachproof.solver.peer_resolution import PeerResolution
from reachproof.solver.universe import Universe
from reachproof.solver.view import View


@dataclass(frozen=True, slots=True)
class Target:
    """Ends at one side: points of the view, and the possible pods that the peer means (none without one)."""

    points: int
    peer: Peer | None

    @property
    def exists(self) -> bool:
        """True if there are any."""
        return bool(self.points) or self.peer is not None


@dataclass(frozen=True, slots=True)
class ScopedMatch:
    """A match of a rule; `declaring`: for each named port of it, the points that carry it on which ports.

    `without`: the same of the named ports that do not match. `subject`: what the match asks of the subject, besides
    what the policy does.
    """

    match: Match
    peer: Target
    subject: Target
    declaring: tuple[tuple[IntervalSet, int], ...]
    without: tuple[tuple[IntervalSet, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ScopedRule:
    """A rule with the matches that can hold."""

    rule: Rule
    policy: Policy | None
    subject: Target
    matches: tuple[ScopedMatch, ...]


ScopedPolicy: TypeAlias = DirectedPolicy[Target, ScopedRule]
"""It can select an end of the question."""
ScopedTier: TypeAlias = TierOf[ScopedPolicy, ScopedRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """All that one open question needs. `points` and `homes` say per side which ends its flows can have.

    `snapshot` has the policies that are asked about; the view's universe need not.
    """

    snapshot: Snapshot
    view: View
    region: Formula
    ports: IntervalSet
    points: dict[Side, int]
    homes: dict[Side, int]
    egress: tuple[ScopedTier, ...]
    ingress: tuple[ScopedTier, ...]

    def tiers(self, direction: Direction) -> tuple[ScopedTier, ...]:
        """The tiers of one direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress

    def new(self, side: Side) -> bool:
        """True if a possible pod at that side may be in a namespace that is not in the snapshot."""
        return bool(self.homes[side] >> len(self.snapshot.namespaces) & 1)


def scope(snapshot: Snapshot, universe: Universe, region: Formula) -> Scope | None:
    """The scope of a question; None where none of its flows has a possible pod at an end.

    `snapshot` has the objects of the universe and the policies that are asked about.
    """
    homes = Homes(snapshot)
    places = {side: bound(region, side, homes.everything, homes.of) for side in Side}
    if not any(places.values()):
        return None
    view = View.of(universe, addresses_in(region))
    points = {side: view.upper_bound(region, side) for side in Side}
    if not all(points[side] or places[side] for side in Side):
        return None
    chooser = _Chooser(view=view, homes=homes, points=points, places=places, ports=upper_ports(region))
    return Scope(
        snapshot=snapshot,
        view=view,
        region=region,
        ports=chooser.ports,
        points=points,
        homes=places,
        egress=tuple(chooser.tier(tier, Direction.EGRESS) for tier in programs(snapshot).egress),
        ingress=tuple(chooser.tier(tier, Direction.INGRESS) for tier in programs(snapshot).ingress),
    )


class Homes:
    """Sets of homes as bits: bit i is namespace i of the snapshot, the last bit any namespace that is not in it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._labels = [namespace.labels for namespace in snapshot.namespaces]
        self._index = {namespace.name: index for index, namespace in enumerate(snapshot.namespaces)}
        self._found: dict[Selector, int] = {}
        self.existing = ones(len(self._labels))
        self.new = 1 << len(self._labels)
        self.everything = self.existing | self.new

    def named(self, names: Iterable[str]) -> int:
        """Namespaces of the snapshot by name."""
        return reduce(or_, (1 << self._index[name] for name in names), 0)

    def matching(self, selector: Selector) -> int:
        """The namespaces of the snapshot whose labels match."""
        if selector not in self._found:
            candidates: Iterable[int] = range(len(self._labels))
            for each in selector.requirements:
                if each.key == NAMESPACE_NAME and each.operator is Operator.IN:
                    candidates = [self._index[name] for name in each.values if name in self._index]
            self._found[selector] = sum(1 << index for index in candidates if selector.matches(self._labels[index]))
        return self._found[selector]

    def of(self, leaf: At) -> tuple[int, int]:
        """The homes where a possible pod can meet a condition, and those where it can fail to."""
        match leaf.where:
            case Members() | InAddresses():
                return 0, self.everything
            case Possible():
                return self.everything, 0
            case InNamespaces(names):
                inside = self.named(names)
                return inside, self.everything & ~inside
            case InNewNamespace(labels):
                return self.new, self.existing if labels == EVERYTHING else self.everything
            case Labelled() | OnNode() | Declares():
                return self.everything, self.everything


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chooser:
    """Chooses what matters to the ends of a question."""

    view: View
    homes: Homes
    points: dict[Side, int]
    places: dict[Side, int]
    ports: IntervalSet

    def tier(self, tier: Tier, direction: Direction) -> ScopedTier:
        resolution = PeerResolution(self.view.universe)
        everyone = Target(self.points[SUBJECT[direction]], AnyPeer())

        def policy(written: Policy, rules: tuple[Rule, ...]) -> ScopedPolicy:
            subject = self._target(written.subject, SUBJECT[direction], resolution)
            scoped = (self._rule(rule, written, subject, direction, resolution) for rule in rules if subject.exists)
            return DirectedPolicy(written, subject, tuple(rule for rule in scoped if rule.matches))

        found = directed(tier, direction, policy, lambda rule: self._rule(rule, None, everyone, direction, resolution))
        return found.filter(lambda each: each.subjects.exists)

    def _rule(
        self, rule: Rule, policy: Policy | None, subject: Target, direction: Direction, resolution: PeerResolution
    ) -> ScopedRule:
        host = policy is not None and policy.subject.host_network
        matches = (self._match(each, direction, resolution, host_network=host) for each in rule.matches)
        return ScopedRule(rule, policy, subject, tuple(each for each in matches if each is not None))

    def _match(
        self, match: Match, direction: Direction, resolution: PeerResolution, *, host_network: bool
    ) -> ScopedMatch | None:
        peer = self._target(match.peer, PEER[direction], resolution)
        subject = self._target(match.subject, SUBJECT[direction], resolution)
        if not (peer.exists and subject.exists):
            return None
        if match.ports is None:
            return ScopedMatch(match, peer, subject, ())
        if not (match.ports.names or match.ports.numbers & self.ports):
            return None
        declaring, without = (
            tuple(
                (ports, self.view.lift(points))
                for name in names
                for ports, points in resolution.declaring(name, host_network=host_network)
            )
            for names in (match.ports.names, match.ports.not_names)
        )
        return ScopedMatch(match, peer, subject, declaring, without)

    def _target(self, peer: Peer, side: Side, resolution: PeerResolution) -> Target:
        points = self.view.lift(resolution.peer(peer)) & self.points[side]
        return Target(points, peer if self._possible(peer, self.places[side]) else None)

    def _possible(self, peer: Peer, places: int) -> bool:
        match peer:
            case PodSet(namespaces=namespaces):
                return bool(places & (self.homes.matching(namespaces) | self.homes.new))
            case AddressPeer(parties=parties) | PartyPeer(parties=parties):
                return bool(places) and PartyKind.POD in parties
            case AnyPeer() | Complement():
                return bool(places)
            case Intersection(items):
                return all(self._possible(item, places) for item in items)
            case Union(items):
                return any(self._possible(item, places) for item in items)
            case _:
                return False
