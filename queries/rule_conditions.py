"""The conditions of a rule on one flow, one by one, each judged by the evaluator in three values.

    a rule matches = one of its matches holds (and the rule is no doubtful one)
    a match holds  = all of its conditions hold: of its peer, of the subject, of the ports

A condition is a peer or a port match with a single test in it, so `semantics.match` is asked about each as about a
whole rule. tests/laws/test_near_laws.py checks that the conditions together say what the evaluator says of the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from reachproof.network.flow import Flow
from reachproof.network.labels import EVERYTHING, Selector
from reachproof.network.policy import (
    AddressPeer,
    AnyPeer,
    Direction,
    Intersection,
    Match,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    Policy,
    PortMatch,
    Rule,
)
from reachproof.network.predicate import Conjunction, Predicate
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.match import Matched, peer_matches, ports_match, subject_matches


class About(StrEnum):
    """The subject of a condition: the far end, the end that the policy selects, the port, or the rule as a whole."""

    PEER = "peer"
    SUBJECT = "subject"
    PORTS = "ports"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition and the evaluator's word on it. `test` is None for a rule that may match, or matches nothing."""

    about: About
    test: Peer | PortMatch | None
    holds: Matched


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One match of a rule with its conditions; of conditions on pods, only the first where the end is no pod at all."""

    match: Match
    conditions: tuple[Condition, ...]

    @property
    def holds(self) -> Matched:
        """The truth of all conditions together."""
        return min((each.holds for each in self.conditions), default=Matched.YES)

    @property
    def unmet(self) -> tuple[Condition, ...]:
        """The conditions that do not hold for certain, those that fail first."""
        found = (each for each in self.conditions if each.holds is not Matched.YES)
        return tuple(sorted(found, key=lambda each: each.holds))

    @property
    def distance(self) -> tuple[int, int]:
        """The number of conditions that fail, then of those that may fail."""
        unmet = [each.holds for each in self.conditions]
        return unmet.count(Matched.NO), unmet.count(Matched.MAYBE)


def alternatives(
    snapshot: Snapshot, policy: Policy, rule: Rule, flow: Flow, direction: Direction
) -> Iterator[Alternative]:
    """The matches of a rule, each with its conditions on the flow; a rule without any has one that fails."""
    if not rule.matches:
        nothing = Condition(about=About.RULE, test=None, holds=Matched.NO)
        yield Alternative(match=Match(AnyPeer()), conditions=(nothing,))
    doubt = (Condition(about=About.RULE, test=None, holds=Matched.MAYBE),) if rule.may else ()
    for match in rule.matches:
        far = _judged(About.PEER, match.peer, lambda peer: peer_matches(snapshot, peer, flow, direction))
        near = _judged(
            About.SUBJECT,
            match.subject,
            lambda peer: subject_matches(snapshot, Match(AnyPeer(), None, peer), flow, direction),
        )
        ports = _on_ports(match.ports, flow, host_network=policy.subject.host_network)
        yield Alternative(match=match, conditions=(*far, *near, *ports, *doubt))


def single_tests(peer: Peer) -> Iterator[Peer]:
    """Peers with one test each, which together are the peer; for a set of pods, first that it is a pod at all."""
    match peer:
        case AnyPeer():
            return
        case PodSet(namespaces, pods, host_network, where):
            pod = PodSet(EVERYTHING, EVERYTHING, host_network)
            yield pod
            yield from (replace(pod, namespaces=Selector((need,))) for need in namespaces.requirements)
            yield from (replace(pod, pods=Selector((need,))) for need in pods.requirements)
            yield from (replace(pod, where=each) for each in (_conjuncts(where) if where is not None else ()))
        case AddressPeer(addresses, parties):
            if parties != frozenset(PartyKind):
                yield PartyPeer(parties)
            yield AddressPeer(addresses)
        case Intersection(items):
            for item in items:
                yield from single_tests(item)
        case _:
            yield peer


def is_any_pod(test: Peer | PortMatch | None) -> bool:
    """True of the test that an end is a pod, whatever its labels."""
    return isinstance(test, PodSet) and test == PodSet(EVERYTHING, EVERYTHING, test.host_network)


def forced(rule: Rule) -> Rule:
    """The rule as it would be if all of its conditions held."""
    return replace(rule, matches=(Match(AnyPeer()),), may=False)


def _conjuncts(where: Predicate) -> Iterator[Predicate]:
    if isinstance(where, Conjunction):
        for item in where.items:
            yield from _conjuncts(item)
    else:
        yield where


def _judged(about: About, peer: Peer, judge: Callable[[Peer], Matched]) -> Iterator[Condition]:
    not_a_pod = False
    for test in single_tests(peer):
        if is_any_pod(test):
            not_a_pod = judge(test) is Matched.NO
        elif not_a_pod and isinstance(test, PodSet):
            continue
        yield Condition(about=about, test=test, holds=judge(test))


def _on_ports(ports: PortMatch | None, flow: Flow, *, host_network: bool) -> Iterator[Condition]:
    if ports is not None:
        matches = ports_match(ports, flow, host_network=host_network)
        yield Condition(about=About.PORTS, test=ports, holds=Matched.YES if matches else Matched.NO)
