"""The work of one request: a job in, a result out, as plain data. No HTTP here and no policy logic.

A job and a result can cross to another process. Who works on jobs, and how many at once, is told in `workplace`; where
snapshots come from is a `Sessions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from reachproof.api.complete import completion_document
from reachproof.api.connectivity import connectivity_blocks
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
from reachproof.api.snapshot_provider import Sessions
from reachproof.api.sources import Given
from reachproof.api.statements import asked_session, assembled, opened
from reachproof.documents.json import encoded
from reachproof.grammar.ast import Group
from reachproof.queries import explanation, hygiene
from reachproof.queries.answer_document import answer_document
from reachproof.queries.diff_document import diff_document
from reachproof.queries.difference import difference
from reachproof.queries.errors import together
from reachproof.queries.findings import findings_document
from reachproof.queries.truth_table import Ends, truth_table
from reachproof.solver.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A request that was read, the seconds that each of its statements has, and how many statements it may have."""

    request: Question
    seconds: float
    max_queries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A JSON document in blocks, as a report may be too large to be held at once. Iterate once."""

    blocks: Iterable[bytes] = field(repr=False)


def work(job: Job, sessions: Sessions, clock: Callable[[], float] | None = None) -> Document:
    """The JSON document that answers a job. Raises InputError, Refusal and InternalError.

    Running out of time or memory is a document that says so. `clock`: what its budget is measured with.
    """
    budget = budget_of(job, clock)
    match job.request:
        case QueryRequest(queries=None) as request:
            return _document(answer_document(asked_session(request, sessions).ask(request.query or "", budget)))
        case QueryRequest() | CheckRequest() as request:
            statements = opened(request, sessions, job.max_queries)
            return Document(blocks=(assembled(request, [answer(budget) for answer in statements.answers]),))
        case CompleteRequest() as request:
            return _document(completion_document(request, asked_session(request, sessions)))
        case ConnectivityRequest() as request:
            return Document(blocks=connectivity_blocks(request, sessions.session(request), budget))
        case ExplainRequest() as request:
            return _document(_explained(request, sessions, budget))
        case LintRequest() as request:
            session = sessions.session(request)
            return _document(findings_document(hygiene.lint(session.encoding, budget, session.prover)))
        case DiffRequest() as request:
            return _document(_difference(request, sessions, budget))


def phases(request: Question) -> int:
    """Maximum number of times that a piece of the work may use up the time of the job."""
    match request:
        case ConnectivityRequest():
            return 1 + request.explain + request.exposure
        case LintRequest():
            return hygiene.KINDS
        case _:
            return 1


def budget_of(job: Job, clock: Callable[[], float] | None = None) -> Budget:
    """The budget of each statement of a job."""
    budget = Budget(seconds=job.seconds)
    return budget if clock is None else replace(budget, clock=clock)


def _document(value: object) -> Document:
    return Document(blocks=(encoded(value),))


def _explained(request: ExplainRequest, sessions: Sessions, budget: Budget) -> object:
    session = sessions.session(request)
    source, destination = request.source or "pods", request.destination or "pods"
    if request.truth_table:
        ends = Ends(source=source, destination=destination)
        return answer_document(truth_table(session, request.port, ends=ends, by=Group(request.by), budget=budget))
    return answer_document(explanation.explain(session, source, destination, request.port, budget))


def _difference(request: DiffRequest, sessions: Sessions, budget: Budget) -> object:
    before, after = together(
        partial(sessions.session, Given.of(source, request.options), name)
        for name, source in (("old", request.old), ("new", request.new))
    )
    found = difference(before.encoding, after.encoding, budget, after.prover, by=request.by)
    return diff_document(found)
