"""The pipeline of questions: parse -> bind -> decide -> replay -> answer, each stage once.

| Stage | Where |
|---|---|
| parse | `grammar.parse` |
| bind | `queries.bind`: the plan of the sentence, one of five forms |
| decide, replay | the module of the form: `claims`, `lists`, `hygiene`, `change_claims` |
| answer | here: the notices of the snapshot, and the time |

Every witness is replayed by the evaluator, and of every proof a sample of flows, one per cell of the question where
these are few. Disagreement raises InternalError: a verdict that two implementations do not share is never given.

Many questions go to several processes where that pays. Each process has its own Z3 and prepares the snapshot once for
itself, so a few questions are answered faster without. Answers come back in the order of the questions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from copy import copy
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import assert_never

from reachproof.documents.answer import Evidence
from reachproof.documents.words import Verdict
from reachproof.grammar import ast
from reachproof.grammar.ast import Query
from reachproof.grammar.format import format_query
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.parse import parse, parse_many
from reachproof.network.errors import InternalError
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.bind import BoundSentence, bind
from reachproof.queries.claims import PreparedSnapshot, answer_claim, answer_why
from reachproof.queries.errors import QueryError
from reachproof.queries.ingress_controller import needs_stand_in, with_stand_in
from reachproof.queries.input_gaps import missing_kinds
from reachproof.queries.lists import ListPlan, answer_list
from reachproof.queries.plain_speech import in_plain, plain_reader
from reachproof.queries.plan import ChangePlan, HygienePlan, Plan, TablePlan, WhyPlan
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover, engine

DEFAULT_BUDGET = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A sentence as it was written, parsed, and bound to a plan in the session `place`.

    `bind_ms`: the milliseconds that binding took.
    """

    text: str
    query: ast.Query
    bound: BoundSentence
    place: Session
    bind_ms: float


class Session(PreparedSnapshot):
    """A snapshot that can be asked about: prepared at the first question and then kept.

    `others` are those of other snapshots that a question may compare with, by name. A `prover` may be shared by the
    sessions of one thread. Not safe for use by several threads at once.
    """

    def __init__(
        self, snapshot: Snapshot, others: Mapping[str, Session] | None = None, prover: Prover | None = None
    ) -> None:
        super().__init__(snapshot, prover or Prover())
        self.others = dict(others or {})
        self._with_controller: Session | None = None

    def reading(self, snapshot: Snapshot) -> Session:
        """The session of the same cluster read in another way; this one for the very same snapshot."""
        return self if snapshot is self.snapshot else Session(snapshot, self.others, self.prover)

    def place_of(self, asked: object) -> Session:
        """The session of a sentence, or of sets: this one, or one with a stand-in for a missing ingress controller."""
        return self.with_controller if needs_stand_in(self.snapshot, asked) else self

    @property
    def with_controller(self) -> Session:
        """The session of the same cluster with a stand-in for a missing ingress controller."""
        if self._with_controller is None:
            self._with_controller = self.reading(with_stand_in(self.snapshot))
        return self._with_controller

    def since(self, others: Mapping[str, Session]) -> Session:
        """This session with other snapshots to compare with; what is prepared is shared."""
        self._encoding = self.encoding
        found = copy(self)
        found.others = dict(others)
        found._with_controller = None
        return found

    def ask(self, text: str, budget: Budget = DEFAULT_BUDGET) -> Answer:
        """Answer one sentence. Raises InputError for a sentence that cannot be asked, InternalError for our bugs."""
        return answer(self.question(text), budget)

    def ask_all(
        self, text: str, budget: Budget = DEFAULT_BUDGET, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Answer, ...]:
        """Answer several sentences, each with the whole budget. Nothing is decided when one of them cannot be asked.

        `progress` is called before each is decided, with the number of those that are done and of all.
        """
        questions = self.questions(text)
        told = None if progress is None else lambda done: progress(done, len(questions))
        return answers_of(questions, budget, jobs=1, progress=told)

    def question(self, text: str) -> Question:
        """The one sentence of a text, bound. Raises InputError if it cannot be asked."""
        query = parse(text, plain_reader(self.snapshot))
        try:
            return self.bound(query, text)
        except QueryError as error:
            raise QueryError(in_plain(query, error.mistakes), text) from None

    def questions(self, text: str) -> tuple[Question, ...]:
        """The sentences of a text, bound. Raises InputError with the problems of all of them that cannot be asked."""
        found: list[Question] = []
        mistakes: list[Mistake] = []
        for query in parse_many(text, plain_reader(self.snapshot)):
            try:
                found.append(self.bound(query, text[query.span.start : query.span.end]))
            except QueryError as error:
                mistakes += in_plain(query, error.mistakes)
        if mistakes:
            raise QueryError(mistakes, text)
        return tuple(found)

    def bound(self, query: ast.Query, text: str) -> Question:
        """A parsed sentence, bound; `text` is what the user wrote. Raises QueryError without a text."""
        started = time.perf_counter()
        place = self.place_of(query)
        bound = bind(query, place.encoding.universe, place.others)
        bind_ms = (time.perf_counter() - started) * 1000
        return Question(text=text, query=query, bound=bound, place=place, bind_ms=bind_ms)


