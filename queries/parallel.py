"""Answers to independent sentences, by several processes where that pays.

Each process has its own Z3 and prepares the snapshot once for itself, so a few sentences are answered faster without.
Answers come back in the order of the tasks, whichever is ready first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context

from reachproof.grammar.ast import Query
from reachproof.network.errors import InternalError
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Question, Session, answer
from reachproof.solver.budget import Budget

WORTH_PROCESSES = 20_000
"""Pods times sentences. Below, this process is faster alone: others take a second or more to load Z3."""

Given = tuple[Snapshot, dict[str, Snapshot]]
"""A snapshot, and those that it is compared with by name."""

Progress = Callable[[int, int, str], None]
"""Called before each answer is waited for: how many are done, how many there are, and the name of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A question, and its name, which is for progress only."""

    question: Question
    name: str

    @property
    def session(self) -> Session:
        """Where it is asked."""
        return self.question.place


def answers_of(
    tasks: Sequence[Task], budget: Budget, *, jobs: int, progress: Progress | None = None
) -> tuple[Answer, ...]:
    """The answer to each task, in order; each has the whole budget. Raises InternalError for our bugs."""
    work = sum(len(task.session.snapshot.pods) for task in tasks)
    jobs = min(jobs, len(tasks))
    found = _here(tasks, budget) if jobs <= 1 or work < WORTH_PROCESSES else _elsewhere(tasks, budget, jobs)
    answers: list[Answer] = []
    for task in tasks:
        if progress is not None:
            progress(len(answers), len(tasks), task.name)
        answers.append(next(found))
    return tuple(answers)


def _here(tasks: Sequence[Task], budget: Budget) -> Iterator[Answer]:
    for task in tasks:
        yield answer(task.question, budget)


def _elsewhere(tasks: Sequence[Task], budget: Budget, jobs: int) -> Iterator[Answer]:
    """The answers of other processes: the first takes the tasks 0, jobs, 2 jobs, ..., the second those after them."""
    sessions = tuple(dict.fromkeys(task.session for task in tasks))
    place = {session: number for number, session in enumerate(sessions)}
    items = [(place[task.session], task.question.query, task.question.text) for task in tasks]
    given = tuple((each.snapshot, {name: other.snapshot for name, other in each.others.items()}) for each in sessions)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
    try:
        shares = [pool.submit(_share, given, items[number::jobs], budget) for number in range(jobs)]
        for number, task in enumerate(tasks):
            found = shares[number % jobs].result()[number // jobs]
            yield replace(found, snapshot=task.session.snapshot)
    except BrokenProcessPool:
        raise InternalError(
            "a process that answers statements ended, perhaps for want of memory; no verdict is given; try --jobs 1"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _share(given: Sequence[Given], items: Sequence[tuple[int, Query, str]], budget: Budget) -> tuple[Answer, ...]:
    """What one process does. The answers leave the snapshot out: whoever asked has it."""
    sessions = tuple(
        Session(snapshot, {name: Session(other) for name, other in others.items()}) for snapshot, others in given
    )
    nothing = Snapshot()
    bound = (sessions[place].bound(query, text) for place, query, text in items)
    return tuple(replace(answer(each, budget), snapshot=nothing) for each in bound)
