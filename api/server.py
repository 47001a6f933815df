"""The web server: connections that are bounded in number and silence, and an end that waits for work under way.

A connection beyond the bound is answered with 503 and closed, so that a client learns what to do. /healthz is answered
there too: a service that has too much to do is not to be killed for it.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from reachproof.api.problems import problem_response
from reachproof.api.workplace import Workplace

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

    def __init__(self, config: uvicorn.Config, workplace: Workplace) -> None:
        super().__init__(config)
        self._workplace = workplace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Override of uvicorn's method."""
        self._workplace.drain()
        await super().shutdown(sockets)
