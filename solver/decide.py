"""Decides a goal: slice, sets engine, Z3, and the demand that the two agree.

    Found     a flow of the region is as wanted; the flow is the witness
    Absent    no flow is; `because` are the rules the proof rests on, `samples` flows for a third opinion
    Ranking   whether alternating quantifiers hold, with a flow that shows it where there is one
    Undecided the budget ended first

Disagreement of the engines is our bug: InternalError, never an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction, Policy, Rule
from reachproof.solver import witness
from reachproof.solver.bits import Flags
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.goal import Ranked, Search, Wanted
from reachproof.solver.ground import Encoding
from reachproof.solver.prove import GaveUp, Model, Prover, Refuted
from reachproof.solver.sets import Verdicts, verdicts
from reachproof.solver.slice import Slice, cut
from reachproof.solver.smt import ranked_script, search_script
from reachproof.solver.table import Table, everything, pairs_with, region

SAMPLES = 16
WRITTEN_OUT = 4000
_CERTAIN = {Wanted.CAN_ALLOW: Wanted.MUST_ALLOW, Wanted.CAN_DENY: Wanted.MUST_DENY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """A rule that a proof rests on, or (rule None) the isolation by a policy as a whole."""

    policy: Policy
    rule: Rule | None
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A flow, and what the engines say of it: whether some outcome allows it, and whether some outcome denies it."""

    flow: Flow
    can_allow: bool
    can_deny: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A flow of the region that is as wanted."""

    flow: Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """No flow of the region is as wanted. `empty`: the region has no flow at all."""

    because: tuple[Blame, ...] = ()
    samples: tuple[Sample, ...] = ()
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Whether a Ranked goal is true. `flow`: for a failed "every source", a flow of one that fails, if it has any;
    for a true "some source", a flow of one that succeeds. `source_cell_empty`: the failing source has no flow."""

    holds: bool
    flow: Flow | None = None
    samples: tuple[Sample, ...] = ()
    empty: bool = False
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Undecided:
    """The budget ended first; `reason` is fit for the user."""

    reason: str


SearchOutcome = Found | Absent | Undecided
RankedOutcome = Ranking | Undecided


def search(encoding: Encoding, goal: Search, budget: Budget, prover: Prover, *, explain: bool = True) -> SearchOutcome:
    """Decide whether a flow of the region is as wanted. `explain`: also find the rules an absence rests on."""
    try:
        part = cut(encoding, (goal.region,), budget)
        if not (part.sources and part.destinations and part.atoms):
            return Absent(empty=True)
        inside = everything(part) & region(part, goal.region)
        if not inside.any():
            return Absent(empty=True)
        tables = verdicts(part, budget)
    except OutOfBudget as over:
        return Undecided(str(over))
    hits = inside & tables.wanted(goal.wanted)
    script = search_script(part, goal.region, goal.wanted)
    result = prover.run(script.text, ("s", "d", "p"), budget)
    match result:
        case GaveUp(reason):
            return Undecided(reason)
        case Model(values):
            _demand(_bit(hits, values), "Z3 found a flow that the sets engine excludes")
            certain = hits & tables.wanted(_CERTAIN.get(goal.wanted, goal.wanted))
            flow = witness.best(part, certain) or witness.best(part, hits)
            if flow is None:
                raise InternalError("a flow was found only between a party and itself")
            return Found(flow=flow)
        case Refuted():
            _demand(not hits.any(), "the sets engine found a flow that Z3 excludes")
            because = _because(part, goal, budget, prover) if explain else ()
            return Absent(because=because, samples=samples(part, inside, tables))


