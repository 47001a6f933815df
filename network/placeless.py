"""Policies without the places where they stand, so that two copies of one are equal."""

from __future__ import annotations

from dataclasses import replace

from reachproof.network.origin import Origin
from reachproof.network.policy import Direction, Policy, Rule

NOWHERE = Origin(file="")


def placeless(policy: Policy) -> Policy:
    """The policy, and its rules, with an empty origin."""
    return replace(
        policy,
        origin=NOWHERE,
        egress=tuple(map(placeless_rule, policy.egress)),
        ingress=tuple(map(placeless_rule, policy.ingress)),
    )


def placeless_rule(rule: Rule) -> Rule:
    """The rule with an empty origin."""
    return replace(rule, origin=NOWHERE)


def same_policy(one: Policy, other: Policy) -> bool:
    """True if both do the same for the same reasons: equal but for their places, doubts and conditions included."""
    return placeless(one) == placeless(other) and _conditions(one) == _conditions(other)


def _conditions(policy: Policy) -> list[str]:
    return [policy.doubts, *(rule.condition for direction in Direction for rule in policy.rules(direction))]
