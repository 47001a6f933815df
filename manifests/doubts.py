"""Policies that may have no effect, since implementations read what they say differently."""

from __future__ import annotations

from dataclasses import replace

from reachproof.manifests.field_reader import Place
from reachproof.network.policy import Policy, Rule


def doubted(policy: Policy, place: Place) -> Policy:
    """The policy; where it is not certain that it has an effect, its rules may or may not match, and it may isolate."""
    if not place.doubts:
        return policy
    reason = f"whether implementations program the policy is not certain, since {place.doubts[0]}"
    doubts = "; ".join(place.doubts)

    def rules(found: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(
            replace(rule, may=True, reason=reason, reason_code="MAYBE_NOT_PROGRAMMED", condition=doubts)
            for rule in found
        )

    return replace(
        policy,
        ingress=rules(policy.ingress),
        egress=rules(policy.egress),
        isolates=frozenset(),
        may_isolate=policy.isolates,
        doubts=doubts,
    )
