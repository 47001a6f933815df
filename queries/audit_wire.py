"""The report on a fleet as JSON values, in the shape that programs rely on (docs/interfaces.md)."""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.network.errors import Problem
from reachproof.queries.audit import Audited, PackAudit, State
from reachproof.queries.fleet import FleetReport
from reachproof.queries.wire import API_VERSION, Json


def fleet_json(report: FleetReport) -> dict[str, Json]:
    """The verdict on all, how many snapshots came how far, and each of them with its packs."""
    states = [each.state for each in report.snapshots]
    return {
        "apiVersion": API_VERSION,
        "verdict": str(report.verdict),
        "interrupted": report.interrupted,
        "counts": {str(state): states.count(state) for state in State},
        "snapshots": [_audited(each) for each in report.snapshots],
    }


def _audited(audited: Audited) -> dict[str, Json]:
    return {
        "name": audited.name,
        "snapshot": audited.digest or None,
        "state": str(audited.state),
        "verdict": str(audited.verdict),
        "reason": audited.reason,
        "problems": _problems(audited.problems),
        "attempts": audited.attempts,
        "packs": [_pack(each) for each in audited.packs],
    }


def _pack(audit: PackAudit) -> dict[str, Json]:
    found: dict[str, Json] = {"pack": audit.pack, "state": str(audit.state), "problems": _problems(audit.problems)}
    return found | (audit.document or {"verdict": "unknown", "answers": [], "skipped": []})


def _problems(problems: Iterable[Problem]) -> list[Json]:
    return [
        {
            "file": each.file,
            "line": each.line,
            "column": each.column,
            "path": each.path,
            "message": f"{each.subject}: {each.message}" if each.subject else each.message,
        }
        for each in problems
    ]
