"""The report of lint as a document."""

from __future__ import annotations

from reachproof.documents import findings as documents
from reachproof.documents.parts import Flow
from reachproof.documents.words import FindingSeverity
from reachproof.network.snapshot import Snapshot
from reachproof.queries.document_parts import flow_fields, notices, origin_part
from reachproof.queries.findings import Finding, Report


def findings_document(report: Report) -> documents.Findings:
    """All findings."""
    snapshot = report.snapshot
    return documents.Findings(
        findings=tuple(_finding(snapshot, each) for each in report.findings),
        counts={severity: report.count(severity) for severity in FindingSeverity},
        undecided=notices(report.undecided),
        assumptions=notices(snapshot.assumptions),
        warnings=notices(snapshot.warnings),
        snapshot=snapshot.digest,
    )


def _finding(snapshot: Snapshot, finding: Finding) -> documents.Finding:
    return documents.Finding(
        code=finding.code,
        severity=finding.severity,
        subject=finding.subject,
        text=finding.text,
        origin=origin_part(finding.origin),
        example=Flow(**flow_fields(snapshot, finding.example)) if finding.example else None,
        confirmed=finding.confirmed,
    )
