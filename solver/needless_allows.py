"""NetworkPolicies that change nothing, or do, by one table of all flows: quicker than two tables for each of them.

It decides about a policy whose rules all allow for certain, in a tier where every rule does, and whose subjects others
isolate as well. Without it some flows lose an allow, and nothing else happens. These are

    lost = what it matches, can come to the tier, and no other policy of the tier, nor the isolation, allows for certain

Where some of them can be allowed as a whole and cannot be denied, the policy changes a verdict, since without it they
can be denied. Where none can be allowed, since the other end denies them, it changes nothing. About anything else, and
about other policies, nothing is said.

Trusted: nothing by itself. The evaluator judges flows of every policy that is called needless
(`queries.redundant_policies`), and tests/solver/test_needless_allows.py compares with `solver.redundancy`.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, PolicyRef, TierName
from reachproof.solver import witness
from reachproof.solver.bitset import Positions, from_words
from reachproof.solver.bitset_engine import Verdicts, verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.first_match import FirstMatch
from reachproof.solver.slice import Slice, SlicedPolicy, SlicedTier
from reachproof.solver.table import Table

_SAMPLES = 4
"""Flows of each direction."""


@dataclass(frozen=True, slots=True)
class Needless:
    """It is decided: `samples` are flows that the policy matches; None where it changes a verdict."""

    samples: tuple[Flow, ...] | None


def needless_allows(part: Slice, budget: Budget) -> Mapping[PolicyRef, Needless]:
    """The policies of the slice of all flows that are decided. Raises OutOfBudget."""
    tables = verdicts(part, budget)
    found: dict[PolicyRef, list[Needless | None]] = defaultdict(list)
    for direction in Direction:
        for ref, each in _Direction(FirstMatch(part, direction, budget), tables).found():
            found[ref].append(each)
    return {ref: decided for ref, each in found.items() if (decided := _together(each)) is not None}


def _together(found: list[Needless | None]) -> Needless | None:
    """Both directions of a policy together: one in which it changes a verdict is enough, else both must be decided."""
    decided = [each for each in found if each is not None]
    if any(each.samples is None for each in decided):
        return Needless(None)
    if len(decided) < len(found):
        return None
    return Needless(tuple(flow for each in decided for flow in each.samples or ()))


class _Direction:
    """One direction; tables are (subjects, peers, words)."""

    def __init__(self, walk: FirstMatch, tables: Verdicts) -> None:
        self._walk = walk
        self._can_allow = walk.turned(tables.can_allow)
        self._can_deny = walk.turned(tables.can_deny)
        self._chance = random.Random(0)

    def found(self) -> Iterator[tuple[PolicyRef, Needless | None]]:
        """For every policy of the direction what is decided; None for nothing."""
        tiers = self._walk.tiers
        times = Counter(policy.policy.ref for tier in tiers for policy in tier.policies)
        own = [number for number, tier in enumerate(tiers) if _is_simple(tier)]
        number = own[0] if len(own) == 1 else None
        for at, tier in enumerate(tiers):
            if at != number:
                yield from ((policy.policy.ref, None) for policy in tier.policies)
        if number is not None:
            yield from self._judged(number, tiers[number], times)

    def _judged(
        self, number: int, tier: SlicedTier, times: Counter[PolicyRef]
    ) -> Iterator[tuple[PolicyRef, Needless | None]]:
        first = tier.chains[0][0]
        matched = [self._matched(policy) for policy in first]
        once, twice = (np.zeros_like(self._walk.exists) for _ in range(2))
        isolating = np.zeros(len(self._walk.exists), dtype=np.intp)
        for policy, mine in zip(first, matched, strict=True):
            twice[policy.subjects] |= once[policy.subjects] & mine
            once[policy.subjects] |= mine
        for each in tier.isolating:
            isolating[each.subjects] += 1
        isolates = {each.policy.ref for each in tier.isolating}
        lost = self._live(number) & ~twice & ~self._exempt(tier)
        for policy, mine in zip(first, matched, strict=True):
            rows, ref = policy.subjects, policy.policy.ref
            others = isolating[rows] - (ref in isolates)
            sure = times[ref] == 1 and bool((others > 0).all()) and not any(rule.possible for rule in policy.rules)
            yield ref, self._decided(rows, mine & lost[rows], mine) if sure else None

    def _matched(self, policy: SlicedPolicy) -> Table:
        """The flows that the policy matches for certain, in rows for its subjects."""
        rows = policy.subjects
        found = np.zeros((len(rows), *self._walk.exists.shape[1:]), dtype=np.uint64)
        for rule in policy.rules:
            for patch in rule.certain:
                (_, peers), mask = self._walk.where(patch)
                found[np.ix_(np.searchsorted(rows, patch.subjects), peers[0])] |= mask
        return found

    def _live(self, number: int) -> Table:
        """The flows that can come to a tier."""
        turn = next((turn for turn in self._walk.turns() if turn.tier == number), None)
        return np.zeros_like(self._walk.exists) if turn is None else turn.live

    def _exempt(self, tier: SlicedTier) -> Table:
        """The flows that isolation allows for certain."""
        found = np.zeros_like(self._walk.exists)
        for rule in tier.isolation:
            for patch in rule.certain if rule.rule.action is Action.ALLOW else ():
                place, mask = self._walk.where(patch)
                found[place] |= mask
        return found

    def _decided(self, rows: Positions, lost: Table, mine: Table) -> Needless | None:
        allowed = lost & self._can_allow[rows]
        if not allowed.any():
            return Needless(tuple(self._samples(rows, mine & self._walk.exists[rows])))
        return Needless(None) if (allowed & ~self._can_deny[rows]).any() else None

    def _samples(self, rows: Positions, flows: Table) -> Iterator[Flow]:
        """A seeded choice of the flows."""
        places = np.argwhere(flows.any(axis=2))
        for _ in range(_SAMPLES if len(places) else 0):
            row, peer = places[self._chance.randrange(len(places))].tolist()
            ends = int(rows[row]), peer
            source, destination = ends if self._walk.direction is Direction.EGRESS else ends[::-1]
            flow = witness.flow_between(self._walk.part, source, destination, from_words(flows[row, peer]))
            if flow is not None:
                yield flow


def _is_simple(tier: SlicedTier) -> bool:
    """True of the tier of NetworkPolicies where all rules allow, with nothing certain but isolation behind them."""
    if tier.name is not TierName.NETWORK_POLICY or len(tier.chains) != 1 or not tier.isolation:
        return False
    first, *behind = tier.chains[0]
    allowing = all(rule.rule.action is Action.ALLOW for policy in first for rule in policy.rules)
    return allowing and not any(rule.certain for group in behind for policy in group for rule in policy.rules)
