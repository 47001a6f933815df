"""The pace of refusals: a client whose requests are refused again and again waits for the next one.

Else a loop of wrong requests, each of which costs a millisecond, takes the process from everybody who asks. The virtual
scheduling form of the generic cell rate algorithm (ITU-T I.371), for each client that authentication found, or address.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from cachetools import TTLCache
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reachproof.api.access import CLIENT

A_SECOND = 50
"""Refusals that a client is sent in a second, once there were AT_ONCE."""
AT_ONCE = 100
LONGEST = 1.0
"""Seconds that a refusal waits at most."""
_MOST_CLIENTS = 10_000
_INTERVAL = 1 / A_SECOND


class PacedRefusals:
    """Has responses with a status of 400 to 499 wait where their client was sent too many. All others go at once."""

    def __init__(
        self,
        app: ASGIApp,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock`: seconds."""
        self._app = app
        self._clock = clock
        self._pause = pause
        slack = AT_ONCE * _INTERVAL + LONGEST
        self._due: TTLCache[str, float] = TTLCache(_MOST_CLIENTS, slack, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""

        async def paced(message: Message) -> None:
            if message["type"] == "http.response.start" and 400 <= message["status"] < 500:
                seconds = self._wait(scope.get(CLIENT, "unknown"))
                if seconds > _INTERVAL / 2:
                    await self._pause(seconds)
            await send(message)

        await self._app(scope, receive, paced if scope["type"] == "http" else send)

    def _wait(self, client: str) -> float:
        """Seconds that one more refusal of this client has to wait; negative where there is room."""
        now = self._clock()
        due = max(self._due.get(client, now), now) + _INTERVAL
        seconds = min(due - now - AT_ONCE * _INTERVAL, LONGEST)
        self._due[client] = now + seconds + AT_ONCE * _INTERVAL
        return seconds
