"""The documents that stand in for an answer when the process that worked on it ended: `unknown`, with the reason.

Each has the shape of the answer that was asked for, so that no client has to know of a status for this.
"""

from __future__ import annotations

from typing import assert_never

from reachproof.api.schemas import (
    CheckRequest,
    CompleteRequest,
    ConnectivityRequest,
    DiffRequest,
    ExplainRequest,
    LintRequest,
    QueryRequest,
    Question,
)
from reachproof.documents.completion import Completion, SentenceState
from reachproof.documents.connectivity import Unfinished
from reachproof.documents.json import encoded
from reachproof.documents.report import Report, Skipped
from reachproof.documents.words import Relation, Verdict
from reachproof.network.cluster import Notice
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Evidence
from reachproof.queries.answer_document import answer_document
from reachproof.queries.diff_document import diff_document
from reachproof.queries.difference import Diff
from reachproof.queries.findings import Report as LintReport
from reachproof.queries.findings import findings_document
from reachproof.solver.prove import engine


def undecided(query: str, normalized: str, digest: str, reason: str = "") -> Answer:
    """The answer to a sentence that nobody decided. Its form is not known."""
    evidence = Evidence(
        replayed=False, cross_checked=False, engine=engine(), solver_ms=0.0, total_ms=0.0, snapshot=digest
    )
    return Answer(
        query=query,
        normalized=normalized,
        form="unknown",
        verdict=Verdict.UNKNOWN,
        reason=reason,
        evidence=evidence,
        snapshot=Snapshot(digest=digest),
    )


def unfinished(request: Question, digest: str, reason: str) -> bytes:
    """The document for a request; `digest`: of its snapshot, empty where the manifests were not read."""
    if isinstance(request, ConnectivityRequest):
        return encoded(Unfinished(verdict="unknown", reason=reason))
    return encoded(_document(request, digest, reason))


def _document(
    request: QueryRequest | CompleteRequest | CheckRequest | ExplainRequest | LintRequest | DiffRequest,
    digest: str,
    reason: str,
) -> object:
    match request:
        case QueryRequest(queries=None, query=query):
            return answer_document(undecided(query or "", query or "", digest, reason))
        case QueryRequest(queries=queries):
            return [answer_document(undecided(query, query, digest, reason)) for query in queries or ()]
        case CompleteRequest():
            return Completion(state=SentenceState.BEGUN, suggestions=(), complete=False, errors=(), snapshot=None)
        case CheckRequest():
            return Report(verdict=Verdict.UNKNOWN, answers=(), skipped=(Skipped(name="pack", reason=reason),))
        case ExplainRequest():
            query = f"explain {request.source or 'pods'} {request.destination or 'pods'} {request.port}"
            return answer_document(undecided(query, query, digest, reason))
        case LintRequest():
            notice = Notice(code="UNDECIDED", text=f"findings were not looked for to the end: {reason}")
            return findings_document(LintReport(snapshot=Snapshot(digest=digest), findings=(), undecided=(notice,)))
        case DiffRequest():
            nothing = Snapshot()
            found = Diff(before=nothing, after=nothing, by=request.by, relation=Relation.UNKNOWN, reason=reason)
            return diff_document(found)
        case _:
            assert_never(request)
