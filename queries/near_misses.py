"""Near misses: the rules that would let a blocked flow through if a few more of their conditions held.

A rule comes near a blocker of one direction when its policy selects the end that the direction is decided for, it does
not match the flow, and the blocker would not decide if it did. The evaluator says so: of each condition
(`queries.rule_conditions`), and of the blocker, in the program in which the rule matches. A rule that lacks one thing
is near; one that lacks two is if one of them looks like a mistake (`near_words.is_near`). Of rules alike near the first
in the order of evaluation comes first.

No verdict rests on them. tests/laws/test_near_laws.py mends what is named in the cluster: then the rule matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from reachproof.documents.near import NearMiss, Unmet, UnmetCode
from reachproof.engines.cilium.dns import needed_name
from reachproof.network.cluster import Pod, Service
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Direction,
    DomainPeer,
    NodePeer,
    OtherNodePeer,
    OwnNodePeer,
    PartyPeer,
    PodSet,
    Policy,
)
from reachproof.network.ports import place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, Tier, is_perhaps_isolation
from reachproof.queries.document_parts import origin_part, policy_part, rule_number
from reachproof.queries.near_policies import OutOfForce, out_of_force
from reachproof.queries.near_titles import title
from reachproof.queries.near_words import Miss, failing, is_near
from reachproof.queries.rule_conditions import alternatives, forced
from reachproof.semantics.evaluate import blocked, blockers, evaluate_direction, tiers
from reachproof.semantics.match import Matched, in_pod_set, other, subject
from reachproof.semantics.trace import Step, Truth

_OF_PORTS = frozenset(
    (
        UnmetCode.OTHER_PORT,
        UnmetCode.OTHER_PROTOCOL,
        UnmetCode.PORT_RULED_OUT,
        UnmetCode.PORT_OF_SERVICE,
        UnmetCode.PORT_NAME_ELSEWHERE,
    )
)
MOST = 3
"""Rules of each direction that are named."""


def near_misses(snapshot: Snapshot, flow: Flow, via: Service | None = None) -> tuple[NearMiss, ...]:
    """The rules that came nearest to letting the flow through, of each direction that blocks it or may.

    `via`: the Service that the flow was asked for by. Cost: linear in the rules of the policies that select an end, and
    one evaluation for each rule that is named or passed over.
    """
    return tuple(each for direction in Direction for each in _of_direction(snapshot, flow, direction, via))


def nearest_of_pair(snapshot: Snapshot, flows: Iterable[tuple[IntervalSet, Flow]]) -> tuple[NearMiss, ...]:
    """The near misses between two ends, of each rule on the port where it lacks least. Rules that lack a port are none.

    `flows`: flows between the ends, each with the ports on which all of its kind are blocked alike.
    """
    found: dict[tuple[object, ...], NearMiss] = {}
    for ports, flow in flows:
        for each in (miss for on in _on_ports_of_rules(snapshot, ports, flow) for miss in near_misses(snapshot, on)):
            if any(unmet.code in _OF_PORTS for unmet in each.failing):
                continue
            key = each.direction, each.policy, each.rule_index
            if key not in found or len(each.failing) < len(found[key].failing):
                found[key] = each
    return tuple(
        each
        for direction in Direction
        for each in _fewest([each for each in found.values() if each.direction is direction])
    )


def _on_ports_of_rules(snapshot: Snapshot, ports: IntervalSet, flow: Flow) -> Iterator[Flow]:
    """The flow itself, then on other ports of the same kind: one for each port match of rules about its ends."""
    pod = flow.destination
    named = {port.name: place(port.protocol, port.number) for port in pod.ports} if isinstance(pod, Pod) else {}
    found = {place(flow.protocol, flow.port): None}
    for direction in Direction:
        for policy in _selecting(snapshot, flow, direction, tiers(snapshot, flow, direction)):
            for match in (match for rule in policy.rules(direction) for match in rule.matches):
                if match.ports is not None:
                    numbers = match.ports.numbers & ports
                    found |= {numbers.first: None} if numbers else {}
                    known = (named[name.name] for name in match.ports.names if name.name in named)
                    found |= {number: None for number in known if number in ports}
    for number in found:
        protocol, port = protocol_port(number)
        yield replace(flow, protocol=protocol, port=port)


def _fewest(found: Iterable[NearMiss]) -> tuple[NearMiss, ...]:
    """The first MOST by what they lack."""
    return tuple(sorted(found, key=lambda each: len(each.failing)))[:MOST]


def _of_direction(snapshot: Snapshot, flow: Flow, direction: Direction, via: Service | None) -> tuple[NearMiss, ...]:
    """The documents of one direction: rules of policies that are not in force lack one thing."""
    if not blockers(snapshot, flow, direction):
        return ()
    found = [_document(miss) for miss in misses(snapshot, flow, direction, via)]
    apart = (_out_of_force(each, direction) for each in islice(out_of_force(snapshot, flow, direction), MOST))
    return _fewest((*found, *apart))


def misses(snapshot: Snapshot, flow: Flow, direction: Direction, via: Service | None = None) -> tuple[Miss, ...]:
    """The near misses of one direction. Where a rule that allows comes near, later blockers would not be met."""
    found: dict[tuple[object, ...], Miss] = {}
    for blocker, program in blocked(snapshot, flow, direction):
        candidates = _candidates(snapshot, flow, direction, program, via)
        chosen: dict[tuple[object, ...], Miss] = {}
        for miss in sorted(filter(is_near, candidates), key=lambda each: (_is_foreign(each), _distance(each))):
            if _is_foreign(miss) and chosen and not _is_foreign(next(iter(chosen.values()))):
                break
            if _key(miss) not in chosen and _helps(miss, blocker, program):
                chosen[_key(miss)] = miss
            if len(chosen) == MOST:
                break
        found |= {key: miss for key, miss in chosen.items() if key not in found}
        if len(found) >= MOST or any(each.rule.action is Action.ALLOW for each in found.values()):
            break
    return tuple(found.values())[:MOST]


def _key(miss: Miss) -> tuple[object, ...]:
    """The rule as written, of which an implementation may make several."""
    return miss.policy.ref, miss.rule.index


def _distance(miss: Miss) -> tuple[int, int, bool]:
    """The rank: by the conditions that fail, then may fail, then whether the peer is for ends like this one."""
    return *miss.nearest.distance, _is_foreign(miss)


def _is_foreign(miss: Miss) -> bool:
    """True if the peer that comes nearest is for another kind of end: named only where no other rule comes near."""
    pod = isinstance(other(miss.flow, miss.direction)[0], Pod)
    kinds = (AddressPeer, PartyPeer, NodePeer, OwnNodePeer, OtherNodePeer, DomainPeer) if pod else (PodSet, PartyPeer)
    return any(isinstance(each.test, kinds) and each.holds is Matched.NO for each in miss.nearest.unmet)


def _candidates(
    snapshot: Snapshot, flow: Flow, direction: Direction, program: Iterable[Tier], via: Service | None
) -> Iterator[Miss]:
    """The rules that do not match for certain, each with the match that comes nearest."""
    for policy in _selecting(snapshot, flow, direction, program):
        for rule in policy.rules(direction):
            built_in = rule.origin == BUILT_IN or is_perhaps_isolation(policy, rule)
            if rule.action is Action.DENY or built_in or not (rule.matches or needed_name(rule)):
                continue
            every = list(alternatives(snapshot, policy, rule, flow, direction))
            if any(each.holds is Matched.YES for each in every):
                continue
            given = Miss(
                snapshot=snapshot,
                flow=flow,
                direction=direction,
                policy=policy,
                rule=rule,
                nearest=every[0],
                via=via,
            )
            yield min((replace(given, nearest=each) for each in every), key=_distance)


def _selecting(snapshot: Snapshot, flow: Flow, direction: Direction, program: Iterable[Tier]) -> Iterator[Policy]:
    """The written policies of a program that select the end that the direction is decided for."""
    end = subject(flow, direction)[0]
    for policy in (policy for tier in program for policy in tier.policies):
        if policy.origin != BUILT_IN and in_pod_set(snapshot, policy.subject, end):
            yield policy


def _helps(miss: Miss, blocker: Step, program: tuple[Tier, ...]) -> bool:
    """True if the blocker does not decide in the program in which the rule matches."""
    direction = miss.direction

    def with_match(policy: Policy) -> Policy:
        if policy.ref != miss.policy.ref:
            return policy
        rules = tuple(forced(rule) if rule == miss.rule else rule for rule in policy.rules(direction))
        return replace(policy, egress=rules) if direction is Direction.EGRESS else replace(policy, ingress=rules)

    mended = tuple(tier.map(with_match, lambda rule: rule) for tier in program)
    trace = evaluate_direction(miss.snapshot, miss.flow, direction, prefer=Action.DENY, program=mended)
    return trace.truth is Truth.ALLOWED or _place(trace.decider) != _place(blocker)


def _place(step: Step) -> tuple[object, ...]:
    return step.tier, step.action, step.policies, step.rule_index


def _document(miss: Miss) -> NearMiss:
    return NearMiss(
        policy=policy_part(miss.policy.ref),
        rule=rule_number(miss.rule.index, miss.rule.name),
        direction=miss.direction,
        action=miss.rule.action,
        origin=origin_part(miss.rule.origin),
        text=title(miss.policy, miss.direction, miss.rule, miss.nearest.match),
        failing=failing(miss),
    )


def _out_of_force(found: OutOfForce, direction: Direction) -> NearMiss:
    policy, rule, match = found.policy, found.rule, found.match
    told = f"{policy.ref} has no {direction} rule"
    if rule is not None and match is not None:
        told = title(policy, direction, rule, match)
    return NearMiss(
        policy=policy_part(policy.ref),
        rule=rule_number(rule.index, rule.name) if rule is not None else None,
        direction=direction,
        action=Action.DENY if rule is None else rule.action,
        origin=origin_part(policy.origin if rule is None else rule.origin),
        text=told,
        failing=(Unmet(code=found.code, text=found.text),),
    )
