"""The service with real workers, in a thread of this process, so that a test can see what the workplace is doing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import uvicorn

from reachproof.api.app import create_app
from reachproof.api.executor import Workload
from reachproof.api.serve import Server
from reachproof.api.settings import Settings
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.workers.pool import Pool
from reachproof.api.workers.pool_executor import ProcessExecutor
from reachproof.api.workers.process import WorkerProcess
from reachproof.network.snapshot import Snapshot

PATIENCE = 60.0
"""Seconds, far more than anything here takes."""
JSON = {"content-type": "application/json"}


class Service:
    """A service on a free port of this machine."""

    def __init__(self, snapshot: Snapshot, settings: Settings, pool: Pool | None = None) -> None:
        self._workers = ProcessExecutor(settings, SnapshotProvider(snapshot), pool)
        config = uvicorn.Config(create_app(settings, executor=self._workers), log_config=None)
        self._server = Server(config, self._workers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([self._listener])))
        self.port: int = self._listener.getsockname()[1]

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End as at SIGTERM."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive()

    def begin_to_stop(self) -> None:
        """Stop as at SIGTERM, without waiting for the end."""
        self._server.should_exit = True

    @property
    def load(self) -> Workload:
        """Current workload."""
        return self._workers.workload()

    @property
    def at_work(self) -> int:
        """Number of workers that were sent a piece of work that has not ended."""
        items = [worker.item for worker in list(self._workers._pool._workers.values())]
        return sum(item is not None and item.handle is not None for item in items)

    @property
    def pids_at_work(self) -> list[int]:
        """The workers that were sent a piece of work that has not ended."""
        handles = [worker.handle for worker in list(self._workers._pool._workers.values()) if worker.item is not None]
        return [handle._process.pid for handle in handles if isinstance(handle, WorkerProcess)]

    @property
    def waiting_bytes(self) -> int:
        """Bytes of documents that are not sent yet."""
        return self._workers._room.used

    def connection(self) -> HTTPConnection:
        """A connection to it."""
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def post(self, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers of an answer."""
        with closing(self.connection()) as connection:
            connection.request("POST", path, json.dumps(body), JSON)
            with connection.getresponse() as response:
                return response.status, json.loads(response.read()), dict(response.headers)

    def send(self, path: str, body: Any) -> HTTPConnection:
        """A request under way; close the connection."""
        connection = self.connection()
        connection.request("POST", path, json.dumps(body), JSON)
        return connection


@contextmanager
def running(snapshot: Snapshot, pool: Pool | None = None, **settings: int | str) -> Iterator[Service]:
    """A service with these settings, and with as many workers as they say once it is needed."""
    service = Service(snapshot, Settings.model_validate(settings), pool)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that will be so soon."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.01)


def workers_of(pid: int) -> list[int]:
    """The processes that a process started and that run, as Linux tells them."""
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]
    return sorted(child for child in children if is_worker(child) and runs(child))


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:  # a thread that has ended meanwhile
        return []


def is_worker(pid: int) -> bool:
    """True for one of our workers."""
    try:
        return b"reachproof.api.workers.worker_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def runs(pid: int) -> bool:
    """True if a process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@contextmanager
def halted(pids: list[int]) -> Iterator[None]:
    """These processes do nothing for a while."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            if runs(pid):
                os.kill(pid, signal.SIGCONT)
