"""Prepared snapshots of a worker, the ones that were used last, as many as its memory allows.

A snapshot is the same whether it was found here or read again: the keys cover all that decides how it comes out, the
digest or the text of the manifests, the name that origins carry, and the model options. Manifests that are lists of
objects are read each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cachetools import LRUCache

from reachproof.api.manifests_apart import digest_of
from reachproof.api.schemas import SnapshotRef
from reachproof.api.snapshot_provider import SnapshotProvider, reading_options, reread
from reachproof.network import process_memory as memory
from reachproof.queries.ask import Session
from reachproof.solver.z3_backend import Prover

MOST = 64
"""Sessions that are kept at most, however small."""


def key_of(given: SnapshotRef, digests: Mapping[str | None, str], name: str = "manifests") -> str | None:
    """Cache key of a prepared snapshot; None for one that is not kept. Cost: a hash of the text."""
    options = json.dumps(dict(given.options), sort_keys=True)
    match given.manifests:
        case None:
            return f"{digests[given.snapshot]} {options}"
        case str(text):
            # Half of a surrogate pair is refused before, so that every text has bytes.
            return f"{name} {digest_of(text)} {options}"
        case _:
            return None


class SessionCache:
    """The sessions of a worker. All of them share its prover."""

    def __init__(self, prover: Prover, provider: SnapshotProvider, most_bytes: int) -> None:
        self._prover = prover
        self._provider = provider
        self._most_bytes = most_bytes
        self._kept: LRUCache[str, Session] = LRUCache(MOST)
        self._grown = False
        self._touched: set[str] = set()
        self.hits = 0
        self.misses = 0

    @property
    def keys(self) -> frozenset[str]:
        """The keys of what is kept."""
        return frozenset(self._kept)

    def session(self, given: SnapshotRef, digests: Mapping[str | None, str], name: str = "manifests") -> Session:
        """The prepared snapshot that a request is about. Raises InputError and HttpError."""
        key = key_of(given, digests, name)
        self._touched.update(() if key is None else (key,))
        if key is not None and key in self._kept:
            self.hits += 1
            session = self._kept[key]
        else:
            self.misses += 1
            session = self._made(given, name)
            if key is not None:
                self._keep(key, session)
        _ = session.encoding  # what takes long is done before the time of the question runs
        return session

    def forget(self) -> None:
        """Keep nothing of what was asked for since the last `settle`: somebody may have been at work on it."""
        kept, self._kept = self._kept, LRUCache(MOST)
        for key in [key for key in kept if key not in self._touched]:
            self._kept[key] = kept[key]
        self._grown = True

    def settle(self) -> bool:
        """Between tasks: keep what fits into the memory allowed. True where there is still too much in use."""
        self._touched.clear()
        while self._kept and memory.resident() > self._most_bytes:
            self._kept.popitem()
            memory.give_back()
            self._grown = True
        if self._grown:
            memory.settle()
            self._grown = False
        return memory.resident() > self._most_bytes

    def _keep(self, key: str, session: Session) -> None:
        self._kept[key] = session
        self._grown = True

    def _made(self, given: SnapshotRef, name: str) -> Session:
        if given.manifests is not None:
            return Session(self._provider.snapshot(given, name), prover=self._prover)
        base = self._stored(given)
        return base.reading(reread(base.snapshot, given))

    def _stored(self, given: SnapshotRef) -> Session:
        """The stored snapshot as it was read, not prepared; kept, as it may be asked about under several options."""
        options = reading_options(given.options)
        key = f"{given.snapshot} {json.dumps(options, sort_keys=True)} as it was read"
        self._touched.add(key)
        if key not in self._kept:
            self._keep(key, Session(self._provider.stored(given.snapshot, options), prover=self._prover))
        return self._kept[key]


@dataclass(frozen=True, slots=True)
class OrderSessions:
    """The sessions of a worker as one order names them; see `Sessions`."""

    cache: SessionCache
    digests: Mapping[str | None, str]

    def session(self, given: SnapshotRef, name: str = "manifests") -> Session:
        """See `Sessions`."""
        return self.cache.session(given, self.digests, name)
