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
from dataclasses import dataclass
from typing import TypeAlias

from reachproof.documents.diff import Diff, DiffEvidence, JudgedFlow, Shift, Shifts, Undetermined
from reachproof.documents.json import viewed
from reachproof.documents.undecided import unknown_difference
from reachproof.documents.words import By, Relation, Truth
from reachproof.network.cluster import Notice
from reachproof.network.errors import InternalError
from reachproof.network.snapshot import Snapshot
from reachproof.queries.diff_causes import MOST_JUDGED, Explainer, Traces, demand_judged, replayed
from reachproof.queries.diff_rows import difference_rows, row_document
from reachproof.queries.document_parts import (
    end_document,
    flow_fields,
    notices,
    origin_part,
    policy_part,
    steps,
    warnings,
)
from reachproof.queries.input_changes import (
    PolicyChange,
    demand_same_engine,
    policy_changes,
    relevant_changes,
    uncompared,
    workload_ends,
)
from reachproof.queries.input_gaps import address_notices
from reachproof.queries.report_nodes import Grouping, grouping
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Trace
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.compare import Comparison, Differs, PairSpotCheck, compare, decide
from reachproof.solver.decide import Undecided
from reachproof.solver.encoding import Encoding
from reachproof.solver.endpoint_matching import pair
from reachproof.solver.goal import TRUE, Formula
from reachproof.solver.joint_slices import Difference
from reachproof.solver.z3_backend import Prover, engine

Shown: TypeAlias = tuple[tuple[Snapshot, Snapshot], Traces] | None
"""The traces of a flow that differs, with the snapshots that they are of."""


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
    snapshots = before.snapshot, after.snapshot
    demand_same_engine(*snapshots)
    started = time.perf_counter()
    running = budget.start()
    pairing = pair(*snapshots)
    changes = policy_changes(*snapshots)
    assumed = (*_assumptions(before, after, region),)
    found = viewed(
        Diff,
        undecided(snapshots, by),
        new=tuple(end_document(after.snapshot, end) for end in workload_ends(pairing.new)),
        lost=tuple(end_document(before.snapshot, end) for end in workload_ends(pairing.lost)),
        policies=tuple(each.document for each in changes),
        assumptions=notices(dict.fromkeys(assumed)),
        warnings=warnings(dict.fromkeys((*before.snapshot.warnings, *after.snapshot.warnings))),
    )
    try:
        parts = compare((before, after), pairing, region, running, earlier=earlier)
        groups = grouping(before.universe, by, nodes=False), grouping(after.universe, by, nodes=False)
        found = viewed(Diff, found, assumptions=notices(dict.fromkeys((*assumed, *uncompared(parts, pairing)))))
        doubtful = relevant_changes(changes, (before, after), (earlier, region))
        found = _filled(found, parts, groups, doubtful, Effort(budget=running, prover=prover))
    except OutOfBudget as over:
        found = viewed(Diff, found, reason=str(over))
    return _counted(found, solver_ms=round((time.perf_counter() - started) * 1000, 3))


def undecided(snapshots: tuple[Snapshot, Snapshot], by: By, reason: str = "") -> Diff:
    """A difference of which nothing is known, for this reason."""
    before, after = (snapshot.digest for snapshot in snapshots)
    return unknown_difference(by, reason, engine=engine(), before=before, after=after)


def _counted(found: Diff, **fields: object) -> Diff:
    """The difference with other values for some fields of its evidence."""
    return viewed(Diff, found, evidence=viewed(DiffEvidence, found.evidence, **fields))


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
    shown: dict[Difference, Shown] = {}
    for way in Difference:
        shown[way] = None
        for comparison in comparisons:
            decision = decide(comparison, way, effort.budget, effort.prover)
            if isinstance(decision, Undecided):
                return viewed(Diff, found, reason=decision.reason)
            if isinstance(decision, Differs) and shown[way] is None:
                shown[way] = comparison.snapshots, replayed(comparison, decision.sample)
    samples = [(each, sample) for each in comparisons for sample in each.samples(each.inside)]
    for comparison, sample in samples:
        judge(comparison, sample)
    explainer = Explainer(comparisons, {each.policy: each.edit for each in found.policies})
    rows = difference_rows(comparisons, groups, explainer, effort.budget)
    if explainer.left_out:
        text = (
            f"there are many rows: causes were looked for in {MOST_JUDGED} kinds of flow only, and some rows have none"
        )
        left_out = warnings([Notice(code="CAUSES_LEFT_OUT", text=text)])
        found = viewed(Diff, found, warnings=(*found.warnings, *left_out))
    looser, stricter = shown[Difference.LOOSER], shown[Difference.STRICTER]
    opened = shown[Difference.MAY_GAIN] or shown[Difference.MAY_LOSE]
    if bool(rows) is not bool(looser or stricter):
        raise InternalError("the rows of a difference and its proof disagree; this is a bug of reachproof")
    found = viewed(
        Diff,
        found,
        relation=_relation(shown, doubtful),
        rows=tuple(row_document(each.snapshots, row) for each in comparisons[:1] for row in rows),
        undetermined=undetermined(doubtful, opened and opened[1]),
        witnesses=Shifts(looser=_shift(looser), stricter=_shift(stricter), undetermined=_shift(opened)),
    )
    kinds = sum(each.kinds for each in comparisons)
    return _counted(found, compared=kinds, judged=len(samples) + explainer.judged)


def _shift(shown: Shown) -> Shift | None:
    if shown is None:
        return None
    (before, after), traces = shown
    return Shift(before=judged_flow(before, traces[0]), after=judged_flow(after, traces[1]))


def judged_flow(snapshot: Snapshot, trace: Trace | None, truth: Truth | None = None) -> JudgedFlow | None:
    """A flow with its verdict, that of its trace unless given; None where there is none."""
    if trace is None:
        return None
    fields = flow_fields(snapshot, trace.flow)
    return JudgedFlow(**fields, steps=steps(trace.steps), truth=truth or Truth(trace.truth))


def _relation(shown: Mapping[Difference, Shown], changes: Sequence[PolicyChange]) -> Relation:
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


def undetermined(changes: Sequence[PolicyChange], opened: Traces | None) -> tuple[Undetermined, ...]:
    """The differences of which it is not known what they change; `opened`: traces of a flow that shows it."""
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
        rests = dict.fromkeys(each.text for trace in opened if trace is not None for each in trace.depends)
        text = f"flows now depend on something else: {'; '.join(rests)}"
        found.append(Undetermined(policy=None, edit=None, what=(), text=text, origin=None))
    return tuple(found)


def _assumptions(before: Encoding, after: Encoding, region: Formula) -> Iterator[Notice]:
    yield from before.snapshot.assumptions
    yield from after.snapshot.assumptions
    yield from address_notices(before.universe, TRUE)
    yield from address_notices(after.universe, region)


def judge(comparison: Comparison, sample: PairSpotCheck) -> None:
    """InternalError unless the evaluator says what the engines say of a flow, in both snapshots."""
    before, after = comparison.snapshots
    first, second = sample.flows.before, sample.flows.after
    demand_judged(
        sample,
        None if first is None else truth(before, first),
        None if second is None else truth(after, second),
    )
