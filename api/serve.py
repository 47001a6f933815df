"""Runs the service: in this process, or in several that share one port and one store.

Connections are bounded in number and silence, and an end waits for work under way. A connection beyond the bound is
answered with 503 and closed, so that a client learns what to do. /healthz is answered there too: a service that has too
much to do is not to be killed for it.
"""

from __future__ import annotations

import asyncio
import math
import os
import pickle
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.supervisors import Multiprocess

from reachproof.api.app import create_app
from reachproof.api.database import Database, StoreUnavailable, database_url, demand_shareable
from reachproof.api.executor import Executor
from reachproof.api.logs import log_as_json
from reachproof.api.problems import problem_response
from reachproof.api.settings import PREFIX, Settings, load_settings, setting_sources, toml_lines
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.store import SnapshotStore
from reachproof.api.tokens import Tokens
from reachproof.api.workers.pool_executor import ProcessExecutor
from reachproof.network.errors import InputError, Problem
from reachproof.network.snapshot import Snapshot

# Open files that are not connections: the database, workers, logs.
_OTHER_FILES = 200
_MOST_FILES = 65_536
_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def allow_files() -> int:
    """Raise the limit of open files, up to a bound and the system's; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def refusing(app: ASGIApp) -> ASGIApp:
    """The service where it has too many connections."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/healthz":
            await app(scope, receive, send)
            return
        response = problem_response(503, "there are too many connections; try again later", retry_after=5)
        response.headers["connection"] = "close"
        await response(scope, receive, send)

    return refuse


class BoundedConnections(H11Protocol):
    """uvicorn's protocol within `limit_concurrency` connections; each header is whole after `timeout_keep_alive`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Override of uvicorn's method."""
        super().__init__(*arguments, **named)
        self._most = self.limit_concurrency
        self.limit_concurrency = None  # its own answer is no problem document, and would be given on /healthz too
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        if self._most is not None and len(self.connections) > self._most:
            if len(self.connections) > resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _OTHER_FILES:
                transport.write(_REFUSED)
                transport.close()
                return
            self.app = refusing(self.app)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Some of a request is there."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.timeout_keep_alive, self._close_silent)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _close_silent(self) -> None:
        self._waiting = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """Serves until it is told to end. Then no connection is accepted, and work under way is finished or refused."""

    def __init__(self, config: uvicorn.Config, executor: Executor) -> None:
        super().__init__(config)
        self._executor = executor

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Override of uvicorn's method."""
        self._executor.drain()
        await super().shutdown(sockets)


# ---------------------------------------------------------------- running it


# Where the processes of one service find the snapshot that it was started with.
_SNAPSHOT = "REACHPROOF_PRELOADED_SNAPSHOT"
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
# One of several processes that says nothing for so long is ended; a machine that is busy makes it slow.
_SILENT_SECONDS = 60
# Connections that the system holds while the service does not come to take them.
_BACKLOG = 2_048


def settings_lines(file: str | None, given: Mapping[str, Any]) -> Iterator[str]:
    """The settings in force as lines of a TOML file, secrets masked. Raises InputError where some are wrong."""
    return toml_lines(load_settings(file, given), setting_sources(file, given))


def settings_of(file: str | None, given: Mapping[str, Any]) -> Settings:
    """The settings in force. Raises InputError where some are wrong, or where strangers could use the service.

    Beyond this machine it listens with a way to know who asks: an issuer of JSON Web Tokens, or a token; or where
    `auth` is `required`, so that nobody can do anything before there is one; or where it is told to let everyone in.
    """
    settings = load_settings(file, given)
    demand_shareable(database_url(settings.database_url))
    if settings.is_open or settings.auth == "required" or settings.oidc_issuer is not None:
        return settings
    try:
        if Tokens(Database.of(settings.database_url)).any_valid():
            return settings
    except StoreUnavailable:
        return settings  # who asks must have a token all the same, and gets a 503 until it can be looked up
    message = (
        f"refusing to listen on {settings.host} without authentication; create a token, or use --allow-unauthenticated"
    )
    raise InputError([Problem(message=message)])


