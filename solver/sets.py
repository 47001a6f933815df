"""The sets engine: every flow of a slice at once, by first match over tables of bits.

For each direction it computes which flows can be allowed and which can be denied, over all that is left open. It knows
nothing of Z3, and Z3 nothing of it: `decide` compares the two.

Trusted: nothing by itself. Checked by Z3 on every question, by the evaluator on flows of every proof, and by
tests/agreement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reachproof.network.policy import Action, Direction
from reachproof.solver.budget import Budget
from reachproof.solver.goal import Wanted
from reachproof.solver.slice import Patch, Slice, SlicedPolicy, SlicedRule, SlicedTier
from reachproof.solver.table import FULL, Table, word_count

_WORD = int(FULL)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Tables (sources, destinations, words): flows that some outcome allows, and flows that some outcome denies."""

    can_allow: Table
    can_deny: Table

    def wanted(self, wanted: Wanted) -> Table:
        """The flows that are as wanted; bits beyond the last atom have no meaning."""
        match wanted:
            case Wanted.CAN_ALLOW:
                return self.can_allow
            case Wanted.MUST_ALLOW:
                return ~self.can_deny
            case Wanted.CAN_DENY:
                return self.can_deny
            case Wanted.MUST_DENY:
                return ~self.can_allow


def verdicts(part: Slice, budget: Budget) -> Verdicts:
    """The verdicts of all flows of a slice. Raises OutOfBudget. Cost: the area of all patches."""
    shape = (len(part.sources), len(part.destinations), word_count(len(part.atoms)))
    can_allow, can_deny = np.empty(shape, dtype=np.uint64), np.empty(shape, dtype=np.uint64)
    for word in range(shape[2]):  # one after the other, so that what is needed on the way is a word wide
        egress = _Tables(shape[0], shape[1], word, budget)
        ingress = _Tables(shape[1], shape[0], word, budget)
        can_send, can_not_send = egress.run(part.tiers(Direction.EGRESS))
        can_receive, can_not_receive = (table.T for table in ingress.run(part.tiers(Direction.INGRESS)))
        can_allow[:, :, word] = can_send & can_receive
        can_deny[:, :, word] = can_not_send | can_not_receive
    return Verdicts(can_allow, can_deny)


Outcomes = dict[Action, Table]


class _Tables:
    """One direction, for the atoms of one word; tables are (subjects, peers)."""

    def __init__(self, subjects: int, peers: int, word: int, budget: Budget) -> None:
        self._shape = (subjects, peers)
        self._low = 64 * word
        self._budget = budget

    def run(self, tiers: Iterable[SlicedTier]) -> tuple[Table, Table]:
        """Flows that can be allowed and flows that can be denied: tier after tier, then the default."""
        live = self._full()
        allowed, denied = self._empty(), self._empty()
        for tier in tiers:
            outcomes, undecided = self._tier(tier)
            allowed |= live & outcomes[Action.ALLOW]
            denied |= live & outcomes[Action.DENY]
            live &= undecided | outcomes[Action.PASS]
        return allowed | live, denied

    def _tier(self, tier: SlicedTier) -> tuple[Outcomes, Table]:
        outcomes = {action: self._empty() for action in Action}
        undecided = self._full()
        for chain in tier.chains:
            # Chains are not ordered: each sees all flows, and the tier is undecided where every chain can be.
            rest = self._full()
            for group in chain:
                self._group(group, rest, outcomes)
            undecided &= rest
        if tier.isolation and tier.isolating:
            isolated = np.unique(np.concatenate([policy.subjects for policy in tier.isolating]))
            rest = np.zeros_like(undecided)
            rest[isolated] = undecided[isolated]
            undecided[isolated] = 0
            self._first_match(tier.isolation, rest, outcomes)
            undecided |= rest
        return outcomes, undecided

    def _group(self, group: tuple[SlicedPolicy, ...], rest: Table, outcomes: Outcomes) -> None:
        """Adds the outcomes of the group for the flows in `rest`, and takes from it what the group decides."""
        if len(group) == 1 or _one_action(group):
            for policy in group:
                self._first_match(policy.rules, rest, outcomes)
            return
        before = rest.copy()
        for policy in group:
            own = before.copy()
            self._first_match(policy.rules, own, outcomes)
            rest &= own

    def _first_match(self, rules: Iterable[SlicedRule], rest: Table, outcomes: Outcomes) -> None:
        """First match over rules for the flows in `rest`, from which it takes what a rule decides for certain."""
        for rule in rules:
            self._budget.check()
            found = outcomes[rule.rule.action]
            for patch in (*rule.certain, *rule.possible):
                if mask := self._mask(patch):
                    where = np.ix_(patch.subjects, patch.peers)
                    found[where] |= rest[where] & mask
            for patch in rule.certain:
                if mask := self._mask(patch):
                    rest[np.ix_(patch.subjects, patch.peers)] &= ~mask

    def _mask(self, patch: Patch) -> np.uint64:
        return np.uint64(patch.atoms >> self._low & _WORD)

    def _full(self) -> Table:
        return np.full(self._shape, FULL)

    def _empty(self) -> Table:
        return np.zeros(self._shape, dtype=np.uint64)


def _one_action(group: tuple[SlicedPolicy, ...]) -> bool:
    """Whether all rules do the same and are certain, so that their order has no effect."""
    rules = [rule for policy in group for rule in policy.rules]
    return len({rule.rule.action for rule in rules}) <= 1 and not any(rule.possible for rule in rules)
