"""The report on a fleet as a document."""

from __future__ import annotations

from reachproof.documents import audit as documents
from reachproof.documents.words import State, Verdict
from reachproof.queries.audit import Audited, PackAudit
from reachproof.queries.document_parts import problems
from reachproof.queries.fleet import FleetReport


def audit_document(report: FleetReport) -> documents.Audit:
    """The verdict on all, how many snapshots came how far, and each of them with its packs."""
    states = [each.state for each in report.snapshots]
    return documents.Audit(
        verdict=report.verdict,
        interrupted=report.interrupted,
        counts={state: states.count(state) for state in State},
        snapshots=tuple(map(_snapshot, report.snapshots)),
    )


def _snapshot(audited: Audited) -> documents.SnapshotAudit:
    return documents.SnapshotAudit(
        name=audited.name,
        snapshot=audited.digest or None,
        state=audited.state,
        verdict=audited.verdict,
        reason=audited.reason,
        problems=problems(audited.problems),
        attempts=audited.attempts,
        packs=tuple(map(_pack, audited.packs)),
    )


def _pack(audit: PackAudit) -> documents.PackAudit:
    found = audit.document
    return documents.PackAudit(
        pack=audit.pack,
        state=audit.state,
        problems=problems(audit.problems),
        verdict=found.verdict if found else Verdict.UNKNOWN,
        answers=found.answers if found else (),
        skipped=found.skipped if found else (),
    )
