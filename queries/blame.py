"""Traces and blame turned into what an answer shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reachproof.documents.parts import Policy, Rule
from reachproof.engines.built_in import END_OF_TIER
from reachproof.engines.words import own_tier
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, PolicyRef
from reachproof.network.snapshot import Snapshot
from reachproof.queries.document_parts import origin_part, policy_part, rule_number
from reachproof.semantics.evaluate import blockers, grants
from reachproof.semantics.trace import Step, Trace

if TYPE_CHECKING:
    from reachproof.solver.decide import Blame  # at run time it would load Z3

VERBS = {Action.ALLOW: "allows", Action.DENY: "denies", Action.PASS: "passes"}


def blamed(blames: Iterable[Blame], absent: Action) -> tuple[Rule, ...]:
    """The rules that a proof rests on, in the order of the program.

    `absent`: what the proof says of no flow of the question. A rule with that action is part of a proof by what it
    does not match.
    """
    return tuple(_blamed(blame, absent) for blame in blames)


def selecting(policy: PolicyRef | Policy, direction: Direction, tier: str | None) -> str:
    """The effect of selecting pods where no rule decides: it isolates them, or `tier` ends in deny."""
    if tier is None:
        return f"{policy} denies {direction} of the pods it selects unless a rule allows it"
    return f"{policy} selects pods for {direction}, and its tier {tier} ends in deny"


def tier_that_ends(step: Step) -> str | None:
    """The tier that ends in the step; None for other steps."""
    return str(step.tier) if step.rule_index is None and step.rule_name == END_OF_TIER else None


def _blamed(blame: Blame, absent: Action) -> Rule:
    ref = blame.policy.ref
    if blame.rule is None:
        return Rule(
            policy=policy_part(ref),
            rule=None,
            direction=blame.direction,
            action=Action.DENY,
            origin=origin_part(blame.policy.origin),
            text=selecting(ref, blame.direction, own_tier(blame.policy)),
        )
    found = blame.rule
    name = f' "{found.name}"' if found.name else ""
    effect = "does not match this traffic" if found.action is absent else VERBS[found.action]
    return Rule(
        policy=policy_part(ref),
        rule=rule_number(found.index, found.name),
        direction=blame.direction,
        action=found.action,
        origin=origin_part(found.origin),
        text=f"{ref} {blame.direction} rule {found.index}{name} {effect}",
    )


def all_blockers(snapshot: Snapshot, flows: Iterable[Flow]) -> tuple[Rule, ...]:
    """All rules and policies that block any of the flows, each once: not only what decides first."""
    found: dict[tuple[object, ...], Rule] = {}
    for flow in flows:
        for direction in Direction:
            for step in blockers(snapshot, flow, direction):
                for because in by_step(snapshot, step):
                    found.setdefault((because.policy, because.direction, because.rule_index), because)
    return tuple(found.values())


def deciders(snapshot: Snapshot, trace: Trace) -> tuple[Rule, ...]:
    """The policies that decide each direction of a trace, with those that passed it on."""
    return tuple(because for step in trace.steps for because in by_step(snapshot, step))


def all_deciders(snapshot: Snapshot, trace: Trace) -> tuple[Rule, ...]:
    """The policies that decide each direction of a trace, then every other rule that allows the flow by itself."""
    found = {(each.policy, each.direction, each.rule_index): each for each in deciders(snapshot, trace)}
    for direction in Direction:
        for step in grants(snapshot, trace.flow, direction):
            for because in by_step(snapshot, step):
                found.setdefault((because.policy, because.direction, because.rule_index), because)
    return tuple(found.values())


def by_step(snapshot: Snapshot, step: Step) -> Iterable[Rule]:
    """The policies behind a step: one entry per policy of it, each with its own place; none for what is built in."""
    origins = {policy.ref: policy.origin for policy in snapshot.policies if policy.ref in step.policies}
    for policy in step.policies:
        if policy.kind and step.origin is not None:
            alone = len(step.policies) == 1
            yield Rule(
                policy=policy_part(policy),
                rule=rule_number(step.rule_index, step.rule_name),
                direction=step.direction,
                action=step.action,
                origin=origin_part(step.origin if alone else origins[policy]),
                text=step.text if alone else _one_of_many(policy, step),
            )


def _one_of_many(policy: PolicyRef, step: Step) -> str:
    if tier_that_ends(step) is not None:
        return f"{policy} selects pod {step.subject} for {step.direction}, and its tier {step.tier} ends in deny"
    return f"{policy} isolates pod {step.subject} for {step.direction} and none of its rules allows this flow"
