"""The HTTP service: the parts of `api` put together. No policy logic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response

from reachproof import __version__
from reachproof.api.problems import document, install, problem_response
from reachproof.api.questions import questions
from reachproof.api.schemas import Health
from reachproof.api.settings import Settings
from reachproof.api.shelf import Preloaded
from reachproof.api.workplace import Threads
from reachproof.network.snapshot import Snapshot


def create_app(settings: Settings | None = None, snapshot: Snapshot | None = None) -> FastAPI:
    """The application. `snapshot`: what requests ask about that bring no manifests."""
    limits = settings or Settings()
    app = FastAPI(
        title="reachproof",
        version=__version__,
        description="Proves what a Kubernetes cluster's network policy allows.",
    )
    install(app)
    document(app)

    @app.middleware("http")
    async def bounded(request: Request, following: Callable[[Request], Awaitable[Response]]) -> Response:
        return await _bounded(request, following, limits.max_body_bytes)

    @app.get("/healthz", response_model=Health, tags=["operation"])
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    app.include_router(questions(limits, Threads(Preloaded(snapshot=snapshot), limits.workers)))
    return app


async def _bounded(request: Request, following: Callable[[Request], Awaitable[Response]], most: int) -> Response:
    """Refuses a body that is larger than allowed, by its declared length or by what arrives."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        return problem_response(413, f"found a body of {declared} bytes, expected at most {most}")
    if not declared:
        size = 0
        chunks: list[bytes] = []
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                return problem_response(413, f"found a body of more than {most} bytes, expected at most that")
            chunks.append(chunk)
        request._body = b"".join(chunks)
    return await following(request)
