"""The HTTP service: requests in, answers out. No policy logic.

A request is worked on in a thread of its own with a session of its own; Z3 gives up the interpreter lock while it
works. How many are worked on at once is a setting; the others wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request, Response

from reachproof import __version__
from reachproof.api.connectivity import connectivity_response
from reachproof.api.diff import diff_document
from reachproof.api.problems import Refusal, document, install, problem_response
from reachproof.api.schemas import (
    AnswerDocument,
    Asked,
    CheckRequest,
    ConnectivityDocument,
    ConnectivityRequest,
    DiffDocument,
    DiffRequest,
    ExplainRequest,
    Health,
    LintDocument,
    LintRequest,
    ProblemDetails,
    QueryRequest,
    ReportDocument,
    UnfinishedDocument,
)
from reachproof.api.settings import Settings
from reachproof.api.sources import Given, Sourced
from reachproof.grammar.ast import Group, Query
from reachproof.manifests import load_objects, load_text
from reachproof.network.errors import InputError, Problem
from reachproof.network.snapshot import Snapshot
from reachproof.queries import explanation, hygiene
from reachproof.queries import packs as packfiles
from reachproof.queries.ask import Session
from reachproof.queries.errors import together
from reachproof.queries.findings import report_json
from reachproof.queries.model_options import model_options
from reachproof.queries.truth_table import Ends, truth_table
from reachproof.queries.wire import answer_json
from reachproof.solver.budget import Budget
from reachproof.solver.ground import prepare
from reachproof.solver.prove import Prover

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemDetails, "description": title}
    for status, title in (
        (400, "Not JSON"),
        (404, "No such snapshot"),
        (413, "Too large"),
        (422, "Wrong"),
        (500, "Bug"),
    )
}

# The options that can be changed once manifests are read, and their fields in Options.
_FIELDS = {
    "tenantLabel": "tenant_label",
    "cni": "cni",
    "podCidr": "pod_range",
    "serviceCidr": "service_range",
    "hostNetworkPods": "host_network_pods",
    "cidrMatches": "cidr_matches",
    "enforcement": "enforcement",
}


def create_app(settings: Settings | None = None, snapshot: Snapshot | None = None) -> FastAPI:
    """The application. `snapshot`: what requests ask about that bring no manifests."""
    limits = settings or Settings()
    app = FastAPI(
        title="reachproof",
        version=__version__,
        description="Proves what a Kubernetes cluster's network policy allows.",
    )
    install(app)
    document(app)
    slots = anyio.CapacityLimiter(limits.workers)

    @app.middleware("http")
    async def bounded(request: Request, following: Callable[[Request], Awaitable[Response]]) -> Response:
        return await _bounded(request, following, limits.max_body_bytes)

    @app.get("/healthz", response_model=Health, tags=["operation"])
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    @app.post(
        "/query",
        response_model=AnswerDocument | list[AnswerDocument],
        responses=_PROBLEMS,
        tags=["questions"],
        summary="Answer one statement, or several",
    )
    async def query(request: QueryRequest) -> Any:
        """One answer for `query`, a list of answers for `queries`. Running out of time is the verdict `unknown`."""
        if request.queries is not None and len(request.queries) > limits.max_queries:
            raise Refusal(422, f"found {len(request.queries)} queries, expected at most {limits.max_queries}")
        return await anyio.to_thread.run_sync(_answer, request, limits, snapshot, limiter=slots)

    @app.post(
        "/check",
        response_model=ReportDocument,
        responses=_PROBLEMS,
        tags=["questions"],
        summary="Check packs of invariants and expectations",
    )
    async def check(request: CheckRequest) -> Any:
        """The verdict on all statements, and the answer to each. Each has the whole of `timeoutMs`."""
        return await anyio.to_thread.run_sync(_report, request, limits, snapshot, limiter=slots)

    @app.post(
        "/connectivity",
        response_model=ConnectivityDocument | UnfinishedDocument,
        responses=_PROBLEMS,
        tags=["questions"],
        summary="List every allowed connection",
    )
    async def connections(request: ConnectivityRequest) -> Any:
        """The rows of all pairs with something allowed. Running out of time is a document with verdict `unknown`."""
        return await anyio.to_thread.run_sync(_connections, request, limits, snapshot, limiter=slots)

    @app.post(
        "/explain",
        response_model=AnswerDocument,
        responses=_PROBLEMS,
        tags=["questions"],
        summary="Explain the flows from one set to another",
    )
    async def explain(request: ExplainRequest) -> Any:
        """The trace of each kind of flow both ways and all that blocks it; with `truthTable`, a list of pairs."""
        return await anyio.to_thread.run_sync(_explained, request, limits, snapshot, limiter=slots)

    @app.post(
        "/lint",
        response_model=LintDocument,
        responses=_PROBLEMS,
        tags=["questions"],
        summary="List what in the policies does nothing, or is not defined",
    )
    async def lint(request: LintRequest) -> Any:
        """Findings with their places. Each kind of finding has the whole of `timeoutMs`."""
        return await anyio.to_thread.run_sync(_linted, request, limits, snapshot, limiter=slots)

    @app.post(
        "/diff",
        response_model=DiffDocument,
        responses=_PROBLEMS,
        tags=["questions"],
        summary="List what another state of the manifests allows more, or less",
    )
    async def diff(request: DiffRequest) -> Any:
        """Rows of connections that differ, with causes. Running out of time is the relation `unknown`."""
        return await anyio.to_thread.run_sync(_difference, request, limits, snapshot, limiter=slots)

    return app


def _connections(request: ConnectivityRequest, limits: Settings, preloaded: Snapshot | None) -> Response:
    return connectivity_response(request, _snapshot(request, preloaded), _budget(request, limits))


def _explained(request: ExplainRequest, limits: Settings, preloaded: Snapshot | None) -> Any:
    session = Session(_snapshot(request, preloaded))
    budget = _budget(request, limits)
    source, destination = request.source or "pods", request.destination or "pods"
    if request.truth_table:
        ends = Ends(source=source, destination=destination)
        return answer_json(truth_table(session, request.port, ends=ends, by=Group(request.by), budget=budget))
    return answer_json(explanation.explain(session, source, destination, request.port, budget))


def _linted(request: LintRequest, limits: Settings, preloaded: Snapshot | None) -> Any:
    encoding = prepare(_snapshot(request, preloaded))
    return report_json(hygiene.lint(encoding, _budget(request, limits), Prover()))


def _difference(request: DiffRequest, limits: Settings, preloaded: Snapshot | None) -> Any:
    before, after = together(
        partial(_snapshot, Given.of(source, request.options), preloaded, name)
        for name, source in (("old", request.old), ("new", request.new))
    )
    return diff_document(before, after, request.by, _budget(request, limits))


def _report(request: CheckRequest, limits: Settings, preloaded: Snapshot | None) -> Any:
    texts = [request.pack] if request.pack is not None else request.packs or []
    names = ["pack"] if request.pack is not None else [f"packs[{index}]" for index in range(len(texts))]
    packs = [packfiles.PackText(name=name, text=text) for name, text in zip(names, texts, strict=True)]
    count = packfiles.count_statements(packs)
    if count > limits.max_queries:
        raise Refusal(422, f"found {count} statements, expected at most {limits.max_queries}")
    others = _others(request, preloaded)
    report = packfiles.check(_snapshot(request, preloaded), packs, budget=_budget(request, limits), others=others)
    return packfiles.report_json(report)


def _answer(request: QueryRequest, limits: Settings, preloaded: Snapshot | None) -> Any:
    session = Session(_snapshot(request, preloaded))
    if request.snapshots:
        session = session.since({name: Session(other) for name, other in _others(request, preloaded).items()})
    budget = _budget(request, limits)
    if request.query is not None:
        return answer_json(session.ask(request.query, budget))
    texts = request.queries or []
    found = [session.answer(query, text, budget) for query, text in zip(_fitting(session, texts), texts, strict=True)]
    return [answer_json(answer) for answer in found]


def _fitting(session: Session, texts: Sequence[str]) -> list[Query]:
    """The parsed queries; one InputError with the problems of all, so that nothing is decided where one is wrong."""
    found: list[Query] = []
    problems: list[Problem] = []
    for number, text in enumerate(texts):
        try:
            found.append(session.fit_one(text))
        except InputError as error:
            problems += (replace(problem, path=f"queries.{number}") for problem in error.problems)
    if problems:
        raise InputError(problems)
    return found


def _budget(request: Asked, limits: Settings) -> Budget:
    return Budget(seconds=min(request.timeout_ms or limits.default_timeout_ms, limits.max_timeout_ms) / 1000)


def _others(request: QueryRequest | CheckRequest, preloaded: Snapshot | None) -> dict[str, Snapshot]:
    """The snapshots that its statements may compare with."""
    return {
        name: _snapshot(Given.of(source, request.options), preloaded, f"snapshots.{name}")
        for name, source in request.snapshots.items()
    }


def _snapshot(request: Sourced, preloaded: Snapshot | None, name: str = "manifests") -> Snapshot:
    """The snapshot that a request is about, or another of it; `name` stands for the file of its manifests."""
    options = model_options(request.options)
    match request.manifests:
        case str(text):
            return load_text(text, name=name, options=options)
        case list(objects):
            return load_objects(objects, name=name, options=options)
    if preloaded is None:
        if request.snapshot is not None:
            raise Refusal(404, f"there is no snapshot {request.snapshot}; send manifests")
        raise Refusal(422, "found neither manifests nor snapshot, and the service was started without --from")
    if request.snapshot not in (None, preloaded.digest):
        raise Refusal(404, f"there is no snapshot {request.snapshot}; the service has {preloaded.digest}")
    given = {name for name, value in request.options.items() if value is not None}
    fixed = sorted(given - set(_FIELDS))
    if fixed:
        verb = "decides" if len(fixed) == 1 else "decide"
        raise Refusal(422, f"{' and '.join(fixed)} {verb} how manifests are read: send manifests to change that")
    changes = {_FIELDS[name]: getattr(options, _FIELDS[name]) for name in given}
    return preloaded.with_options(replace(preloaded.options, **changes)) if changes else preloaded


async def _bounded(request: Request, following: Callable[[Request], Awaitable[Response]], most: int) -> Response:
    """Refuses a body that is larger than allowed, by its declared length or by what arrives."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        return problem_response(413, f"found a body of {declared} bytes, expected at most {most}")
    if not declared:
        size = 0
        chunks: list[bytes] = []
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                return problem_response(413, f"found a body of more than {most} bytes, expected at most that")
            chunks.append(chunk)
        request._body = b"".join(chunks)
    return await following(request)
