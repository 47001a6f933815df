"""Answers on their way to clients that may have left or may not read, and from there into the result cache."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import TypeVar

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from reachproof.api.executor import DocumentStream
from reachproof.api.result_cache import ResultCache, ResultKey

T = TypeVar("T")
MEDIA_TYPE = "application/json"
GONE = 499
"""The status of a request whose client left; nobody receives it."""


async def while_connected(request: Request, work: Awaitable[T]) -> T | None:
    """The result of the work; None if the client left first, and then the work is cancelled.

    The body of the request must have been read.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for each in (working, leaving):
            each.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def response_of(document: DocumentStream, patience: float) -> Response:
    """The response with a document, which it closes. `patience`: seconds that a client may take for a block."""
    if not document.is_small:
        return _Patient(document, patience)
    try:
        return Response(document.content(), media_type=MEDIA_TYPE)
    finally:
        document.close()


class _Patient(StreamingResponse):
    """Block after block, as the client takes them; one that takes none for too long is hung up on."""

    def __init__(self, document: DocumentStream, patience: float) -> None:
        super().__init__(document.blocks(), media_type=MEDIA_TYPE)
        self._document = document
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""

        async def sent(message: object) -> None:
            async with asyncio.timeout(self._patience):
                await send(message)  # type: ignore[arg-type]  # what Starlette sends

        try:
            await super().__call__(scope, receive, sent)
        except (TimeoutError, ClientDisconnect):
            return  # without the end of the body, the server closes the connection
        finally:
            await run_in_threadpool(self._document.close)


# ---------------------------------------------------------------- results on their way into the cache


CACHE_HEADER = "X-Reachproof-Cache"
# Larger reports are sent and not kept: they would have to be in memory as a whole.
_MOST_BYTES = 16_000_000


class TeeDocument:
    """Another document; once all of it was read, `whole` is what it was, unless it is too large."""

    def __init__(self, document: DocumentStream) -> None:
        self._document = document
        self.whole: bytes | None = None

    @property
    def is_small(self) -> bool:
        """See `DocumentStream`."""
        return self._document.is_small

    def content(self) -> bytes:
        """See `DocumentStream`."""
        self.whole = self._document.content()
        return self.whole

    def blocks(self) -> Iterator[bytes]:
        """See `DocumentStream`."""
        kept: list[bytes] = []
        size = 0
        for block in self._document.blocks():
            size += len(block)
            if size <= _MOST_BYTES:
                kept.append(block)
            else:
                kept.clear()
            yield block
        if size <= _MOST_BYTES:
            self.whole = b"".join(kept)

    def close(self) -> None:
        """See `DocumentStream`."""
        self._document.close()


def cached_once_sent(response: Response, tee: TeeDocument, results: ResultCache, key: ResultKey) -> Response:
    """The response, after which the result is kept if its document was read as a whole."""

    def keep() -> None:
        if tee.whole is not None:
            results.put(key, tee.whole)

    response.headers[CACHE_HEADER] = "miss"
    response.background = BackgroundTask(keep)
    return response
