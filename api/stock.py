"""The snapshots of the service in its own process: digests, and the form that workers load."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reachproof.api.library import Library
from reachproof.api.refusal import Refusal
from reachproof.manifests.stored import load_stored
from reachproof.network.snapshot import Snapshot
from reachproof.queries.model_options import model_options


class Packed(Protocol):
    """A snapshot in a form that is sent to workers; picklable."""

    def open(self, options: Mapping[str, Any]) -> Snapshot:
        """The snapshot; called in the worker. It need not be read under the options: `shelf.reread` sees to that."""


class Stock(Protocol):
    """Snapshots by digest. Called in the event loop or in threads; must not block for long, but for `packed`."""

    def digest(self, wanted: str | None) -> str:
        """The digest that a request means. Raises Refusal where there is no such snapshot."""

    def packed(self, digest: str) -> Packed:
        """The snapshot of a digest. Called in a thread, once for each worker that needs it. Raises Refusal."""


@dataclass(frozen=True, slots=True)
class Pickled:
    """A pickle of our own; it is only ever passed between processes of one service."""

    content: bytes = field(repr=False)

    def open(self, options: Mapping[str, Any]) -> Snapshot:
        """See `Packed`; as it was read."""
        found = pickle.loads(self.content)
        assert isinstance(found, Snapshot)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PreloadedStock:
    """The snapshot that the service was started with, if any."""

    snapshot: Snapshot | None = None

    def digest(self, wanted: str | None) -> str:
        """See `Stock`."""
        return found_in(self.snapshot, wanted).digest

    def packed(self, digest: str) -> Packed:
        """See `Stock`."""
        return Pickled(pickle.dumps(found_in(self.snapshot, digest), protocol=pickle.HIGHEST_PROTOCOL))


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """The stored form of a snapshot."""

    digest: str
    content: bytes = field(repr=False)

    def open(self, options: Mapping[str, Any]) -> Snapshot:
        """See `Packed`; read under the options. Raises InputError and InternalError as `load_stored`."""
        return load_stored(self.content, self.digest, options=model_options(options))


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryStock:
    """The snapshot that the service was started with, and those of a library, which are named by digest."""

    library: Library
    own: PreloadedStock

    def digest(self, wanted: str | None) -> str:
        """See `Stock`; whether a snapshot is stored is found out when it is needed."""
        own = self.own.snapshot
        return self.own.digest(wanted) if wanted is None or (own and wanted == own.digest) else wanted

    def packed(self, digest: str) -> Packed:
        """See `Stock`."""
        own = self.own.snapshot
        if own is not None and digest == own.digest:
            return self.own.packed(digest)
        return StoredBytes(digest, self.library.content(digest))


def found_in(snapshot: Snapshot | None, wanted: str | None) -> Snapshot:
    """The snapshot that the service was started with, if it is the one that is wanted. Raises Refusal."""
    if snapshot is None:
        if wanted is not None:
            raise Refusal(404, f"there is no snapshot {wanted}; send manifests")
        raise Refusal(422, "found neither manifests nor snapshot, and the service was started without --from")
    if wanted not in (None, snapshot.digest):
        raise Refusal(404, f"there is no snapshot {wanted}; the service has {snapshot.digest}")
    return snapshot
