"""The pool: which worker works on what, and what becomes of work whose worker ended.

One client after another has its turn, and a request with several statements is as many pieces of work, so that a long
pack does not keep others waiting. A worker that has the snapshot at hand is preferred among those that are idle.
Everything here runs in one event loop; nothing is kept outside of the pool.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from reachproof.api.http_error import HttpError
from reachproof.api.workers.ipc import Assignment, Condition, Done, Failed, body_key
from reachproof.api.workers.work_queue import FairQueue, WorkItem
from reachproof.api.workers.worker_protocol import LossReason, NotSent, WorkerHandle, WorkerLost

ATTEMPTS = 2
"""Number of workers that a piece of work is given to before it is answered with `unknown`."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
"""Seconds between attempts to start a worker: twice as many after each that fails."""
FAILURES = 3
"""After so many, one after another, work does not wait for that worker any more."""
RETRY_AFTER = 5
"""Seconds after which clients may come again that are refused for want of workers."""
_RETRIED = (LossReason.CRASHED, LossReason.MEMORY)


@dataclass(slots=True)
class PoolStats:
    """Counts since the start, as `Workload` tells them."""

    jobs: int = 0
    unfinished: int = 0
    retried: int = 0
    cancelled: int = 0
    restarts: int = 0
    killed: int = 0
    refused: int = 0
    solver_seconds: float = 0.0
    warm_hits: int = 0
    warm_misses: int = 0


@dataclass(eq=False, slots=True, kw_only=True)
class PoolWorker:
    """A started worker. `free`: it can be given an item; `item`: the one that it was given last, until it is done."""

    handle: WorkerHandle
    free: bool = False
    item: WorkItem | None = None
    given: asyncio.Event = field(default_factory=asyncio.Event)
    jobs: int = 0
    warm: frozenset[str] = field(default_factory=frozenset)
    memory: int = 0


