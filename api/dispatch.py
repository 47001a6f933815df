"""The work of one request: a job in, a document out, as plain data. No HTTP here and no policy logic.

A job and a result can cross to another process. `executor` says who works on jobs, and how many at once; where
snapshots come from is a `Sessions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import assert_never

from reachproof.api.batch import assemble, open_batch, session_of, undecided
from reachproof.api.job_view import view_of_job
from reachproof.api.namespace_view import NamespaceView
from reachproof.api.redaction.decisions import shown
from reachproof.api.redaction.errors import guarded, redacted_errors
from reachproof.api.redaction.report import report_blocks
from reachproof.api.schemas import (
    CheckRequest,
    CompleteRequest,
    ConnectivityRequest,
    DiffRequest,
    ExplainRequest,
    LintRequest,
    QueryRequest,
    Question,
    SourceWithOptions,
)
from reachproof.api.snapshot_provider import Sessions
from reachproof.documents import undecided as documents
from reachproof.documents.completion import Completion, SentenceState
from reachproof.documents.connectivity_matrix import connectivity_blocks as blocks_of
from reachproof.documents.json import encoded
from reachproof.grammar.ast import Group
from reachproof.network.snapshot import Snapshot
from reachproof.queries import explain, hygiene
from reachproof.queries.answer import answer_document
from reachproof.queries.ask import Session
from reachproof.queries.complete import complete
from reachproof.queries.connectivity import request
from reachproof.queries.connectivity_document import Explaining, report_document
from reachproof.queries.diff_ways_in_document import whole_difference
from reachproof.queries.difference import undecided as undecided_difference
from reachproof.queries.errors import together
from reachproof.queries.truth_table import truth_table
from reachproof.solver.budget import Budget, OutOfBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A request that was read, the seconds that each of its statements has, and how many statements it may have.

    `namespaces`: those that the client may see, None for all.
    """

    request: Question
    seconds: float
    max_queries: int
    namespaces: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A JSON document in blocks, as a report may be too large to be held at once. Iterate once."""

    blocks: Iterable[bytes] = field(repr=False)


def work(job: Job, sessions: Sessions, clock: Callable[[], float] | None = None, until: float = math.inf) -> Document:
    """The JSON document that answers a job. Raises InputError, HttpError and InternalError.

    Running out of time or memory is a document that says so. `clock`: what its budget is measured with;
    `until`: the end of all its budgets on that.
    """
    view = view_of_job(job.request, job.namespaces, sessions)
    with redacted_errors(view):
        return _worked(job, sessions, budget_of(job, clock, until), view)


def _worked(job: Job, sessions: Sessions, budget: Budget, view: NamespaceView | None) -> Document:
    match job.request:
        case QueryRequest(queries=None) as request:
            return _document(answer_document(session_of(request, sessions).ask(request.query or "", budget)), view)
        case QueryRequest() | CheckRequest() as request:
            statements = open_batch(request, sessions, job.max_queries, view)
            return Document(blocks=(assemble(request, [answer(budget) for answer in statements.answers]),))
        case CompleteRequest() as request:
            return _document(completion_document(request, session_of(request, sessions)), view)
        case ConnectivityRequest() as request:
            return Document(blocks=connectivity_blocks(request, sessions.session(request), budget, view))
        case ExplainRequest() as request:
            return _document(_explained(request, sessions, budget), view)
        case LintRequest() as request:
            session = sessions.session(request)
            return _document(hygiene.lint(session.encoding, budget, session.prover), view)
        case DiffRequest() as request:
            return _document(_difference(request, sessions, budget), view)


def phases(request: Question) -> int:
    """Maximum number of times that a piece of the work may use up the time of the job."""
    match request:
        case ConnectivityRequest():
            return 1 + request.explain + request.exposure
        case LintRequest():
            return hygiene.KINDS
        case _:
            return 1


def budget_of(job: Job, clock: Callable[[], float] | None = None, until: float = math.inf) -> Budget:
    """The budget of each statement of a job."""
    budget = Budget(seconds=job.seconds)
    return budget if clock is None else replace(budget, clock=clock, until=until)


def _document(value: object, view: NamespaceView | None) -> Document:
    return Document(blocks=(encoded(shown(value, view)),))


def _explained(request: ExplainRequest, sessions: Sessions, budget: Budget) -> object:
    session = sessions.session(request)
    source, destination = request.source or "pods", request.destination or "pods"
    if request.truth_table:
        ends = {"source": source, "destination": destination}
        return answer_document(truth_table(session, request.port, **ends, by=Group(request.by), budget=budget))
    return answer_document(explain.explain(session, source, destination, request.port, budget))


def _difference(request: DiffRequest, sessions: Sessions, budget: Budget) -> object:
    before, after = together(
        partial(sessions.session, SourceWithOptions.of(source, request.options), name)
        for name, source in (("old", request.old), ("new", request.new))
    )
    return whole_difference(before.encoding, after.encoding, budget, after.prover, by=request.by)


# ---------------------------------------------------------------- completion


def completion_document(request: CompleteRequest, session: Session | None) -> Completion:
    """The document; without a session it holds no names, and `snapshot` is null."""
    cursor = len(request.text) if request.cursor is None else request.cursor
    return complete(request.text, cursor, session, most=request.most)


def names_a_snapshot(request: CompleteRequest) -> bool:
    """True if a request brings or names a snapshot, or says how one is to be read."""
    return bool(request.snapshot is not None or request.manifests is not None or request.options or request.snapshots)


# ---------------------------------------------------------------- connectivity


def connectivity_blocks(
    asked: ConnectivityRequest, session: Session, budget: Budget, view: NamespaceView | None
) -> Iterable[bytes]:
    """The report in blocks; where the budget ends first, a document with the verdict `unknown` and no rows at all."""
    wanted = request(asked.by, asked.src, asked.dst, asked.ports)
    explaining = Explaining.ALL if asked.explain else Explaining.NONE
    try:
        report = report_document(session, wanted, budget, explaining=explaining, exposure=asked.exposure)
    except OutOfBudget as over:
        return (encoded(shown(documents.unfinished(str(over)), view)),)
    return blocks_of(report) if view is None else guarded(partial(report_blocks, report, view), view)


# ---------------------------------------------------------------- work that was not finished


def unfinished(request: Question, digest: str, reason: str) -> bytes:
    """The document for a request; `digest`: of its snapshot, empty where the manifests were not read."""
    if isinstance(request, ConnectivityRequest):
        return encoded(documents.unfinished(reason))
    return encoded(_unknown(request, digest, reason))


def _unknown(
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
            return documents.unknown_report(reason)
        case ExplainRequest():
            query = f"explain {request.source or 'pods'} {request.destination or 'pods'} {request.port}"
            return answer_document(undecided(query, query, digest, reason))
        case LintRequest():
            return documents.unknown_findings(reason, digest)
        case DiffRequest():
            return undecided_difference((Snapshot(), Snapshot()), request.by, reason)
        case _:
            assert_never(request)
