"""A worker: one process with one Z3 context and its prepared snapshots. `python -m` this module, with a socket.

It ends when the socket closes, whatever it is at: no worker outlives the process that started it.
"""

from __future__ import annotations

import gc
import math
import os
import pickle
import signal
import socket
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import replace
from queue import SimpleQueue
from typing import assert_never

from cachetools import LRUCache

from reachproof.api.batch import OpenBatch, open_batch
from reachproof.api.dispatch import Job, budget_of, phases, work
from reachproof.api.http_error import HttpError
from reachproof.api.job_view import view_of_job
from reachproof.api.manifests_apart import brings_manifests, restored, stripped
from reachproof.api.request_reader import decoded
from reachproof.api.schemas import CheckRequest, QueryRequest, Question
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.uploads import stored
from reachproof.api.workers.alarm import Alarm, TaskOverran
from reachproof.api.workers.current_task import CurrentTask
from reachproof.api.workers.ipc import (
    Assignment,
    Begun,
    Block,
    Cancel,
    Channel,
    Condition,
    ContentTask,
    Done,
    Failed,
    OpenTask,
    Order,
    ReadTask,
    Ready,
    Setup,
    StatementTask,
    StoreTask,
    WholeTask,
    body_key,
)
from reachproof.api.workers.session_cache import OrderSessions, SessionCache
from reachproof.api.workers.worker_store import WorkerStore
from reachproof.network import process_memory as memory
from reachproof.network.errors import InputError, InternalError
from reachproof.solver.z3_backend import Prover

MOST_OPEN = 4
"""Requests in pieces that are kept open at once."""
MOST_READ = 2
"""Large requests that are kept between being read and being worked on."""
SMALL = 64_000
"""Bytes of a document that is sent with the end of its task: a message less to wake the service's process for."""


class _CalledOff(Exception):
    pass


