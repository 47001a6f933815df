"""The executor of worker processes: requests in, documents out."""

from __future__ import annotations

import asyncio
import math
import pickle
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import NoReturn

from reachproof.api.batch import Piece, assemble, has_statements
from reachproof.api.database import database_url
from reachproof.api.dispatch import Job, unfinished
from reachproof.api.executor import Body, LargeBody, Workload
from reachproof.api.http_error import HttpError
from reachproof.api.loopback import is_loopback
from reachproof.api.request_reader import RequestBounds
from reachproof.api.schemas import CheckRequest, QueryRequest, Question
from reachproof.api.settings import Settings
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.token_scope import TokenScope
from reachproof.api.uploads import StoredUpload, Upload
from reachproof.api.workers.ipc import (
    ContentTask,
    Done,
    Failed,
    OpenTask,
    Order,
    ReadTask,
    Setup,
    StatementTask,
    StoreTask,
    Task,
    WholeTask,
    body_key,
)
from reachproof.api.workers.pool import RETRY_AFTER, Pool
from reachproof.api.workers.process import WorkerProcess
from reachproof.api.workers.response_spool import NoSpoolRoom, Spool, SpoolRoom
from reachproof.api.workers.work_queue import WorkItem, deadlines_of, order_of, raised, reason_of, wanted_by
from reachproof.api.workers.worker_protocol import Deadlines, LossReason, WorkerLost
from reachproof.network.process_memory import MEGABYTE
from reachproof.network.snapshot import Snapshot

