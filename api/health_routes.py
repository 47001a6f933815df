"""The routes for whoever runs the service: is it alive, can it work, what has it done, what can be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from reachproof.api.metrics import MEDIA_TYPE, Metrics
from reachproof.api.openapi import DOCS_POLICY, PROBLEM, docs_page
from reachproof.api.problems import problem_response
from reachproof.network.errors import Problem


class Health(BaseModel):
    """The service answers."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """Questions are answered. `degraded`: what is not `ok` in `parts` cannot work, and they do without it."""

    status: Literal["ready", "degraded"]
    parts: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePart:
    """A part of the service. `check`: empty if it can work, or why not, in words that may be told to anyone.

    `essential`: no question is answered without it.
    """

    check: Callable[[], Awaitable[str]]
    essential: bool


def health_routes(app: FastAPI, metrics: Metrics, parts: Mapping[str, ServicePart]) -> APIRouter:
    """The routes. `parts` by their names."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz", response_model=Health, summary="Liveness of the process")
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    down = "Not ready: a part that every question needs does not work"
    not_ready: dict[int | str, dict[str, Any]] = {503: {"content": PROBLEM, "description": down}}

    @routes.get("/readyz", response_model=Readiness, responses=not_ready, summary="Can it work")
    async def readyz() -> Any:
        """`ready`, or `degraded` where the store is away and questions that need none are answered; else 503."""
        found = {name: await part.check() for name, part in sorted(parts.items())}
        wrong = {name: why for name, why in found.items() if why}
        if any(parts[name].essential for name in wrong):
            problems = [Problem(file="service", path=name, message=why) for name, why in wrong.items()]
            return problem_response(503, f"not ready: {', '.join(wrong)}", problems, retry_after=5)
        told = {name: why or "ok" for name, why in found.items()}
        return Readiness(status="degraded" if wrong else "ready", parts=told)

    text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

    @routes.get("/metrics", response_class=Response, responses=text, summary="Numbers for Prometheus")
    def numbers() -> Response:
        """In Prometheus's text format."""
        return Response(metrics.text(), media_type=MEDIA_TYPE)

    @routes.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return HTMLResponse(docs_page(app.openapi()), headers={"content-security-policy": DOCS_POLICY})

    return routes
