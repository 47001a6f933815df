"""The sets engine: every flow of a slice at once, by first match over tables of bits.

For each direction it computes which flows can be allowed and which can be denied, over all that is left open. It knows
nothing of Z3, and Z3 nothing of it: `decide` compares the two.

Trusted: nothing by itself. Checked by Z3 on every question, by the evaluator on flows of every proof, and by
tests/agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from reachproof.network.policy import Action, Direction
from reachproof.solver.bitset import Positions
from reachproof.solver.budget import Budget
from reachproof.solver.goal import Wanted
from reachproof.solver.slice import Patch, Slice, SlicedPolicy, SlicedRule, SlicedTier, isolated_subjects
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


@dataclass(frozen=True, slots=True)
class Sides:
    """The verdicts of each direction alone, in tables as those of `Verdicts`: the other one is not looked at."""

    egress: Verdicts
    ingress: Verdicts

    def side(self, direction: Direction) -> Verdicts:
        """The verdicts of one direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress

    @property
    def both(self) -> Verdicts:
        """The verdicts of flows: both directions must allow."""
        return Verdicts(self.egress.can_allow & self.ingress.can_allow, self.egress.can_deny | self.ingress.can_deny)


def sides(part: Slice, budget: Budget) -> Sides:
    """The verdicts of all flows in each direction; twice the tables of `verdicts`. Raises OutOfBudget."""
    shape = (len(part.sources), len(part.destinations), word_count(len(part.atoms)))
    found = {each: Verdicts(np.empty(shape, np.uint64), np.empty(shape, np.uint64)) for each in Direction}
    for word in range(shape[2]):
        for direction, allow, deny in _word(part, word, budget):
            found[direction].can_allow[:, :, word] = allow
            found[direction].can_deny[:, :, word] = deny
    return Sides(found[Direction.EGRESS], found[Direction.INGRESS])


def verdicts(part: Slice, budget: Budget) -> Verdicts:
    """The verdicts of all flows of a slice. Raises OutOfBudget. Cost: the area of all patches."""
    shape = (len(part.sources), len(part.destinations), word_count(len(part.atoms)))
    can_allow, can_deny = np.empty(shape, dtype=np.uint64), np.empty(shape, dtype=np.uint64)
    for word in range(shape[2]):  # one after the other, so that what is needed on the way is a word wide
        (_, can_send, can_not_send), (_, can_receive, can_not_receive) = _word(part, word, budget)
        can_allow[:, :, word] = can_send & can_receive
        can_deny[:, :, word] = can_not_send | can_not_receive
    return Verdicts(can_allow, can_deny)


def _word(part: Slice, word: int, budget: Budget) -> Iterator[tuple[Direction, Table, Table]]:
    """For one word of atoms what egress, then ingress can allow and can deny. Shape (sources, destinations)."""
    sources, destinations = len(part.sources), len(part.destinations)
    allow, deny = _Tables(sources, destinations, word, budget).run(part.tiers(Direction.EGRESS))
    yield Direction.EGRESS, allow, deny
    allow, deny = _Tables(destinations, sources, word, budget).run(part.tiers(Direction.INGRESS))
    yield Direction.INGRESS, allow.T, deny.T


Outcomes = dict[Action, Table]


class _Tables:
    """One direction, for the atoms of one word; tables are (subjects, peers)."""

    def __init__(self, subjects: int, peers: int, word: int, budget: Budget) -> None:
        self._shape = (subjects, peers)
        self._low = 64 * word
        self._budget = budget

    def run(self, tiers: Iterable[SlicedTier]) -> tuple[Table, Table]:
        """Flows that can be allowed and flows that can be denied: tier after tier, then the default."""
        live = np.full(self._shape, FULL)
        allowed, denied = self._empty(), self._empty()
        for tier in tiers:
            outcomes = {Action.ALLOW: allowed, Action.DENY: denied, Action.PASS: self._empty()}
            live = self._tier(tier, live, outcomes) | outcomes[Action.PASS]
        return allowed | live, denied

    def _tier(self, tier: SlicedTier, live: Table, outcomes: Outcomes) -> Table:
        """Adds the outcomes of the tier for the live flows; those that it can leave undecided."""
        undecided = live.copy()
        for chain in tier.chains:
            # Chains are not ordered: each sees all flows, and the tier is undecided where every chain can be.
            rest = live.copy()
            for group in chain:
                self._group(group, rest, outcomes)
            undecided &= rest
        isolated = isolated_subjects(tier)
        if len(isolated):
            rest = np.zeros_like(undecided)
            rest[isolated] = undecided[isolated]
            undecided[isolated] = 0
            self._first_match(tier.isolation, rest, outcomes)
            undecided |= rest
        return undecided

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
        """First match over rules for the flows in `rest`, from which it takes what a rule decides for certain.

        What one patch of a rule has taken, another one does not find there: it has been counted.
        """
        for rule in rules:
            self._budget.check()
            found = outcomes[rule.rule.action]
            for patch in rule.certain:
                if mask := self._mask(patch):
                    where = self._where(patch)
                    flows = rest[where]
                    found[where] |= flows & mask
                    rest[where] = flows & ~mask
            for patch in rule.possible:
                if mask := self._mask(patch):
                    where = self._where(patch)
                    found[where] |= rest[where] & mask

    def _where(self, patch: Patch) -> Positions | tuple[Positions, Positions]:
        """The cells of a patch in a table; as whole rows where they are that, which is quicker."""
        if len(patch.peers) == self._shape[1]:
            return patch.subjects
        return patch.subjects[:, None], patch.peers

    def _mask(self, patch: Patch) -> np.uint64:
        return np.uint64(patch.atoms >> self._low & _WORD)

    def _empty(self) -> Table:
        return np.zeros(self._shape, dtype=np.uint64)


def _one_action(group: tuple[SlicedPolicy, ...]) -> bool:
    """True if all rules do the same, so that their order has no effect: what one takes is counted where it is taken."""
    return len({rule.rule.action for policy in group for rule in policy.rules}) <= 1
