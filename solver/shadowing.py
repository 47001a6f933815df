"""Rules that never decide a flow, and pods that reach none of some others.

    shadowed    the rules that come before it in its chain take every flow that it matches; among NetworkPolicies, which
                have no order, the other rules together allow all of them already
    overridden  earlier tiers decide every flow that it matches

All of it is about flows that exist in the snapshot now: between pods, nodes and the outside, a pod to itself left out.

Trusted: nothing by itself. The evaluator judges flows of every finding (`queries.hygiene`), and
tests/solver/test_shadowing.py takes the rules away and asks it again about any flow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from reachproof.engines.built_in import EXEMPTION
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, Policy, PolicyRef, Rule, TierName
from reachproof.network.tier import BUILT_IN
from reachproof.solver import witness
from reachproof.solver.bitset import Flags, positions
from reachproof.solver.bitset_engine import verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import Encoding
from reachproof.solver.first_match import FirstMatch, RuleVisit, one_action
from reachproof.solver.goal import All, Formula
from reachproof.solver.slice import Slice, SlicedPolicy, SlicedRule, SlicedTier, cut
from reachproof.solver.table import Table, everything, pairs_with, region
from reachproof.solver.universe import party_key

SAMPLES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """The decider of flows in place of another rule: a rule, or (rule None) the policy as a whole, by isolation."""

    policy: Policy
    rule: Rule | None
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRule:
    """A rule that matches flows and decides none of them. `takers` together decide all of them for certain.

    `overridden`: they are in earlier tiers; else they are in its own chain. `samples` are flows that it matches.
    """

    policy: Policy
    rule: Rule
    direction: Direction
    overridden: bool
    takers: tuple[Taker, ...]
    samples: tuple[Flow, ...]


def whole(encoding: Encoding, budget: Budget) -> Slice:
    """The slice of every flow. Raises OutOfBudget."""
    return cut(encoding, (All(()),), budget)


def idle_rules(part: Slice, budget: Budget) -> tuple[IdleRule, ...]:
    """Every rule of the slice that matches flows and decides none, egress first, in the order of the program.

    Shadowed rules can be removed together without changing the outcome of any flow. Raises OutOfBudget.
    """
    return tuple(found for direction in Direction for found in _Idle(FirstMatch(part, direction, budget)).found())


class _Idle:
    """Idle rules of one direction."""

    def __init__(self, walk: FirstMatch) -> None:
        self._walk = walk
        self._tiers = walk.tiers

    def found(self) -> Iterator[IdleRule]:
        """A written rule may have been made into several, and is idle where all of them are that match anything."""
        covered = {id(rule) for tier in self._tiers for rule in self._covered(tier)}
        parts: dict[tuple[PolicyRef, int], list[IdleRule | None]] = {}
        for turn in self._walk.turns():
            rule = turn.rule.rule
            if turn.policy is None or rule.origin == BUILT_IN or not self._walk.finds(turn.rule, self._walk.exists):
                continue
            parts.setdefault((turn.policy.ref, rule.index), []).append(self._judged(turn, turn.policy, covered))
        for each in parts.values():
            idle = [part for part in each if part is not None]
            if len(idle) == len(each):
                yield _as_one(idle)

    def _judged(self, turn: RuleVisit, policy: Policy, covered: set[int]) -> IdleRule | None:
        rule, unordered = turn.rule, turn.tier in self._unordered
        if id(rule) in covered or not (unordered or self._walk.finds(rule, turn.rest)):
            return self._shadowed(turn.tier, turn.chain, policy, rule, covered)
        if not self._walk.finds(rule, turn.live):
            return self._overridden(turn.tier, policy, rule)
        return None

    @property
    def _unordered(self) -> set[int]:
        return {number for number, tier in enumerate(self._tiers) if _is_unordered(tier)}

    def _covered(self, tier: SlicedTier) -> list[SlicedRule]:
        """Of NetworkPolicies: rules whose flows the others allow, none of which is counted for another; last first."""
        if not _is_unordered(tier):
            return []
        policies = [policy for group in tier.chains[0] for policy in group]
        if any(rule.rule.origin == BUILT_IN for policy in policies for rule in policy.rules):
            return []
        once, twice = (np.zeros_like(self._walk.exists) for _ in range(2))
        for policy in policies:
            for rule in policy.rules:
                for patch in rule.certain:
                    place, mask = self._walk.where(patch)
                    twice[place] |= once[place] & mask
                    once[place] |= mask
        alone = self._walk.exists & ~twice
        gone: list[SlicedRule] = []
        for policy in reversed(policies):
            for rule in reversed(policy.rules):
                if self._walk.finds(rule, self._walk.exists) and not self._walk.finds(rule, alone):
                    left = self._walk.matched(rule, self._walk.exists)
                    self._cover(left, policies, {id(rule), *map(id, gone)})
                    if not left.any():
                        gone.append(rule)
        return gone

    def _cover(self, left: Table, policies: Iterable[SlicedPolicy], but: set[int]) -> list[Taker]:
        """Takes from `left` what the rules match for certain, in order; those that took something."""
        found: list[Taker] = []
        for policy in policies:
            if not left[policy.subjects].any():
                continue
            for rule in policy.rules:
                if id(rule) not in but and self._walk.take(rule, left):
                    found.append(_taker(policy, rule))
        return found

    def _shadowed(self, number: int, chain: int, policy: Policy, rule: SlicedRule, covered: set[int]) -> IdleRule:
        left = self._walk.matched(rule, self._walk.exists)
        flows = self._samples(left)
        within = self._tiers[number].chains[chain]
        if number in self._unordered:
            takers = self._cover(left, (each for group in within for each in group), covered)
        else:
            takers = self._cover(left, _before(within, rule), set())
        _demand_all(left, policy, rule)
        return self._idle(policy, rule, takers, flows, overridden=False)

    def _overridden(self, number: int, policy: Policy, rule: SlicedRule) -> IdleRule:
        left = self._walk.matched(rule, self._walk.exists)
        flows = self._samples(left)
        takers = [taker for tier in self._tiers[:number] if left.any() for taker in self._by_tier(tier, left)]
        _demand_all(left, policy, rule)
        return self._idle(policy, rule, takers, flows, overridden=True)

    def _by_tier(self, tier: SlicedTier, left: Table) -> Iterator[Taker]:
        """Takes from `left` what the tier decides for certain. What passes stays for the next tier."""
        rows: Flags = np.asarray(left.any(axis=(1, 2)))
        for chain in tier.chains:
            policies = [policy for group in chain for policy in group if rows[policy.subjects].any()]
            rules = [(policy, rule) for policy in policies for rule in policy.rules]
            passing = any(rule.rule.action is Action.PASS for _, rule in rules)
            here = left.copy() if passing or len(tier.chains) > 1 else left
            for policy, rule in rules:
                if self._takes(rule, here, left, rows):
                    yield _taker(policy, rule)
        for policy in tier.isolating:
            if left[policy.subjects].any():
                left[policy.subjects] = 0
                yield Taker(policy=policy.policy, rule=None, action=Action.DENY)

    def _takes(self, rule: SlicedRule, here: Table, left: Table, rows: Flags) -> bool:
        """Takes from `here` what the rule matches for certain, and what it decides from `left` too; whether it does.

        `rows`: those in which there is anything to take.
        """
        taken = False
        for patch in rule.certain:
            place, mask = self._walk.where(replace(patch, subjects=patch.subjects[rows[patch.subjects]]))
            flows = here[place] & mask
            if flows.any():
                here[place] &= ~mask
                if rule.rule.action is not Action.PASS:
                    left[place] &= ~flows  # where both are one table, that was done
                    taken = True
        return taken

    def _samples(self, flows: Table) -> tuple[Flow, ...]:
        found = witness.sample(self._walk.part, self._walk.turned(flows), SAMPLES)
        return tuple(flow for _, _, _, flow in found)

    def _idle(
        self, policy: Policy, rule: SlicedRule, takers: list[Taker], samples: tuple[Flow, ...], *, overridden: bool
    ) -> IdleRule:
        return IdleRule(
            policy=policy,
            rule=rule.rule,
            direction=self._walk.direction,
            overridden=overridden,
            takers=tuple(dict.fromkeys(takers)),
            samples=samples,
        )


def _as_one(parts: list[IdleRule]) -> IdleRule:
    """The rule whose parts these are; shadowed where any of them is."""
    return replace(
        parts[0],
        overridden=all(part.overridden for part in parts),
        takers=tuple(dict.fromkeys(taker for part in parts for taker in part.takers)),
        samples=tuple(flow for part in parts for flow in part.samples),
    )


def _is_unordered(tier: SlicedTier) -> bool:
    """True if it is the tier of NetworkPolicies as users write them: rules that all allow, for certain."""
    return tier.name is TierName.NETWORK_POLICY and len(tier.groups) == 1 and one_action(tier.groups[0])


def _before(chain: tuple[tuple[SlicedPolicy, ...], ...], rule: SlicedRule) -> Iterator[SlicedPolicy]:
    """The rules before a rule in its chain. Of policies that it is tied with only those count that never disagree."""
    for group in chain:
        at, before = next(
            ((at, n) for at, each in enumerate(group) for n, other in enumerate(each.rules) if other is rule), (-1, 0)
        )
        if at < 0:
            yield from group
            continue
        if one_action(group):
            yield from group[:at]
        yield replace(group[at], rules=group[at].rules[:before])
        return


def _taker(policy: SlicedPolicy, rule: SlicedRule) -> Taker:
    built_in = rule.rule.origin == BUILT_IN and policy.policy.ref != EXEMPTION
    return Taker(policy=policy.policy, rule=None if built_in else rule.rule, action=rule.rule.action)


def _demand_all(left: Table, policy: Policy, rule: SlicedRule) -> None:
    if left.any():
        raise InternalError(
            f"{policy.ref} rule {rule.rule.index} decides nothing, but what decides all of its flows was not found; "
            "this is a bug of reachproof, no verdict is given"
        )


# ---------------------------------------------------------------- pods that reach none


def shut_out(encoding: Encoding, asked: Formula, budget: Budget) -> tuple[tuple[int, Flow], ...]:
    """Parties that have flows from them in a region, of which none can be allowed: (points, one of the flows) per cell.

    Raises OutOfBudget.
    """
    part = cut(encoding, (asked,), budget)
    if not (part.sources and part.destinations and part.atoms):
        return ()
    inside = everything(part) & region(part, asked)
    open_ = pairs_with(inside & verdicts(part, budget).can_allow).any(axis=1)
    reaching = 0
    for index in np.nonzero(open_)[0].tolist():
        for point in positions(part.sources[index].points):
            reaching |= encoding.universe.by_party[party_key(encoding.universe.points[part.view.parent(point)].party)]
    found: list[tuple[int, Flow]] = []
    for index in np.nonzero(pairs_with(inside).any(axis=1) & ~open_)[0].tolist():
        only = np.zeros_like(inside)
        only[index] = inside[index]
        points, flow = part.sources[index].points & ~reaching, witness.best(part, only)
        if points and flow is not None:
            found.append((points, flow))
    return tuple(found)
