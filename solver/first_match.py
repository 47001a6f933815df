"""Rule after rule through one direction of a slice: which flows come to each rule, and which are left for the next.

    exists = flows that there are
    live   = flows that can come to the tier
    rest   = flows that no earlier rule of the chain decides for certain, whether or not they come to the tier

The sets engine keeps sums only; here every rule is shown with what it finds. Both follow `engines.assembly`.

Trusted: nothing by itself. What is concluded from it is compared with the sets engine (`solver.nondeterminism`), and
flows of every conclusion are judged by the evaluator (`queries.hygiene`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reachproof.network.policy import Action, Direction, Policy
from reachproof.solver.budget import Budget
from reachproof.solver.slice import Patch, Slice, SlicedPolicy, SlicedRule, SlicedTier, isolated_subjects
from reachproof.solver.table import Table, everything, word_count, words

Place = tuple[np.ndarray, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVisit:
    """A rule with what comes to it. `tier`, `chain` and `group` count from 0.

    `contested`: its policy has others beside it that no order is defined with. `rest` changes when the walk goes on.
    `policy` is None for a rule of isolation.
    """

    tier: int
    chain: int
    group: int
    contested: bool
    policy: Policy | None
    rule: SlicedRule
    rest: Table
    live: Table


class FirstMatch:
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

    def turns(self) -> Iterator[RuleVisit]:
        """Every rule of the direction, in order. Raises OutOfBudget."""
        live = self.exists.copy()
        for number, tier in enumerate(self.tiers):
            passed = np.zeros_like(live)
            undecided = self.exists.copy()
            for turn in self._chains(number, tier, live, undecided):
                if turn.rule.rule.action is Action.PASS:
                    passed |= self.matched(turn.rule, turn.rest)
                yield turn
            yield from self._isolation(number, tier, live, undecided)
            live = live & (undecided | passed)

    def _chains(self, number: int, tier: SlicedTier, live: Table, undecided: Table) -> Iterator[RuleVisit]:
        """Leaves in `undecided` what no chain decides for certain."""
        for at, chain in enumerate(tier.chains):
            rest = self.exists.copy()
            for position, group in enumerate(chain):
                tied = len(group) > 1 and not one_action(group)
                before = rest.copy() if tied else rest
                for policy in group:
                    own = before.copy() if tied else rest
                    for rule in policy.rules:
                        self._budget.check()
                        yield RuleVisit(
                            tier=number,
                            chain=at,
                            group=position,
                            contested=tied or len(tier.chains) > 1,
                            policy=policy.policy,
                            rule=rule,
                            rest=own,
                            live=live,
                        )
                        self.take(rule, own)
                    if tied:
                        rest &= own
            undecided &= rest

    def _isolation(self, number: int, tier: SlicedTier, live: Table, undecided: Table) -> Iterator[RuleVisit]:
        isolated = isolated_subjects(tier)
        if not len(isolated):
            return
        rest = np.zeros_like(undecided)
        rest[isolated] = undecided[isolated]
        undecided[isolated] = 0
        for rule in tier.isolation:
            yield RuleVisit(
                tier=number, chain=0, group=0, contested=False, policy=None, rule=rule, rest=rest, live=live
            )
            self.take(rule, rest)
        undecided |= rest


def one_action(group: tuple[SlicedPolicy, ...]) -> bool:
    """True if all rules do the same and are certain, so that their order has no effect."""
    rules = [rule for policy in group for rule in policy.rules]
    return len({rule.rule.action for rule in rules}) <= 1 and not any(rule.possible for rule in rules)
