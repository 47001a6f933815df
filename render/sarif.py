"""SARIF 2.1.0 (OASIS), as code scanning reads it.

Of a report: a rule per statement, a result per statement that did not pass. Of an audit: such a run for each snapshot,
named by `automationDetails`, by which code scanning tells runs apart. Of findings: a rule per kind, a result for each.
"""

from __future__ import annotations

import hashlib
from itertools import chain
from pathlib import PurePath
from typing import TypeAlias
from urllib.parse import quote

from reachproof.documents.audit import Audited, FleetReport
from reachproof.documents.faults import faults, fingerprint
from reachproof.documents.finding_advice import rule_of
from reachproof.documents.findings import Code, Finding, FindingRule, Findings, Suppressed, SuppressedBy
from reachproof.documents.report import CheckReport, Result, Statement
from reachproof.documents.words import FindingSeverity, Severity, Status
from reachproof.render.failure_location import story
from reachproof.render.report_text import joined_report, trouble

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool"

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "reachproof/v1"
_LEVEL = {
    Severity.INFO: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
_FINDING_LEVEL = {
    FindingSeverity.ERROR: "error",
    FindingSeverity.WARNING: "warning",
    FindingSeverity.INFO: "note",
}
_SCORE = {
    Severity.INFO: "1.0",
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def report_sarif(report: CheckReport | FleetReport, version: str) -> dict[str, Json]:
    """The log with one run, or with one for each snapshot of an audit.

    Failures have the level of their severity; what is not decided has the kind `open`. Statements that do not apply are
    notifications of the invocation. A fingerprint stays the same when lines move. Where a snapshot or a pack has no
    verdict, the run was no success, and notifications say why.
    """
    if isinstance(report, CheckReport):
        return _log([_report_run(report, version)])
    return _log([_audit_run(each, version) for each in report.snapshots])


def findings_sarif(report: Findings, version: str) -> dict[str, Json]:
    """The log with one run. What was not looked for to the end is a notification of the invocation."""
    accepted = dict.fromkeys(each.finding.code for each in report.suppressed)
    known = {rule.code: rule for rule in (*report.rules, *(rule_of(Code(code)) for code in accepted))}
    codes = list(known)
    rules: list[Json] = [_kind(rule) for rule in known.values()]
    notes: list[Json] = [{"level": "warning", "message": {"text": each.text}} for each in report.undecided]
    results: list[Json] = [_finding(each, codes.index(each.code)) for each in report.findings]
    results += [_finding(each.finding, codes.index(each.finding.code), each) for each in report.suppressed]
    return _log([_run(version, rules, notes, results)])


def _log(runs: list[Json]) -> dict[str, Json]:
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _run(
    version: str, rules: list[Json], notes: list[Json], results: list[Json], *, successful: bool = True
) -> dict[str, Json]:
    return {
        "tool": {"driver": {"name": "reachproof", "semanticVersion": version, "rules": rules}},
        "invocations": [{"executionSuccessful": successful, "toolExecutionNotifications": notes}],
        "results": results,
    }


def _audit_run(audited: Audited, version: str) -> dict[str, Json]:
    told = chain(trouble(audited), *(trouble(pack) for pack in audited.packs))
    run = _report_run(joined_report(audited), version, tuple(told))
    return run | {"automationDetails": {"id": f"reachproof-audit/{audited.name}/"}}


def _report_run(report: CheckReport, version: str, troubles: tuple[str, ...] = ()) -> dict[str, Json]:
    statements: dict[str, Statement] = {}
    for statement in (*(each.statement for each in report.results), *(each.statement for each in report.skipped)):
        statements.setdefault(statement.name, statement)
    names = list(statements)
    notes: list[Json] = [
        {"level": "note", "message": {"text": f"{each.statement.name} does not apply: {each.reason}"}}
        for each in report.skipped
    ]
    notes += [{"level": "error", "message": {"text": line}} for line in troubles]
    results: list[Json] = [
        _result(result, names.index(result.statement.name))
        for result in report.results
        if result.status is not Status.PASSED
    ]
    return _run(version, [_rule(each) for each in statements.values()], notes, results, successful=not troubles)


def _rule(statement: Statement) -> Json:
    return {
        "id": statement.name,
        "shortDescription": {"text": statement.text or statement.name},
        "defaultConfiguration": {"level": _LEVEL[statement.severity]},
        "properties": {"tags": ["security"], "security-severity": _SCORE[statement.severity]},
    }


def _result(result: Result, rule: int) -> dict[str, Json]:
    statement = result.statement
    undecided = result.status is Status.UNDECIDED
    found = faults(result.answer)
    stated = _location(statement.pack, statement.line, "the statement")
    places = [_location(fault.origin.file, fault.origin.line, fault.text) for fault in found]
    document: dict[str, Json] = {
        "ruleId": statement.name,
        "ruleIndex": rule,
        "kind": "open" if undecided else "fail",
        "level": "none" if undecided else _LEVEL[statement.severity],
        "message": {"text": "\n".join(story(result))},
        "locations": [places[0] if places else stated],
        "partialFingerprints": {FINGERPRINT: fingerprint(result)},
    }
    if result.waiver is not None:
        document["suppressions"] = [{"kind": "external", "justification": str(result.waiver)}]
    if places:
        related: list[Json] = [*places[1:], stated]
        document["relatedLocations"] = related
    return document


def _kind(rule: FindingRule) -> Json:
    """A kind of finding; its help has the page of this documentation too, which has no address of its own."""
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.code.replace("_", " ").lower()},
        "fullDescription": {"text": rule.what},
        "helpUri": rule.reference,
        "help": {"text": f"{rule.why} {rule.mend} ({rule.docs})"},
    }


def _finding(finding: Finding, rule: int, suppressed: Suppressed | None = None) -> Json:
    origin = finding.origin
    document: dict[str, Json] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "kind": "fail",
        "level": _FINDING_LEVEL[finding.severity],
        "message": {"text": finding.text},
        "partialFingerprints": {FINGERPRINT: _hashed(finding.code, finding.subject)},
    }
    if origin.file:
        document["locations"] = [_place(origin.file, origin.line)]
    if suppressed is not None:
        kind = "inSource" if suppressed.by is SuppressedBy.COMMENT else "external"
        document["suppressions"] = [{"kind": kind, "justification": suppressed.reason or "in the baseline"}]
    return document


def _location(file: str, line: int, text: str) -> dict[str, Json]:
    return _place(file, line) | {"message": {"text": text}}


def _place(file: str, line: int) -> dict[str, Json]:
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": max(line, 1)}}}


def _uri(file: str) -> str:
    """Relative paths stay relative to where the command ran; absolute ones become file: URIs."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _hashed(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
