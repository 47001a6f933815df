"""The routes that answer questions: what is asked is read here, and answered by the executor."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Response
from fastapi.routing import APIRoute

from reachproof.api.answer_cache import AnswerCache, ReadyAnswer
from reachproof.api.audit_log import AUDITED, audit_fields
from reachproof.api.dispatch import Job, completion_document, names_a_snapshot
from reachproof.api.executor import Executor
from reachproof.api.http_error import HttpError
from reachproof.api.name_resolution import demand_stored, has_names, resolved
from reachproof.api.openapi import PROBLEMS, sends
from reachproof.api.reading_route import ReadRequest
from reachproof.api.result_cache import ResultCache, ResultKey
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
from reachproof.api.scoped_store import ScopedStore
from reachproof.api.settings import Settings
from reachproof.api.store import SnapshotStore
from reachproof.api.streaming import (
    CACHE_HEADER,
    GONE,
    MEDIA_TYPE,
    TeeDocument,
    cached_once_sent,
    response_of,
    while_connected,
)
from reachproof.documents.answer import Answer
from reachproof.documents.completion import Completion
from reachproof.documents.connectivity import Connectivity, Unfinished
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.json import encoded
from reachproof.documents.report import Report
from reachproof.network.errors import Problem


def questions(
    settings: Settings,
    executor: Executor,
    store: SnapshotStore,
    results: ResultCache,
    answers: AnswerCache,
    route: type[APIRoute],
) -> APIRouter:
    """The routes of questions about a snapshot, or two. `store`: what snapshots names stand for.

    `route`: of the class that `reading_route` makes, which looks into `answers`.
    """
    routes = APIRouter(tags=["questions"], responses=PROBLEMS, route_class=route)

    async def answered(request: Question, http: ReadRequest) -> Response:
        check_lengths(request, settings)
        seen = ScopedStore(store=store, scope=http.limits, client=http.principal)
        looked = partial(look_up, seen=seen, results=results, keeping=http.may_be_kept)
        changes = answers.changes
        request, key, ready = await anyio.to_thread.run_sync(looked, request)
        if ready is not None:
            if http.spool.is_small:
                answers.put(http.asked, ready, changes)
            http.scope[AUDITED] = ready.audit
            return Response(ready.document, media_type=MEDIA_TYPE, headers={CACHE_HEADER: "hit"})
        milliseconds = min(request.timeout_ms or settings.default_timeout_ms, settings.max_timeout_ms)
        job = Job(
            request=request,
            seconds=milliseconds / 1000,
            max_queries=settings.max_queries,
            namespaces=http.limits.namespaces,
        )
        document = await while_connected(http, executor.document(job, http.principal, http.large))
        if document is None:
            return Response(status_code=GONE)
        patience = settings.patience_ms / 1000
        if key is None:
            return response_of(document, patience)
        tee = TeeDocument(document)
        return cached_once_sent(response_of(tee, patience), tee, results, key)

    @routes.post("/query", **sends(Answer, several=True), summary="Answer questions, and prove or refute claims")
    async def query(request: QueryRequest, http: ReadRequest) -> Any:
        """One answer for `query`, a list of answers for `queries`. Running out of time is the verdict `unknown`."""
        return await answered(request, http)

    @routes.post("/query/complete", **sends(Completion), summary="Complete a sentence")
    async def complete(request: CompleteRequest, http: ReadRequest) -> Any:
        """Words and names for the place of the cursor, and what is wrong with the sentence. Wrong text is no error."""
        try:
            return await answered(request, http)
        except HttpError as error:
            if error.status != 422 or names_a_snapshot(request):
                raise
            # There is no snapshot at all: words of the language.
            found = await anyio.to_thread.run_sync(completion_document, request, None)
            return Response(encoded(found), media_type=MEDIA_TYPE)

    @routes.post("/check", **sends(Report), summary="Check packs of invariants and expectations")
    async def check(request: CheckRequest, http: ReadRequest) -> Any:
        """The verdict on all statements, and the answer to each. Each has the whole of `timeoutMs`."""
        return await answered(request, http)

    @routes.post(
        "/connectivity",
        **sends(Connectivity, Unfinished),
        summary="List every allowed connection",
    )
    async def connections(request: ConnectivityRequest, http: ReadRequest) -> Any:
        """The rows of all pairs with something allowed. Running out of time is a document with verdict `unknown`."""
        return await answered(request, http)

    @routes.post("/explain", **sends(Answer), summary="Explain the flows from one set to another")
    async def explain(request: ExplainRequest, http: ReadRequest) -> Any:
        """The trace of each kind of flow both ways and all that blocks it; with `truthTable`, a list of pairs."""
        return await answered(request, http)

    @routes.post(
        "/lint",
        **sends(Findings),
        summary="List what in the policies does nothing, or is not defined",
    )
    async def lint(request: LintRequest, http: ReadRequest) -> Any:
        """Findings with their places. Each kind of finding has the whole of `timeoutMs`."""
        return await answered(request, http)

    @routes.post(
        "/diff",
        **sends(Diff),
        summary="List what another state of the manifests allows more, or less",
    )
    async def diff(request: DiffRequest, http: ReadRequest) -> Any:
        """Rows of connections that differ, with causes. Running out of time is the relation `unknown`."""
        return await answered(request, http)

    return routes


def look_up(
    request: Question, *, seen: ScopedStore, results: ResultCache, keeping: bool
) -> tuple[Question, ResultKey | None, ReadyAnswer | None]:
    """The request with digests for names, the key of its result, and that if it was kept. Raises HttpError; blocks."""
    demand_stored(request, seen, results.own)
    request = resolved(request, seen.resolve) if has_names(request) else request
    key, found = results.find(request, seen.scope.namespaces) if keeping else (None, None)
    return request, key, None if found is None else ReadyAnswer(document=found, audit=audit_fields(found))


# ---------------------------------------------------------------- lengths of texts


def check_lengths(request: Question, settings: Settings) -> None:
    """Raises HttpError, 422, with every text that is too long."""
    texts, most = _texts(request), settings.max_query_chars
    if isinstance(request, CheckRequest):
        most = settings.max_pack_chars
    problems = [
        Problem(file="body", path=path, message=f"too long ({len(text)} characters; the limit is {most})")
        for path, text in texts
        if text is not None and len(text) > most
    ]
    if problems:
        raise HttpError(422, "the request has a text that is too long here", problems)


def _texts(request: Question) -> list[tuple[str, str | None]]:
    match request:
        case QueryRequest():
            return [("query", request.query), *_numbered("queries", request.queries)]
        case CheckRequest():
            return [("pack", request.pack), *_numbered("packs", request.packs)]
        case CompleteRequest():
            return [("text", request.text)]
        case ExplainRequest():
            return [("source", request.source), ("destination", request.destination), ("port", request.port)]
        case ConnectivityRequest():
            return [("src", request.src), ("dst", request.dst), ("ports", request.ports)]
        case _:  # the others have no text of the language
            return []


def _numbered(name: str, texts: list[str] | None) -> list[tuple[str, str | None]]:
    return [(f"{name}.{number}", text) for number, text in enumerate(texts or [])]
