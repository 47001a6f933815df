"""Places where audits run: processes of this machine, and a Dask cluster.

Each process of this machine is a place of its own, so that one that dies takes one task with it. No other module knows
Dask; without the extra `dask`, `dask_places` says so. A Dask worker that dies is the scheduler's business: it gives the
task to another, as often as the scheduler's setting `allowed-failures` says. Cancelling does not stop work under way,
so what bounds a task is the budget of its statements.
"""

from __future__ import annotations

import signal
import socket
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from reachproof.documents.audit import Audited
from reachproof.documents.words import State
from reachproof.network.errors import InputError, Problem
from reachproof.queries.fleet import MOST_ATTEMPTS, AuditTask, ClusterError, Failure, Place, audit_one

if TYPE_CHECKING:
    from distributed import Client


def local_places(jobs: int) -> tuple[Place, ...]:
    """So many processes; each starts at its first task."""
    return tuple(LocalPlace() for _ in range(jobs))


class LocalPlace:
    """A pool of one process, made anew when the process has died. From one thread only."""

    room = 1

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._processes: tuple[BaseProcess, ...] = ()

    def submit(self, task: AuditTask) -> Future[Audited]:
        """Take a task."""
        before = active_children()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_leave_interrupts_alone)
        future = self._pool.submit(audit_one, task)
        self._processes = tuple(each for each in active_children() if each not in before) or self._processes
        return future

    def failure(self, error: BaseException) -> Failure | None:
        """A broken pool is a process that died."""
        if not isinstance(error, BrokenProcessPool):
            return None
        self.close(at_once=False)
        reason = f"{MOST_ATTEMPTS} processes ended while they worked on it, perhaps out of memory"
        return Failure(state=State.LOST, reason=reason, again=True)

    def close(self, *, at_once: bool) -> None:
        """End the process; with `at_once` it does not finish its task first."""
        pool, processes = self._pool, self._processes
        self._pool, self._processes = None, ()
        if at_once:
            for process in processes:
                process.kill()
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _leave_interrupts_alone() -> None:
    """Ctrl-C reaches every process of a terminal; who started the audit says what becomes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


SCHEME = "dask://"
_TASKS_PER_THREAD = 2
_CONNECT_SECONDS = 10


def dask_places(address: str) -> tuple[Place, ...]:
    """The cluster at `dask://HOST:PORT`, as one place; such a form is the caller's business.

    Raises InputError without the package, ClusterError if there is no scheduler or no worker.
    """
    try:
        from distributed import Client
    except ImportError:
        message = "an audit on Dask needs the package `distributed`; pip install 'reachproof[dask]'"
        raise InputError([Problem(file="--executor", message=message)]) from None
    host, _, port = address.removeprefix(SCHEME).rpartition(":")
    try:
        # A client that finds nobody stays busy with that for a while, and says so on standard error.
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
        client = Client(f"tcp://{host}:{port}", timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, OverflowError) as error:
        raise ClusterError(f"cannot connect to the Dask scheduler at {address}: {error}") from None
    threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
    if not threads:
        client.close()
        raise ClusterError(f"the Dask scheduler {address} has no workers; start at least one")
    return (DaskPlace(client, room=threads * _TASKS_PER_THREAD),)


class DaskPlace:
    """The workers behind one scheduler. `room` is more than they work on, so that none has to wait for the next."""

    def __init__(self, client: Client, *, room: int) -> None:
        self._client = client
        self._executor: Executor = client.get_executor(pure=False)
        self.room = room

    def submit(self, task: AuditTask) -> Future[Audited]:
        """Take a task, with the bytes of its files."""
        import dask

        if self._client.status != "running":
            lost: Future[Audited] = Future()
            lost.set_exception(CancelledError())
            return lost
        # Dask advises against large arguments; ours are the work itself, and no more than `room` are under way.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
            return self._executor.submit(audit_one, task)

    def failure(self, error: BaseException) -> Failure | None:
        """KilledWorker: several workers died of it. Cancelled, though we did not: the scheduler is gone."""
        from distributed.scheduler import KilledWorker

        match error:
            case KilledWorker():
                reason = f"{error.allowed_failures + 1} workers died while they worked on it"
                return Failure(state=State.LOST, reason=reason, again=False)
            case CancelledError():
                return Failure(state=State.UNREACHABLE, reason="the connection to the scheduler was lost", again=False)
            case ImportError():
                reason = f"the worker cannot import what it needs; is the same reachproof installed there? {error}"
                return Failure(state=State.UNREACHABLE, reason=reason, again=False)
        return None

    def close(self, *, at_once: bool) -> None:
        """Leave the cluster. With `at_once` tasks that nobody works on yet are withdrawn."""
        self._executor.shutdown(wait=not at_once)
        self._client.close()
