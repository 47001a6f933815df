"""Rules that never decide a flow, policies whose removal changes nothing, and pods that reach none of some others.

    shadowed    the rules that come before it in its chain take every flow that it matches; among NetworkPolicies, which
                have no order, the other rules together allow all of them already
    overridden  earlier tiers decide every flow that it matches
    redundant   without the policy every verdict is the same

All of it is about flows that exist in the snapshot now: between pods, nodes and the outside, a pod to itself left out.

Trusted: nothing by itself. The evaluator judges flows of every finding; a redundancy is confirmed by Z3 where it is
small (`confirmed`); tests/solver/test_hygiene.py takes the rules and policies away and asks the evaluator again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Action, Direction, Policy, PolicyRef, Rule, TierName
from reachproof.network.program import BUILT_IN, EXEMPTION
from reachproof.solver import witness
from reachproof.solver.bits import positions
from reachproof.solver.budget import Budget
from reachproof.solver.goal import All, At, Formula, InPorts, Members, Not, Side, Some, Wanted
from reachproof.solver.ground import Classes, Encoding, GroundTier
from reachproof.solver.prove import GaveUp, Model, Prover
from reachproof.solver.sets import Verdicts, verdicts
from reachproof.solver.slice import SUBJECT, Slice, SlicedPolicy, SlicedRule, SlicedTier, cut
from reachproof.solver.smt import search_script
from reachproof.solver.table import Table, everything, pairs_with, region
from reachproof.solver.universe import party_key
from reachproof.solver.walk import Walk, one_action

SAMPLES = 4
WRITTEN_OUT = 300
_OPPOSITE = {Wanted.CAN_ALLOW: Wanted.MUST_DENY, Wanted.CAN_DENY: Wanted.MUST_ALLOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taker:
    """What decides flows in place of another rule: a rule, or (rule None) the policy as a whole, by isolation."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Redundancy:
    """Nothing changes without the policy. `selects`: whether it selects any pod in a direction in which it has rules.

    `confirmed`: Z3 found no difference either (there was none to look for where it selects nothing).
    """

    policy: Policy
    selects: bool
    confirmed: bool
    samples: tuple[Flow, ...] = ()


def whole(encoding: Encoding, budget: Budget) -> Slice:
    """The slice of every flow. Raises OutOfBudget."""
    return cut(encoding, (All(()),), budget)


def idle_rules(part: Slice, budget: Budget) -> tuple[IdleRule, ...]:
    """Every rule of the slice that matches flows and decides none, egress first, in the order of the program.

    Shadowed rules can be removed together without changing the outcome of any flow. Raises OutOfBudget.
    """
    return tuple(found for direction in Direction for found in _Idle(Walk(part, direction, budget)).found())