def rank(encoding: Encoding, goal: Ranked, budget: Budget, prover: Prover) -> RankedOutcome:
    """Decide alternating quantifiers. `confirmed` is false when they were too many to be written out for Z3."""
    try:
        part = _told_apart(encoding, goal, budget)
        if not part.sources:
            return Ranking(holds=goal.every_source, empty=True)
        tables = verdicts(part, budget) if part.destinations and part.atoms else None
    except OutOfBudget as over:
        return Undecided(str(over))
    chosen = region(part, goal.sources)[:, 0, 0] != 0
    chosen = np.broadcast_to(chosen, (len(part.sources),))
    if not chosen.any():
        return Ranking(holds=goal.every_source, empty=True)
    if tables is None:
        return Ranking(holds=not chosen.any() if goal.every_source else False, empty=True)
    inside = everything(part) & region(part, goal.region)
    good = _sources_that_hold(goal, inside, tables.wanted(goal.wanted))
    holds = bool(good[chosen].all() if goal.every_source else good[chosen].any())
    confirmed = len(part.destinations) * len(part.atoms) <= WRITTEN_OUT
    if confirmed:
        result = prover.run(ranked_script(part, goal).text, ("s",), budget)
        if isinstance(result, GaveUp):
            return Undecided(result.reason)
        _demand(isinstance(result, Model) is (holds is not goal.every_source), "Z3 and the sets engine disagree")
    telling = chosen & (good if holds and not goal.every_source else ~good)
    shown = inside & (tables.wanted(goal.wanted) if holds else ~tables.wanted(goal.wanted))
    shown = np.where(telling[:, None, None], shown, np.uint64(0))
    flow = witness.best(part, shown) if holds is not goal.every_source else None
    return Ranking(holds=holds, flow=flow, samples=samples(part, inside, tables), confirmed=confirmed)


def _told_apart(encoding: Encoding, goal: Ranked, budget: Budget) -> Slice:
    """The slice in which a source that is alone in a destination cell has a cell of its own."""
    formulas = (goal.region, goal.sources)
    part = cut(encoding, formulas, budget)
    alone = {cell.party for cell in part.destinations if cell.party is not None}
    together = [cell for cell in part.sources if cell.party is None and not cell.external]
    if not alone or not together:
        return part
    singles = [points for party, points in encoding.universe.by_party.items() if party in alone]
    return cut(encoding, formulas, budget, singles=singles)


def _sources_that_hold(goal: Ranked, inside: Table, wanted: Table) -> Flags:
    """For each source cell whether the inner quantifiers hold."""
    exists = pairs_with(inside)
    ports = ~pairs_with(inside & ~wanted) if goal.every_port else pairs_with(inside & wanted)
    held: Flags = np.all(~exists | ports, axis=1) if goal.every_destination else np.any(exists & ports, axis=1)
    return held


def _because(part: Slice, goal: Search, budget: Budget, prover: Prover) -> tuple[Blame, ...]:
    """A minimal set of rules and isolations under which no flow is as wanted, whatever the other rules do."""
    script = search_script(part, goal.region, goal.wanted, tracked=True)
    core = prover.minimal_core(script.text, [each.literal for each in script.tracked], budget)
    if isinstance(core, GaveUp):
        return ()
    named = set(core.core)
    found = [
        Blame(policy=each.policy, rule=each.rule.rule if each.rule else None, direction=each.direction)
        for each in script.tracked
        if each.literal in named and each.policy is not None and each.policy.ref.kind
    ]
    return tuple(dict.fromkeys(found))


def samples(part: Slice, inside: Table, tables: Verdicts, limit: int = SAMPLES) -> tuple[Sample, ...]:
    """Flows of a region with the engines' verdicts: of every cell where these are few, else a seeded choice."""
    return tuple(
        Sample(
            flow=flow,
            can_allow=_bit(tables.can_allow, (source, destination, atom)),
            can_deny=_bit(tables.can_deny, (source, destination, atom)),
        )
        for source, destination, atom, flow in witness.sample(part, inside, limit)
    )


def _bit(table: Table, cell: tuple[int, ...]) -> bool:
    source, destination, atom = cell
    return bool(int(table[source, destination, atom >> 6]) >> (atom & 63) & 1)


def _demand(agreed: bool, complaint: str) -> None:
    if not agreed:
        raise InternalError(f"{complaint}; this is a bug of reachproof, no verdict is given")
