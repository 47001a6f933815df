"""SARIF 2.1.0 (OASIS) of `lint`: a rule per kind of finding, a result per finding."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from urllib.parse import quote

from reachproof.cli.formats.sarif import FINGERPRINT, SCHEMA, Json
from reachproof.documents.words import FindingSeverity
from reachproof.network.origin import Origin
from reachproof.queries.findings import Code, Finding, Report

_LEVEL = {FindingSeverity.ERROR: "error", FindingSeverity.WARNING: "warning", FindingSeverity.INFO: "note"}


def lint_sarif(report: Report, version: str) -> dict[str, Json]:
    """The log with one run. What was not looked for to the end is a notification of the invocation."""
    codes = [code for code in Code if any(each.code is code for each in report.findings)]
    notes: list[Json] = [{"level": "warning", "message": {"text": each.text}} for each in report.undecided]
    run: dict[str, Json] = {
        "tool": {
            "driver": {
                "name": "reachproof",
                "semanticVersion": version,
                "rules": [{"id": str(code), "shortDescription": {"text": _words(code)}} for code in codes],
            }
        },
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": [_result(each, codes.index(each.code)) for each in report.findings],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _words(code: Code) -> str:
    return code.replace("_", " ").lower()


def _result(finding: Finding, rule: int) -> dict[str, Json]:
    document: dict[str, Json] = {
        "ruleId": str(finding.code),
        "ruleIndex": rule,
        "kind": "fail",
        "level": _LEVEL[finding.severity],
        "message": {"text": finding.text},
        "partialFingerprints": {FINGERPRINT: _fingerprint(finding)},
    }
    if finding.origin.file:
        document["locations"] = [_location(finding.origin)]
    return document


def _location(origin: Origin) -> dict[str, Json]:
    path = PurePath(origin.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": max(origin.line, 1)}}}


def _fingerprint(finding: Finding) -> str:
    """Of the kind and what it is about; it stays the same when lines move."""
    return hashlib.sha256(f"{finding.code}\0{finding.subject}".encode()).hexdigest()
