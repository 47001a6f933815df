"""Runs the service: in this process, or in several that share one port and one store."""

from __future__ import annotations

import math
import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from uvicorn.supervisors import Multiprocess

from reachproof.api.app import create_app
from reachproof.api.configuration import configured, shown, sources
from reachproof.api.database import Database, StoreUnavailable, database_url, demand_shareable
from reachproof.api.logs import log_as_json
from reachproof.api.server import BoundedConnections, Server, allow_files
from reachproof.api.settings import PREFIX, Settings
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.store import SnapshotStore
from reachproof.api.tokens import Tokens
from reachproof.api.workers.workplace import Workers
from reachproof.api.workplace import Workplace
from reachproof.network.errors import InputError, Problem
from reachproof.network.snapshot import Snapshot

# Where the processes of one service find the snapshot that it was started with.
_SNAPSHOT = "REACHPROOF_PRELOADED_SNAPSHOT"
_METRICS = "PROMETHEUS_MULTIPROC_DIR"
# Connections that the system holds while the service does not come to take them.
_BACKLOG = 2_048


def settings_lines(file: str | None, given: Mapping[str, Any]) -> Iterator[str]:
    """The settings in force as lines of a TOML file, secrets masked. Raises InputError where some are wrong."""
    return shown(configured(file, given), sources(file, given))


def settings_of(file: str | None, given: Mapping[str, Any]) -> Settings:
    """The settings in force. Raises InputError where some are wrong, or where strangers could use the service.

    Beyond this machine it listens with a way to know who asks: an issuer of JSON Web Tokens, or a token; or where
    `auth` is `required`, so that nobody can do anything before there is one; or where it is told to let everyone in.
    """
    settings = configured(file, given)
    demand_shareable(database_url(settings.database_url))
    if settings.is_open or settings.auth == "required" or settings.oidc_issuer is not None:
        return settings
    try:
        if Tokens(Database.of(settings.database_url)).any_valid():
            return settings
    except StoreUnavailable:
        return settings  # who asks must have a token all the same, and gets a 503 until it can be looked up
    message = (
        f"found the host {settings.host}, which other machines reach, and no token; expected one "
        "(`reachproof token create --role read`), an issuer of tokens (oidc_issuer), or an address of this machine "
        "only (127.0.0.1, ::1, localhost); --allow-unauthenticated lets in everyone all the same"
    )
    raise InputError([Problem(message=message)])


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
            app, workplace = _application(settings, snapshot)
            ready(url)
            Server(_config(app, settings), workplace).run(sockets=[listener])
            return
        with _shared(snapshot, settings):
            ready(url)
            Multiprocess(_config("reachproof.api.serve:one_of_several", settings), sockets=[listener]).run()


def one_of_several() -> FastAPI:
    """The application in a process that another one started; settings and snapshot are found where that left them.

    What is not finished when the time for it is over is cancelled, which `Recorded` answers with 503.
    """
    log_as_json()
    allow_files()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    preloaded = os.environ.get(_SNAPSHOT)
    return _application(configured(), pickle.loads(Path(preloaded).read_bytes()) if preloaded else None)[0]


def _end_with_parent() -> None:
    """Ends this process as at SIGTERM once the one that started it is gone: killed, it tells nobody to stop."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _application(settings: Settings, snapshot: Snapshot | None) -> tuple[FastAPI, Workplace]:
    database = Database.of(settings.database_url)
    workplace = Workers(settings, SnapshotProvider(snapshot, SnapshotStore(database)))
    return create_app(settings, snapshot, workplace, database), workplace


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
        message = f"found that {host} port {port} cannot be listened on ({why}), expected one that can"
        raise InputError([Problem(message=message)]) from None
    # Connections inherit it. Else the last part of an answer waits 40 ms for the client to confirm the one before.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
