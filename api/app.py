"""The HTTP service: the parts of `api` put together. No policy logic."""

from __future__ import annotations

from fastapi import FastAPI

from reachproof import __version__
from reachproof.api.database import Database, default_url
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
    app.add_middleware(BoundedBodies, most=limits.max_body_bytes)

    @app.get("/healthz", response_model=Health, tags=["operation"])
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    database = Database(limits.database_url.get_secret_value() if limits.database_url else default_url())
    store = SnapshotStore(database)
    results = Results(
        database, snapshot, most_entries=limits.result_cache_entries, most_bytes=limits.result_cache_bytes
    )
    own = snapshot.digest if snapshot else None
    shelf = LibraryShelf(store, Preloaded(snapshot=snapshot), own)
    app.include_router(questions(limits, Threads(shelf, limits.workers), store, results))
    app.include_router(snapshots(limits, store))
    return app