LONGEST_WAIT = 60
"""Seconds that a client is asked to wait at most before it comes again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClientOrder:
    """A request: its order, who asks, what its worker had best have at hand, and its body if that is large."""

    order: Order
    client: str
    wanted: tuple[str, ...]
    body: Body | None


class ProcessExecutor:
    """An `Executor` of processes: as many as the settings say, started by `start` and ended by `close`."""

    def __init__(self, settings: Settings, provider: SnapshotProvider, pool: Pool | None = None) -> None:
        self._settings = settings
        self._provider = provider
        self._pool = pool or processes(settings, provider.preloaded)
        self._room = SpoolRoom(settings.waiting_reports_mb * MEGABYTE)
        self._reading = settings.reading_timeout_ms / 1000
        self._grace = settings.grace_ms / 1000
        self._keys = map(str, count())
        self._requests: Counter[str] = Counter()
        self._stopping = ""
        self._end: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """See `Executor`."""
        self._pool.open()

    async def close(self) -> None:
        """See `Executor`."""
        if self._end is not None:
            self._end.cancel()
        await self._pool.close()

    def drain(self) -> None:
        """See `Executor`."""
        if not self._stopping:
            self._stopping = "the service is stopping"
            loop = asyncio.get_running_loop()
            self._end = loop.call_later(self._settings.drain_ms / 1000, self._pool.abandon, self._stopping)

    def workload(self) -> Workload:
        """See `Executor`."""
        pool, stats = self._pool, self._pool.stats
        return Workload(
            ready=pool.started > 0 and not self._stopping,
            trouble=self._stopping or pool.trouble,
            workers=self._settings.workers,
            idle=pool.idle,
            busy=pool.started - pool.idle,
            waiting=pool.waiting,
            requests=self._requests.total(),
            jobs=stats.jobs,
            unfinished=stats.unfinished,
            retried=stats.retried,
            cancelled=stats.cancelled,
            restarts=stats.restarts,
            killed=stats.killed,
            refused=stats.refused,
            solver_seconds=stats.solver_seconds,
            warm_hits=stats.warm_hits,
            warm_misses=stats.warm_misses,
            memory=pool.memory,
        )

    async def read(
        self, kind: type[Question], bounds: RequestBounds, body: Body, client: str
    ) -> tuple[Question, LargeBody | None]:
        """See `Executor`."""
        key = self._new_key()
        with closing(Spool(self._room)) as spool:
            done = await self._alone(client, ReadTask(kind=kind, bounds=bounds), spool, key=key, body=body)
        assert done.request is not None
        return done.request, LargeBody(key=key, kind=kind, bounds=bounds, body=body)

    async def store(self, upload: Upload, body: Body, client: str) -> StoredUpload:
        """See `Executor`."""
        with closing(Spool(self._room)) as spool:
            done = await self._alone(client, StoreTask(upload), spool, key=self._new_key(), body=body)
        assert done.stored is not None
        return done.stored

    async def content(self, digest: str, limits: TokenScope, client: str) -> Spool:
        """See `Executor`."""
        with _kept_if_written(Spool(self._room)) as spool:
            await self._alone(client, ContentTask(digest, limits, client), spool, key=self._new_key())
        return spool

    async def _alone(self, client: str, task: Task, spool: Spool, *, key: str, body: Body | None = None) -> Done:
        """The result of a task that has no job. Raises InputError and HttpError."""
        with self._admitted(client):
            item = WorkItem(
                key=key,
                order=None,
                task=task,
                client=client,
                deadlines=Deadlines(reading=self._reading, question=0, grace=self._grace),
                spool=spool,
                wanted=(),
                body=body,
                result=asyncio.get_running_loop().create_future(),
            )
            try:
                return await self._done(item)
            except WorkerLost as lost:
                raise refusal(lost) from None

    def _new_key(self) -> str:
        return f"order {next(self._keys)}"

    async def document(self, job: Job, client: str, large: LargeBody | None = None) -> Spool:
        """See `Executor`."""
        with self._admitted(client):
            key = large.key if large else self._new_key()
            apart = ReadTask(kind=large.kind, bounds=large.bounds) if large else None
            order = order_of(job, key, self._provider, apart)
            at_hand = (body_key(key),) if large else ()
            body = large.body if large else None
            asked = _ClientOrder(order=order, client=client, wanted=(*at_hand, *wanted_by(order)), body=body)
            with _kept_if_written(Spool(self._room)) as spool:
                await self._written(asked, spool)
            return spool

    @contextmanager
    def _admitted(self, client: str) -> Iterator[None]:
        """A place in the house. Raises HttpError where there is none, or where the client has its share of them."""
        if self._stopping:
            self._refuse(self._stopping)
        places = self._settings.workers + self._settings.queue_length
        share = self._settings.workers + max(1, self._settings.queue_length // 2)
        if self._requests.total() >= places:
            self._refuse(f"too many concurrent requests ({self._requests.total() + 1}; the limit is {places})")
        if self._requests[client] >= share:
            self._refuse(
                f"too many concurrent requests of this client ({self._requests[client] + 1}; the limit is {share})"
            )
        self._requests[client] += 1
        try:
            yield
        finally:
            self._requests[client] -= 1
            if not self._requests[client]:
                del self._requests[client]

    def _refuse(self, why: str) -> NoReturn:
        """Raises HttpError, with the seconds after which the queue may be shorter."""
        stats = self._pool.stats
        each = stats.solver_seconds / stats.jobs if stats.jobs else 1.0
        seconds = math.ceil(each * self._pool.waiting / self._settings.workers)
        stats.refused += 1
        raise HttpError(503, why, retry_after=min(max(1, seconds), LONGEST_WAIT))

    # ------------------------------------------------------------ one request

    async def _written(self, asked: _ClientOrder, spool: Spool) -> None:
        """Have the document of a request in the spool."""
        request = asked.order.job.request
        first = OpenTask() if has_statements(request) else WholeTask()
        try:
            done = await self._done(self._item(asked, first, spool))
            if isinstance(first, WholeTask):
                return
            assert isinstance(request, QueryRequest | CheckRequest)
            document = assemble(request, await self._pieces(asked, done))
        except WorkerLost as lost:
            digest = next(iter(asked.order.digests.values()), "")
            document = unfinished(request, digest, reason_of(lost))
        spool.clear()
        try:
            spool.write(document)
        except NoSpoolRoom:
            self._refuse("no room for the answer now; try again later")

    async def _pieces(self, asked: _ClientOrder, done: Done) -> list[Piece]:
        """The answers to all statements, of as many workers as are free."""
        running = [
            asyncio.create_task(
                self._piece(self._item(asked, StatementTask(index), Spool(self._room)), draft.unfinished)
            )
            for index, draft in enumerate(done.drafts)
        ]
        try:
            return await asyncio.gather(*running)
        finally:
            for each in running:
                each.cancel()

    async def _piece(self, item: WorkItem, otherwise: Callable[[str], Piece]) -> Piece:
        try:
            done = await self._done(item)
        except WorkerLost as lost:
            return otherwise(reason_of(lost))
        else:
            return Piece(text=item.spool.content(), status=done.status)
        finally:
            item.spool.close()

    def _item(self, asked: _ClientOrder, task: Task, spool: Spool) -> WorkItem:
        order = asked.order
        return WorkItem(
            key=order.key,
            order=order,
            task=task,
            client=asked.client,
            deadlines=deadlines_of(order.job, reading=self._reading, grace=self._grace),
            spool=spool,
            wanted=(order.key, *asked.wanted) if isinstance(task, StatementTask) else asked.wanted,
            body=asked.body,
            result=asyncio.get_running_loop().create_future(),
        )

    async def _done(self, item: WorkItem) -> Done:
        """The result of an item. Raises WorkerLost and the errors of work; being cancelled cancels the item."""
        self._pool.put(item)
        try:
            found = await item.result
        except asyncio.CancelledError:
            self._pool.cancel(item)
            raise
        except HttpError:
            self._pool.stats.refused += 1
            raise
        if isinstance(found, Failed):
            raise raised(found)
        return found


@contextmanager
def _kept_if_written(spool: Spool) -> Iterator[Spool]:
    """The spool, which is closed unless all that is done inside succeeds."""
    with ExitStack() as failed:
        failed.callback(spool.close)
        yield spool
        failed.pop_all()


def refusal(lost: WorkerLost) -> HttpError:
    """The error of work that was lost and has no document that could say so."""
    match lost.why:
        case LossReason.READING | LossReason.OVERRAN:
            return HttpError(422, "the body was not read within the time limit")
        case LossReason.MEMORY:
            return HttpError(413, "the body needs more memory than a worker may have")
        case _:
            return HttpError(503, lost.text, retry_after=RETRY_AFTER)


def processes(settings: Settings, preloaded: Snapshot | None) -> Pool:
    """A pool of processes as the settings say, which have this snapshot, and those of the settings' database."""
    setup = Setup(
        most_memory=settings.worker_memory_mb * MEGABYTE,
        warm_memory=settings.warm_memory_mb * MEGABYTE,
        reading=settings.reading,
        database=database_url(settings.database_url),
        preloaded=None if preloaded is None else pickle.dumps(preloaded, protocol=pickle.HIGHEST_PROTOCOL),
    )

    async def start() -> WorkerProcess:
        return await WorkerProcess.start(setup)

    # On this machine alone all clients have the same address, and nobody else waits.
    alone = settings.is_open and is_loopback(settings.host)
    share = settings.workers if alone else max(1, settings.workers - 1)
    return Pool(start, size=settings.workers, most_jobs=settings.worker_jobs, share=share)
