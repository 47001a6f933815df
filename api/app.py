"""The HTTP service: the parts of `api` put together. No policy logic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from reachproof import __version__
from reachproof.api.access import AccessMiddleware, Authenticator
from reachproof.api.answer_cache import AnswerCache
from reachproof.api.audit_log import AuditMiddleware
from reachproof.api.console import console
from reachproof.api.database import Database, StoreUnavailable
from reachproof.api.executor import Executor, ThreadExecutor
from reachproof.api.health_routes import ServicePart, health_routes
from reachproof.api.logs import flush
from reachproof.api.metrics import Metrics
from reachproof.api.openapi import complete_openapi
from reachproof.api.problems import install
from reachproof.api.questions import questions
from reachproof.api.reading_route import reading_route
from reachproof.api.refusal_pace import PacedRefusals
from reachproof.api.request_body import BoundedBodies, TimelyBodies
from reachproof.api.result_cache import ResultCache
from reachproof.api.security_headers import SecurityHeaders
from reachproof.api.settings import Settings
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.snapshots import snapshots
from reachproof.api.store import SnapshotStore
from reachproof.api.tokens import TokenAuthenticator, Tokens
from reachproof.network.snapshot import Snapshot


def create_app(
    settings: Settings | None = None,
    snapshot: Snapshot | None = None,
    executor: Executor | None = None,
    database: Database | None = None,
) -> FastAPI:
    """The application. `snapshot`: what requests ask about that name none and bring no manifests.

    `executor`: who works on questions, of the same snapshots; threads of this process if not given. It starts and ends
    with the application. `database`: that of the settings if not given; it is closed at the end.
    """
    limits = settings or Settings()
    base = database or Database.of(limits.database_url)
    store = SnapshotStore(base)
    results = ResultCache(
        base, snapshot, most_entries=limits.result_cache_entries, most_bytes=limits.result_cache_bytes
    )
    place = executor or ThreadExecutor(SnapshotProvider(snapshot, store, limits.reading), store, limits.workers)
    metrics = Metrics(place.workload)

    @asynccontextmanager
    async def working(_app: FastAPI) -> AsyncIterator[None]:
        await place.start()
        try:
            yield
        finally:
            await place.close()
            base.close()
            await to_thread.run_sync(flush)

    app = FastAPI(
        title="reachproof",
        version=__version__,
        description="Proves what a Kubernetes cluster's network policy allows.",
        docs_url=None,  # FastAPI's own pages need scripts of another host
        redoc_url=None,
        lifespan=working,
        telemetry=_telemetry(limits),
    )
    install(app)
    complete_openapi(app, secured=not limits.is_open, open_metrics=limits.open_metrics)
    _surround(app, limits, base, metrics)
    app.include_router(health_routes(app, metrics, _parts(limits, base, place)))
    app.include_router(console())
    answers = AnswerCache()
    route = reading_route(limits, place, answers)
    app.include_router(questions(limits, place, store, results, answers=answers, route=route))
    app.include_router(snapshots(limits, place, store, route))
    return app


def _surround(app: FastAPI, limits: Settings, database: Database, metrics: Metrics) -> None:
    """Add the middleware, the last one first."""
    app.add_middleware(BoundedBodies, most=limits.max_body_bytes, most_read=limits.max_read_body_bytes)
    app.add_middleware(
        AccessMiddleware,
        authenticators=_authenticators(limits, database),
        open_metrics=limits.open_metrics,
        any_host=limits.allow_unauthenticated,
    )
    app.add_middleware(PacedRefusals)
    app.add_middleware(TimelyBodies, seconds=limits.max_body_seconds)
    app.add_middleware(AuditMiddleware, metrics=metrics)
    app.add_middleware(SecurityHeaders)


def _authenticators(settings: Settings, database: Database) -> list[Authenticator] | None:
    if settings.is_open:
        return None
    authenticators: list[Authenticator] = [TokenAuthenticator(Tokens(database))]
    if settings.oidc_issuer is not None:
        from reachproof.api.oidc import authenticator  # needs the extra `oidc`

        authenticators.append(authenticator(settings))
    return authenticators


def _parts(settings: Settings, database: Database, executor: Executor) -> dict[str, ServicePart]:
    # Tokens are in the database: without it nobody gets in, unless an issuer tells who asks.
    needs_store = not settings.is_open and settings.oidc_issuer is None
    return {
        "database": ServicePart(check=_database(database), essential=needs_store),
        "workers": ServicePart(check=_workers(executor), essential=True),
    }


def _workers(executor: Executor) -> Callable[[], Awaitable[str]]:
    async def check() -> str:
        now = executor.workload()
        return "" if now.ready else now.trouble or "no worker has started yet"

    return check


def _database(database: Database) -> Callable[[], Awaitable[str]]:
    async def check() -> str:
        try:
            await to_thread.run_sync(database.check)
        except StoreUnavailable as error:
            return str(error)
        return ""

    return check


def _telemetry(settings: Settings) -> TelemetryConfig:
    """Spans and numbers where they are wanted. Never logs: those would have the text of exceptions."""
    return {
        "tracing": settings.otel,
        "metrics": settings.otel,
        "logs": False,
        "operation_spans": False,
        "auto_configure": settings.otel,
    }
