"""An audit of many snapshots: tasks to workers, and one outcome for each snapshot, whatever happens to the workers.

    place     somewhere that tasks can be given to: a process of this machine, or a cluster
    outcome   kept by the snapshot's position; the first one counts, and there is always one

The seam is `concurrent.futures`: a place gives a Future for a task. When its worker dies a task is given away again, a
bounded number of times; since `audit_one` is a function of its task and of nothing else, it does not matter how often
that was done. Verdicts come from `queries.packs.check` alone.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from reachproof import __version__
from reachproof.documents.audit import Audited, AuditedPack, FleetReport
from reachproof.documents.report import CheckReport
from reachproof.documents.words import State
from reachproof.manifests import load_contents
from reachproof.network.errors import InputError, InternalError, Problem, ReachproofError
from reachproof.network.options import DEFAULT_OPTIONS, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import DEFAULT_BUDGET
from reachproof.queries.packs import NOTHING_ALLOWED, Allowed, PackText, check
from reachproof.solver.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTask:
    """One snapshot as the bytes of its files, and all that decides what comes out; values only.

    `budget`: of each statement. `version`: of who asks, since another one may judge otherwise.
    """

    name: str
    contents: tuple[tuple[str, bytes], ...]
    packs: tuple[PackText, ...]
    options: Options = DEFAULT_OPTIONS
    lenient: bool = False
    namespace: str = "default"
    ignore_kinds: frozenset[str] = frozenset()
    budget: Budget = DEFAULT_BUDGET
    allowed: Allowed = NOTHING_ALLOWED
    version: str = __version__


def refused(name: str, problems: Iterable[Problem]) -> Audited:
    """The outcome of a snapshot that cannot be used."""
    return Audited(name=name, state=State.REFUSED, problems=tuple(problems))


def audit_one(task: AuditTask) -> Audited:
    """Read the snapshot and check the packs on it. Raises nothing: a mistake and a bug are outcomes like others.

    Each statement has the whole budget; more than that times the number of statements it cannot take.
    """
    if task.version != __version__:
        message = (
            f"the worker runs reachproof {__version__}, the audit was started with {task.version}; "
            "install the same version on both"
        )
        return refused(task.name, [Problem(message=message)])
    try:
        snapshot = load_contents(
            task.contents,
            options=task.options,
            lenient=task.lenient,
            namespace=task.namespace,
            ignore_kinds=task.ignore_kinds,
        )
        packs = _checked(snapshot, task, task.packs)
    except InputError as error:
        return refused(task.name, error.problems)
    except Exception as error:  # one broken snapshot must not take the others with it; it is told, with exit code 70
        reason = f"{type(error).__name__}: {error}"
        return Audited(name=task.name, state=State.BROKEN, reason=reason, trace=traceback.format_exc())
    return Audited(name=task.name, state=State.CHECKED, digest=snapshot.digest, packs=packs)


def _checked(snapshot: Snapshot, task: AuditTask, packs: tuple[PackText, ...]) -> tuple[AuditedPack, ...]:
    """All packs at once, so that they share what is prepared; one by one where a pack does not fit the snapshot."""
    try:
        report = check(snapshot, packs, budget=task.budget, allowed=task.allowed)
    except InputError as error:
        if len(packs) == 1:
            return (AuditedPack(pack=packs[0].name, state=State.REFUSED, problems=error.problems),)
        return tuple(audit for pack in packs for audit in _checked(snapshot, task, (pack,)))
    return tuple(_of_pack(report, pack) for pack in packs)


def _of_pack(report: CheckReport, pack: PackText) -> AuditedPack:
    own = CheckReport(
        results=tuple(each for each in report.results if each.statement.pack == pack.name),
        skipped=tuple(each for each in report.skipped if each.statement.pack == pack.name),
    )
    return AuditedPack(pack=pack.name, state=State.CHECKED, report=own)


MOST_ATTEMPTS = 3
"""How many workers a task is given to, one after the other, while they die of it."""


class ClusterError(ReachproofError):
    """The cluster that is to do the work cannot be reached, or has nobody who could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A snapshot of the fleet. `read` is called once, when somebody is free to work on it: fleets can be large."""

    name: str
    read: Callable[[], AuditTask | Audited]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The failure of a task without an outcome of its own; `again`: another worker may fare better."""

    state: State
    reason: str
    again: bool


