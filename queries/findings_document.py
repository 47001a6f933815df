"""The document of the findings of lint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reachproof.documents import findings as documents
from reachproof.documents import parts
from reachproof.documents.finding_advice import rule_of
from reachproof.documents.words import FindingSeverity
from reachproof.network.cluster import Notice
from reachproof.network.snapshot import Snapshot
from reachproof.queries.document_parts import flow_fields, notices, origin_part
from reachproof.queries.findings import Finding
from reachproof.queries.suppressions import fingerprint, suppressed

NOTHING_KNOWN: Counter[str] = Counter()
"""The counts of a baseline that accepts nothing."""


def findings_document(
    snapshot: Snapshot,
    findings: Iterable[Finding],
    undecided: Sequence[Notice] = (),
    known: Counter[str] = NOTHING_KNOWN,
) -> documents.Findings:
    """All findings in order. `undecided`: what the budget was too small for. `known`: what a baseline accepts."""
    found, gone = suppressed(snapshot, findings, known, complete=not undecided)
    severities = [each.severity for each in found]
    return documents.Findings(
        findings=tuple(_finding(snapshot, each) for each in found),
        counts={severity: severities.count(severity) for severity in FindingSeverity},
        undecided=notices(undecided),
        assumptions=notices(snapshot.assumptions),
        warnings=notices(snapshot.warnings),
        snapshot=snapshot.digest,
        rules=tuple(map(rule_of, dict.fromkeys(each.code for each in found))),
        suppressed=tuple(
            documents.Suppressed(finding=_finding(snapshot, each.finding), by=each.by, reason=each.reason)
            for each in gone
        ),
    )


def _finding(snapshot: Snapshot, finding: Finding) -> documents.Finding:
    return documents.Finding(
        code=finding.code,
        severity=finding.severity,
        subject=finding.subject,
        text=finding.text,
        origin=origin_part(finding.origin),
        example=parts.Flow(**flow_fields(snapshot, finding.example)) if finding.example else None,
        confirmed=finding.confirmed,
        fingerprint=fingerprint(finding),
    )
