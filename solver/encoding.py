"""Programs of a snapshot encoded as boxes over equivalence classes of points.

| Kubernetes thing | encoded as |
|---|---|
| subject or peer | a set of points; two points that are in the same sets, in a role, share a class of that role |
| named port | points of the destination that declare it with number n, times port n; left out: all but these |
| own node of the subject, other nodes | a relation: `near` of a box, expanded per node when a question asks |
| rule | boxes: subject classes x peer classes x ports, of which one must hold |

Sources and destinations have separate classes: egress asks about the source as subject, ingress about it as peer. No
question is looked at here, so one encoding serves them all.

Trusted by both engines; checked by tests/agreement and by the evaluator's spot checks of every proof.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from reachproof.engines.assembly import programs
from reachproof.network.collector import without_collector
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import (
    AnyPeer,
    Direction,
    DomainPeer,
    Match,
    Policy,
    PortMatch,
    Rule,
)
from reachproof.network.ports import ALL_PORTS
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import DirectedPolicy, directed
from reachproof.solver.bitset import partition
from reachproof.solver.boxes import Box, Classes, EncodedPolicy, EncodedRule, EncodedTier, Index, Near, near_of
from reachproof.solver.goal import Side
from reachproof.solver.peer_resolution import PeerResolution
from reachproof.solver.universe import Universe, build


@dataclass(frozen=True)
class Encoding:
    """The encoding of a snapshot, prepared once per snapshot and options."""

    snapshot: Snapshot
    universe: Universe
    sources: Classes
    destinations: Classes
    egress: tuple[EncodedTier, ...]
    ingress: tuple[EncodedTier, ...]

    @cached_property
    def index(self) -> Index:
        """Its boxes as arrays."""
        counts = {Side.SOURCE: len(self.sources.members), Side.DESTINATION: len(self.destinations.members)}
        return Index.of({Direction.EGRESS: self.egress, Direction.INGRESS: self.ingress}, counts)


def prepare(snapshot: Snapshot, universe: Universe | None = None) -> Encoding:
    """Encode the snapshot's programs. Cost: about linear in points plus the members of all distinct selectors.

    `universe`: that of a snapshot with the same objects and at least these policies, so that its points can be kept.
    """
    with without_collector():
        return _encoded(snapshot, universe or build(snapshot))


def _encoded(snapshot: Snapshot, universe: Universe) -> Encoding:
    source_sets, destination_sets = _Sets(universe), _Sets(universe)
    resolution = PeerResolution(universe)
    egress = _Direction(snapshot, Direction.EGRESS, resolution, subjects=source_sets, peers=destination_sets)
    ingress = _Direction(snapshot, Direction.INGRESS, resolution, subjects=destination_sets, peers=source_sets)
    drafts = [direction.tiers() for direction in (egress, ingress)]
    sources, source_classes = source_sets.partition()
    destinations, destination_classes = destination_sets.partition()
    return Encoding(
        snapshot=snapshot,
        universe=universe,
        sources=sources,
        destinations=destinations,
        egress=tuple(_numbered(tier, source_classes, destination_classes) for tier in drafts[0]),
        ingress=tuple(_numbered(tier, destination_classes, source_classes) for tier in drafts[1]),
    )


class _Sets:
    """The distinct sets of points that one role is asked about, numbered in order of appearance."""

    def __init__(self, universe: Universe) -> None:
        self._count = len(universe.points)
        self._numbers: dict[int, int] = {}
        self.number(universe.everything)
        self.number(universe.v6)
        self.number(universe.external)

    def number(self, points: int) -> int:
        return self._numbers.setdefault(points, len(self._numbers))

    def partition(self) -> tuple[Classes, list[int]]:
        """The classes, and for each numbered set the classes it is made of."""
        members, classes_of = partition(list(self._numbers), self._count)
        return Classes(members), classes_of


class _Direction:
    """One direction as boxes over set numbers; `_numbered` then turns the numbers into classes."""

    def __init__(
        self, snapshot: Snapshot, direction: Direction, resolution: PeerResolution, *, subjects: _Sets, peers: _Sets
    ) -> None:
        self._snapshot = snapshot
        self._direction = direction
        self._subject_sets = subjects
        self._peer_sets = peers
        self._resolution = resolution

    def tiers(self) -> list[EncodedTier]:
        tiers, everything = programs(self._snapshot).tiers(self._direction), self._resolution.everything
        return [
            directed(each, self._direction, self._policy, lambda r: self._rule(r, None, everything)) for each in tiers
        ]

    def _policy(self, policy: Policy, rules: tuple[Rule, ...]) -> EncodedPolicy:
        subjects = self._resolution.peer(policy.subject)
        encoded = tuple(self._rule(rule, policy, subjects) for rule in rules)
        return DirectedPolicy(policy, self._subject_sets.number(subjects), encoded)

    def _rule(self, rule: Rule, policy: Policy | None, subjects: int) -> EncodedRule:
        as_pods = policy is not None and policy.subject.host_network
        merged: dict[tuple[int, IntervalSet, Near | None, bool], int] = defaultdict(int)
        for match in rule.matches:
            near, may = near_of(match.peer), rule.may or isinstance(match.peer, DomainPeer)
            for selected, peers, ports in self._products(match, subjects, as_pods):
                merged[selected, ports, near, may] |= peers
        boxes = tuple(
            Box(self._subject_sets.number(selected), self._peer_sets.number(peers), ports, near, may)
            for (selected, ports, near, may), peers in merged.items()
            if selected and peers
        )
        return EncodedRule(rule, policy, boxes)

    def _products(self, match: Match, subjects: int, as_pods: bool) -> Iterable[tuple[int, int, IntervalSet]]:
        """(subjects, peers, ports) of which all that is in them matches."""
        peers = self._resolution.peer(match.peer)
        if not isinstance(match.subject, AnyPeer):
            subjects &= self._resolution.peer(match.subject)
        if match.ports is None:
            yield subjects, peers, ALL_PORTS
            return
        for ports, destinations in self._destinations(match.ports, host_network=as_pods):
            if self._direction is Direction.EGRESS:
                yield subjects, peers & destinations, ports
            else:
                yield subjects & destinations, peers, ports

    def _destinations(self, ports: PortMatch, *, host_network: bool) -> Iterable[tuple[IntervalSet, int]]:
        """Ports, and the destinations at which they match."""
        found = [(ports.numbers, self._resolution.everything)] if ports.numbers else []
        for name in ports.names:
            found += self._resolution.declaring(name, host_network=host_network)
        found = [(each - ports.not_numbers, points) for each, points in found]
        for name in ports.not_names:
            found = list(_apart(found, self._resolution.declaring(name, host_network=host_network)))
        return [(each, points) for each, points in found if each]


def _apart(
    found: Iterable[tuple[IntervalSet, int]], declaring: tuple[tuple[IntervalSet, int], ...]
) -> Iterable[tuple[IntervalSet, int]]:
    """The same without the ports that carry a name, where they do; the points that declare it are told apart."""
    for ports, points in found:
        rest = points
        for named, at in declaring:
            rest &= ~at
            if points & at:
                yield ports - named, points & at
        if rest:
            yield ports, rest


def _numbered(tier: EncodedTier, subjects: list[int], peers: list[int]) -> EncodedTier:
    """The tier with numbers of sets replaced by the classes that make up each set."""

    def rule(draft: EncodedRule) -> EncodedRule:
        boxes = (Box(subjects[box.subjects], peers[box.peers], box.ports, box.near, box.may) for box in draft.boxes)
        return EncodedRule(draft.rule, draft.policy, tuple(boxes))

    return tier.map(lambda policy: policy.map(subjects.__getitem__, rule), rule)
