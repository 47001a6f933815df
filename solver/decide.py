"""Decides a goal: slice, sets engine, Z3, and the demand that the two agree.

    Found     a flow of the region is as wanted; the flow is the witness
    Absent    no flow is; `because` are the rules the proof rests on, `samples` flows for a third opinion
    Ranking   whether alternating quantifiers hold, with a flow that shows it where there is one
    Undecided the budget ended first

Disagreement of the engines is our bug: InternalError, never an outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

import numpy as np

from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.solver import witness
from reachproof.solver.bitset import Flags
from reachproof.solver.bitset_engine import verdicts
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.encoding import Encoding
from reachproof.solver.ends import Pairs, apart, ends
from reachproof.solver.goal import Ranked, Search, Side, Wanted
from reachproof.solver.slice import Slice, cut
from reachproof.solver.smt_encoding import Script, ranked_script, search_script
from reachproof.solver.table import Table, everything, one_family, pairs_with, region
from reachproof.solver.witness import SpotCheck, bit, samples
from reachproof.solver.z3_backend import GaveUp, Model, Prover, Refuted, Result

WRITTEN_OUT = 4000
_CERTAIN = {Wanted.CAN_ALLOW: Wanted.MUST_ALLOW, Wanted.CAN_DENY: Wanted.MUST_DENY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """A rule that a proof rests on, or (rule None) the isolation by a policy as a whole."""

    policy: Policy
    rule: Rule | None
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A flow of the region that is as wanted. `snapshot`: where its invented pods exist, if it has any."""

    flow: Flow
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """No flow of the region is as wanted. `empty`: the region has no flow at all.

    `attempts`: flows of the region with pods that are invented; these exist in `imagined`.
    """

    because: tuple[Blame, ...] = ()
    samples: tuple[SpotCheck, ...] = ()
    attempts: tuple[Flow, ...] = ()
    imagined: Snapshot | None = None
    empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """True if a Ranked goal is true. `flow`: for a failed "every source", a flow of one that fails, if it has any;
    for a true "some source", a flow of one that succeeds. `empty`: the region has no flow."""

    holds: bool
    flow: Flow | None = None
    samples: tuple[SpotCheck, ...] = ()
    empty: bool = False
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Undecided:
    """The budget ended first; `reason` is fit for the user. `for_good`: no budget would do, as it is not modelled."""

    reason: str
    for_good: bool = False


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
    if explain and not hits.any():  # the proof with every rule tracked is the proof, and needs no second one
        tracked = search_script(part, goal.region, goal.wanted, tracked=True)
        core = _core(tracked, budget, prover)
        demand(not isinstance(core, Model), "Z3 found a flow that the sets engine excludes")
        if isinstance(core, Refuted):
            return Absent(because=_because(tracked, core), samples=samples(part, inside, tables))
    script = search_script(part, goal.region, goal.wanted)
    result = prover.run(script.text, ("s", "d", "p"), budget)
    match result:
        case GaveUp(reason):
            return Undecided(reason)
        case Model(values):
            demand(bit(hits, values), "Z3 found a flow that the sets engine excludes")
            certain = hits & tables.wanted(_CERTAIN.get(goal.wanted, goal.wanted))
            flow = witness.best(part, certain) or witness.best(part, hits)
            if flow is None:
                raise InternalError("a flow was found only between a party and itself")
            return Found(flow=flow)
        case Refuted():
            demand(not hits.any(), "the sets engine found a flow that Z3 excludes")
            return Absent(samples=samples(part, inside, tables))


