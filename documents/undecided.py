"""Documents that say that nothing is decided: they need no engine and no input."""

from __future__ import annotations

from reachproof.documents.answer import Answer, Evidence
from reachproof.documents.connectivity import Unfinished
from reachproof.documents.diff import Diff, DiffEvidence, Shifts
from reachproof.documents.findings import SEVERITIES, Findings
from reachproof.documents.parts import Notice
from reachproof.documents.report import Report, Skipped
from reachproof.documents.words import By, Relation, Verdict, World


def unknown_answer(query: str, reason: str) -> Answer:
    """The answer to a sentence, or of `explain`, of which nothing is known: no engine was asked, no input is named."""
    return Answer(
        query=query,
        normalized=query,
        form="unknown",
        verdict=Verdict.UNKNOWN,
        reason=reason,
        vacuous=False,
        world=World.CLOSED,
        witness=None,
        because=(),
        assumptions=(),
        warnings=(),
        evidence=Evidence(replayed=False, cross_checked=False, engine="", solver_ms=0.0, total_ms=0.0, snapshot=""),
    )


def unknown_report(reason: str) -> Report:
    """The report on packs of which no statement is decided."""
    return Report(verdict=Verdict.UNKNOWN, answers=(), skipped=(Skipped(name="pack", reason=reason),))


def unknown_findings(reason: str, snapshot: str = "") -> Findings:
    """The findings of a lint that did not come to an end. `snapshot`: its digest, empty where it was not read."""
    notice = Notice(code="UNDECIDED", text=f"the search for findings did not finish: {reason}")
    counts = dict.fromkeys(SEVERITIES, 0)
    return Findings(findings=(), counts=counts, undecided=(notice,), assumptions=(), warnings=(), snapshot=snapshot)


def unknown_difference(by: By, reason: str, *, engine: str = "", before: str = "", after: str = "") -> Diff:
    """The difference of which nothing is known. `before`, `after`: digests, empty where the snapshots were not read."""
    return Diff(
        relation=Relation.UNKNOWN,
        reason=reason,
        by=by,
        rows=(),
        new=(),
        lost=(),
        policies=(),
        undetermined=(),
        witnesses=Shifts(looser=None, stricter=None, undetermined=None),
        assumptions=(),
        warnings=(),
        evidence=DiffEvidence(compared=0, judged=0, engine=engine, solver_ms=0.0, before=before, after=after),
    )


def unfinished(reason: str) -> Unfinished:
    """The report of connections that did not come to an end."""
    return Unfinished(verdict="unknown", reason=reason)
