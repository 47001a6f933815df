"""A piece of work on its way through the pool."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from reachproof.api.refusal import Refusal
from reachproof.api.schemas import CheckRequest, CompleteRequest, DiffRequest, QueryRequest
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.sources import Given, Sourced
from reachproof.api.work import Job, phases
from reachproof.api.workers.hand import Fence, Hand, Lost
from reachproof.api.workers.messages import Done, Failed, Order, Task
from reachproof.api.workers.spool import Spool
from reachproof.api.workers.warm import key_of
from reachproof.network.errors import InputError, InternalError


@dataclass(eq=False, slots=True, kw_only=True)
class Item:
    """A task of an order. `wanted`: keys of what a worker had best have at hand, the most important first.

    `result` is set to what the worker said in the end, or to Lost. `hand`: who works on it.
    """

    order: Order
    task: Task
    client: str
    fence: Fence
    spool: Spool
    wanted: tuple[str, ...]
    result: asyncio.Future[Done | Failed] = field(repr=False)
    hand: Hand | None = None
    attempts: int = 0


def order_of(job: Job, key: str, provider: SnapshotProvider) -> Order:
    """The job with the digests of the snapshots that it names. Raises Refusal where there is no such snapshot."""
    digests = {given.snapshot: provider.digest(given.snapshot) for given in sources(job) if given.manifests is None}
    return Order(key=key, job=job, digests=digests)


def sources(job: Job) -> tuple[Sourced, ...]:
    """Where a job has its snapshots from; the one that it is about first."""
    request = job.request
    if isinstance(request, DiffRequest):
        return tuple(Given.of(source, request.options) for source in (request.old, request.new))
    others = request.snapshots.values() if isinstance(request, QueryRequest | CompleteRequest | CheckRequest) else ()
    return (request, *(Given.of(source, request.options) for source in others))


def wanted_by(order: Order) -> tuple[str, ...]:
    """The key of the snapshot that an order is about, if it is one that is kept."""
    key = key_of(sources(order.job)[0], order.digests)
    return () if key is None else (key,)


def fence_of(job: Job, *, reading: float, grace: float) -> Fence:
    """The seconds that a job may take in a worker."""
    return Fence(reading=reading, question=job.seconds * phases(job.request), grace=grace)


def raised(failed: Failed) -> Exception:
    """The error that a worker tells of."""
    match failed.kind:
        case "input":
            return InputError(failed.problems)
        case "refusal":
            return Refusal(failed.status, failed.text, failed.problems, retry_after=failed.retry_after)
        case "internal":
            return InternalError(failed.text)
        case _:
            return RuntimeError(f"in a worker: {failed.text}")


def reason_of(lost: Lost) -> str:
    """Why there is no answer, fit for the user."""
    return f"no answer: {lost.text}"
