"""Bodies of requests: refused where they are too large or too slow. Plain ASGI, so that a disconnect can be seen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reachproof.api.access import ROLE, Role
from reachproof.api.http_error import HttpError
from reachproof.api.problems import problem_response


@dataclass(frozen=True, slots=True)
class BoundedBodies:
    """Refuses a body of more bytes than `most` with 413: by its declared length, or, where it is read, by what has
    arrived. `most_read`: for clients whose role is read.
    """

    app: ASGIApp
    most: int
    most_read: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self.most if scope.get(ROLE) != Role.READ else min(self.most, self.most_read)
        declared = _declared(scope)
        if declared is not None and declared > most:
            response = problem_response(413, f"body too large ({declared} bytes; the limit is {most})")
            await response(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > most:
                raise HttpError(413, f"body too large (the limit is {most} bytes)")
            return message

        await self.app(scope, counted, send)


def _declared(scope: Scope) -> int | None:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() else None


# ---------------------------------------------------------------- time


@dataclass(frozen=True, slots=True)
class TimelyBodies:
    """Refuses a body that is not there whole after so many `seconds` with 408. Waiting after that is not bounded."""

    app: ASGIApp
    seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive=receive, send=send, deadline=asyncio.get_running_loop().time() + self.seconds)
        try:
            await self.app(scope, body.received, body.answered)
        except ClientDisconnect:
            if not body.late:  # else it is what was told in place of the missing rest
                raise
        if body.late and not body.started:
            detail = f"the body did not arrive within {self.seconds:g} seconds"
            response = problem_response(408, detail)
            response.headers["connection"] = "close"
            await response(scope, receive, send)


@dataclass(slots=True, kw_only=True)
class _Body:
    receive: Receive
    send: Send
    deadline: float
    whole: bool = False
    late: bool = False
    started: bool = False

    async def received(self) -> Message:
        """The next message. After the deadline it says that the client left, which every reader understands."""
        if self.whole:
            return await self.receive()
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self.receive()
        except TimeoutError:
            self.late = True
            return {"type": "http.disconnect"}
        self.whole = not message.get("more_body", False)
        return message

    async def answered(self, message: Message) -> None:
        """Passes on what is answered, unless the answer is about a body that did not come."""
        if self.late and not self.started:
            return
        self.started = True
        await self.send(message)
