"""First match over one direction of a slice, as tables of flows: what comes to each rule, what is left for the next.

    exists = flows that there are
    live   = flows that can come to the tier
    rest   = flows that no earlier rule of the chain decides for certain

The sets engine keeps sums of what rules find. For lint (`Walk`) every rule is shown with what comes to it, and `rest`
has flows that never come to the tier as well.

Trusted: nothing by itself. The sets engine is checked by Z3, which has a walk of its own
(docs/decisions/0020-two-walks-of-tiers.md). The evaluator judges flows of each finding of lint (`queries.hygiene`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from reachproof.network.policy import Action, Direction, Policy
from reachproof.solver.budget import Budget
from reachproof.solver.slice import Patch, Slice, SlicedPolicy, SlicedRule, SlicedTier, isolated_subjects
from reachproof.solver.table import Table, everything, word_count, words

Place = tuple[np.ndarray, ...]
Group = tuple[SlicedPolicy, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Rules with what comes to them, of one policy, or (policy None) of isolation. `tier`, `chain`, `group` are from 0.

    `contested`: the policy has others beside it that no order is defined with. Whoever is given a visit takes from
    `rest` what the rules decide for certain, and adds to `passed` what they can pass.
    """

    tier: int
    chain: int = 0
    group: int = 0
    contested: bool = False
    policy: Policy | None = None
    rules: tuple[SlicedRule, ...]
    rest: Table
    live: Table
    passed: Table


class FirstMatch:
    """First match over the tiers of one direction; tables are (subjects, peers) or (subjects, peers, words).

    `live` are the flows that come to the first tier, and in the end those that no tier decides. Every chain begins with
    `whole`, if it is given, else with what comes to its tier. `unordered`: whether each policy of a group is to see all
    that comes to the group, because the order of its policies would have an effect.
    """

    def __init__(
        self,
        tiers: Iterable[SlicedTier],
        live: Table,
        *,
        unordered: Callable[[Group], bool],
        whole: Table | None = None,
    ) -> None:
        self._tiers = tiers
        self.live = live
        self._unordered = unordered
        self._whole = whole

    def visits(self) -> Iterator[Visit]:
        """Every policy and every isolation, in order."""
        for number, tier in enumerate(self._tiers):
            start = self.live if self._whole is None else self._whole
            passed, undecided = np.zeros_like(start), start.copy()
            yield from self._chains(number, tier, start, undecided, passed)
            yield from self._isolation(number, tier, undecided, passed)
            self.live = self.live & (undecided | passed)

    def _chains(self, number: int, tier: SlicedTier, start: Table, undecided: Table, passed: Table) -> Iterator[Visit]:
        """Leaves in `undecided` what no chain decides for certain. Chains are not ordered: each sees all flows."""
        for at, chain in enumerate(tier.chains):
            rest = start.copy()
            for position, group in enumerate(chain):
                unordered = len(group) > 1 and self._unordered(group)
                before = rest.copy() if unordered else rest
                for policy in group:
                    own = before.copy() if unordered else rest
                    yield Visit(
                        tier=number,
                        chain=at,
                        group=position,
                        contested=unordered or len(tier.chains) > 1,
                        policy=policy.policy,
                        rules=policy.rules,
                        rest=own,
                        live=self.live,
                        passed=passed,
                    )
                    if unordered:
                        rest &= own
            undecided &= rest

    def _isolation(self, number: int, tier: SlicedTier, undecided: Table, passed: Table) -> Iterator[Visit]:
        """Pass what no chain decides on to the rules of isolation, where a policy isolates the subject."""
        subjects = isolated_subjects(tier)
        if len(subjects):
            rest = np.zeros_like(undecided)
            rest[subjects] = undecided[subjects]
            undecided[subjects] = 0
            yield Visit(tier=number, rules=tier.isolation, rest=rest, live=self.live, passed=passed)
            undecided |= rest


class Walk:
    """One direction of a slice; tables are (subjects, peers, words)."""

    def __init__(self, part: Slice, direction: Direction, budget: Budget) -> None:
        self.part = part
        self.direction = direction
        self.tiers = part.tiers(direction)
        self.exists = self.turned(everything(part))
        self._budget = budget
        self._count = word_count(len(part.atoms))

    def turned(self, table: Table) -> Table:
        """A table of (sources, destinations) as one of (subjects, peers), or back."""
        return table if self.direction is Direction.EGRESS else table.transpose(1, 0, 2)

    def where(self, patch: Patch) -> tuple[Place, Table]:
        """The place of a patch in a table, and the atoms as words."""
        return np.ix_(patch.subjects, patch.peers), words(patch.atoms, self._count)

    def finds(self, rule: SlicedRule, table: Table) -> bool:
        """True if the rule matches, or may match, a flow of the table."""
        places = (self.where(patch) for patch in (*rule.certain, *rule.possible))
        return any(bool((table[place] & mask).any()) for place, mask in places)

    def matched(self, rule: SlicedRule, table: Table) -> Table:
        """The flows of the table that the rule matches, or may match."""
        found = np.zeros_like(table)
        for patch in (*rule.certain, *rule.possible):
            place, mask = self.where(patch)
            found[place] |= table[place] & mask
        return found

    def take(self, rule: SlicedRule, table: Table) -> bool:
        """Takes from the table what the rule matches for certain; whether there was any."""
        taken = False
        for patch in rule.certain:
            place, mask = self.where(patch)
            taken = taken or bool((table[place] & mask).any())
            table[place] &= ~mask
        return taken

    def turns(self) -> Iterator[tuple[Visit, SlicedRule]]:
        """Every rule of the direction, in order; `rest` of the visit is what comes to it. Raises OutOfBudget."""
        tiers = FirstMatch(self.tiers, self.exists, unordered=lambda group: not one_action(group), whole=self.exists)
        for visit in tiers.visits():
            for rule in visit.rules:
                self._budget.check()
                if rule.rule.action is Action.PASS:
                    np.bitwise_or(visit.passed, self.matched(rule, visit.rest), out=visit.passed)
                yield visit, rule
                self.take(rule, visit.rest)


def one_action(group: Group) -> bool:
    """True if all rules do the same and are certain, so that their order has no effect."""
    rules = [rule for policy in group for rule in policy.rules]
    return len({rule.rule.action for rule in rules}) <= 1 and not any(rule.possible for rule in rules)
