"""Tiers, chains and groups: what a program is made of. How policies are arranged into them: `engines.assembly`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.network.origin import Origin
from reachproof.network.policy import Direction, Policy, Rule, TierId

BUILT_IN = Origin(file="")
ISOLATION = "isolation"
"""The name of rules that say what isolation does."""

Group = tuple[Policy, ...]
Chain = tuple[Group, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One tier of one direction; `isolation` is empty where policies of the tier never isolate."""

    name: TierId
    chains: tuple[Chain, ...]
    isolation: tuple[Rule, ...] = ()

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All policies of the tier, in the order of chains and groups."""
        return tuple(policy for chain in self.chains for group in chain for policy in group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The tiers of both directions, first to last."""

    egress: tuple[Tier, ...]
    ingress: tuple[Tier, ...]

    def tiers(self, direction: Direction) -> tuple[Tier, ...]:
        """The tiers of one direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress


def perhaps_isolating(policies: Iterable[Policy], direction: Direction, rules: Iterable[Rule]) -> Iterator[Group]:
    """Groups for the policies that may isolate, one each, with `rules`, which say what isolation may do.

    They belong where isolation does, after all that may allow.
    """
    for policy in policies:
        if direction in policy.may_isolate:
            first = len(policy.rules(direction))
            found = tuple(
                replace(rule, name=ISOLATION, index=first + number, origin=policy.origin)
                for number, rule in enumerate(rules)
            )
            egress, ingress = (found, ()) if direction is Direction.EGRESS else ((), found)
            yield (replace(policy, egress=egress, ingress=ingress, isolates=frozenset(), may_isolate=frozenset()),)


def is_perhaps_isolation(policy: Policy, rule: Rule) -> bool:
    """True if the rule is one of those that `perhaps_isolating` gives the policy."""
    return rule.may and rule.name == ISOLATION and rule.origin == policy.origin
