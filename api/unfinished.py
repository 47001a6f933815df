"""The documents that stand in for an answer when the process that worked on it ended: `unknown`, with the reason.

Each has the shape of the answer that was asked for, so that no client has to know of a status for this.
"""

from __future__ import annotations

from json import dumps
from typing import Any, assert_never

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
from reachproof.network.cluster import Notice
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, Evidence
from reachproof.queries.connectivity_wire import unknown_text
from reachproof.queries.diff_wire import diff_json
from reachproof.queries.difference import Diff, Relation
from reachproof.queries.findings import Report, report_json
from reachproof.queries.plan import Verdict
from reachproof.queries.wire import Json, answer_json
from reachproof.solver.prove import engine


def undecided(query: str, normalized: str, digest: str, reason: str = "") -> dict[str, Json]:
    """The answer to a sentence that nobody decided. Its form is not known."""
    evidence = Evidence(
        replayed=False, cross_checked=False, engine=engine(), solver_ms=0.0, total_ms=0.0, snapshot=digest
    )
    return answer_json(
        Answer(
            query=query,
            normalized=normalized,
            form="unknown",
            verdict=Verdict.UNKNOWN,
            reason=reason,
            evidence=evidence,
            snapshot=Snapshot(digest=digest),
        )
    )


def unfinished(request: Question, digest: str, reason: str) -> bytes:
    """The document for a request; `digest`: of its snapshot, empty where the manifests were not read."""
    if isinstance(request, ConnectivityRequest):
        return unknown_text(reason).encode()
    return dumps(_document(request, digest, reason), ensure_ascii=False, separators=(",", ":")).encode()


def _document(
    request: QueryRequest | CompleteRequest | CheckRequest | ExplainRequest | LintRequest | DiffRequest,
    digest: str,
    reason: str,
) -> Any:
    match request:
        case QueryRequest(queries=None, query=query):
            return undecided(query or "", query or "", digest, reason)
        case QueryRequest(queries=queries):
            return [undecided(query, query, digest, reason) for query in queries or ()]
        case CompleteRequest():
            return {"state": "begun", "suggestions": [], "complete": False, "errors": [], "snapshot": None}
        case CheckRequest():
            return {"verdict": Verdict.UNKNOWN, "answers": [], "skipped": [{"name": "pack", "reason": reason}]}
        case ExplainRequest():
            query = f"explain {request.source or 'pods'} {request.destination or 'pods'} {request.port}"
            return undecided(query, query, digest, reason)
        case LintRequest():
            notice = Notice(code="UNDECIDED", text=f"findings were not looked for to the end: {reason}")
            return report_json(Report(snapshot=Snapshot(digest=digest), findings=(), undecided=(notice,)))
        case DiffRequest():
            nothing = Snapshot()
            found = Diff(before=nothing, after=nothing, by=request.by, relation=Relation.UNKNOWN, reason=reason)
            return diff_json(found)
        case _:
            assert_never(request)
