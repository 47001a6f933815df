"""The difference of two snapshots as JSON values, in the shape that programs rely on (docs/interfaces.md)."""

from __future__ import annotations

from reachproof.queries.connectivity_wire import connections_json, end_json
from reachproof.queries.diff_causes import Cause, When
from reachproof.queries.diff_rows import Row
from reachproof.queries.difference import Diff, Shown, Undetermined
from reachproof.queries.policy_changes import PolicyChange
from reachproof.queries.report_ends import End
from reachproof.queries.wire import (
    API_VERSION,
    Json,
    because_json,
    flow_json,
    origin_json,
    policy_json,
    steps_json,
    warnings_json,
)
from reachproof.solver.prove import engine


def diff_json(diff: Diff) -> dict[str, Json]:
    """The whole difference."""
    return {
        "apiVersion": API_VERSION,
        "relation": str(diff.relation),
        "reason": diff.reason,
        "by": str(diff.by),
        "rows": [_row(diff, row) for row in diff.rows],
        "new": [end_json(diff.after, end) for end in diff.new],
        "lost": [end_json(diff.before, end) for end in diff.lost],
        "policies": [_policy_change(each) for each in diff.policies],
        "undetermined": [_undetermined(each) for each in diff.undetermined],
        "witnesses": {
            "looser": _shown(diff, diff.looser),
            "stricter": _shown(diff, diff.stricter),
            "undetermined": _shown(diff, diff.open),
        },
        "assumptions": [{"code": notice.code, "text": notice.text} for notice in diff.assumptions],
        "warnings": warnings_json(diff.warnings),
        "evidence": {
            "compared": diff.compared,
            "judged": diff.judged,
            "engine": engine(),
            "solverMs": diff.solver_ms,
            "before": diff.before.digest,
            "after": diff.after.digest,
        },
    }


def _row(diff: Diff, row: Row) -> Json:
    found: dict[str, Json] = {
        "src": _end(diff, row.src),
        "dst": _end(diff, row.dst),
        "change": str(row.change),
        "before": connections_json(row.before),
        "after": connections_json(row.after),
        "gained": connections_json(row.gained),
        "lost": connections_json(row.lost),
    }
    if row.before_open:
        found["beforeDepends"] = connections_json(row.before_open)
    if row.after_open:
        found["afterDepends"] = connections_json(row.after_open)
    found["because"] = [_cause(cause) for cause in row.causes.rules]
    found["endpoints"] = list(row.causes.endpoints)
    return found


def _end(diff: Diff, end: End) -> Json:
    """An end as the later snapshot has it, else as the earlier one has."""
    lost = end.pods and not any(diff.after.pod_of.get(pod.key) == pod for pod in end.pods)
    return end_json(diff.before if lost else diff.after, end)


def _cause(cause: Cause) -> Json:
    edit = str(cause.edit) if cause.edit else None
    return {**because_json(cause.because), "when": str(cause.when), "edit": edit}


def _policy_change(change: PolicyChange) -> Json:
    return {
        "policy": policy_json(change.policy),
        "edit": str(change.edit),
        "unmodelled": list(change.unmodelled),
        "origin": origin_json(change.origin),
    }


def _undetermined(found: Undetermined) -> Json:
    return {
        "policy": None if found.policy is None else policy_json(found.policy),
        "edit": None if found.edit is None else str(found.edit),
        "what": list(found.what),
        "text": found.text,
        "origin": None if found.origin is None else origin_json(found.origin),
    }


def _shown(diff: Diff, shown: Shown | None) -> Json:
    if shown is None:
        return None
    sides = ((diff.before, shown.traces[0]), (diff.after, shown.traces[1]))
    return {
        str(when): None
        if trace is None
        else {
            **flow_json(snapshot, trace.flow),
            "truth": str(trace.truth),
            "trace": steps_json(trace.steps),
        }
        for when, (snapshot, trace) in zip(When, sides, strict=True)
    }