class Place(Protocol):
    """A place that works on tasks."""

    @property
    def room(self) -> int:
        """Number of tasks that it may hold at once."""

    def submit(self, task: AuditTask) -> Future[Audited]:
        """Take a task. The future raises what `failure` understands if its worker dies."""

    def failure(self, error: BaseException) -> Failure | None:
        """The failure behind an error; None if it tells nothing of workers. Afterwards tasks are taken again."""

    def close(self, *, at_once: bool) -> None:
        """Gives everything back; with `at_once` work under way is given up."""


class Watcher(Protocol):
    """A listener to the progress of an audit."""

    def finished(self, done: int, total: int, audited: Audited) -> None:
        """One more snapshot has its outcome."""

    def again(self, name: str, attempt: int) -> None:
        """The worker died; the task is given away for the `attempt`-th time, the first being 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """A task on its way to a worker: the position of its snapshot, and which attempt this is, from 1."""

    position: int
    task: AuditTask
    attempt: int


def audit(fleet: Sequence[Given], places: Sequence[Place], watcher: Watcher) -> FleetReport:
    """The outcome of every snapshot. An interrupt (KeyboardInterrupt) ends it with what is finished.

    The places are closed at the end. Cost besides the work: the files of as many snapshots as there is room for.
    """
    run = _Run(fleet, places, watcher)
    interrupted = True
    try:
        with suppress(KeyboardInterrupt):  # the report tells what is not finished
            run.to_the_end()
            interrupted = False
    finally:
        for place in places:
            place.close(at_once=interrupted)
    return FleetReport(snapshots=run.outcomes(), interrupted=interrupted)


class _Run:
    def __init__(self, fleet: Sequence[Given], places: Sequence[Place], watcher: Watcher) -> None:
        self._fleet = fleet
        self._watcher = watcher
        self._unread = deque(range(len(fleet)))
        self._again: deque[_Turn] = deque()
        self._places = places
        self._running: dict[Future[Audited], tuple[Place, _Turn]] = {}
        self._found: dict[int, Audited] = {}

    def to_the_end(self) -> None:
        self._give()
        while self._running:
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in done:
                place, turn = self._running.pop(future)
                self._take(future, place, turn)
            self._give()

    def outcomes(self) -> tuple[Audited, ...]:
        return tuple(
            self._found.get(position) or Audited(name=given.name, state=State.UNFINISHED, attempts=0)
            for position, given in enumerate(self._fleet)
        )

    def _give(self) -> None:
        for place in self._places:
            held = sum(other is place for other, _ in self._running.values())
            for turn in self._next(place.room - held):
                self._running[place.submit(turn.task)] = place, turn

    def _next(self, most: int) -> Iterator[_Turn]:
        """Up to `most` tasks: first those whose worker died, then snapshots in order. What cannot be read is none."""
        while most > 0 and (self._again or self._unread):
            if self._again:
                turn = self._again.popleft()
            else:
                position = self._unread.popleft()
                read = self._fleet[position].read()
                if isinstance(read, Audited):
                    self._keep(position, read)
                    continue
                turn = _Turn(position=position, task=read, attempt=1)
            yield turn
            most -= 1

    def _take(self, future: Future[Audited], place: Place, turn: _Turn) -> None:
        error = CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            self._failed(error, place, turn)
            return
        found = future.result()
        if found.name != turn.task.name:
            raise InternalError(f"asked about the snapshot {turn.task.name}, answered about {found.name}")
        self._keep(turn.position, replace(found, attempts=turn.attempt))

    def _failed(self, error: BaseException, place: Place, turn: _Turn) -> None:
        failure = place.failure(error)
        if failure is not None and failure.again and turn.attempt < MOST_ATTEMPTS:
            self._again.append(replace(turn, attempt=turn.attempt + 1))
            self._watcher.again(turn.task.name, turn.attempt + 1)
            return
        state = failure.state if failure else State.BROKEN
        reason = failure.reason if failure else f"{type(error).__name__}: {error}"
        trace = "" if failure else "".join(traceback.format_exception(error))
        audited = Audited(name=turn.task.name, state=state, reason=reason, trace=trace, attempts=turn.attempt)
        self._keep(turn.position, audited)

    def _keep(self, position: int, audited: Audited) -> None:
        if position in self._found:
            raise InternalError(f"two outcomes for the snapshot {audited.name}")
        self._found[position] = audited
        self._watcher.finished(len(self._found), len(self._fleet), audited)
