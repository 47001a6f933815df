"""Limits on what is stored: the number of snapshots and their bytes, of all clients together and of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Maximum numbers of snapshots and of their bytes as they are stored; None is no limit."""

    snapshots: int | None = None
    stored_bytes: int | None = None
    client_snapshots: int | None = None
    client_bytes: int | None = None

    @property
    def is_limited(self) -> bool:
        """True if there is any limit."""
        return self != NO_QUOTAS


NO_QUOTAS = Quotas()
