"""Room for one more snapshot within the quotas of a store."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, text, true
from sqlalchemy.orm import Session

from reachproof.api.http_error import HttpError
from reachproof.api.quotas import Quotas
from reachproof.api.tables import StoredSnapshot

# Any number does that nothing else locks in the same database.
_LOCK = 7_205_111_094


def demand_room(session: Session, quotas: Quotas, digest: str, size: int, client: str | None) -> None:
    """Raises HttpError where a snapshot of this size is new, and would be beyond a limit: 429 in number, 413 in bytes.

    Until the end of the transaction nobody else finds room.
    """
    if not quotas.is_limited:
        return
    if session.get_bind().dialect.name == "postgresql":  # on SQLite nobody else writes
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if session.scalar(select(StoredSnapshot.digest).where(StoredSnapshot.digest == digest)) is not None:
        return
    own = StoredSnapshot.stored_by == client
    _demand(session, own, size, _Limit(quotas.client_snapshots, quotas.client_bytes, "client_", " of this client"))
    _demand(session, true(), size, _Limit(quotas.snapshots, quotas.stored_bytes, "stored_", ""))


@dataclass(frozen=True, slots=True)
class _Limit:
    """The limits of one quota, the middle of the names of its settings, and whose it is."""

    snapshots: int | None
    stored_bytes: int | None
    name: str
    whose: str


def _demand(session: Session, whose: ColumnElement[bool], size: int, limit: _Limit) -> None:
    wanted = select(func.count(), func.coalesce(func.sum(StoredSnapshot.stored_bytes), 0)).where(whose)
    count, used = session.execute(wanted).one()
    mend = "remove some with DELETE /snapshots/ID or `reachproof store gc`, or raise"
    if limit.snapshots is not None and count >= limit.snapshots:
        told = f"too many stored snapshots{limit.whose} ({count} are stored; the limit is {limit.snapshots})"
        raise HttpError(429, f"{told}; {mend} max_{limit.name}snapshots")
    if limit.stored_bytes is not None and used + size > limit.stored_bytes:
        told = f"no room for {size} bytes more{limit.whose} ({used} are stored; the limit is {limit.stored_bytes})"
        raise HttpError(413, f"{told}; {mend} max_{limit.name}bytes")
