"""One line of the audit log for each request, its numbers, and the answer where nobody else had one.

Told are who asked, which route, the normalised questions, verdicts, and the snapshot. Never told are manifests, bodies,
headers and the query of an address, so no token and no Secret can be in it.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reachproof.api.access import CLIENT, ROLE, SCOPE, is_open
from reachproof.api.logs import AUDIT, SERVICE
from reachproof.api.metrics import Metrics
from reachproof.api.problems import problem_response
from reachproof.api.streaming import CACHE_HEADER

REQUEST_ID = "reachproof.request_id"
AUDITED = "reachproof.audited"
"""In the scope: the fields of the answer, if they are known without reading it again."""
UNEXPECTED = "unexpected error; see the service's log"
# What looks like a token is not logged, wherever a client wrote it.
_TOKEN = re.compile(r"(rp_[0-9a-f]{12}_)[A-Za-z0-9_-]+|eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Larger answers are not read again for the log: reports of connectivity, which have no verdict.
_READ_AGAIN = 1_000_000
_TEXT_CHARS = 500
_TEXTS = 20


@dataclass(frozen=True, slots=True)
class AuditMiddleware:
    """Around everything that can fail.

    Every response has an `X-Request-Id`: the client's if it is a plain word, else a new one.
    """

    app: ASGIApp
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = Exchange(request_id=_request_id(scope), scope=scope, send=send)
        scope[REQUEST_ID] = exchange.request_id
        try:
            await self._answered(exchange, scope, receive)
        finally:
            self._record(exchange, scope)

    async def _answered(self, exchange: Exchange, scope: Scope, receive: Receive) -> None:
        try:
            await self.app(scope, receive, exchange.sent)
        except asyncio.CancelledError:  # the service ends, and this was not finished in the time that it gives
            if not exchange.status:
                await problem_response(503, "the service is ending", retry_after=5)(scope, receive, exchange.sent)
            raise
        except Exception:
            SERVICE.exception("unexpected error", request_id=exchange.request_id)
            if exchange.status:
                raise  # half of an answer is sent: the connection is closed so that it cannot be taken for a whole one
            await problem_response(500, UNEXPECTED)(scope, receive, exchange.sent)

    def _record(self, exchange: Exchange, scope: Scope) -> None:
        seconds = time.monotonic() - exchange.started
        route = getattr(scope.get("route"), "path", "other")
        known: Sequence[AuditFields] | None = scope.get(AUDITED)
        answers = known if known is not None else exchange.answers() if exchange.status == 200 else ()
        self.metrics.request(scope["method"], route, exchange.status, seconds)
        for answer in answers:
            self.metrics.answer(answer.verdict, None if exchange.cache == "hit" else answer.solver_seconds)
        if exchange.cache:
            self.metrics.looked_up(exchange.cache)
        if is_open(scope["path"]) or (scope["path"] == "/metrics" and exchange.status == 200):
            return  # probes, scrapes and pages tell nothing about a cluster
        AUDIT.info(
            "request",
            request_id=exchange.request_id,
            client=scope.get(CLIENT, "unknown"),
            role=scope.get(ROLE),
            method=_bounded(scope["method"]),
            route=route,
            path=_bounded(scope["path"]),
            status=exchange.status,
            milliseconds=round(seconds * 1000, 1),
            asked=[_bounded(answer.asked) for answer in answers[:_TEXTS] if answer.asked],
            verdicts=[answer.verdict for answer in answers[:_TEXTS] if answer.verdict],
            answers=len(answers),
            snapshots=sorted({name for answer in answers for name in answer.snapshots}),
        )


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if _SANE_ID.fullmatch(given) and not _TOKEN.search(given) else uuid4().hex


def _bounded(text: str) -> str:
    """Short enough for a line of the log, and without what looks like a token."""
    return _TOKEN.sub(r"\1[left out]", text)[:_TEXT_CHARS]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFields:
    """Fields of a response for the audit log."""

    asked: str = ""
    verdict: str = ""
    snapshots: tuple[str, ...] = ()
    solver_seconds: float | None = None


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request and what was sent for it. `status` is 0 until there is one; `cache`: `hit`, `miss`, or nothing."""

    request_id: str
    scope: Scope
    send: Send
    started: float = field(default_factory=time.monotonic)
    status: int = 0
    cache: str = ""
    body: list[bytes] = field(default_factory=list, repr=False)
    size: int = 0

    async def sent(self, message: Message) -> None:
        """Passes a message on, and keeps a small body for the log."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            self.cache = headers.get(CACHE_HEADER, "")
            limits = self.scope.get(SCOPE)
            if self.cache and limits is not None and limits.is_limited:
                del headers[CACHE_HEADER]  # another client's question, perhaps about another's snapshot, made it a hit
        elif message["type"] == "http.response.body":
            piece = message.get("body", b"")
            self.size += len(piece)
            if self.size <= _READ_AGAIN:
                self.body.append(piece)
        await self.send(message)

    def answers(self) -> tuple[AuditFields, ...]:
        """Fields of the document that was sent; none if it is not ours or too large."""
        return audit_fields(b"".join(self.body)) if self.size <= _READ_AGAIN else ()


def audit_fields(content: bytes) -> tuple[AuditFields, ...]:
    """Fields of a document; none if it is not ours."""
    if content[:1] not in (b"{", b"["):
        return ()
    try:
        return tuple(_audit_fields(json.loads(content)))
    except ValueError:
        return ()  # not JSON, so nothing with a verdict


def _audit_fields(document: Any) -> Iterator[AuditFields]:
    """One for each answer of a document, or one for a document that is not made of answers."""
    if isinstance(document, list):
        for each in document:
            yield from _audit_fields(each)
    elif isinstance(document, dict) and isinstance(document.get("answers"), list):
        for each in document["answers"]:
            yield from _audit_fields(each)
    elif isinstance(document, dict) and document.get("apiVersion"):
        yield _one(document)


def _one(document: dict[str, Any]) -> AuditFields:
    found = document.get("evidence")
    evidence: dict[str, Any] = found if isinstance(found, dict) else {}
    named = (evidence.get("snapshot"), evidence.get("before"), evidence.get("after"), document.get("snapshot"))
    milliseconds = evidence.get("solverMs")
    return AuditFields(
        asked=str(document.get("name") or document.get("normalized") or ""),
        verdict=str(document.get("verdict") or document.get("relation") or ""),
        snapshots=tuple(name for name in named if isinstance(name, str)),
        solver_seconds=milliseconds / 1000 if isinstance(milliseconds, int | float) else None,
    )
