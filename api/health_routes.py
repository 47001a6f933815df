"""The routes for whoever runs the service: is it alive, can it work, what has it done, what can be asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
    """Every part of the service can work."""

    status: Literal["ready"] = "ready"
    parts: dict[str, Literal["ok"]]


# Whether a part of the service can work: empty, or why not, in words that may be told to anyone.
Check = Callable[[], Awaitable[str]]


def health_routes(app: FastAPI, metrics: Metrics, checks: Mapping[str, Check]) -> APIRouter:
    """The routes. `checks` by the name of the part."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz", response_model=Health, summary="Is the process alive")
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    not_ready: dict[int | str, dict[str, Any]] = {503: {"content": PROBLEM, "description": "A part cannot work"}}

    @routes.get("/readyz", response_model=Readiness, responses=not_ready, summary="Can it work")
    async def readyz() -> Any:
        """Every part can work; else 503 with those that cannot."""
        found = {name: await check() for name, check in sorted(checks.items())}
        wrong = {name: why for name, why in found.items() if why}
        if wrong:
            problems = [Problem(file="service", path=name, message=why) for name, why in wrong.items()]
            return problem_response(503, f"not ready: {', '.join(wrong)}", problems, retry_after=5)
        return Readiness(parts=dict.fromkeys(found, "ok"))

    text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

    @routes.get("/metrics", response_class=Response, responses=text, summary="Numbers for Prometheus")
    def numbers() -> Response:
        """In Prometheus's text format."""
        return Response(metrics.text(), media_type=MEDIA_TYPE)

    @routes.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return HTMLResponse(docs_page(app.openapi()), headers={"content-security-policy": DOCS_POLICY})

    return routes
