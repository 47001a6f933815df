"""A deadline for the body of a request, so that a client which sends nothing holds nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reachproof.api.problems import problem_response


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
            detail = f"found a body that was not whole after {self.seconds:g} seconds, expected it sooner"
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