class Worker:
    """The state of this process between tasks."""

    def __init__(self, channel: Channel, setup: Setup) -> None:
        self._channel = channel
        self._setup = setup
        self._inbox: SimpleQueue[tuple[Assignment, bytes]] = SimpleQueue()
        self._prover = prover = Prover()
        self._alarm = Alarm()
        self.current = CurrentTask(prover, lambda: self._tell(Begun()), self._alarm)
        self._store = None if setup.database is None else WorkerStore(setup.database)
        self._cache = SessionCache(prover, provider_of(setup, self._store), setup.warm_memory)
        self._open: LRUCache[str, tuple[Job, OpenBatch]] = LRUCache(MOST_OPEN)
        self._read: LRUCache[str, Question] = LRUCache(MOST_READ)

    def listen(self) -> None:
        """Take messages from the socket until it closes, then end the process. For a thread of its own."""
        # A thread that ends by an error would leave a process behind that nobody can reach.
        try:
            with suppress(ConnectionError):  # the other end closed with something unread
                self._take()
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)

    def _take(self) -> None:
        while (message := self._channel.receive()) is not None:
            if isinstance(message, Cancel):
                self.current.cancel(message.number)
            else:
                assert isinstance(message, Assignment)
                self._inbox.put((message, self._channel.body(message)))

    def serve(self) -> None:
        """Work on what comes, until the process ends or its memory is exhausted."""
        self._channel.send(Ready())
        while True:
            assignment, body = self._inbox.get()
            hits, misses = self._cache.hits, self._cache.misses
            self.current.begin(assignment.number, reading=assignment.reading, question=assignment.question)
            message = self._finished(assignment, body)
            self.current.disarm()
            del body
            seconds = self.current.end()
            self._channel.send(message)
            if isinstance(message, Failed) and message.kind == "memory":
                return
            self._channel.send(self._condition(seconds, self._cache.hits - hits, self._cache.misses - misses))

    def _condition(self, seconds: float, hits: int, misses: int) -> Condition:
        self._prover.renew()  # equal questions have equal answers, whatever was asked before
        if memory.resident() > self._setup.warm_memory:
            self._open.clear()
            self._read.clear()
        spent = self._cache.settle()
        return Condition(
            warm=self._cache.keys | self._open.keys() | set(map(body_key, self._read)),
            memory=memory.resident(),
            spent=spent,
            seconds=seconds,
            hits=hits,
            misses=misses,
        )

    def _finished(self, assignment: Assignment, body: bytes) -> Done | Failed:
        try:
            return self._alarm.within(lambda: self._armed(assignment, body))
        except TaskOverran:
            self._forget()
            return Failed(kind="overran", text=self.current.overrun)
        except InputError as error:
            return Failed(kind="input", text=str(error), problems=error.problems)
        except HttpError as error:
            return Failed(
                kind="refusal",
                text=error.detail,
                status=error.status,
                problems=error.problems,
                retry_after=error.retry_after,
            )
        except InternalError as error:
            return Failed(kind="internal", text=str(error))
        except _CalledOff:
            return Failed(kind="cancelled", text="nobody waits for it any more")
        except MemoryError:
            return Failed(kind="memory", text="the memory limit of a worker was reached")
        except SystemError:  # what a library in C makes of a lack of memory; this process is not to be trusted now
            return Failed(kind="memory", text="a library of the worker failed, perhaps out of memory")
        except Exception:
            return Failed(kind="unexpected", text=traceback.format_exc())

    def _armed(self, assignment: Assignment, body: bytes) -> Done:
        self.current.arm()
        return self._done(assignment, body)

    def _done(self, assignment: Assignment, body: bytes) -> Done:
        match assignment.task:
            case ReadTask() as task:
                request = decoded(task.kind, body, task.bounds)
                self._read[assignment.key] = request
                return Done(request=stripped(request))
            case StoreTask(upload):
                return Done(stored=stored(upload, body, self._shelf))
            case ContentTask(digest, limits, client):
                self._send(self._shelf.told(digest, limits, client))
                return Done()
            case WholeTask():
                order = self._order(assignment, body)
                sessions = OrderSessions(self._cache, order.digests)
                blocks = work(order.job, sessions, self.current.clock, self._until(order.job)).blocks
                if isinstance(blocks, tuple) and len(blocks) == 1 and len(blocks[0]) <= SMALL:
                    return Done(document=blocks[0])
                for block in blocks:
                    self._send(block)
                return Done()
            case OpenTask():
                return Done(drafts=self._batch(assignment, body)[1].drafts)
            case StatementTask(index):
                job, statements = self._batch(assignment, body)
                piece = statements.answers[index](budget_of(job, self.current.clock, self._until(job)))
                self._send(piece.text)
                return Done(status=piece.status)
            case _:
                assert_never(assignment.task)

    def _send(self, block: bytes) -> None:
        if self.current.cancelled:
            raise _CalledOff
        self._tell(Block(block))

    def _tell(self, message: Begun | Block) -> None:
        with self._alarm.held():
            self._channel.send(message)

    def _forget(self) -> None:
        """Drop all that the task may have left half made."""
        self._cache.forget()
        self._open, self._read = LRUCache(MOST_OPEN), LRUCache(MOST_READ)
        gc.enable()

    def _batch(self, assignment: Assignment, body: bytes) -> tuple[Job, OpenBatch]:
        """A request in pieces; it is kept for the next of its statements."""
        if assignment.key in self._open:
            return self._open[assignment.key]
        order = self._order(assignment, body)
        request = order.job.request
        assert isinstance(request, QueryRequest | CheckRequest)
        sessions = OrderSessions(self._cache, order.digests)
        view = view_of_job(request, order.job.namespaces, sessions)
        found = order.job, open_batch(request, sessions, order.job.max_queries, view)
        self._open[assignment.key] = found
        return found

    def _until(self, job: Job) -> float:
        """The end of the time of a job on the clock: of manifests that it brings, reading is a part of it."""
        return self.current.since + job.seconds * phases(job.request) if brings_manifests(job.request) else math.inf

    def _order(self, assignment: Assignment, body: bytes) -> Order:
        order = assignment.order
        assert order is not None, "the service's process knows what this one has"
        if order.apart is None:
            return order
        whole = self._read.pop(order.key, None) or decoded(order.apart.kind, body, order.apart.bounds)
        return replace(order, job=replace(order.job, request=restored(order.job.request, whole)))

    @property
    def _shelf(self) -> WorkerStore:
        assert self._store is not None, "a service has a store"
        return self._store


def provider_of(setup: Setup, store: WorkerStore | None) -> SnapshotProvider:
    """The snapshots of this process."""
    preloaded = None if setup.preloaded is None else pickle.loads(setup.preloaded)
    return SnapshotProvider(preloaded, store, setup.reading, most=0)


def main(end: socket.socket) -> None:
    """Be a worker until the other end of the socket closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the service decides when its workers end
    channel = Channel(end)
    setup = channel.receive()
    assert isinstance(setup, Setup)
    memory.limit(setup.most_memory)
    worker = Worker(channel, setup)
    threading.Thread(target=worker.listen, daemon=True).start()
    worker.serve()


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
