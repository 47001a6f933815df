"""A Dask cluster as a place for audits. The only module that knows Dask; without the extra `dask` it says so.

A worker that dies is the scheduler's business: it gives the task to another, as often as the scheduler's setting
`allowed-failures` says. Cancelling does not stop work under way, so what bounds a task is the budget of its statements.
"""

from __future__ import annotations

import socket
from concurrent.futures import CancelledError, Executor, Future
from typing import TYPE_CHECKING

from reachproof.documents.words import State
from reachproof.network.errors import InputError, Problem
from reachproof.queries.audit import Audited, AuditTask, audit_one
from reachproof.queries.fleet import ClusterError, Failure, Place

if TYPE_CHECKING:
    from distributed import Client

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
        message = "found no package `distributed`, expected it for an audit on Dask: pip install 'reachproof[dask]'"
        raise InputError([Problem(file="--executor", message=message)]) from None
    host, _, port = address.removeprefix(SCHEME).rpartition(":")
    try:
        # A client that finds nobody stays busy with that for a while, and says so on standard error.
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
        client = Client(f"tcp://{host}:{port}", timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, OverflowError) as error:
        raise ClusterError(f"found no Dask scheduler at {address}: {error}") from None
    threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
    if not threads:
        client.close()
        raise ClusterError(f"found no worker at the Dask scheduler {address}, expected at least one")
    return (DaskPlace(client, room=threads * _TASKS_PER_THREAD),)


class DaskPlace:
    """The workers behind one scheduler. `room` is more than they work on, so that none has to wait for the next."""

    def __init__(self, client: Client, *, room: int) -> None:
        self._client = client
        self._executor: Executor = client.get_executor(pure=False)
        self.room = room

    def submit(self, task: AuditTask) -> Future[Audited]:
        """Takes a task, with the bytes of its files."""
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
                return Failure(state=State.UNREACHABLE, reason="the scheduler cannot be reached any more", again=False)
            case ImportError():
                reason = f"the worker cannot import what it needs; is the same reachproof installed there? {error}"
                return Failure(state=State.UNREACHABLE, reason=reason, again=False)
        return None

    def close(self, *, at_once: bool) -> None:
        """Leaves the cluster. With `at_once` tasks that nobody works on yet are withdrawn."""
        self._executor.shutdown(wait=not at_once)
        self._client.close()
