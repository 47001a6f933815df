"""Routes that take a body: read here within bounds, and not by the framework, which has none.

A small body is read in this process. A larger one is in a file by then, and read by a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from reachproof.api.access import SCOPE, Role, required_role
from reachproof.api.answer_cache import AnswerCache, Asked, asked
from reachproof.api.audit_log import AUDITED
from reachproof.api.body_kind import body_of, is_json
from reachproof.api.executor import Executor, LargeBody
from reachproof.api.http_error import HttpError
from reachproof.api.request_reader import RequestBounds, decoded
from reachproof.api.schemas import QUESTIONS
from reachproof.api.settings import Settings
from reachproof.api.streaming import CACHE_HEADER, GONE, MEDIA_TYPE, while_connected
from reachproof.api.token_scope import UNLIMITED, TokenScope
from reachproof.api.workers.response_spool import NoSpoolRoom, Spool, SpoolRoom
from reachproof.network.process_memory import MEGABYTE

SMALL = 100_000
"""Bytes of a body that is read in this process."""
_RETRY_AFTER = 5


class ReadRequest(Request):
    """A request whose body has arrived: `spool`; if it is JSON, with its `value`, and what that leaves out, `large`.

    `gone`: the client left while it was read.
    """

    spool: Spool
    value: BaseModel | None = None
    large: LargeBody | None = None
    gone: bool = False

    async def body(self) -> bytes:
        """The body for the framework, which looks only whether there is one."""
        return self.spool.content() if self.spool.is_small else b"large"

    async def json(self) -> Any:
        """The value of the body, for the framework, which finds it valid."""
        return self.value

    @property
    def asked(self) -> Asked:
        """Digest of the request. Of small bodies only."""
        limits = self.limits
        whose = limits.key if limits.snapshots is None else f"{limits.key} {self.principal}"  # may see what it stored
        return asked(self.scope["path"], self.spool.content(), whose)

    @property
    def limits(self) -> TokenScope:
        """The limits of the token."""
        return limits_of(self)

    @property
    def may_be_kept(self) -> bool:
        """True if a result may come from those that are kept, and be kept (RFC 9111, Cache-Control of a request)."""
        return "no-cache" not in self.headers.get("cache-control", "").lower()

    @property
    def principal(self) -> str:
        """Whose turn it is: that of the principal that authentication found, else of the address."""
        found = self.scope.get("reachproof.client")
        return str(found) if found else self.client.host if self.client else ""


def limits_of(request: Request) -> TokenScope:
    """The limits of the token of a request; none where nobody is asked for one."""
    found = request.scope.get(SCOPE, UNLIMITED)
    assert isinstance(found, TokenScope)
    return found


def reading_route(settings: Settings, executor: Executor, answers: AnswerCache) -> type[APIRoute]:
    """The class of routes whose bodies are read within these limits, all of them together within a room.

    `answers`: what was answered a moment ago, for which a body is not read at all; a request that changes something
    clears them.
    """
    bounds = RequestBounds(depth=settings.max_depth, queries=settings.max_queries, objects=settings.max_documents)
    room = SpoolRoom(settings.waiting_bodies_mb * MEGABYTE)

    class ReadingRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()
            kind = body_of(self)

            async def read(plain: Request) -> Response:
                request = ReadRequest(plain.scope, plain.receive)
                request.spool = Spool(room, SMALL)
                try:
                    await _arrive(request)
                    if (ready := ready_answer(request, answers)) is not None:
                        return ready
                    if kind is not None and request.spool.size:
                        await _read(request, kind)
                    return Response(status_code=GONE) if request.gone else await handler(request)
                finally:
                    request.spool.close()
                    if required_role(request.method, request.scope["path"], open_metrics=False) is Role.WRITE:
                        answers.clear()

            return read

    async def _read(request: ReadRequest, kind: type[BaseModel]) -> None:
        if not is_json(request):
            found = request.headers.get("content-type") or "no content type"
            raise HttpError(400, f"unsupported content type ({found}); send application/json")
        if request.spool.is_small:
            request.value = decoded(kind, request.spool.content(), bounds)
            return
        question = next((each for each in QUESTIONS if each is kind), None)
        if question is None:
            raise HttpError(413, f"body too large (the limit is {SMALL} bytes)")
        read = await while_connected(request, executor.read(question, bounds, request.spool, request.principal))
        request.gone = read is None
        if read is not None:
            request.value, request.large = read

    return ReadingRoute


def ready_answer(request: ReadRequest, answers: AnswerCache) -> Response | None:
    """The response to a request that was answered a moment ago."""
    if not (request.method == "POST" and request.spool.size and request.may_be_kept and is_json(request)):
        return None
    ready = answers.get(request.asked) if request.spool.is_small else None
    if ready is None:
        return None
    request.scope[AUDITED] = ready.audit
    return Response(ready.document, media_type=MEDIA_TYPE, headers={CACHE_HEADER: "hit"})


async def _arrive(request: ReadRequest) -> None:
    """Waits until all of the body is here."""
    try:
        async for block in request.stream():
            request.spool.write(block)
    except NoSpoolRoom:
        raise HttpError(503, "too many bytes of requests are under way", retry_after=_RETRY_AFTER) from None
