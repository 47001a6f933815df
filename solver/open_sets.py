"""The sets engine for flows that both snapshots leave open: which of them may come to another end than before.

    touched   = flows that meet a rule, or an isolation, of one snapshot only
    kind      = what a flow meets in either snapshot, rule by rule
    pairs     = the ends (before, after) that a kind comes to, over all ways to make the choices

A flow that is not touched meets the same in both, so the same choices make the same of it. Of the others each kind is
worked out once, by making the choices one after the other as they are met.

Trusted: nothing by itself. Checked by Z3 on every comparison, and by tests/agreement/test_pairs.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray

from reachproof.network.policy import Action, Direction
from reachproof.network.tier import all_rules
from reachproof.solver.bitset import positions
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.choices import (
    OWN_NODE,
    Key,
    OpenGroup,
    OpenProgram,
    OpenRule,
    OpenTier,
    Programs,
    is_of_old_kinds,
    one_action,
    order_of_kinds,
    same_patches,
)
from reachproof.solver.slice import Patch, isolated_subjects
from reachproof.solver.table import FULL, Table, words

_MOST_FLOWS = 4_000_000
_MOST_WAYS = 50_000
Cells = NDArray[np.intp]
Ends = frozenset[tuple[bool, bool]]
"""True if a flow is allowed before and after, in each way to make the choices."""


def may_differ(programs: Programs, open_: Table, budget: Budget) -> tuple[Table, Table]:
    """Of flows that are open in both, those that may be allowed now and denied before; and the other way round.

    Raises OutOfBudget. Cost: the area of what differs, and the kinds of flow there.
    """
    gained, lost = np.zeros_like(open_), np.zeros_like(open_)
    if not open_.any():
        return gained, lost
    egress = touched(*programs[Direction.EGRESS], open_.shape)
    turned = open_.shape[1], open_.shape[0], open_.shape[2]
    ingress = touched(*programs[Direction.INGRESS], turned).transpose(1, 0, 2)
    flows = _flows(open_ & (egress | ingress))
    if len(flows[0]) > _MOST_FLOWS:
        raise OutOfBudget(f"more than {_MOST_FLOWS} kinds of flow are left open in both snapshots")
    if not len(flows[0]):
        return gained, lost
    sources, destinations, atoms = flows
    sides = (
        _kinds(programs[Direction.EGRESS], (sources, destinations, atoms), budget),
        _kinds(programs[Direction.INGRESS], (destinations, sources, atoms), budget),
    )
    pairs, places = np.unique(np.stack([sides[0].number, sides[1].number], axis=1), axis=0, return_inverse=True)
    ways = [_both(sides[0].ends[one], sides[1].ends[other]) for one, other in pairs.tolist()]
    for table, end in ((gained, (False, True)), (lost, (True, False))):
        told = np.array([end in each for each in ways], dtype=np.bool_)[places.reshape(-1)]
        bits = np.left_shift(np.uint64(1), (atoms[told] & 63).astype(np.uint64))
        np.bitwise_or.at(table, (sources[told], destinations[told], atoms[told] >> 6), bits)
    return gained, lost


def _flows(table: Table) -> tuple[Cells, Cells, Cells]:
    """The source cell, destination cell and atom of each flow of a table."""
    found: list[tuple[Cells, Cells, Cells]] = []
    sources, destinations, at = np.nonzero(table)
    held = table[sources, destinations, at]
    for bit in range(64) if len(held) else ():
        some = np.flatnonzero(held >> np.uint64(bit) & np.uint64(1))
        if len(some):
            found.append((sources[some], destinations[some], at[some] * 64 + bit))
    empty = np.zeros(0, dtype=np.intp)
    return (
        np.concatenate([each[0] for each in found] or [empty]),
        np.concatenate([each[1] for each in found] or [empty]),
        np.concatenate([each[2] for each in found] or [empty]),
    )


# ---------------------------------------------------------------- what is not the same in both


def touched(before: OpenProgram, after: OpenProgram, shape: tuple[int, ...]) -> Table:
    """Flows that meet a rule, an isolation or a tie of one snapshot only. Shape (subjects, peers, words)."""
    table = np.zeros(shape, dtype=np.uint64)
    rules = [{rule.ident: rule for tier in program for rule in all_rules(tier)} for program in (before, after)]
    for ident in dict.fromkeys((*rules[0], *rules[1])):
        one, other = (each.get(ident) for each in rules)
        if one is None or other is None or one.literal != other.literal:
            _mark(table, *(rule for rule in (one, other) if rule is not None))
        else:
            for left, right in ((one.certain, other.certain), (one.possible, other.possible)):
                if not same_patches(left, right):
                    table |= _drawn(left, shape) ^ _drawn(right, shape)
    _mark_isolation(table, before, after)
    _mark_ties(table, before, after)
    return table


def _mark(table: Table, *rules: OpenRule) -> None:
    for rule in rules:
        for patch in (*rule.certain, *rule.possible):
            table[patch.subjects[:, None], patch.peers] |= words(patch.atoms, table.shape[2])


def _drawn(patches: Iterable[Patch], shape: tuple[int, ...]) -> Table:
    table = np.zeros(shape, dtype=np.uint64)
    for patch in patches:
        table[patch.subjects[:, None], patch.peers] |= words(patch.atoms, shape[2])
    return table


def _mark_isolation(table: Table, before: OpenProgram, after: OpenProgram) -> None:
    """Whatever a subject meets that is isolated in a tier of one snapshot only."""
    isolated: list[dict[Key, set[int]]] = []
    for program in (before, after):
        found: dict[Key, set[int]] = defaultdict(set)
        for tier in program:
            # Tiers of one name are told apart by their rules.
            found[tier.name, *(rule.ident for rule in tier.isolation)].update(isolated_subjects(tier).tolist())
        isolated.append(found)
    for key in dict.fromkeys((*isolated[0], *isolated[1])):
        rows = isolated[0].get(key, set()) ^ isolated[1].get(key, set())
        table[sorted(rows)] = FULL


def _mark_ties(table: Table, before: OpenProgram, after: OpenProgram) -> None:
    """Whatever meets policies that are tied with others than in the other snapshot."""
    ties = [
        {
            frozenset(policy.key for policy in group): group
            for tier in program
            for group in tier.groups
            if not one_action(group)
        }
        for program in (before, after)
    ]
    for members in ties[0].keys() ^ ties[1].keys():
        for each in ties:
            for policy in each.get(members, ()):
                _mark(table, *policy.rules)


# ---------------------------------------------------------------- kinds of flow


@dataclass(frozen=True, slots=True)
class _Kinds:
    """The number of the kind of each flow, and by number its ends where the ends are on two nodes, and on one."""

    number: Cells
    ends: list[tuple[Ends, Ends]]


def _kinds(programs: tuple[OpenProgram, OpenProgram], flows: tuple[Cells, Cells, Cells], budget: Budget) -> _Kinds:
    columns: list[NDArray[np.int8]] = []
    met: dict[int, int] = {}
    for program in programs:
        for tier in program:
            budget.check()
            for thing, column in _columns(tier, flows):
                if column.any():
                    met[thing] = len(columns)
                    columns.append(column)
    if not columns:
        alike = _ends(programs, {}, ())
        return _Kinds(np.zeros(len(flows[0]), dtype=np.intp), [alike])
    rows, number = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    ends = []
    for row in rows.tolist():
        budget.check()
        ends.append(_ends(programs, met, row))
    return _Kinds(number.reshape(-1), ends)


def _columns(tier: OpenTier, flows: tuple[Cells, Cells, Cells]) -> Iterator[tuple[int, NDArray[np.int8]]]:
    """For the tier whether each flow is isolated; for each rule whether it matches (2), may match (1), or not."""
    yield id(tier), np.isin(flows[0], isolated_subjects(tier)).astype(np.int8)
    for rule in all_rules(tier):
        column = np.zeros(len(flows[0]), dtype=np.int8)
        for patches, value in ((rule.possible, 1), (rule.certain, 2)):
            for patch in patches:
                column[_inside(patch, flows)] = value
        yield id(rule), column


def _inside(patch: Patch, flows: tuple[Cells, Cells, Cells]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.isin(flows[0], patch.subjects) & np.isin(flows[1], patch.peers)
    atoms = np.array(list(positions(patch.atoms)), dtype=np.intp)
    return found & np.isin(flows[2], atoms)


def _ends(programs: tuple[OpenProgram, OpenProgram], met: dict[int, int], row: Sequence[int]) -> tuple[Ends, Ends]:
    on_two, on_one = (frozenset(_ways(programs, met, row, own_node=own)) for own in (False, True))
    return on_two, on_one


def _both(one: tuple[Ends, Ends], other: tuple[Ends, Ends]) -> Ends:
    """The ends of flows from what egress and ingress come to: allowed where both allow."""
    return reduce(
        or_,
        (
            frozenset((a[0] and b[0], a[1] and b[1]) for a in ones for b in others)
            for ones, others in zip(one, other, strict=True)
        ),
    )


# ---------------------------------------------------------------- making the choices


class _AskError(Exception):
    """A choice that has not been made yet, and what may be chosen."""

    def __init__(self, key: Key, values: Sequence[object]) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def _ways(
    programs: tuple[OpenProgram, OpenProgram], met: dict[int, int], row: Sequence[int], *, own_node: bool
) -> Iterator[tuple[bool, bool]]:
    waiting: list[dict[Key, object]] = [{OWN_NODE: own_node}]
    for _ in range(_MOST_WAYS):
        if not waiting:
            return
        made = waiting.pop()
        try:
            run = _Run(met, row, made)
            yield run.allowed(programs[0], 0), run.allowed(programs[1], 1)
        except _AskError as ask:
            waiting += [{**made, ask.key: value} for value in ask.values]
    raise OutOfBudget("a flow depends on too many things that are left open")


@dataclass
class _Run:
    """One flow with the choices that have been `made`; `ties`: the policies that stood against each other, and won."""

    met: dict[int, int]
    row: Sequence[int]
    made: dict[Key, object]
    ties: list[tuple[frozenset[Key], Key]] = field(default_factory=list)

    def allowed(self, program: OpenProgram, side: int) -> bool:
        for tier in program:
            action = self._tier(tier, side)
            if action in (Action.ALLOW, Action.DENY):
                return action is Action.ALLOW
        return True

    def _tier(self, tier: OpenTier, side: int) -> Action | None:
        each = [(is_of_old_kinds(chain), self._chain(chain, side)) for chain in tier.chains]
        found = {old: action for old, action in each if action is not None}
        if len(set(found.values())) > 1:
            return found[bool(self._choice(order_of_kinds(tier), (False, True)))]
        if found:
            return next(iter(found.values()))
        return self._first(tier.isolation) if self._value(id(tier)) else None

    def _chain(self, chain: tuple[OpenGroup, ...], side: int) -> Action | None:
        for group in chain:
            action = self._group(group, side)
            if action is not None:
                return action
        return None

    def _group(self, group: OpenGroup, side: int) -> Action | None:
        if one_action(group):
            return self._first(rule for policy in group for rule in policy.rules)
        found = {policy.key: action for policy in group if (action := self._first(policy.rules)) is not None}
        if len(set(found.values())) <= 1:
            return next(iter(found.values()), None)
        against = frozenset(found)
        winners = [
            key for key in found if all(key == won or not {key, won} <= others & against for others, won in self.ties)
        ]
        winner = self._choice(("winner", side, *sorted(map(repr, against))), winners)
        self.ties.append((against, winner))  # type: ignore[arg-type]
        return found[winner]  # type: ignore[index]

    def _first(self, rules: Iterable[OpenRule]) -> Action | None:
        for rule in rules:
            value = self._value(id(rule))
            if value == 2 or (value and self._choice(rule.literal.key, (False, True)) is rule.literal.wish):
                return rule.action
        return None

    def _value(self, thing: int) -> int:
        return self.row[self.met[thing]] if thing in self.met else 0

    def _choice(self, key: Key, values: Sequence[object]) -> object:
        if key not in self.made:
            raise _AskError(key, values)
        return self.made[key]
