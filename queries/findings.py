"""Findings of lint: faults of a policy set in itself, their severity, and a report of them with its document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reachproof.documents import findings as documents
from reachproof.documents import parts
from reachproof.documents.words import FindingSeverity
from reachproof.network.cluster import Notice
from reachproof.network.flow import Flow
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Row
from reachproof.queries.document_parts import flow_fields, notices, origin_part

SEVERITIES = tuple(FindingSeverity)


class Code(StrEnum):
    """The kinds of finding; docs/lint.md says what each means."""

    SHADOWED_RULE = "SHADOWED_RULE"
    OVERRIDDEN_RULE = "OVERRIDDEN_RULE"
    REDUNDANT_POLICY = "REDUNDANT_POLICY"
    SELECTS_NOTHING = "SELECTS_NOTHING"
    NEVER_SELECTS = "NEVER_SELECTS"
    UNKNOWN_PORT_NAME = "UNKNOWN_PORT_NAME"
    EMPTY_LIST = "EMPTY_LIST"
    EMPTY_PEERS = "EMPTY_PEERS"
    LABEL_NOT_SEEN = "LABEL_NOT_SEEN"
    UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE"
    BLIND_CIDR = "BLIND_CIDR"
    NAMESPACE_WITHOUT_POLICY = "NAMESPACE_WITHOUT_POLICY"
    DNS_BLOCKED = "DNS_BLOCKED"
    AMBIGUOUS_VERDICT = "AMBIGUOUS_VERDICT"
    TIED_ORDER = "TIED_ORDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding. `subject` is the policy, rule, namespace or pods it is about; `text` is a whole sentence.

    `row` is what a question about this kind lists. `example`: a flow that shows it, judged by the evaluator.
    `confirmed`: whether a second engine agrees, where one was asked.
    """

    code: Code
    severity: FindingSeverity
    subject: str
    text: str
    origin: Origin
    row: Row
    example: Flow | None = None
    confirmed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """All findings, the worst first, then by place in the input. `undecided`: what the budget was too small for."""

    snapshot: Snapshot
    findings: tuple[Finding, ...]
    undecided: tuple[Notice, ...] = ()

    def at_least(self, severity: FindingSeverity) -> tuple[Finding, ...]:
        """The findings that are as severe as this, or worse."""
        limit = SEVERITIES.index(severity)
        return tuple(each for each in self.findings if SEVERITIES.index(each.severity) <= limit)

    def count(self, severity: FindingSeverity) -> int:
        """Number of findings with exactly this severity."""
        return sum(1 for each in self.findings if each.severity is severity)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by place in the input, then by kind."""

    def key(finding: Finding) -> tuple[int, str, int, int, str, str]:
        origin = finding.origin
        rank = SEVERITIES.index(finding.severity)
        return rank, origin.file, origin.document, origin.line, finding.code, finding.text

    return tuple(sorted(findings, key=key))


def findings_document(report: LintReport) -> documents.Findings:
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
        example=parts.Flow(**flow_fields(snapshot, finding.example)) if finding.example else None,
        confirmed=finding.confirmed,
    )
