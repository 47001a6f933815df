"""Bodies of requests: refused where they are too large or too slow. Plain ASGI, so that a disconnect can be seen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reachproof.api.problems import problem_response


class _TooLarge(Exception):
    pass


@dataclass(frozen=True, slots=True)
class BoundedBodies:
    """Refuses a body of more bytes than `most` with 413: by its declared length, or by what has arrived."""

    app: ASGIApp
    most: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = _declared(scope)
        if declared is not None and declared > self.most:
            response = problem_response(413, f"body too large ({declared} bytes; the limit is {self.most})")
            await response(scope, receive, send)
            return
        try:
            messages = None if declared is not None else await self._whole(receive)
        except _TooLarge:
            detail = f"body too large (the limit is {self.most} bytes)"
            await problem_response(413, detail)(scope, receive, send)
            return
        await self.app(scope, receive if messages is None else _replayed(messages, receive), send)

    async def _whole(self, receive: Receive) -> list[Message]:
        """The messages of a body without a declared length; read ahead, since a refusal must come before an answer."""
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > self.most:
                raise _TooLarge
            if not message.get("more_body", False):
                return messages


def _declared(scope: Scope) -> int | None:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() else None


def _replayed(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def replay() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return replay


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
