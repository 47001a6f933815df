"""Workers that are no processes: a test sees what each was given and says what comes of it; nothing waits for time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from reachproof.api.batch import Draft, undecided
from reachproof.api.dispatch import Job
from reachproof.api.executor import Body
from reachproof.api.schemas import CheckRequest, QueryRequest, Question
from reachproof.api.settings import Settings
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.workers.ipc import (
    Assignment,
    Condition,
    Done,
    Failed,
    OpenTask,
    Order,
    ReadTask,
    StatementTask,
    body_key,
)
from reachproof.api.workers.pool import Pool
from reachproof.api.workers.pool_executor import ProcessExecutor
from reachproof.api.workers.response_spool import Spool
from reachproof.api.workers.work_queue import wanted_by
from reachproof.api.workers.worker_protocol import Deadlines, LossReason, NotSent, WorkerLost
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import answer_document

Outcome = Done | Failed | WorkerLost | NotSent
SNAPSHOT = Snapshot(digest="sha256:" + "0" * 64)
PATIENCE = 20.0


@dataclass(eq=False)
class Given:
    """An item given to a worker, and the future with its outcome."""

    worker: FakeWorker
    assignment: Assignment
    order: Order | None
    spool: Spool
    deadlines: Deadlines
    outcome: asyncio.Future[Outcome]

    @property
    def text(self) -> str:
        """The sentence that was asked, or which statement of a request."""
        assert self.order is not None
        request = self.order.job.request
        if isinstance(self.assignment.task, StatementTask):
            return f"statement {self.assignment.task.index}"
        return request.query or "open" if isinstance(request, QueryRequest) else "open"

    def finish(self, done: Done) -> None:
        """The worker finishes, with this result."""
        self.outcome.set_result(done)

    def answer(self, text: bytes = b"{}") -> None:
        """The worker finishes, with this document."""
        self.spool.write(text)
        self.outcome.set_result(Done(status="passed"))

    def open(self, statements: int) -> None:
        """The worker finds so many statements."""
        answers = (answer_document(undecided(f"statement {n}", "", "")) for n in range(statements))
        drafts = tuple(Draft(answer=answer, status="undecided") for answer in answers)
        self.outcome.set_result(Done(drafts=drafts))

    def not_sent(self) -> None:
        """The task cannot be written as a message."""
        self.outcome.set_result(NotSent())

    def lose(self, why: LossReason = LossReason.CRASHED, *, gone: bool = True) -> None:
        """The worker ends."""
        self.outcome.set_result(WorkerLost(why, "the worker ended", gone=gone))


@dataclass(eq=False)
class FakeWorker:
    """A `WorkerHandle`."""

    given: asyncio.Queue[Given]
    number: int
    killed: bool = False
    spent: bool = False
    now: Given | None = None
    warm: set[str] = field(default_factory=set)
    orders: dict[str, Order] = field(default_factory=dict)
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(
        self, assignment: Assignment, *, spool: Spool, deadlines: Deadlines, body: Body | None = None
    ) -> Done | Failed:
        order = assignment.order or self.orders.get(assignment.key)
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.now = Given(self, assignment, order, spool, deadlines, outcome)
        if isinstance(assignment.task, ReadTask):
            self.warm.add(body_key(assignment.key))
        if order is not None:
            self.orders[assignment.key] = order
            self.warm |= {*wanted_by(order)}
            if isinstance(assignment.task, OpenTask | StatementTask):
                self.warm.add(assignment.key)
        self.given.put_nowait(self.now)
        found = await outcome
        if isinstance(found, WorkerLost | NotSent):
            raise found
        return found

    async def condition(self) -> Condition:
        return Condition(warm=frozenset(self.warm), memory=1000, spent=self.spent, seconds=2.0, hits=1, misses=0)

    async def ended(self) -> None:
        await self.dead.wait()

    def cancel(self) -> None:
        assert self.now is not None
        self.now.lose(LossReason.CANCELLED, gone=False)

    def kill(self) -> None:
        self.killed = True

    async def close(self) -> None:
        self.killed = True


class House:
    """A workplace with fake workers, and what they were given in order."""

    def __init__(
        self, *, fails: Callable[[int], bool] = lambda number: False, share: int | None = None, **settings: int
    ) -> None:
        self.given: asyncio.Queue[Given] = asyncio.Queue()
        self.workers: list[FakeWorker] = []
        self.pauses: asyncio.Queue[tuple[float, asyncio.Event]] = asyncio.Queue()
        self.starts = 0
        self._fails = fails
        limits = Settings.model_validate({"workers": 1, **settings})
        pool = Pool(self._start, size=limits.workers, most_jobs=limits.worker_jobs, share=share, pause=self._pause)
        self.place = ProcessExecutor(limits, SnapshotProvider(SNAPSHOT), pool)

    async def _start(self) -> FakeWorker:
        self.starts += 1
        if self._fails(self.starts):
            raise WorkerLost(LossReason.CRASHED, "there is no memory")
        self.workers.append(FakeWorker(self.given, len(self.workers)))
        return self.workers[-1]

    async def _pause(self, seconds: float) -> None:
        over = asyncio.Event()
        self.pauses.put_nowait((seconds, over))
        await over.wait()

    async def __aenter__(self) -> House:
        await self.place.start()
        await self.settled()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.place.close()

    async def settled(self) -> None:
        """Until everything that can go on has gone on."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def fail(self, times: int) -> None:
        """So many attempts to start a worker have failed."""
        for _ in range(times - 1):
            (await self.pauses.get())[1].set()
        await self.pauses.get()
        await self.settled()

    async def next(self) -> Given:
        """The next item given to a worker."""
        async with asyncio.timeout(PATIENCE):
            return await self.given.get()

    def ask(self, request: str | Question, client: str = "a") -> asyncio.Task[bytes]:
        """A request under way, which has been heard."""
        asked = QueryRequest(query=request) if isinstance(request, str) else request
        return asyncio.create_task(self._asked(Job(request=asked, seconds=10, max_queries=100), client))

    async def _asked(self, job: Job, client: str) -> bytes:
        document = await self.place.document(job, client)
        try:
            return document.content()
        finally:
            document.close()


def pack() -> CheckRequest:
    """A pack; fake workers say how many statements it has."""
    return CheckRequest(pack="invariant a: no pod can reach any pod")
