"""Executors of jobs, and their load in numbers.

`ThreadExecutor`: threads of this process, as many at once as the settings say; other jobs wait. Threads share
memory and cannot be stopped; a service that others use has worker processes (`reachproof.api.workers`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import anyio
import anyio.to_thread

from reachproof.api.dispatch import Document, Job, work
from reachproof.api.request_reader import RequestBounds, decoded
from reachproof.api.schemas import Question
from reachproof.api.scoped_store import ScopedStore
from reachproof.api.snapshot_documents import told
from reachproof.api.snapshot_provider import Sessions
from reachproof.api.store import SnapshotStore
from reachproof.api.token_scope import TokenScope
from reachproof.api.uploads import StoredUpload, Upload, stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A look at one moment. Counts are since the start of the service's process; sizes are in bytes.

    `ready`: whether a worker is idle or busy. `trouble`: why no worker can be started, else empty. `workers`: how many
    there are to be; of these some are `idle`, some `busy`, the others are starting. `waiting`: pieces of work that no
    worker has taken; a request with several statements has as many. `requests`: those that are not finished.

    `jobs`: pieces of work that were finished; `unfinished` were answered with `unknown` because their worker ended,
    `retried` were given to a second worker, `cancelled` were stopped since their client left. `restarts`: workers that
    were started in place of another; `killed`: workers that were ended by force. `refused`: requests that were answered
    with 503. `solver_seconds`: time that workers spent on questions. `warm_hits`, `warm_misses`: how often a snapshot
    was found prepared, or was not. `memory`: resident bytes of each worker, as of its last piece of work.
    """

    ready: bool
    trouble: str = ""
    workers: int
    idle: int
    busy: int
    waiting: int = 0
    requests: int = 0
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
    memory: tuple[int, ...] = ()


# ---------------------------------------------------------------- executors


class DocumentStream(Protocol):
    """A JSON document that is finished, or is made while it is read. Read it once, then close it."""

    @property
    def is_small(self) -> bool:
        """True if it is best sent at once, as its `content`."""

    def content(self) -> bytes:
        """The whole document."""

    def blocks(self) -> Iterator[bytes]:
        """The document in blocks."""

    def close(self) -> None:
        """Release the document. Idempotent."""


class Body(Protocol):
    """A body of a request. It stays until the request is answered."""

    @property
    def size(self) -> int:
        """Bytes."""

    def content(self) -> bytes:
        """All of it."""

    def blocks(self) -> Iterator[bytes]:
        """All of it in blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeBody:
    """A large body that was read to a request, whose manifests are in `body` alone. `key` tells it from all others."""

    key: str
    kind: type[Question]
    bounds: RequestBounds
    body: Body


class Executor(Protocol):
    """Works on jobs."""

    async def start(self) -> None:
        """Begin to take jobs, in the running event loop."""

    async def read(
        self, kind: type[Question], bounds: RequestBounds, body: Body, client: str
    ) -> tuple[Question, LargeBody | None]:
        """The request that a large body is; where its manifests are left out, what has them. Raises HttpError."""

    async def document(self, job: Job, client: str, large: LargeBody | None = None) -> DocumentStream:
        """The JSON document that answers a job of this client. To cancel this call cancels the work.

        `large`: of the request, if its manifests are left out. Raises InputError, HttpError and InternalError.
        """

    async def store(self, upload: Upload, body: Body, client: str) -> StoredUpload:
        """The manifests of a body, stored. Raises InputError and HttpError."""

    async def content(self, digest: str, limits: TokenScope, client: str) -> DocumentStream:
        """The document with all of a stored snapshot, as it is seen within limits. Raises HttpError."""

    def workload(self) -> Workload:
        """The load in numbers."""

    def drain(self) -> None:
        """Take no more jobs; those under way are finished, or refused when their time is over."""

    async def close(self) -> None:
        """End all work."""


class ThreadExecutor:
    """Threads of this process, each with sessions of its own."""

    def __init__(self, sessions: Sessions, store: SnapshotStore, most: int) -> None:
        self._sessions = sessions
        self._store = store
        self._slots = anyio.CapacityLimiter(most)

    async def start(self) -> None:
        """See `Executor`."""

    async def read(
        self, kind: type[Question], bounds: RequestBounds, body: Body, client: str
    ) -> tuple[Question, LargeBody | None]:
        """See `Executor`; nothing is left out."""

        def read() -> Question:
            return decoded(kind, body.content(), bounds)

        return await anyio.to_thread.run_sync(read, limiter=self._slots), None

    async def store(self, upload: Upload, body: Body, client: str) -> StoredUpload:
        """See `Executor`."""

        def put() -> StoredUpload:
            return stored(upload, body.content(), self._store)

        return await anyio.to_thread.run_sync(put, limiter=self._slots)

    async def content(self, digest: str, limits: TokenScope, client: str) -> DocumentStream:
        """See `Executor`."""
        seen = ScopedStore(store=self._store, scope=limits, client=client)
        found = await anyio.to_thread.run_sync(told, seen, digest, limiter=self._slots)
        return _LazyDocument(Document(blocks=(found,)))

    async def document(self, job: Job, client: str, large: LargeBody | None = None) -> DocumentStream:
        """See `Executor`; but work that was begun goes on when the call is cancelled."""
        return _LazyDocument(await anyio.to_thread.run_sync(work, job, self._sessions, limiter=self._slots))

    def workload(self) -> Workload:
        """See `Executor`."""
        found = self._slots.statistics()
        most = int(found.total_tokens)
        return Workload(
            ready=True,
            workers=most,
            idle=most - found.borrowed_tokens,
            busy=found.borrowed_tokens,
            waiting=found.tasks_waiting,
            requests=found.borrowed_tokens + found.tasks_waiting,
        )

    def drain(self) -> None:
        """See `Executor`; all work is finished."""

    async def close(self) -> None:
        """See `Executor`."""


class _LazyDocument:
    """A document that is made while it is read."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @property
    def is_small(self) -> bool:
        return isinstance(self._document.blocks, tuple)

    def content(self) -> bytes:
        return b"".join(self._document.blocks)

    def blocks(self) -> Iterator[bytes]:
        return iter(self._document.blocks)

    def close(self) -> None:
        pass
