"""Refusal of bodies that are too large before they are read. Plain ASGI, so that a disconnect can still be seen."""

from __future__ import annotations

from dataclasses import dataclass

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
            response = problem_response(413, f"found a body of {declared} bytes, expected at most {self.most}")
            await response(scope, receive, send)
            return
        try:
            messages = None if declared is not None else await self._whole(receive)
        except _TooLarge:
            detail = f"found a body of more than {self.most} bytes, expected at most that"
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
