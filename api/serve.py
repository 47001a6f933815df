"""Runs the service in this process."""

from __future__ import annotations

import ipaddress
import math
import os
import socket
from collections.abc import Callable

import uvicorn

from reachproof.api.app import create_app
from reachproof.api.database import Database
from reachproof.api.server import Server
from reachproof.api.settings import settings
from reachproof.api.stock import LibraryStock, PreloadedStock
from reachproof.api.store import SnapshotStore
from reachproof.api.workers.workplace import Workers
from reachproof.network.errors import InputError, Problem
from reachproof.network.snapshot import Snapshot


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run(snapshot: Snapshot | None, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; work under way is finished first. `ready` is told the URL once requests can come.

    Port 0 takes a free one. Raises InputError for wrong settings, and where the address cannot be listened on.
    """
    limits = settings()
    database = Database.of(limits.database_url)
    workplace = Workers(limits, LibraryStock(library=SnapshotStore(database), own=PreloadedStock(snapshot=snapshot)))
    # Past the time for draining, only what was answered with 503 is left to be sent.
    patience = math.ceil(limits.drain_ms / 1000) + 5
    app = create_app(limits, snapshot, workplace, database)
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=patience)
    with _listening(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        ready(f"http://{name}:{listener.getsockname()[1]}")
        Server(config, workplace).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        # Names have errors of their own; of addresses Python tells the address once more.
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        message = f"found that {host} port {port} cannot be listened on ({why}), expected one that can"
        raise InputError([Problem(message=message)]) from None
    # Connections inherit it. Else the last part of an answer waits 40 ms for the client to confirm the one before.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