def rank(encoding: Encoding, goal: Ranked, budget: Budget, prover: Prover) -> RankedOutcome:
    """Decide alternating quantifiers. `confirmed` is false when they were too many to be written out for Z3."""
    try:
        part = cut(encoding, (goal.region, goal.sources), budget)
        meant = np.broadcast_to((region(part, goal.sources) != 0).any(axis=(1, 2)), (len(part.sources),))
        destinations = ends(part, Side.DESTINATION, range(len(part.destinations)))
        alone = {each.party for each in destinations if each.party is not None}
        sources = ends(part, Side.SOURCE, np.flatnonzero(meant).tolist(), apart=alone)
        if not sources:
            return Ranking(holds=goal.every_source, empty=True, confirmed=False)
        if not destinations or not part.atoms:
            return Ranking(holds=goal.every_source and goal.every_destination, empty=True, confirmed=False)
        tables = verdicts(part, budget)
    except OutOfBudget as over:
        return Undecided(str(over))
    wanted = tables.wanted(goal.wanted)
    inside = one_family(part) & region(part, goal.region)
    pairs = Pairs(sources=sources, destinations=destinations, none=apart(sources, destinations))
    good, exists = _sources_that_hold(goal, pairs, inside, wanted)
    holds = bool(good.all() if goal.every_source else good.any())
    confirmed = pairs.size * len(part.atoms) <= WRITTEN_OUT
    if confirmed:
        result = prover.run(ranked_script(part, goal, pairs).text, (), budget)
        if isinstance(result, GaveUp):
            return Undecided(result.reason)
        demand(isinstance(result, Model) is (holds is not goal.every_source), "Z3 and the sets engine disagree")
    flow = None
    if holds is not goal.every_source:
        flow = _shown(part, pairs, good == holds, inside & (wanted if holds else ~wanted))
    shown = samples(part, everything(part) & inside, tables)
    return Ranking(holds=holds, flow=flow, samples=shown, empty=not exists, confirmed=confirmed and exists)


def _sources_that_hold(goal: Ranked, pairs: Pairs, inside: Table, wanted: Table) -> tuple[Flags, bool]:
    """For each source whether the inner quantifiers hold, and whether there is any flow."""
    some = pairs.united(inside)
    some[pairs.none] = 0
    bad = pairs.united(inside & ~wanted)
    exists = pairs_with(some)
    ports = exists & ~pairs_with(bad) if goal.every_port else pairs_with(some & ~bad)
    held: Flags = np.all(~exists | ports, axis=1) if goal.every_destination else np.any(ports, axis=1)
    if not goal.every_source:
        held &= exists.any(axis=1)
    return held, bool(exists.any())


def _shown(part: Slice, pairs: Pairs, telling: Flags, flows: Table) -> Flow | None:
    """The most telling of these flows from the sources that tell; None where these have none."""
    chosen = [each for each, tells in zip(pairs.sources, telling.tolist(), strict=True) if tells]
    points = reduce(or_, (each.points for each in chosen), 0)
    rows = np.zeros(len(part.sources), dtype=np.bool_)
    rows[[cell for each in chosen for cell in each.cells]] = True
    only = replace(part, sources=tuple(replace(cell, points=cell.points & points) for cell in part.sources))
    return witness.best(only, np.where(rows[:, None, None], everything(part) & flows, np.uint64(0)))


def blames(script: Script, budget: Budget, prover: Prover) -> tuple[Blame, ...]:
    """The unsatisfiable core of a tracked script: a minimal set of rules and isolations that suffice, in its order.

    Whatever the other rules do, the script stays unsatisfiable. Nothing where the budget ends first.
    """
    core = _core(script, budget, prover)
    demand(not isinstance(core, Model), "a script was unsatisfiable, but it is not under all of its own assumptions")
    return _because(script, core) if isinstance(core, Refuted) else ()


def _core(script: Script, budget: Budget, prover: Prover) -> Result:
    return prover.minimal_core(script.text, [each.literal for each in script.tracked], budget)


def _because(script: Script, core: Refuted) -> tuple[Blame, ...]:
    named = set(core.core)
    found = [
        Blame(policy=each.policy, rule=each.rule, direction=each.direction)
        for each in script.tracked
        if each.literal in named and each.policy.ref.kind
    ]
    return tuple(dict.fromkeys(found))


def demand(agreed: bool, complaint: str) -> None:
    """Raise InternalError with the complaint unless the engines agree."""
    if not agreed:
        raise InternalError(f"{complaint}; this is a bug of reachproof, no verdict is given")
