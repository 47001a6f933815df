"""The difference of two snapshots as flows: rows between ends, what caused each, and what the change comes to.

    row          = a pair of ends with a flow that is allowed more, or less, than before
    undetermined = a difference of policies, or of what flows rest on, of which it is not known what it changes
    relation     = equivalent, stricter, looser, incomparable or undetermined, over all flows that some snapshot has

A flow of an endpoint that only one snapshot has counts as denied in the other.

Both engines decide the relation and have to agree; the sets engine makes the rows. The evaluator judges flows of every
row in both snapshots, those that show the relation, and a sample of all. Disagreement raises InternalError.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reachproof.documents.diff import Undetermined
from reachproof.documents.words import By, Relation
from reachproof.network.cluster import Notice
from reachproof.network.errors import InternalError
from reachproof.network.flow import Flow
from reachproof.network.snapshot import Snapshot
from reachproof.queries.diff_causes import MOST_JUDGED, Explainer, Traces, demand_judged, replayed
from reachproof.queries.diff_rows import DiffRow, difference_rows
from reachproof.queries.document_parts import origin_part, policy_part
from reachproof.queries.input_changes import (
    PolicyChange,
    demand_same_engine,
    policy_changes,
    relevant_changes,
    uncompared,
    workload_ends,
)
from reachproof.queries.input_gaps import address_notices
from reachproof.queries.report_nodes import End, Grouping, grouping
from reachproof.semantics.evaluate import truth
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.compare import Comparison, Differs, PairSpotCheck, compare, decide
from reachproof.solver.decide import Undecided
from reachproof.solver.encoding import Encoding
from reachproof.solver.endpoint_matching import pair
from reachproof.solver.goal import TRUE, Formula
from reachproof.solver.joint_slices import Difference
from reachproof.solver.z3_backend import Prover


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedShift:
    """A flow that differs, with its replayed traces; None in a snapshot that does not have it."""

    before: Flow | None
    after: Flow | None
    traces: Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """The difference of two snapshots.

    `relation` is UNKNOWN where the budget ended first, with the `reason`; then there are no rows. `looser` shows that
    some flow is allowed more than before, `stricter` less, `open` one of which that is not known. `new` and `lost` are
    workloads, bare pods and nodes that only one of the snapshots has. `undetermined` are differences of which it is not
    known what they change. `compared` is how many kinds of flow nothing tells apart, `judged` how many flows the
    evaluator judged, in both snapshots. `solver_ms`: milliseconds.
    """

    before: Snapshot = field(repr=False)
    after: Snapshot = field(repr=False)
    by: By
    relation: Relation
    reason: str = ""
    rows: tuple[DiffRow, ...] = ()
    new: tuple[End, ...] = ()
    lost: tuple[End, ...] = ()
    policies: tuple[PolicyChange, ...] = ()
    looser: ReplayedShift | None = None
    stricter: ReplayedShift | None = None
    undetermined: tuple[Undetermined, ...] = ()
    open: ReplayedShift | None = None
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    compared: int = 0
    judged: int = 0
    solver_ms: float = 0.0

    @property
    def differs(self) -> bool:
        """True if there is a row, or an endpoint that only one of the snapshots has."""
        return bool(self.rows or self.new or self.lost)


def difference(
    before: Encoding,
    after: Encoding,
    budget: Budget,
    prover: Prover,
    *,
    by: By = By.WORKLOAD,
    region: Formula = TRUE,
    earlier: Formula = TRUE,
) -> Diff:
    """Differences of `after`, of the flows of a region, a formula over it.

    `earlier`: the region of flows that only `before` has, a formula over that.

    Raises InputError where `cni: auto` found two implementations. Cost: that of both snapshots' whole tables, a proof
    in either direction, and evaluations of flows of each row.
    """
    demand_same_engine(before.snapshot, after.snapshot)
    started = time.perf_counter()
    running = budget.start()
    pairing = pair(before.snapshot, after.snapshot)
    changes = policy_changes(before.snapshot, after.snapshot)
    found = Diff(
        before=before.snapshot,
        after=after.snapshot,
        by=by,
        relation=Relation.UNKNOWN,
        new=workload_ends(pairing.new),
        lost=workload_ends(pairing.lost),
        policies=changes,
        assumptions=tuple(dict.fromkeys(_assumptions(before, after, region))),
        warnings=tuple(dict.fromkeys((*before.snapshot.warnings, *after.snapshot.warnings))),
    )
    try:
        comparisons = compare((before, after), pairing, region, running, earlier=earlier)
        notices = (*found.assumptions, *uncompared(comparisons, pairing))
        groups = grouping(before.universe, by, nodes=False), grouping(after.universe, by, nodes=False)
        found = replace(found, assumptions=tuple(dict.fromkeys(notices)))
        doubtful = relevant_changes(changes, (before, after), (earlier, region))
        found = _filled(found, comparisons, groups, doubtful, Effort(budget=running, prover=prover))
    except OutOfBudget as over:
        found = replace(found, reason=str(over))
    return replace(found, solver_ms=round((time.perf_counter() - started) * 1000, 3))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The budget and the prover of a comparison."""

    budget: Budget
    prover: Prover


