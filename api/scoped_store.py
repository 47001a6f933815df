"""The store as a token sees it: what is outside its scope is not there, neither by name nor by digest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reachproof.api.http_error import HttpError
from reachproof.api.store import DIGEST, Change, Entry, SnapshotStore, has_name, no_name, no_snapshot
from reachproof.api.token_scope import TokenScope

_PAGE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedStore:
    """A store within a scope. Raises as the store does, with 404 also for what is outside.

    What the `client` stored itself is inside, whatever its names are now.
    """

    store: SnapshotStore
    scope: TokenScope
    client: str | None = None

    def resolve(self, wanted: str) -> str:
        """See `SnapshotLibrary`."""
        if self.scope.snapshots is None:
            return self.store.resolve(wanted)
        return self.entry(wanted).digest

    def content(self, digest: str) -> bytes:
        """See `SnapshotLibrary`."""
        return self.store.content(self.resolve(digest))

    def entry(self, wanted: str) -> Entry:
        """The snapshot of a digest or name, with those of its names that are in the scope.

        Within namespaces it is not told how many objects it has, nor how many bytes.
        """
        if not DIGEST.fullmatch(wanted) and not self.scope.has_name(wanted):
            raise no_snapshot(wanted)
        found = self.store.entry(wanted)
        if not self._has(found):
            raise no_snapshot(wanted)
        return self._seen(found)

    def entries(self, *, after: str, most: int) -> list[Entry]:
        """See `SnapshotStore`."""
        found: list[Entry] = []
        for each in self._behind(after):
            if len(found) == most:
                break
            if self._has(each):
                found.append(self._seen(each))
        return found

    def _has(self, entry: Entry) -> bool:
        stored_it = entry.stored_by is not None and entry.stored_by == self.client
        return stored_it or self.scope.has(entry.digest, entry.names)

    def _behind(self, after: str) -> Iterator[Entry]:
        while page := self.store.entries(after=after, most=_PAGE):
            yield from page
            after = page[-1].digest

    def _seen(self, entry: Entry) -> Entry:
        names = tuple(filter(self.scope.has_name, entry.names))
        if self.scope.namespaces is None:
            return replace(entry, names=names)
        return replace(entry, names=names, counts={}, stored_bytes=0)

    def has_objects(self, entry: Entry) -> bool:
        """True if the objects of a snapshot in the scope are in it too, which may be more than its digest is made of.

        So they are if the client stored them, if the digest fits, or if who stored them gave them a name that fits.
        """
        if entry.stored_by == self.client or self.scope.has_name(entry.digest):
            return True
        names = filter(self.scope.has_name, entry.names)
        return any(self.store.history(each, most=1)[0].by == entry.stored_by for each in names)

    def history(self, name: str, *, most: int) -> list[Change]:
        """See `SnapshotStore`; within limits it does not tell of other clients."""
        self._demand(name)
        found = self.store.history(name, most=most)
        if not self.scope.is_limited:
            return found
        return [replace(each, by=each.by if each.by == self.client else None) for each in found]

    def give(self, name: str, wanted: str) -> str:
        """See `SnapshotStore`; 403 for a name that is outside."""
        self.demand_name(name)
        return self.store.give(name, self.resolve(wanted), self.client)

    def take(self, name: str) -> None:
        """See `SnapshotStore`."""
        self._demand(name)
        self.store.take(name, self.client)

    def remove(self, wanted: str) -> None:
        """See `SnapshotStore`; names that are outside are not told."""
        if self.scope.snapshots is None:
            self.store.remove(wanted)
            return
        entry = self.entry(wanted)
        if entry.names:
            raise has_name(", ".join(entry.names))
        try:
            self.store.remove(entry.digest)
        except HttpError as error:
            if error.status != 409:
                raise
            raise HttpError(409, "the snapshot has a name that this token does not see") from None

    def demand_name(self, name: str | None) -> None:
        """Raises HttpError 403 where a snapshot would be stored under no name of the scope."""
        if self.scope.snapshots is not None and (name is None or not self.scope.has_name(name)):
            patterns = ", ".join(self.scope.snapshots)
            raise HttpError(403, f"this token is limited to snapshots named {patterns}; use such a name")

    def _demand(self, name: str) -> None:
        if not self.scope.has_name(name):
            raise no_name(name)
