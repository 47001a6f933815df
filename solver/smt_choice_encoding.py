"""Programs with their open choices as variables: with every choice made, a flow is allowed or denied.

| Choice | sort | clause |
|---|---|---|
| a rule matches where it may | Bool | certain, or possible and the choice |
| order of policies of equal priority | 2 bits for each | the least of those that decide, the first of these |
| order of two kinds | Bool | which chain comes first |

Three ranks are enough for every pair of winners in two snapshots that some order has. A choice that both snapshots have
is one variable. Trusted: nothing by itself; `compare` holds each answer against the sets engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import compress
from operator import not_

from reachproof.network.policy import Direction
from reachproof.network.tier import DirectedPolicy
from reachproof.solver.choices import (
    Key,
    OpenPolicy,
    OpenProgram,
    OpenRule,
    OpenTier,
    is_of_old_kinds,
    one_action,
    order_of_kinds,
)
from reachproof.solver.smt_encoding import Writer
from reachproof.solver.smtlib import FALSE, TRUE, conjunction, disjunction, negation
from reachproof.solver.tier_encoding import Isolating, Order, PolicyTerms, RuleTerms, TierTerms, as_terms, outcome


class OpenWriter:
    """Writes programs of two snapshots over one flow and one set of choices."""

    def __init__(self) -> None:
        self.declarations: list[str] = []
        self._names: dict[Key, str] = {}

    def allowed(self, name: str, writer: Writer, programs: Sequence[tuple[Direction, OpenProgram]]) -> str:
        """The flow is allowed in every direction; definitions begin with `name`."""
        return conjunction(
            [
                outcome(
                    writer.terms,
                    f"{name}{direction[0]}",
                    [self._tier(writer, direction, tier) for tier in program],
                    Order(policies=self._first_policy, chains=partial(self._first_chain, direction)),
                ).allow
                for direction, program in programs
            ]
        )

    def _tier(self, writer: Writer, direction: Direction, tier: OpenTier) -> Isolating[Key]:
        rule = partial(self._rule, writer, direction)

        def policy(each: OpenPolicy) -> PolicyTerms[Key]:
            return DirectedPolicy(each.policy, each.key, tuple(map(rule, each.rules)))

        return as_terms(tier, policy=policy, rule=rule, isolated=lambda: writer.isolated(direction, tier))

    def _rule(self, writer: Writer, direction: Direction, rule: OpenRule) -> RuleTerms:
        certain, possible = (writer.patches(patches, direction) for patches in (rule.certain, rule.possible))
        if possible != FALSE:
            chosen = self._choice(rule.literal.key, "Bool")
            possible = conjunction([possible, chosen if rule.literal.wish else negation(chosen)])
        return RuleTerms(rule.action, writer.terms.fresh(disjunction([certain, possible])), FALSE)

    def _first_policy(self, group: tuple[PolicyTerms[Key], ...], left: Sequence[str]) -> list[str]:
        """The others decide nothing, or come after it."""
        if one_action(group):
            return [TRUE] * len(group)
        return [
            conjunction(
                [
                    disjunction([left[other], self._comes_first(group[at], group[other], at < other)])
                    for other in range(len(group))
                    if other != at
                ]
            )
            for at in range(len(group))
        ]

    def _first_chain(self, direction: Direction, tier: TierTerms[Key], left: Sequence[str]) -> list[str]:
        if len(tier.chains) == 1:
            return [TRUE]
        chosen = self._choice((*order_of_kinds(tier), direction), "Bool")
        old = [is_of_old_kinds(chain) for chain in tier.chains]
        return [
            disjunction([chosen, *compress(left, map(not_, old))] if each else [negation(chosen), *compress(left, old)])
            for each in old
        ]

    def _comes_first(self, one: PolicyTerms[Key], other: PolicyTerms[Key], before: bool) -> str:
        ranks = [self._choice(policy.subjects, "(_ BitVec 2)") for policy in (one, other)]
        return f"({'bvule' if before else 'bvult'} {ranks[0]} {ranks[1]})"

    def _choice(self, key: Key, sort: str) -> str:
        if key not in self._names:
            self._names[key] = f"c{len(self._names)}"
            self.declarations.append(f"(declare-const {self._names[key]} {sort})")
        return self._names[key]
