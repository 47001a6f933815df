"""Near misses: the rules that would let a blocked flow through if a few more of their conditions held.

A rule comes near a blocker of one direction when its policy selects the end that the direction is decided for, it does
not match the flow, and the blocker would not decide if it did. The evaluator says so: of each condition
(`queries.rule_conditions`), and of the blocker, in the program in which the rule matches. Of rules alike near the first
in the order of evaluation comes first. The words are `queries.near_words`.

No verdict rests on them. tests/laws/test_near_laws.py mends what is named in the cluster: then the rule matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from reachproof.documents.near import NearMiss, Unmet
from reachproof.engines.cilium.dns import needed_name
from reachproof.network.cluster import Pod, Service
from reachproof.network.flow import Flow, Party
from reachproof.network.policy import Action, AddressPeer, Direction, PodSet, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, Tier, is_perhaps_isolation
from reachproof.queries.document_parts import origin_part, policy_part, rule_number
from reachproof.queries.near_policies import OutOfForce, out_of_force
from reachproof.queries.near_titles import title
from reachproof.queries.near_words import Miss, failing
from reachproof.queries.rule_conditions import Alternative, alternatives, forced
from reachproof.semantics.evaluate import blocked, blockers, evaluate_direction
from reachproof.semantics.match import Matched, in_pod_set, other, subject
from reachproof.semantics.trace import Step, Truth

MOST = 3
"""Rules of each direction that are named."""
MOST_FAILING = 2
"""Conditions that may fail of a rule that is called near."""
_FURTHER = 1
"""So many conditions more than the nearest rule may fail of another that is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A rule of a policy that selects the end, with one of its matches. `far`: the other end."""

    policy: Policy
    rule: Rule
    nearest: Alternative
    far: Party

    @property
    def distance(self) -> tuple[int, int, bool]:
        """The rank: by the conditions that fail, then may fail; addresses are further from pods than labels are."""
        of_others = AddressPeer if isinstance(self.far, Pod) else PodSet
        other_kind = any(isinstance(each.test, of_others) for each in self.nearest.unmet)
        return *self.nearest.distance, other_kind

    @property
    def key(self) -> tuple[object, ...]:
        """The rule as written, of which an implementation may make several."""
        return self.policy.ref, self.rule.index


def near_misses(snapshot: Snapshot, flow: Flow, via: Service | None = None) -> tuple[NearMiss, ...]:
    """The rules that came nearest to letting the flow through, of each direction that blocks it or may.

    `via`: the Service that the flow was asked for by. Cost: linear in the rules of the policies that select an end, and
    one evaluation for each rule that is named or passed over.
    """
    return tuple(each for direction in Direction for each in _of_direction(snapshot, flow, direction, via))


def _of_direction(snapshot: Snapshot, flow: Flow, direction: Direction, via: Service | None) -> tuple[NearMiss, ...]:
    """The documents of one direction: rules of policies that are not in force lack one thing."""
    if not blockers(snapshot, flow, direction):
        return ()
    found = [_document(miss) for miss in misses(snapshot, flow, direction, via)]
    apart = (_out_of_force(each, direction) for each in islice(out_of_force(snapshot, flow, direction), MOST))
    found = sorted((*found, *apart), key=lambda each: len(each.failing))
    return tuple(each for each in found if len(each.failing) <= len(found[0].failing) + _FURTHER)[:MOST]


def misses(snapshot: Snapshot, flow: Flow, direction: Direction, via: Service | None = None) -> tuple[Miss, ...]:
    """The near misses of one direction. Where a rule that allows comes near, later blockers would not be met."""
    found: dict[tuple[object, ...], Miss] = {}
    for blocker, program in blocked(snapshot, flow, direction):
        for each in _nearest(snapshot, flow, direction, blocker, program):
            miss = Miss(
                snapshot=snapshot,
                flow=flow,
                direction=direction,
                policy=each.policy,
                rule=each.rule,
                nearest=each.nearest,
                via=via,
            )
            found.setdefault(each.key, miss)
        if len(found) >= MOST or any(each.rule.action is Action.ALLOW for each in found.values()):
            break
    return tuple(found.values())[:MOST]


def _nearest(
    snapshot: Snapshot, flow: Flow, direction: Direction, blocker: Step, program: tuple[Tier, ...]
) -> list[_Candidate]:
    """The candidates that would take the blocker out of the way, nearest first."""
    chosen: dict[tuple[object, ...], _Candidate] = {}
    for each in sorted(_candidates(snapshot, flow, direction, program), key=lambda one: one.distance):
        fails = next(iter(chosen.values()), each).distance[0]
        if len(chosen) == MOST or each.distance[0] > min(fails + _FURTHER, MOST_FAILING):
            break
        if each.key not in chosen and _helps(snapshot, flow, direction, blocker, program, each):
            chosen[each.key] = each
    return list(chosen.values())


def _candidates(snapshot: Snapshot, flow: Flow, direction: Direction, program: Iterable[Tier]) -> Iterator[_Candidate]:
    end = subject(flow, direction)[0]
    for policy in (policy for tier in program for policy in tier.policies):
        if policy.origin == BUILT_IN or not in_pod_set(snapshot, policy.subject, end):
            continue
        for rule in policy.rules(direction):
            built_in = rule.origin == BUILT_IN or is_perhaps_isolation(policy, rule)
            if rule.action is Action.DENY or built_in or not (rule.matches or needed_name(rule)):
                continue
            every = list(alternatives(snapshot, policy, rule, flow, direction))
            if all(each.holds is not Matched.YES for each in every):
                far = other(flow, direction)[0]
                yield min(
                    (_Candidate(policy=policy, rule=rule, nearest=each, far=far) for each in every),
                    key=lambda each: each.distance,
                )


def _helps(
    snapshot: Snapshot,
    flow: Flow,
    direction: Direction,
    blocker: Step,
    program: tuple[Tier, ...],
    candidate: _Candidate,
) -> bool:
    """True if the blocker does not decide in the program in which the rule matches."""

    def with_match(policy: Policy) -> Policy:
        if policy.ref != candidate.policy.ref:
            return policy
        rules = tuple(forced(rule) if rule == candidate.rule else rule for rule in policy.rules(direction))
        return replace(policy, egress=rules) if direction is Direction.EGRESS else replace(policy, ingress=rules)

    mended = tuple(tier.map(with_match, lambda rule: rule) for tier in program)
    trace = evaluate_direction(snapshot, flow, direction, prefer=Action.DENY, program=mended)
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
