"""What one request asks, worked out: a job in, a result out, as plain data. No HTTP here and no policy logic.

A job and a result can cross to another process. Who works on jobs, and how many at once, is told in `workplace`; where
snapshots come from is a `Shelf`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from json import dumps
from typing import Any

from reachproof.api.connectivity import connectivity_blocks
from reachproof.api.diff import diff_document
from reachproof.api.refusal import Refusal
from reachproof.api.schemas import (
    CheckRequest,
    ConnectivityRequest,
    DiffRequest,
    ExplainRequest,
    LintRequest,
    QueryRequest,
)
from reachproof.api.shelf import Shelf
from reachproof.api.sources import Given
from reachproof.grammar.ast import Group, Query
from reachproof.network.errors import InputError, Problem
from reachproof.queries import explanation, hygiene
from reachproof.queries import packs as packfiles
from reachproof.queries.ask import Session
from reachproof.queries.errors import together
from reachproof.queries.findings import report_json
from reachproof.queries.truth_table import Ends, truth_table
from reachproof.queries.wire import answer_json
from reachproof.solver.budget import Budget
from reachproof.solver.prove import Prover

Question = QueryRequest | CheckRequest | ConnectivityRequest | ExplainRequest | LintRequest | DiffRequest


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


def work(job: Job, shelf: Shelf) -> Document:
    """The JSON document that answers a job. Raises InputError, Refusal and InternalError.

    Running out of time or memory is a document that says so.
    """
    budget = Budget(seconds=job.seconds)
    match job.request:
        case QueryRequest() as request:
            return _document(_answer(request, shelf, budget))
        case CheckRequest() as request:
            return _document(_report(request, shelf, budget, job.max_queries))
        case ConnectivityRequest() as request:
            return Document(blocks=connectivity_blocks(request, shelf.session(request), budget))
        case ExplainRequest() as request:
            return _document(_explained(request, shelf, budget))
        case LintRequest() as request:
            return _document(report_json(hygiene.lint(shelf.session(request).encoding, budget, Prover())))
        case DiffRequest() as request:
            return _document(_difference(request, shelf, budget))


def _document(value: Any) -> Document:
    text = dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Document(blocks=(text.encode(),))


def _explained(request: ExplainRequest, shelf: Shelf, budget: Budget) -> Any:
    session = shelf.session(request)
    source, destination = request.source or "pods", request.destination or "pods"
    if request.truth_table:
        ends = Ends(source=source, destination=destination)
        return answer_json(truth_table(session, request.port, ends=ends, by=Group(request.by), budget=budget))
    return answer_json(explanation.explain(session, source, destination, request.port, budget))


def _difference(request: DiffRequest, shelf: Shelf, budget: Budget) -> Any:
    before, after = together(
        partial(shelf.session, Given.of(source, request.options), name)
        for name, source in (("old", request.old), ("new", request.new))
    )
    return diff_document(before, after, request.by, budget)


def _report(request: CheckRequest, shelf: Shelf, budget: Budget, max_queries: int) -> Any:
    texts = [request.pack] if request.pack is not None else request.packs or []
    names = ["pack"] if request.pack is not None else [f"packs[{index}]" for index in range(len(texts))]
    packs = [packfiles.PackText(name=name, text=text) for name, text in zip(names, texts, strict=True)]
    count = packfiles.count_statements(packs)
    if count > max_queries:
        raise Refusal(422, f"found {count} statements, expected at most {max_queries}")
    others = {name: session.snapshot for name, session in _others(request, shelf).items()}
    report = packfiles.check(shelf.session(request).snapshot, packs, budget=budget, others=others)
    return packfiles.report_json(report)


def _answer(request: QueryRequest, shelf: Shelf, budget: Budget) -> Any:
    session = shelf.session(request)
    if request.snapshots:
        session = session.since(_others(request, shelf))
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


def _others(request: QueryRequest | CheckRequest, shelf: Shelf) -> Mapping[str, Session]:
    """The snapshots that its statements may compare with."""
    return {
        name: shelf.session(Given.of(source, request.options), f"snapshots.{name}")
        for name, source in request.snapshots.items()
    }
