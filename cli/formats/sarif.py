"""SARIF 2.1.0 (OASIS), as code scanning reads it: a rule per statement, a result per statement that did not pass."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import TypeAlias
from urllib.parse import quote

from reachproof.cli.formats.faults import Fault, faults, story
from reachproof.documents.words import Status
from reachproof.grammar.ast import Severity
from reachproof.queries.packs import Report, Result, Statement

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
_SCORE = {
    Severity.INFO: "1.0",
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def sarif_document(report: Report, version: str) -> dict[str, Json]:
    """The log with one run."""
    return sarif_log([sarif_run(report, version)])


def sarif_log(runs: list[Json]) -> dict[str, Json]:
    """The log with these runs."""
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def sarif_run(report: Report, version: str) -> dict[str, Json]:
    """One run. Failures have the level of their severity; what is not decided has the kind `open`.

    Statements that do not apply are notifications of the invocation. A fingerprint stays the same when lines move.
    """
    statements: dict[str, Statement] = {}
    for statement in (*(each.statement for each in report.results), *(each.statement for each in report.skipped)):
        statements.setdefault(statement.name, statement)
    rules = list(statements)
    driver: dict[str, Json] = {
        "name": "reachproof",
        "semanticVersion": version,
        "rules": [
            {
                "id": name,
                "shortDescription": {"text": statements[name].text or name},
                "defaultConfiguration": {"level": _LEVEL[statements[name].severity]},
                "properties": {"tags": ["security"], "security-severity": _SCORE[statements[name].severity]},
            }
            for name in rules
        ],
    }
    notes: list[Json] = [
        {"level": "note", "message": {"text": f"{each.statement.name} does not apply: {each.reason}"}}
        for each in report.skipped
    ]
    return {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": [
            _result(result, rules.index(result.statement.name))
            for result in report.results
            if result.status is not Status.PASSED
        ],
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
        "partialFingerprints": {FINGERPRINT: _fingerprint(result, found)},
    }
    if places:
        related: list[Json] = [*places[1:], stated]
        document["relatedLocations"] = related
    return document


def _location(file: str, line: int, text: str) -> dict[str, Json]:
    return {
        "physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": max(line, 1)}},
        "message": {"text": text},
    }


def _uri(file: str) -> str:
    """Relative paths stay relative to where the command ran; absolute ones become file: URIs."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _fingerprint(result: Result, found: tuple[Fault, ...]) -> str:
    """Of the statement and the rules at fault; no line, no address and no verdict of another statement."""
    parts = [result.statement.name, result.answer.normalized, str(result.answer.verdict)]
    for fault in found:
        parts += [fault.policy.kind, fault.policy.namespace, fault.policy.name, str(fault.rule)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
