"""Stored snapshots, as those see them who only read them. Calls block, so they are made in threads."""

from __future__ import annotations

from typing import Protocol


class Library(Protocol):
    """Stored snapshots by digest, and the names that they have."""

    def resolve(self, wanted: str) -> str:
        """The digest of a stored snapshot, of which `wanted` is the digest or a name.

        Raises Refusal: 404 where there is none, 503 where the store cannot be used.
        """

    def content(self, digest: str) -> bytes:
        """The stored form of the snapshot, for `manifests.stored.load_stored`; raises as `resolve`."""
