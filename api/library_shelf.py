"""Stored snapshots for those who work in this process: read from the library, a few kept."""

from __future__ import annotations

import threading
from collections import OrderedDict

from reachproof.api.library import Library
from reachproof.api.shelf import Shelf
from reachproof.api.sources import Sourced
from reachproof.manifests.stored import load_stored
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options


class LibraryShelf:
    """Another shelf, and behind it the snapshots of a library, each lowered under the options of the request.

    `own`: the digest of the snapshot that the other shelf has, if any. `most` snapshots are kept, those used last.
    """

    def __init__(self, library: Library, other: Shelf, own: str | None, most: int = 4) -> None:
        self._library = library
        self._other = other
        self._own = own
        self._most = most
        self._kept: OrderedDict[tuple[str, str], Snapshot] = OrderedDict()
        self._lock = threading.Lock()

    def session(self, given: Sourced, name: str = "manifests") -> Session:
        """See `Shelf`."""
        if given.snapshot in (None, self._own):
            return self._other.session(given, name)
        return Session(self._snapshot(given.snapshot, model_options(given.options)))

    def _snapshot(self, digest: str, options: Options) -> Snapshot:
        key = digest, repr(options)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = load_stored(self._library.content(digest), digest, options=options)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
