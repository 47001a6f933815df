"""Tiers, chains and groups: what a program is made of. How policies are arranged into them: `engines.assembly`.

One structure for every form of the policies and rules in it: as written (`Tier`), grounded, cut to a question. It is
plain data: whoever evaluates a tier walks it in a way of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeAlias, TypeVar

from reachproof.network.origin import Origin
from reachproof.network.policy import Direction, Policy, Rule, TierId

BUILT_IN = Origin(file="")
ISOLATION = "isolation"
"""The name of rules that say what isolation does."""

P = TypeVar("P", covariant=True)
R = TypeVar("R", covariant=True)
Subjects = TypeVar("Subjects", covariant=True)
OtherP = TypeVar("OtherP")
OtherR = TypeVar("OtherR")
OtherSubjects = TypeVar("OtherSubjects")


@dataclass(frozen=True)  # no slots: with them Python 3.11 refuses a call of an alias, which `Tier` is
class TierOf(Generic[P, R]):
    """One tier of one direction: policies P, and `isolation` by rules R, none where policies never isolate.

    `isolating`: the policies whose subjects it isolates, once it is known for which direction it is (`directed`).
    """

    name: TierId
    chains: tuple[tuple[tuple[P, ...], ...], ...]
    isolating: tuple[P, ...] = ()
    isolation: tuple[R, ...] = ()

    @property
    def groups(self) -> tuple[tuple[P, ...], ...]:
        """The groups of all chains, in order."""
        return tuple(group for chain in self.chains for group in chain)

    @property
    def policies(self) -> tuple[P, ...]:
        """All policies of the tier, in the order of chains and groups."""
        return tuple(policy for chain in self.chains for group in chain for policy in group)

    def map(self, policy: Callable[[P], OtherP], rule: Callable[[R], OtherR]) -> TierOf[OtherP, OtherR]:
        """The tier with each policy, and each rule of isolation, in another form."""
        chains = tuple(tuple(tuple(map(policy, group)) for group in chain) for chain in self.chains)
        isolating = tuple(map(policy, self.isolating))
        return TierOf(self.name, chains, isolating, tuple(map(rule, self.isolation)))

    def filter(self, keep: Callable[[P], bool]) -> TierOf[P, R]:
        """The tier with these policies only; without groups and chains that have none."""
        chains = (tuple(found for group in chain if (found := tuple(filter(keep, group)))) for chain in self.chains)
        isolating = tuple(filter(keep, self.isolating))
        return TierOf(self.name, tuple(filter(None, chains)), isolating, self.isolation)


@dataclass(frozen=True, slots=True)
class DirectedPolicy(Generic[Subjects, R]):
    """A policy in one direction: the subjects it selects, and its rules."""

    policy: Policy
    subjects: Subjects
    rules: tuple[R, ...]

    def map(
        self, subjects: Callable[[Subjects], OtherSubjects], rule: Callable[[R], OtherR]
    ) -> DirectedPolicy[OtherSubjects, OtherR]:
        """The policy with its subjects and rules in another form."""
        return DirectedPolicy(self.policy, subjects(self.subjects), tuple(map(rule, self.rules)))


Group: TypeAlias = tuple[Policy, ...]
Chain: TypeAlias = tuple[Group, ...]
Tier: TypeAlias = TierOf[Policy, Rule]
"""A tier as written."""


def all_rules(tier: TierOf[DirectedPolicy[object, R], R]) -> Iterator[R]:
    """The rules of all policies, then those of isolation."""
    yield from (rule for policy in tier.policies for rule in policy.rules)
    yield from tier.isolation


def directed(
    tier: Tier,
    direction: Direction,
    policy: Callable[[Policy, tuple[Rule, ...]], DirectedPolicy[OtherSubjects, OtherR]],
    rule: Callable[[Rule], OtherR],
) -> TierOf[DirectedPolicy[OtherSubjects, OtherR], OtherR]:
    """The tier in another form, its policies in one direction. Those that isolate are in `isolating` without rules."""
    found = tier.map(lambda written: policy(written, written.rules(direction)), rule)
    if not tier.isolation:
        return found
    isolating = (each for each in found.policies if direction in each.policy.isolates)
    return replace(found, isolating=tuple(DirectedPolicy(each.policy, each.subjects, ()) for each in isolating))


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
                replace(rule, name=ISOLATION, index=first + number, origin=policy.origin, condition=policy.doubts)
                for number, rule in enumerate(rules)
            )
            egress, ingress = (found, ()) if direction is Direction.EGRESS else ((), found)
            yield (replace(policy, egress=egress, ingress=ingress, isolates=frozenset(), may_isolate=frozenset()),)


def is_perhaps_isolation(policy: Policy, rule: Rule) -> bool:
    """True if the rule is one of those that `perhaps_isolating` gives the policy."""
    return rule.may and rule.name == ISOLATION and rule.origin == policy.origin
