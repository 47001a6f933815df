"""The HTTP service: the parts of `api` put together. No policy logic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from reachproof import __version__
from reachproof.api.console import console
from reachproof.api.database import Database
from reachproof.api.library_shelf import LibraryShelf
from reachproof.api.limits import BoundedBodies
from reachproof.api.problems import document, install
from reachproof.api.questions import questions
from reachproof.api.results import Results
from reachproof.api.schemas import Health
from reachproof.api.settings import Settings
from reachproof.api.shelf import Preloaded
from reachproof.api.snapshots import snapshots
from reachproof.api.store import SnapshotStore
from reachproof.api.workplace import Threads, Workplace
from reachproof.network.snapshot import Snapshot


def create_app(
    settings: Settings | None = None,
    snapshot: Snapshot | None = None,
    workplace: Workplace | None = None,
    database: Database | None = None,
) -> FastAPI:
    """The application. `snapshot`: what requests ask about that name none and bring no manifests.

    `workplace`: who works on questions, of the same snapshots; threads of this process if not given. It starts and ends
    with the application. `database`: that of the settings if not given; it is closed at the end.
    """
    limits = settings or Settings()
    base = database or Database.of(limits.database_url)
    store = SnapshotStore(base)
    results = Results(base, snapshot, most_entries=limits.result_cache_entries, most_bytes=limits.result_cache_bytes)
    shelf = LibraryShelf(store, Preloaded(snapshot=snapshot), snapshot.digest if snapshot else None)
    place = workplace or Threads(shelf, limits.workers)

    @asynccontextmanager
    async def working(_app: FastAPI) -> AsyncIterator[None]:
        await place.start()
        try:
            yield
        finally:
            await place.close()
            base.close()

    app = FastAPI(
        title="reachproof",
        version=__version__,
        description="Proves what a Kubernetes cluster's network policy allows.",
        lifespan=working,
    )
    install(app)
    document(app)
    app.add_middleware(BoundedBodies, most=limits.max_body_bytes)

    @app.get("/healthz", response_model=Health, tags=["operation"])
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    app.include_router(console())
    app.include_router(questions(limits, place, store, results))
    app.include_router(snapshots(limits, store))
    return app
