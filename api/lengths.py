"""Limits on the length of texts in one request, where the service is set to less than the shape of requests allows."""

from __future__ import annotations

from reachproof.api.refusal import Refusal
from reachproof.api.schemas import (
    CheckRequest,
    CompleteRequest,
    ConnectivityRequest,
    ExplainRequest,
    QueryRequest,
    Question,
)
from reachproof.api.settings import Settings
from reachproof.network.errors import Problem


def check_lengths(request: Question, settings: Settings) -> None:
    """Raises Refusal, 422, with every text that is too long."""
    texts, most = _texts(request), settings.max_query_chars
    if isinstance(request, CheckRequest):
        most = settings.max_pack_chars
    problems = [
        Problem(file="body", path=path, message=f"found {len(text)} characters, expected at most {most}")
        for path, text in texts
        if text is not None and len(text) > most
    ]
    if problems:
        raise Refusal(422, "the request has a text that is too long here", problems)


def _texts(request: Question) -> list[tuple[str, str | None]]:
    match request:
        case QueryRequest():
            return [("query", request.query), *_numbered("queries", request.queries)]
        case CheckRequest():
            return [("pack", request.pack), *_numbered("packs", request.packs)]
        case CompleteRequest():
            return [("text", request.text)]
        case ExplainRequest():
            return [("source", request.source), ("destination", request.destination), ("port", request.port)]
        case ConnectivityRequest():
            return [("src", request.src), ("dst", request.dst), ("ports", request.ports)]
        case _:  # the others have no text of the language
            return []


def _numbered(name: str, texts: list[str] | None) -> list[tuple[str, str | None]]:
    return [(f"{name}.{number}", text) for number, text in enumerate(texts or [])]
