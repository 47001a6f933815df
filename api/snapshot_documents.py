"""The documents about stored snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reachproof.documents import snapshots as documents
from reachproof.documents.json import encoded
from reachproof.documents.parts import ABSENT
from reachproof.manifests.stored_snapshot import StoredObject, stored_objects

if TYPE_CHECKING:
    from reachproof.api.scoped_store import ScopedStore
    from reachproof.api.store import Entry


def told(store: ScopedStore, wanted: str) -> bytes:
    """The document with all of a stored snapshot. Raises HttpError 404 and 503. Cost: a second for 10,000 pods."""
    entry = store.entry(wanted)
    return encoded(summary(entry, stored_objects(store.content(entry.digest), entry.digest)))


def summary(entry: Entry, objects: Iterable[StoredObject] | None = None) -> documents.SnapshotSummary:
    """A stored snapshot, and its objects if they are given."""
    return documents.SnapshotSummary(
        id=entry.digest,
        names=tuple(entry.names),
        counts=dict(entry.counts),
        stored_bytes=entry.stored_bytes,
        created_at=entry.created_at.isoformat(),
        objects=ABSENT if objects is None else tuple(map(_object, objects)),
    )


def _object(stored: StoredObject) -> documents.StoredObject:
    origin = stored.origin
    place = documents.ObjectOrigin(file=origin.file, document=origin.document, line=origin.line)
    return documents.StoredObject(object=dict(stored.value), origin=place, lines=dict(stored.lines))
