"""The findings of lint."""

from __future__ import annotations

from enum import StrEnum

from reachproof.documents.parts import Document, Flow, Notice, Origin, Part
from reachproof.documents.words import FindingSeverity

SEVERITIES = tuple(FindingSeverity)


class Code(StrEnum):
    """The kinds of finding; docs/lint.md says what each means."""

    SHADOWED_RULE = "SHADOWED_RULE"
    OVERRIDDEN_RULE = "OVERRIDDEN_RULE"
    REDUNDANT_POLICY = "REDUNDANT_POLICY"
    SELECTS_NOTHING = "SELECTS_NOTHING"
    NEVER_SELECTS = "NEVER_SELECTS"
    HOST_NETWORK_PODS = "HOST_NETWORK_PODS"
    NAMESPACE_LABEL = "NAMESPACE_LABEL"
    OTHER_NAMESPACE = "OTHER_NAMESPACE"
    PEERS_ARE_ALTERNATIVES = "PEERS_ARE_ALTERNATIVES"
    RULE_WITHOUT_SUBJECT = "RULE_WITHOUT_SUBJECT"
    UNKNOWN_PORT_NAME = "UNKNOWN_PORT_NAME"
    SERVICE_PORT = "SERVICE_PORT"
    UNDECLARED_PORT = "UNDECLARED_PORT"
    DIRECTION_NOT_ISOLATED = "DIRECTION_NOT_ISOLATED"
    RULES_IGNORED = "RULES_IGNORED"
    EMPTY_LIST = "EMPTY_LIST"
    EMPTY_LIST_ALLOWS_ALL = "EMPTY_LIST_ALLOWS_ALL"
    EMPTY_PEERS = "EMPTY_PEERS"
    LABEL_NOT_SEEN = "LABEL_NOT_SEEN"
    NAME_NEVER_LEARNED = "NAME_NEVER_LEARNED"
    UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE"
    BLIND_CIDR = "BLIND_CIDR"
    CIDR_HOLDS_PODS = "CIDR_HOLDS_PODS"
    CIDR_HOLDS_NODES = "CIDR_HOLDS_NODES"
    SERVICE_CIDR_MATCH = "SERVICE_CIDR_MATCH"
    NAMESPACE_WITHOUT_POLICY = "NAMESPACE_WITHOUT_POLICY"
    POLICIES_ALONE = "POLICIES_ALONE"
    DNS_BLOCKED = "DNS_BLOCKED"
    DNS_TCP_BLOCKED = "DNS_TCP_BLOCKED"
    AMBIGUOUS_VERDICT = "AMBIGUOUS_VERDICT"
    TIED_ORDER = "TIED_ORDER"
    NO_ORDER = "NO_ORDER"
    IGNORE_COMMENT = "IGNORE_COMMENT"


class Finding(Part, frozen=True, kw_only=True):
    """One finding. `code` is one of docs/lint.md, `subject` what it is about, `text` a whole sentence.

    `example`: a flow that shows it. `confirmed`: a second engine agrees; null where none was asked. `fingerprint`: its
    identity in baselines.
    """

    code: str
    severity: FindingSeverity
    subject: str
    text: str
    origin: Origin
    example: Flow | None
    confirmed: bool | None
    fingerprint: str = ""

    def __str__(self) -> str:
        where = f"{self.origin}: " if self.origin.file else ""
        return f"{where}{self.severity}: {self.code}: {self.text}"


class FindingRule(Part, frozen=True, kw_only=True):
    """A kind of finding: what it says, why it matters, how to mend it.

    `docs`: the page of this documentation and its heading; `reference`: a page of who defines what is meant.
    """

    code: str
    what: str
    why: str
    mend: str
    docs: str
    reference: str


class SuppressedBy(StrEnum):
    """Where a finding is accepted."""

    COMMENT = "comment"
    BASELINE = "baseline"


class Suppressed(Part, frozen=True, kw_only=True):
    """A finding that is accepted; `reason` is that of the comment, and empty for a baseline."""

    finding: Finding
    by: SuppressedBy
    reason: str


class Findings(Document, frozen=True, kw_only=True):
    """All findings, the worst first. `undecided`: what time was too short for. `snapshot`: its digest.

    `rules`: the kinds of these findings, the worst first. `suppressed`: what is accepted, and counts nowhere else.
    """

    findings: tuple[Finding, ...]
    counts: dict[FindingSeverity, int]
    undecided: tuple[Notice, ...]
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]
    snapshot: str
    rules: tuple[FindingRule, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()

    def at_least(self, severity: FindingSeverity) -> tuple[Finding, ...]:
        """The findings that are as severe as this, or worse."""
        limit = SEVERITIES.index(severity)
        return tuple(each for each in self.findings if SEVERITIES.index(each.severity) <= limit)