def answer(question: Question, budget: Budget = DEFAULT_BUDGET) -> Answer:
    """The answer to a question that is bound. Raises InternalError for our bugs."""
    started = time.perf_counter()
    running = budget.start()
    place, bound = question.place, question.bound
    draft = draft_answer(place.snapshot, query=question.text, normalized=format_query(question.query))
    draft = replace(draft, plain=bool(question.query.exact)).assuming(bound.assumptions)
    draft = draft.warning((*missing_kinds(question.query, place.snapshot), *bound.warnings))
    match bound.plan:
        case Plan() as plan:
            found = answer_claim(plan, draft, place, running)
        case WhyPlan() as plan:
            found = answer_why(plan, draft, place, running)
        case ListPlan() as plan:
            found = answer_list(plan, draft, place.encoding_of(plan.snapshot), running)
        case HygienePlan() as plan:
            from reachproof.queries.hygiene import answer_hygiene  # half of what there is to import

            found = answer_hygiene(plan, draft, place.encoding_of(plan.snapshot), running, place.prover)
        case TablePlan() as plan:
            found = replace(
                draft,
                form=plan.form,
                verdict=Verdict.LISTED,
                columns=plan.columns,
                rows=plan.rows,
                vacuous=plan.vacuous,
            )
        case ChangePlan() as plan:
            from reachproof.queries.change_claims import answer_change

            before = place.others.get(plan.since, place)
            both = before.encoding, place.encoding_of(plan.snapshot)
            found = answer_change(plan, draft, both, running, place.prover)
        case _:
            assert_never(bound.plan)
    total = question.bind_ms + (time.perf_counter() - started) * 1000
    return found.with_evidence(total_ms=round(total, 3))


def draft_answer(snapshot: Snapshot, *, query: str, normalized: str) -> Answer:
    """An answer of which nothing is decided: `unknown`, with the assumptions and warnings of the snapshot."""
    evidence = Evidence(
        replayed=False, cross_checked=False, engine=engine(), solver_ms=0.0, total_ms=0.0, snapshot=snapshot.digest
    )
    return (
        Answer(
            query=query,
            normalized=normalized,
            form="",
            verdict=Verdict.UNKNOWN,
            evidence=evidence,
            snapshot=snapshot,
        )
        .assuming(snapshot.assumptions)
        .warning(snapshot.warnings)
    )


WORTH_PROCESSES = 20_000
"""Pods times sentences. Below, this process is faster alone: others take a second or more to load Z3."""

Given = tuple[Snapshot, dict[str, Snapshot]]
"""A snapshot, and those that it is compared with by name."""


def answers_of(
    questions: Sequence[Question], budget: Budget, *, jobs: int, progress: Callable[[int], None] | None = None
) -> tuple[Answer, ...]:
    """The answer to each question, in order; each has the whole budget. Raises InternalError for our bugs.

    `progress` is called before each answer is waited for, with the number of those that are done.
    """
    work = sum(len(question.place.snapshot.pods) for question in questions)
    jobs = min(jobs, len(questions))
    here = jobs <= 1 or work < WORTH_PROCESSES
    found = (answer(each, budget) for each in questions) if here else _elsewhere(questions, budget, jobs)
    answers: list[Answer] = []
    for _ in questions:
        if progress is not None:
            progress(len(answers))
        answers.append(next(found))
    return tuple(answers)


def _elsewhere(questions: Sequence[Question], budget: Budget, jobs: int) -> Iterator[Answer]:
    """The answers of other processes: the first has the questions 0, jobs, 2 jobs, ..., the second those after them."""
    sessions = tuple(dict.fromkeys(question.place for question in questions))
    place = {session: number for number, session in enumerate(sessions)}
    items = [(place[question.place], question.query, question.text) for question in questions]
    given = tuple((each.snapshot, {name: other.snapshot for name, other in each.others.items()}) for each in sessions)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        shares = [pool.submit(_share, given, items[number::jobs], budget) for number in range(jobs)]
        for number, question in enumerate(questions):
            found = shares[number % jobs].result()[number // jobs]
            yield replace(found, snapshot=question.place.snapshot)
    except BrokenProcessPool:
        raise InternalError(
            "a worker process ended, perhaps out of memory; no verdict is given; try --jobs 1"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _share(given: Sequence[Given], items: Sequence[tuple[int, Query, str]], budget: Budget) -> tuple[Answer, ...]:
    """The work of one process. The answers leave the snapshot out: whoever asked has it."""
    sessions = tuple(
        Session(snapshot, {name: Session(other) for name, other in others.items()}) for snapshot, others in given
    )
    nothing = Snapshot()
    bound = (sessions[place].bound(query, text) for place, query, text in items)
    return tuple(replace(answer(each, budget), snapshot=nothing) for each in bound)
