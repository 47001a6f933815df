"""The web server, which tells the workplace when it is about to end."""

from __future__ import annotations

import socket

import uvicorn

from reachproof.api.workplace import Workplace


class Server(uvicorn.Server):
    """Serves until it is told to end. Then no connection is accepted, and work under way is finished or refused."""

    def __init__(self, config: uvicorn.Config, workplace: Workplace) -> None:
        super().__init__(config)
        self._workplace = workplace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Override of uvicorn's method."""
        self._workplace.drain()
        await super().shutdown(sockets)