class _Idle:
    """Idle rules of one direction."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._tiers = walk.tiers

    def found(self) -> Iterator[IdleRule]:
        covered = {id(rule) for tier in self._tiers for rule in self._covered(tier)}
        for turn in self._walk.turns():
            rule = turn.rule
            if turn.policy is None or rule.rule.origin == BUILT_IN or not self._walk.finds(rule, self._walk.exists):
                continue
            unordered = turn.tier in self._unordered
            if id(rule) in covered or not (unordered or self._walk.finds(rule, turn.rest)):
                yield self._shadowed(turn.tier, turn.chain, turn.policy, rule, covered)
            elif not self._walk.finds(rule, turn.live):
                yield self._overridden(turn.tier, turn.policy, rule)

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
        takers = [taker for tier in self._tiers[:number] for taker in self._by_tier(tier, left)]
        _demand_all(left, policy, rule)
        return self._idle(policy, rule, takers, flows, overridden=True)

    def _by_tier(self, tier: SlicedTier, left: Table) -> Iterator[Taker]:
        """Takes from `left` what the tier decides for certain. What passes stays for the next tier."""
        for chain in tier.chains:
            here = left.copy()
            for policy in (policy for group in chain for policy in group):
                for rule in policy.rules:
                    before = here.copy()
                    if self._walk.take(rule, here) and rule.rule.action is not Action.PASS:
                        left &= ~(before & ~here)
                        yield _taker(policy, rule)
        if tier.isolation:
            for policy in tier.isolating:
                if left[policy.subjects].any():
                    left[policy.subjects] = 0
                    yield Taker(policy=policy.policy, rule=None, action=Action.DENY)

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


def _is_unordered(tier: SlicedTier) -> bool:
    """Whether it is the tier of NetworkPolicies as users write them: rules that all allow, for certain."""
    only = [group for chain in tier.chains for group in chain]
    return tier.tier.name is TierName.NETWORK_POLICY and len(only) == 1 and one_action(only[0])


def _before(chain: tuple[tuple[SlicedPolicy, ...], ...], rule: SlicedRule) -> Iterator[SlicedPolicy]:
    """What comes before a rule in its chain. Of policies that it is tied with only those count that never disagree."""
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


# ---------------------------------------------------------------- redundant policies


def redundancy(encoding: Encoding, policy: Policy, budget: Budget, prover: Prover) -> Redundancy | None:
    """Whether every verdict is the same without the policy; None where some is not. Raises OutOfBudget.

    Two tables are compared for each direction: all flows of the pods it selects, with the policy and without it.
    """
    samples: list[Flow] = []
    confirmed, selects = True, False
    for direction in Direction:
        points = _selected(encoding, policy.ref, direction)
        if not points:
            continue
        selects = True
        domain = At(SUBJECT[direction], Members(points))
        part = cut(encoding, (domain,), budget)
        if not (part.sources and part.destinations and part.atoms):
            continue
        rest = _without(part, policy.ref)
        inside = everything(part) & region(part, domain)
        tables, others = verdicts(part, budget), verdicts(rest, budget)
        if any((inside & (tables.wanted(each) ^ others.wanted(each))).any() for each in _OPPOSITE):
            return None
        confirmed = _confirmed((part, rest), domain, tables, budget, prover) and confirmed
        samples += (flow for _, _, _, flow in witness.sample(part, inside, SAMPLES))
    return Redundancy(policy=policy, selects=selects, confirmed=confirmed, samples=tuple(samples))


def _selected(encoding: Encoding, ref: PolicyRef, direction: Direction) -> int:
    """The points that the policy selects in a direction in which it acts."""
    tiers, classes = (
        (encoding.egress, encoding.sources)
        if direction is Direction.EGRESS
        else (encoding.ingress, encoding.destinations)
    )
    return _points(classes, _subjects(tiers, ref))


def _subjects(tiers: Iterable[GroundTier], ref: PolicyRef) -> int:
    found = 0
    for tier in tiers:
        for policy in (policy for chain in tier.chains for group in chain for policy in group):
            if policy.policy.ref == ref:
                found |= policy.subjects
    return found


def _points(classes: Classes, chosen: int) -> int:
    bits = 0
    for number in positions(chosen):
        bits |= classes.members[number]
    return bits


def _without(part: Slice, ref: PolicyRef) -> Slice:
    """The slice as if the policy were not there."""

    def kept(policies: tuple[SlicedPolicy, ...]) -> tuple[SlicedPolicy, ...]:
        return tuple(policy for policy in policies if policy.policy.ref != ref)

    def tier(sliced: SlicedTier) -> SlicedTier:
        chains = tuple(tuple(found for group in chain if (found := kept(group))) for chain in sliced.chains)
        return replace(sliced, chains=tuple(filter(None, chains)), isolating=kept(sliced.isolating))

    return replace(part, egress=tuple(map(tier, part.egress)), ingress=tuple(map(tier, part.ingress)))


def _confirmed(parts: Iterable[Slice], domain: Formula, tables: Verdicts, budget: Budget, prover: Prover) -> bool:
    """Whether Z3 finds in each slice exactly the table's flows; false where that is too much to be written out."""
    for wanted in _OPPOSITE:
        for part in parts:
            inside = everything(part) & region(part, domain)
            flows = _formula(part, inside & tables.wanted(wanted))
            if flows is None:
                return False
            for goal, also in ((wanted, Not(flows)), (_OPPOSITE[wanted], flows)):
                result = prover.run(search_script(part, All((domain, also)), goal).text, (), budget)
                if isinstance(result, GaveUp):
                    return False
                if isinstance(result, Model):
                    raise InternalError(
                        "Z3 finds a flow that the removal of a policy changes, the sets engine none; this is a bug of "
                        "reachproof, no verdict is given"
                    )
    return True


def _formula(part: Slice, table: Table) -> Formula | None:
    """The flows of a table as a formula, by equal rows; None where these are many."""
    rows: dict[bytes, list[int]] = {}
    for index in range(len(part.sources)):
        rows.setdefault(table[index].tobytes(), []).append(index)
    found: list[Formula] = []
    count = 0
    for members in rows.values():
        columns: dict[int, list[int]] = {}
        for other in range(len(part.destinations)):
            atoms = int.from_bytes(table[members[0], other].tobytes(), "little")
            if atoms:
                columns.setdefault(atoms, []).append(other)
        count += len(columns)
        if count > WRITTEN_OUT:
            return None
        targets = tuple(All((_at(part, Side.DESTINATION, cells), _ports(part, a))) for a, cells in columns.items())
        found.append(All((_at(part, Side.SOURCE, members), Some(targets))))
    return Some(tuple(found))


def _at(part: Slice, side: Side, cells: Iterable[int]) -> At:
    points = 0
    for cell in cells:
        points |= part.cells(side)[cell].points
    return At(side, Members(points))


def _ports(part: Slice, atoms: int) -> Some:
    return Some(tuple(InPorts(part.atoms[atom]) for atom in positions(atoms)))


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
