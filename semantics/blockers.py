"""All that stands in the way of a flow, and what decides it. No verdict rests on this; explanations do.

Checked by tests/semantics/test_blockers.py.
"""

from __future__ import annotations

from dataclasses import replace

from reachproof.engines.built_in import WAYPOINT
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import Tier
from reachproof.semantics.evaluate import evaluate, evaluate_direction, require_possible, tiers
from reachproof.semantics.trace import Step, Truth


def blockers(snapshot: Snapshot, flow: Flow, direction: Direction) -> tuple[Step, ...]:
    """Every deny that must go, in the order of evaluation, before the direction certainly allows the flow.

    A blocker is a rule, or the isolation by all isolating policies together. Each is found with those before it taken
    away, so that taking all of them away is enough. Empty where the direction allows the flow. ValueError as for
    `evaluate`. Cost: one evaluation per blocker.
    """
    require_possible(snapshot, flow)
    program = tiers(snapshot, flow, direction)
    found: list[Step] = []
    while True:
        trace = evaluate_direction(snapshot, flow, direction, prefer=Action.DENY, program=program)
        if trace.truth is Truth.ALLOWED:
            return tuple(found)
        found.append(trace.decider)
        program = _without(program, trace.decider)


def deciders(snapshot: Snapshot, flow: Flow, *, prefer: Action = Action.ALLOW) -> tuple[Step, ...]:
    """The steps that the truth of the flow rests on, egress first.

    Denied: the deciding step of each direction that certainly denies. Otherwise the deciding step of each direction,
    as `evaluate` shows them with `prefer`.
    """
    trace = evaluate(snapshot, flow, prefer=prefer)
    certain = trace.truth is Truth.DENIED
    sides = (trace.egress, trace.ingress)
    return tuple(side.decider for side in sides if side.truth is Truth.DENIED or not certain)


def _without(program: tuple[Tier, ...], blocker: Step) -> tuple[Tier, ...]:
    """The tiers without the rule or the isolation that the step stands for."""
    if blocker.rule_name == WAYPOINT.name and not blocker.policies:
        return tuple(tier.filter(lambda policy: policy.ref != WAYPOINT) for tier in program)
    if blocker.rule_index is None:
        return tuple(replace(tier, isolation=()) if tier.name == blocker.tier else tier for tier in program)

    def spared(policy: Policy) -> Policy:
        if policy.ref != blocker.policy:
            return policy
        if blocker.direction is Direction.EGRESS:
            return replace(policy, egress=_other_rules(policy.egress, blocker))
        return replace(policy, ingress=_other_rules(policy.ingress, blocker))

    return tuple(tier.map(spared, lambda rule: rule) if tier.name == blocker.tier else tier for tier in program)


def _other_rules(rules: tuple[Rule, ...], blocker: Step) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.index != blocker.rule_index)