class Pool:
    """Workers and what waits for them. `start` makes a worker; `pause` waits for some seconds.

    `share`: the most workers that are at work for one client, all of them if left out.
    """

    def __init__(
        self,
        start: Callable[[], Awaitable[WorkerHandle]],
        *,
        size: int,
        most_jobs: int,
        share: int | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._start = start
        self._size = size
        self._most_jobs = most_jobs
        self._share = share or size
        self._pause = pause
        self._queue: FairQueue[WorkItem] = FairQueue()
        self._again: deque[WorkItem] = deque()
        self._workers: dict[int, PoolWorker] = {}
        self._slots: list[asyncio.Task[None]] = []
        self._number = 0
        self.trouble = ""
        self.stats = PoolStats()

    def open(self) -> None:
        """Begin to start workers, in the running event loop."""
        self._slots = [asyncio.create_task(self._slot(number)) for number in range(self._size)]

    async def close(self) -> None:
        """End all workers; work that is left ends with HttpError 503."""
        self.abandon("the service is stopping")
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        self._slots = []

    def abandon(self, why: str) -> None:
        """Answer with HttpError 503 whatever waits or is worked on."""
        given = [worker.item for worker in self._workers.values() if worker.item is not None]
        for item in (*self._again, *self._queue.clear(), *given):
            _refuse(item, why)
        self._again.clear()

    # ------------------------------------------------------------ what is seen

    @property
    def waiting(self) -> int:
        """Items that no worker has taken."""
        return len(self._queue) + len(self._again)

    @property
    def idle(self) -> int:
        """Workers that wait for work."""
        return len(self._idle())

    @property
    def started(self) -> int:
        """Workers that are idle or busy."""
        return len(self._workers)

    @property
    def memory(self) -> tuple[int, ...]:
        """Resident bytes of each worker after its last item."""
        return tuple(worker.memory for _, worker in sorted(self._workers.items()))

    # ------------------------------------------------------------ work

    def put(self, item: WorkItem) -> None:
        """Have an item worked on in its turn."""
        if self.trouble and not self._workers:
            _refuse(item, self.trouble)
            return
        self._queue.put(item.client, item)
        self._dispatch()

    def cancel(self, item: WorkItem) -> None:
        """Nobody waits for the item any more."""
        item.result.cancel()
        if self._queue.remove(item.client, item):
            self.stats.cancelled += 1
        elif item in self._again:
            self._again.remove(item)
            self.stats.cancelled += 1
        elif item.handle is not None:
            item.handle.cancel()

    def _idle(self) -> list[PoolWorker]:
        return [worker for _, worker in sorted(self._workers.items()) if worker.free]

    def _dispatch(self) -> None:
        """Give what waits to idle workers. What a worker was lost with goes to one that is new, before all else."""
        for worker in self._idle():
            if self._again and (self.trouble or not worker.jobs):
                _give(worker, self._again.popleft())
        while (idle := self._idle()) and (item := self._queue.take(self._may_have_more)) is not None:
            _give(min(idle, key=lambda worker: _distance(worker, item)), item)

    def _may_have_more(self, client: str) -> bool:
        held = [worker for worker in self._workers.values() if worker.item is not None and worker.item.client == client]
        return len(held) < self._share

    async def _slot(self, number: int) -> None:
        """One worker after another, for ever."""
        failures = 0
        while True:
            try:
                handle = await self._start()
            except (WorkerLost, OSError) as error:
                failures += 1
                if failures >= FAILURES:
                    self._note_trouble(f"no worker can be started: {error}")
                await self._pause(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1)))
                continue
            failures, self.trouble = 0, ""
            worker = PoolWorker(handle=handle)
            self._workers[number] = worker
            try:
                await self._serve(worker)
            finally:
                del self._workers[number]
                await handle.close()
            self.stats.restarts += 1

    def _note_trouble(self, text: str) -> None:
        self.trouble = text
        self._dispatch()
        if not self._workers:
            self.abandon(text)

    async def _serve(self, worker: PoolWorker) -> None:
        """Work until the worker is lost, or should be replaced."""
        while True:
            try:
                item = await self._given(worker)
            except WorkerLost:
                return
            if item.result.done():  # nobody waits for it since
                self.stats.cancelled += 1
                continue
            worker.jobs += 1
            try:
                await self._work(worker, item)
                condition = await worker.handle.condition()
            except NotSent as error:
                _end(item, error)
                continue
            except WorkerLost:
                return
            finally:
                worker.item = item.handle = None
            self._note(worker, condition)
            if condition.spent or worker.jobs >= self._most_jobs:
                return

    async def _given(self, worker: PoolWorker) -> WorkItem:
        worker.free, worker.item = True, None
        worker.given.clear()
        self._dispatch()
        given, ended = asyncio.ensure_future(worker.given.wait()), asyncio.ensure_future(worker.handle.ended())
        try:
            await asyncio.wait((given, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.free = False
            given.cancel()
            ended.cancel()
            await asyncio.gather(given, ended, return_exceptions=True)
        if worker.item is None:
            raise WorkerLost(LossReason.CRASHED, "an idle worker ended")
        return worker.item

    async def _work(self, worker: PoolWorker, item: WorkItem) -> None:
        """Have the item worked on, and its result set. Raises WorkerLost where the worker is gone, and NotSent."""
        self._number += 1
        item.attempts += 1
        item.handle = worker.handle
        body = None if worker.warm & {item.key, body_key(item.key)} else item.body
        assignment = Assignment(
            number=self._number,
            key=item.key,
            task=item.task,
            order=None if item.key in worker.warm else item.order,
            body=body.size if body else 0,
            reading=item.deadlines.reading,
            question=item.deadlines.question,
        )
        try:
            found = await worker.handle.run(assignment, spool=item.spool, deadlines=item.deadlines, body=body)
        except WorkerLost as lost:
            self._lost(item, lost)
            if lost.gone:
                raise
        except NotSent:
            raise
        except Exception as error:
            _end(item, error)
            raise WorkerLost(LossReason.CRASHED, "unexpected error") from error
        else:
            self._finished(item, found)

    def _finished(self, item: WorkItem, found: Done | Failed) -> None:
        if item.result.done():
            self.stats.cancelled += 1
        else:
            self.stats.jobs += 1
            item.result.set_result(found)

    def _lost(self, item: WorkItem, lost: WorkerLost) -> None:
        """Once more for an item whose worker ended, else its end."""
        if lost.gone and lost.why is not LossReason.CRASHED:
            self.stats.killed += 1
        if item.result.done():
            self.stats.cancelled += 1
        elif lost.why in _RETRIED and item.attempts < ATTEMPTS:
            self.stats.retried += 1
            item.spool.clear()
            self._again.append(item)
            self._dispatch()
        else:
            self.stats.unfinished += 1
            item.result.set_exception(lost)

    def _note(self, worker: PoolWorker, condition: Condition) -> None:
        worker.warm, worker.memory = condition.warm, condition.memory
        self.stats.solver_seconds += condition.seconds
        self.stats.warm_hits += condition.hits
        self.stats.warm_misses += condition.misses


def _give(worker: PoolWorker, item: WorkItem) -> None:
    worker.free, worker.item = False, item
    worker.given.set()


def _distance(worker: PoolWorker, item: WorkItem) -> tuple[int, int]:
    """Scheduling cost: 0 if the snapshot is cached, else grows with what the worker holds."""
    missing = next((place for place, key in enumerate(item.wanted) if key in worker.warm), len(item.wanted))
    return missing, len(worker.warm)


def _refuse(item: WorkItem, why: str) -> None:
    _end(item, HttpError(503, why, retry_after=RETRY_AFTER))


def _end(item: WorkItem, error: Exception) -> None:
    if not item.result.done():
        item.result.set_exception(error)
