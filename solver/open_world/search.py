"""Decides a search whose flows may have possible pods at their ends: the closed world first, then the open one.

What pods of the snapshot show needs no invention, and both engines agree on it. What is left, flows with at least one
possible pod, is decided by Z3; a flow found is shown with the fewest inventions, in a snapshot where they exist.
"""

from __future__ import annotations

from dataclasses import replace

from reachproof.network.errors import InternalError
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Absent, Found, SearchOutcome, Undecided, blames, search
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import Search
from reachproof.solver.open_world.concretize import picture, with_invented
from reachproof.solver.open_world.label_domains import NotModelledError
from reachproof.solver.open_world.open_encoding import open_script
from reachproof.solver.open_world.random_testing import attempts, holds
from reachproof.solver.open_world.scope import scope
from reachproof.solver.open_world.variables import Variables, layout
from reachproof.solver.z3_backend import GaveUp, Model, Prover, Refuted


def search_open(encoding: Encoding, goal: Search, budget: Budget, prover: Prover) -> SearchOutcome:
    """Decide whether a flow of the region is as wanted, possible pods included."""
    closed = search(encoding, goal, budget, prover)
    if not isinstance(closed, Absent):
        return closed
    found = scope(encoding.snapshot, encoding.universe, goal.region)
    if found is None:
        return closed
    try:
        plan = layout(found)
    except NotModelledError as limit:
        return Undecided(str(limit), for_good=True)
    if not plan.atoms:
        return closed
    script = open_script(plan, goal.wanted)
    result = prover.fewest(script.script.text, script.invented, script.variables, budget)
    match result:
        case GaveUp(reason):
            return Undecided(reason)
        case Model(values):
            return _shown(plan, dict(zip(script.variables, values, strict=True)))
        case Refuted():
            return _proved(plan, goal, closed, budget, prover)


def _shown(plan: Variables, values: dict[str, int]) -> Found:
    shown = picture(plan, values)
    if shown is None or not holds(plan, values, shown):
        raise InternalError("Z3 found a possible pod that the question is not about; this is a bug of reachproof")
    return Found(flow=shown.flow, snapshot=with_invented(plan.scope.snapshot, shown.pods, shown.namespaces))


def _proved(plan: Variables, goal: Search, closed: Absent, budget: Budget, prover: Prover) -> SearchOutcome:
    exists = prover.run(open_script(plan, None).script.text, (), budget)
    if isinstance(exists, GaveUp):
        return Undecided(exists.reason)
    if isinstance(exists, Refuted):
        return closed
    because = blames(open_script(plan, goal.wanted, tracked=True).script, budget, prover)
    imagined, flows = attempts(plan)
    return replace(
        closed,
        because=tuple(dict.fromkeys((*closed.because, *because))),
        attempts=flows,
        imagined=imagined,
        empty=False,
    )
