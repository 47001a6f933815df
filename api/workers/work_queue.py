"""Pieces of work on their way through the pool, and the queue in which they wait."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reachproof.api.dispatch import Job, phases
from reachproof.api.executor import Body
from reachproof.api.http_error import HttpError
from reachproof.api.manifests_apart import brings_manifests
from reachproof.api.schemas import (
    CheckRequest,
    CompleteRequest,
    DiffRequest,
    QueryRequest,
    SnapshotRef,
    SourceWithOptions,
)
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.workers.ipc import Done, Failed, Order, ReadTask, Task
from reachproof.api.workers.response_spool import Spool
from reachproof.api.workers.session_cache import key_of
from reachproof.api.workers.worker_protocol import Deadlines, WorkerHandle, WorkerLost
from reachproof.network.errors import InputError, InternalError


@dataclass(eq=False, slots=True, kw_only=True)
class WorkItem:
    """A task, of an order if it has a job. `wanted`: keys of what a worker had best have at hand, the most important
    first. `body`: what it is about where that is large.

    `result` is set to what the worker said in the end, or to WorkerLost. `handle`: the worker that it was given to.
    """

    key: str
    order: Order | None
    task: Task
    client: str
    deadlines: Deadlines
    spool: Spool
    wanted: tuple[str, ...]
    result: asyncio.Future[Done | Failed] = field(repr=False)
    body: Body | None = None
    handle: WorkerHandle | None = None
    attempts: int = 0


def order_of(job: Job, key: str, provider: SnapshotProvider, apart: ReadTask | None = None) -> Order:
    """The job with the digests of the snapshots that it names. Raises HttpError where there is no such snapshot."""
    digests = {given.snapshot: provider.digest(given.snapshot) for given in sources(job) if given.manifests is None}
    return Order(key=key, job=job, digests=digests, apart=apart)


def sources(job: Job) -> tuple[SnapshotRef, ...]:
    """The sources of a job's snapshots; the one that it is about first."""
    request = job.request
    if isinstance(request, DiffRequest):
        return tuple(SourceWithOptions.of(source, request.options) for source in (request.old, request.new))
    others = request.snapshots.values() if isinstance(request, QueryRequest | CompleteRequest | CheckRequest) else ()
    return (request, *(SourceWithOptions.of(source, request.options) for source in others))


def wanted_by(order: Order) -> tuple[str, ...]:
    """The key of the snapshot that an order is about, if it is one that is kept."""
    key = key_of(sources(order.job)[0], order.digests)
    return () if key is None else (key,)


def deadlines_of(job: Job, *, reading: float, grace: float) -> Deadlines:
    """The seconds that a job may take in a worker. Reading what it brings is a part of its own time."""
    if brings_manifests(job.request):
        reading = min(reading, job.seconds)
    return Deadlines(reading=reading, question=job.seconds * phases(job.request), grace=grace)


def raised(failed: Failed) -> Exception:
    """The error that a worker tells of."""
    match failed.kind:
        case "input":
            return InputError(failed.problems)
        case "refusal":
            return HttpError(failed.status, failed.text, failed.problems, retry_after=failed.retry_after)
        case "internal":
            return InternalError(failed.text)
        case _:
            return RuntimeError(f"in a worker: {failed.text}")


def reason_of(lost: WorkerLost) -> str:
    """Why there is no answer, fit for the user."""
    return f"no answer: {lost.text}"


# ---------------------------------------------------------------- the queue


T = TypeVar("T")


class FairQueue(Generic[T]):
    """First come first served for each client, and one item for each client in turn.

    So a client with a thousand items waits for them, and one with a single item waits for one of every other client.
    """

    def __init__(self) -> None:
        self._of: OrderedDict[str, deque[T]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))

    def put(self, client: str, item: T) -> None:
        """The last of its client's. A client that had none is the last to have its turn."""
        self._of.setdefault(client, deque()).append(item)

    def take(self, may_go: Callable[[str], bool]) -> T | None:
        """The next item of a client that `may_go`; None if nothing waits that does. The others keep their places."""
        client = next(filter(may_go, self._of), None)
        if client is None:
            return None
        items = self._of.pop(client)
        item = items.popleft()
        if items:
            self._of[client] = items
        return item

    def remove(self, client: str, item: T) -> bool:
        """Take an item out; False where it is not here any more."""
        items = self._of.get(client)
        if items is None or item not in items:
            return False
        items.remove(item)
        if not items:
            del self._of[client]
        return True

    def clear(self) -> list[T]:
        """Take out everything."""
        found = [item for items in self._of.values() for item in items]
        self._of.clear()
        return found
