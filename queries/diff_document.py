"""The difference of two snapshots as a document."""

from __future__ import annotations

from reachproof.documents import diff as documents
from reachproof.documents.connectivity import ReportEnd, connections
from reachproof.documents.words import Truth
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity_document import end_document
from reachproof.queries.diff_rows import DiffRow
from reachproof.queries.difference import Diff, ReplayedShift
from reachproof.queries.document_parts import (
    flow_fields,
    notices,
    origin_part,
    policy_part,
    steps,
    warnings,
)
from reachproof.queries.input_changes import PolicyChange
from reachproof.queries.report_nodes import End
from reachproof.semantics.trace import Trace
from reachproof.solver.z3_backend import engine


def diff_document(diff: Diff) -> documents.Diff:
    """The whole difference."""
    return documents.Diff(
        relation=diff.relation,
        reason=diff.reason,
        by=diff.by,
        rows=tuple(_row(diff, row) for row in diff.rows),
        new=tuple(end_document(diff.after, end) for end in diff.new),
        lost=tuple(end_document(diff.before, end) for end in diff.lost),
        policies=tuple(map(_policy_change, diff.policies)),
        undetermined=diff.undetermined,
        witnesses=documents.Shifts(
            looser=_shift(diff, diff.looser),
            stricter=_shift(diff, diff.stricter),
            undetermined=_shift(diff, diff.open),
        ),
        assumptions=notices(diff.assumptions),
        warnings=warnings(diff.warnings),
        evidence=documents.DiffEvidence(
            compared=diff.compared,
            judged=diff.judged,
            engine=engine(),
            solver_ms=diff.solver_ms,
            before=diff.before.digest,
            after=diff.after.digest,
        ),
    )


def _row(diff: Diff, row: DiffRow) -> documents.ChangedConnection:
    return documents.ChangedConnection(
        src=_end(diff, row.src),
        dst=_end(diff, row.dst),
        change=row.change,
        before=connections(row.before),
        after=connections(row.after),
        gained=connections(row.gained),
        lost=connections(row.lost),
        before_depends=connections(row.before_open) if row.before_open else None,
        after_depends=connections(row.after_open) if row.after_open else None,
        because=row.causes.rules,
        endpoints=row.causes.endpoints,
    )


def _end(diff: Diff, end: End) -> ReportEnd:
    """An end as the later snapshot has it, else as the earlier one has."""
    lost = end.pods and not any(diff.after.pod_of.get(pod.key) == pod for pod in end.pods)
    return end_document(diff.before if lost else diff.after, end)


def _policy_change(change: PolicyChange) -> documents.PolicyChange:
    return documents.PolicyChange(
        policy=policy_part(change.policy),
        edit=change.edit,
        unmodelled=change.unmodelled,
        origin=origin_part(change.origin),
    )


def _shift(diff: Diff, shown: ReplayedShift | None) -> documents.Shift | None:
    if shown is None:
        return None
    before, after = shown.traces
    return documents.Shift(before=_judged(diff.before, before), after=_judged(diff.after, after))


def _judged(snapshot: Snapshot, trace: Trace | None) -> documents.JudgedFlow | None:
    if trace is None:
        return None
    fields = flow_fields(snapshot, trace.flow)
    return documents.JudgedFlow(**fields, steps=steps(trace.steps), truth=Truth(trace.truth))
