"""`explain --truth-table`: from each pod to each pod (or workload, or namespace) whether it is allowed, in one word.

The sets engine decides the table; the evaluator judges samples of it, and disagreement raises InternalError.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from reachproof.documents.answer import Row
from reachproof.documents.words import Verdict
from reachproof.grammar.ast import Group
from reachproof.grammar.format import format_ports
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import DEFAULT_BUDGET, Session
from reachproof.queries.bind_sets import Binder, Groups
from reachproof.queries.explain import bind_pair, draft_of
from reachproof.queries.replay import spot_check
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.goal import All, At, Members, Side
from reachproof.solver.reachability_matrix import Allowed, matrix, reachability

COLUMNS = ("from", "to", "port", "access")


class Access(StrEnum):
    """The access of one group to another: what is true of the flows between them.

    ALLOWED, DENIED: of each of them, for certain. DEPENDS: at least one has both outcomes. SOME: neither of these, so
    that some are allowed and some are denied.
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"
    SOME = "some"


def _access(allowed: Allowed, denied: IntervalSet) -> Access | None:
    """The word for what is true between two groups; None where there is no flow."""
    if allowed.open:
        return Access.DEPENDS
    if allowed:
        return Access.SOME if denied else Access.ALLOWED
    return Access.DENIED if denied else None


def truth_table(
    session: Session,
    ports: str,
    *,
    source: str = "pods",
    destination: str = "pods",
    by: Group = Group.POD,
    budget: Budget = DEFAULT_BUDGET,
) -> Answer:
    """A row for each pair of pods of the two sets, or of groups of them, between which there is a flow.

    `access` is `allowed` or `denied` where all flows between the two are, `depends` where one of them has both
    outcomes, else `some`. Raises InputError as `explain` does. Cost: the square of the number of pods or groups.
    """
    started = time.perf_counter()
    asked = bind_pair(session, source, destination, ports, outside=False)
    session = asked.session
    universe = session.encoding.universe
    pods = Members(universe.pods)
    between = All((At(Side.SOURCE, pods), At(Side.DESTINATION, pods)))
    asked = replace(asked, region=All((asked.region, between)))
    names = Binder(universe).group_names(by)
    draft = replace(draft_of(session, asked), query=f"{asked.query} by {by}", columns=COLUMNS)
    draft = replace(draft, normalized=f"truth table of {draft.normalized.removeprefix('explain ')} by {by}")
    try:
        running = budget.start()
        flows = reachability(session.encoding, asked.region, running, certain=asked.certain)
        pairs = matrix(flows, names.numbers, running, _access).pairs(running)
        rows = tuple(_rows(session.snapshot, pairs, names, format_ports(asked.pair.ports), by))
    except OutOfBudget as over:
        return replace(draft, columns=()).unknown(over)
    samples = flows.sampled.samples
    spot_check(session.snapshot, samples)
    draft = draft.timed(started).checked(replayed=bool(samples), cross_checked=False)
    return replace(
        draft,
        verdict=Verdict.LISTED,
        vacuous=not rows,
        rows=rows,
    ).with_evidence(total_ms=draft.evidence.solver_ms)


def _rows(
    snapshot: Snapshot, pairs: Iterable[tuple[int, int, Access | None]], names: Groups, port: str, by: Group
) -> list[Row]:
    """The rows in order of the names. Between two pods "some" can only be a matter of addresses."""
    abstract = {str(pod) for pod in snapshot.pods if pod.abstract} if by is Group.POD else set()
    rows: list[Row] = []
    for first, second, access in pairs:
        source, destination = names.names[first], names.names[second]
        if access is Access.SOME and not abstract.isdisjoint((source, destination)):
            access = Access.DEPENDS
        rows.append({"from": source, "to": destination, "port": port, "access": str(access)})
    return rows