def _filled(
    found: Diff,
    comparisons: Sequence[Comparison],
    groups: tuple[Grouping, Grouping],
    doubtful: Sequence[PolicyChange],
    effort: Effort,
) -> Diff:
    """With relation, witnesses and rows; a reason where the provers run out of their budget. Raises OutOfBudget."""
    shown: dict[Difference, ReplayedShift | None] = {}
    for way in Difference:
        shown[way] = None
        for comparison in comparisons:
            decision = decide(comparison, way, effort.budget, effort.prover)
            if isinstance(decision, Undecided):
                return replace(found, reason=decision.reason)
            if isinstance(decision, Differs) and shown[way] is None:
                shown[way] = show(comparison, decision.sample)
    samples = [(each, sample) for each in comparisons for sample in each.samples(each.inside)]
    for comparison, sample in samples:
        judge(comparison, sample)
    explainer = Explainer(comparisons, {policy_part(each.policy): each.edit for each in found.policies})
    rows = difference_rows(comparisons, groups, explainer, effort.budget)
    if explainer.left_out:
        text = (
            f"there are many rows: causes were looked for in {MOST_JUDGED} kinds of flow only, and some rows have none"
        )
        found = replace(found, warnings=(*found.warnings, Notice(code="CAUSES_LEFT_OUT", text=text)))
    looser, stricter = shown[Difference.LOOSER], shown[Difference.STRICTER]
    opened = shown[Difference.MAY_GAIN] or shown[Difference.MAY_LOSE]
    if bool(rows) is not bool(looser or stricter):
        raise InternalError("the rows of a difference and its proof disagree; this is a bug of reachproof")
    return replace(
        found,
        relation=_relation(shown, doubtful),
        rows=rows,
        looser=looser,
        stricter=stricter,
        undetermined=undetermined(doubtful, opened),
        open=opened,
        compared=sum(each.kinds for each in comparisons),
        judged=len(samples) + explainer.judged,
    )


def _relation(shown: Mapping[Difference, ReplayedShift | None], changes: Sequence[PolicyChange]) -> Relation:
    """The one relation that is left by all that is not known; UNDETERMINED where there are several."""
    looser, stricter, gain, lose = (shown[way] is not None for way in Difference)
    if looser and stricter:
        return Relation.INCOMPARABLE
    closed = any(change.closed for change in changes)
    if closed or (looser and lose) or (stricter and gain):
        return Relation.UNDETERMINED
    if looser or stricter:
        return Relation.LOOSER if looser else Relation.STRICTER
    return Relation.UNDETERMINED if gain or lose or changes else Relation.EQUIVALENT


def undetermined(changes: Sequence[PolicyChange], opened: ReplayedShift | None) -> tuple[Undetermined, ...]:
    """The differences of which it is not known what they change; `opened`: a flow that shows it."""
    found = [
        Undetermined(
            policy=policy_part(change.policy),
            edit=change.edit,
            what=change.unmodelled,
            text=change.undetermined,
            origin=origin_part(change.origin),
        )
        for change in changes
    ]
    if not found and opened is not None:
        rests = dict.fromkeys(each.text for trace in opened.traces if trace is not None for each in trace.depends)
        text = f"flows rest on something else than before: {'; '.join(rests)}"
        found.append(Undetermined(policy=None, edit=None, what=(), text=text, origin=None))
    return tuple(found)


def _assumptions(before: Encoding, after: Encoding, region: Formula) -> Iterator[Notice]:
    yield from before.snapshot.assumptions
    yield from after.snapshot.assumptions
    yield from address_notices(before.universe, TRUE)
    yield from address_notices(after.universe, region)


def show(comparison: Comparison, sample: PairSpotCheck) -> ReplayedShift:
    """A flow that differs, replayed. InternalError where the evaluator does not find it different."""
    return ReplayedShift(before=sample.flows.before, after=sample.flows.after, traces=replayed(comparison, sample))


def judge(comparison: Comparison, sample: PairSpotCheck) -> None:
    """InternalError unless the evaluator says what the engines say of a flow, in both snapshots."""
    before, after = comparison.snapshots
    first, second = sample.flows.before, sample.flows.after
    demand_judged(
        sample,
        None if first is None else truth(before, first),
        None if second is None else truth(after, second),
    )
