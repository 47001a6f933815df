"""The store as a worker uses it, by its URL. One that needs none does without the libraries for databases."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from reachproof.api.quotas import NO_QUOTAS, Quotas
from reachproof.api.snapshot_documents import told
from reachproof.api.token_scope import TokenScope
from reachproof.manifests.stored_snapshot import ToStore

if TYPE_CHECKING:
    from reachproof.api.store import SnapshotStore


class WorkerStore:
    """A `SnapshotLibrary` and a `SnapshotShelf`, opened when it is first needed."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _store(self) -> SnapshotStore:
        from reachproof.api.database import Database
        from reachproof.api.store import SnapshotStore

        return SnapshotStore(Database(self._url))

    def resolve(self, wanted: str) -> str:
        """See `SnapshotLibrary`."""
        return self._store.resolve(wanted)

    def content(self, digest: str) -> bytes:
        """See `SnapshotLibrary`."""
        return self._store.content(digest)

    def put(self, given: ToStore, name: str | None = None, by: str | None = None, quotas: Quotas = NO_QUOTAS) -> bool:
        """See `SnapshotShelf`."""
        return self._store.put(given, name, by, quotas)

    def told(self, digest: str, limits: TokenScope, client: str) -> bytes:
        """The document with all of a stored snapshot, as a client sees it within limits. Raises HttpError."""
        from reachproof.api.scoped_store import ScopedStore

        return told(ScopedStore(store=self._store, scope=limits, client=client), digest)