def ignored_limits(settings: Settings) -> str | None:
    """Warning where tokens have limits and nobody is asked for a token; None if all is well, or cannot be looked up."""
    if not settings.is_open:
        return None
    try:
        found = Tokens(Database.of(settings.database_url)).entries()
    except StoreUnavailable:
        return None  # nothing that is stored can be asked about either
    limited = sum(each.state == "valid" and each.scope.is_limited for each in found)
    if not limited:
        return None
    some = "1 token is" if limited == 1 else f"{limited} tokens are"
    return f"{some} limited, but nobody is asked for a token here: everybody sees everything; set auth to required"


def run(snapshot: Snapshot | None, settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; work under way is finished first. `ready` is told the URL once requests can come.

    Raises InputError where the address cannot be listened on.
    """
    allow_files()
    host = settings.host
    with _listening(host, settings.port) as listener:
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{listener.getsockname()[1]}"
        log_as_json()
        if settings.processes == 1:
            app, executor = _application(settings, snapshot)
            ready(url)
            Server(_config(app, settings), executor).run(sockets=[listener])
            return
        with _shared(snapshot, settings):
            ready(url)
            Multiprocess(_config("reachproof.api.serve:one_of_several", settings), sockets=[listener]).run()


def one_of_several() -> FastAPI:
    """The application in a process that another one started; settings and snapshot are found where that left them.

    What is not finished when the time for it is over is cancelled, which `AuditMiddleware` answers with 503.
    """
    log_as_json()
    allow_files()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    preloaded = os.environ.get(_SNAPSHOT)
    return _application(load_settings(), pickle.loads(Path(preloaded).read_bytes()) if preloaded else None)[0]


def _end_with_parent() -> None:
    """Ends this process as at SIGTERM once the one that started it is gone: killed, it tells nobody to stop."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _application(settings: Settings, snapshot: Snapshot | None) -> tuple[FastAPI, Executor]:
    database = Database.of(settings.database_url)
    executor = ProcessExecutor(settings, SnapshotProvider(snapshot, SnapshotStore(database)))
    return create_app(settings, snapshot, executor, database), executor


def _config(app: FastAPI | str, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=settings.host,
        workers=settings.processes,
        http=BoundedConnections,
        ws="none",
        lifespan="auto",
        log_config=None,  # logging stays as it is
        access_log=False,
        proxy_headers=False,  # who asks is told by a token; an address that a client writes itself is worth nothing
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=settings.max_connections,
        timeout_keep_alive=settings.idle_seconds,
        timeout_graceful_shutdown=_patience(settings),
        timeout_worker_healthcheck=_SILENT_SECONDS,
    )


def _patience(settings: Settings) -> int:
    """Seconds. One process refuses what is left after the time for it; then that is to be sent. Several cancel it."""
    return math.ceil(settings.drain_ms / 1000) + (5 if settings.processes == 1 else 0)


@contextmanager
def _shared(snapshot: Snapshot | None, settings: Settings) -> Iterator[None]:
    """State that several processes share, in a folder of this user only and in the environment that they inherit."""
    with TemporaryDirectory(prefix="reachproof-") as folder:
        numbers = Path(folder) / "metrics"
        numbers.mkdir()
        os.environ[_METRICS] = str(numbers)
        os.environ.update(_as_environment(settings))
        if snapshot is not None:
            stored = Path(folder) / "snapshot"
            stored.write_bytes(pickle.dumps(snapshot))
            os.environ[_SNAPSHOT] = str(stored)
        yield


def _as_environment(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is not None:
            yield f"{PREFIX}{name.upper()}", _text(value)


def _text(value: Any) -> str:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        # Names have errors of their own; of addresses Python tells the address once more.
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        message = f"cannot listen on {host} port {port}: {why}"
        raise InputError([Problem(message=message)]) from None
    # Connections inherit it. Else the last part of an answer waits 40 ms for the client to confirm the one before.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
