"""Documents that say that nothing is decided, made without anything that takes long to load or to ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from reachproof.cli.output import write_json
from reachproof.documents.answer import Answer, Evidence
from reachproof.documents.connectivity import Unfinished
from reachproof.documents.diff import Diff, DiffEvidence, Shifts
from reachproof.documents.findings import SEVERITIES, Findings
from reachproof.documents.parts import Notice
from reachproof.documents.report import Report, Skipped
from reachproof.documents.words import By, Relation, Verdict, World
from reachproof.network.errors import InputError


def statements(text: str) -> Sequence[str]:
    """The statements of a text, to be told as undecided; all of it as one where it cannot be parsed."""
    from reachproof.grammar.parse import parse_many

    try:
        return [text[query.span.start : query.span.end] for query in parse_many(text)] or [text]
    except InputError:
        return [text]


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


def unknown_findings(reason: str) -> Findings:
    """The findings of a lint that did not come to an end."""
    notice = Notice(code="UNDECIDED", text=f"findings were not looked for to the end: {reason}")
    counts = dict.fromkeys(SEVERITIES, 0)
    return Findings(findings=(), counts=counts, undecided=(notice,), assumptions=(), warnings=(), snapshot="")


def unknown_difference(by: By, reason: str) -> Diff:
    """The difference of which nothing is known."""
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
        evidence=DiffEvidence(compared=0, judged=0, engine="", solver_ms=0.0, before="", after=""),
    )


def unfinished(reason: str) -> Unfinished:
    """The report of connections that did not come to an end."""
    return Unfinished(verdict="unknown", reason=reason)


def tell(document: Callable[[str], object], output: str, reason: str) -> None:
    """Write the document where JSON is wanted; in any other format nothing could be told from a clean result."""
    if output == "json":
        write_json(document(reason))
    click.echo(f"undecided: {reason}", err=True)
