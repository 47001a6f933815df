"""The difference of two snapshots as flows: rows between ends, what caused each, and what the change comes to.

    row      = a pair of ends with a flow that is allowed more, or less, than before
    relation = equivalent, stricter, looser or incomparable, over all flows that both snapshots have

Both engines decide the relation and have to agree; the sets engine makes the rows. The evaluator judges flows of every
row in both snapshots, those that show the relation, and a sample of all. Disagreement raises InternalError.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reachproof.network.cluster import Notice
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.snapshot import Snapshot
from reachproof.queries.by import By
from reachproof.queries.diff_causes import MOST_JUDGED, Explainer, demand_judged, replayed
from reachproof.queries.diff_notices import uncompared, workload_ends
from reachproof.queries.diff_rows import Row, difference_rows
from reachproof.queries.one_cni import demand_one_cni
from reachproof.queries.policy_changes import PolicyChange, policy_changes
from reachproof.queries.report_ends import End, Grouping, grouping
from reachproof.queries.unknown_addresses import address_notices
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Trace
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.compare import Comparison, Differs, PairSample, compare, decide
from reachproof.solver.decide import Undecided
from reachproof.solver.goal import TRUE, Formula
from reachproof.solver.ground import Encoding
from reachproof.solver.joint import Difference
from reachproof.solver.pairing import pair
from reachproof.solver.prove import Prover


class Relation(StrEnum):
    """How a snapshot compares with an earlier one, over all flows of the endpoints that both have."""

    EQUIVALENT = "equivalent"
    STRICTER = "stricter"
    LOOSER = "looser"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A flow that differs, with its replayed traces."""

    before: Flow
    after: Flow
    traces: tuple[Trace, Trace]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The difference of two snapshots.

    `relation` is UNKNOWN where the budget ended first, with the `reason`; then there are no rows. `looser` shows that
    some flow is allowed more than before, `stricter` less. `new` and `lost` are workloads, bare pods and nodes that
    only one of the snapshots has. `compared` is how many kinds of flow nothing tells apart, `judged` how many flows the
    evaluator judged, in both snapshots. `solver_ms`: milliseconds.
    """

    before: Snapshot = field(repr=False)
    after: Snapshot = field(repr=False)
    by: By
    relation: Relation
    reason: str = ""
    rows: tuple[Row, ...] = ()
    new: tuple[End, ...] = ()
    lost: tuple[End, ...] = ()
    policies: tuple[PolicyChange, ...] = ()
    looser: Shown | None = None
    stricter: Shown | None = None
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    compared: int = 0
    judged: int = 0
    solver_ms: float = 0.0

    @property
    def differs(self) -> bool:
        """Whether there is a row, or an endpoint that only one of the snapshots has."""
        return bool(self.rows or self.new or self.lost)


def difference(
    before: Encoding, after: Encoding, budget: Budget, prover: Prover, *, by: By = By.WORKLOAD, region: Formula = TRUE
) -> Diff:
    """What is different in `after`, of the flows of a region, a formula over it.

    Raises InputError where `cni: auto` found two implementations. Cost: that of both snapshots' whole tables, a proof
    in either direction, and evaluations of flows of each row.
    """
    demand_one_cni(before.snapshot, after.snapshot)
    started = time.perf_counter()
    running = budget.start()
    pairing = pair(before.snapshot, after.snapshot)
    found = Diff(
        before=before.snapshot,
        after=after.snapshot,
        by=by,
        relation=Relation.UNKNOWN,
        new=workload_ends(pairing.new),
        lost=workload_ends(pairing.lost),
        policies=policy_changes(before.snapshot, after.snapshot),
        assumptions=tuple(dict.fromkeys(_assumptions(before, after, region))),
        warnings=tuple(dict.fromkeys((*before.snapshot.warnings, *after.snapshot.warnings))),
    )
    try:
        comparisons = compare((before, after), pairing, region, running)
        notices = (*found.assumptions, *uncompared(comparisons, pairing))
        groups = grouping(after.universe, by, nodes=False)
        found = replace(found, assumptions=tuple(dict.fromkeys(notices)))
        found = _filled(found, comparisons, groups, running, prover)
    except OutOfBudget as over:
        found = replace(found, reason=str(over))
    return replace(found, solver_ms=round((time.perf_counter() - started) * 1000, 3))


def _filled(found: Diff, comparisons: Sequence[Comparison], groups: Grouping, budget: Budget, prover: Prover) -> Diff:
    """With relation, witnesses and rows; a reason where the provers run out of their budget. Raises OutOfBudget."""
    shown: dict[Difference, Shown | None] = {}
    for way in (Difference.LOOSER, Difference.STRICTER):
        shown[way] = None
        for comparison in comparisons:
            decision = decide(comparison, way, budget, prover)
            if isinstance(decision, Undecided):
                return replace(found, reason=decision.reason)
            if isinstance(decision, Differs) and shown[way] is None:
                shown[way] = show(comparison, decision.sample)
    samples = [(each, sample) for each in comparisons for sample in each.samples(each.inside)]
    for comparison, sample in samples:
        judge(comparison, sample)
    explainer = Explainer(comparisons, {each.policy: each.edit for each in found.policies})
    rows = difference_rows(comparisons, groups, explainer, budget)
    if explainer.left_out:
        text = (
            f"there are many rows: causes were looked for in {MOST_JUDGED} kinds of flow only, and some rows have none"
        )
        found = replace(found, warnings=(*found.warnings, Notice(code="CAUSES_LEFT_OUT", text=text)))
    looser, stricter = shown[Difference.LOOSER], shown[Difference.STRICTER]
    if bool(rows) is not bool(looser or stricter):
        raise InternalError("the rows of a difference and its proof disagree; this is a bug of reachproof")
    return replace(
        found,
        relation=_relation(looser, stricter),
        rows=rows,
        looser=looser,
        stricter=stricter,
        compared=sum(each.kinds for each in comparisons),
        judged=len(samples) + explainer.judged,
    )


def _relation(looser: Shown | None, stricter: Shown | None) -> Relation:
    if looser and stricter:
        return Relation.INCOMPARABLE
    return Relation.LOOSER if looser else Relation.STRICTER if stricter else Relation.EQUIVALENT


def _assumptions(before: Encoding, after: Encoding, region: Formula) -> Iterator[Notice]:
    yield from before.snapshot.assumptions
    yield from after.snapshot.assumptions
    yield from address_notices(before.universe, TRUE)
    yield from address_notices(after.universe, region)


def show(comparison: Comparison, sample: PairSample) -> Shown:
    """A flow that differs, replayed. InternalError where the evaluator does not find it different."""
    return Shown(before=sample.flows.before, after=sample.flows.after, traces=replayed(comparison, sample))


def judge(comparison: Comparison, sample: PairSample) -> None:
    """InternalError unless the evaluator says what the engines say of a flow, in both snapshots."""
    before, after = comparison.snapshots
    demand_judged(sample, truth(before, sample.flows.before), truth(after, sample.flows.after))
