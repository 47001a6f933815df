"""Snapshots that nobody has a name for any more, and that were not stored lately: found, and removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from reachproof.api.database import Database
from reachproof.api.http_error import HttpError
from reachproof.api.store import SnapshotStore
from reachproof.api.tables import NameChange, SnapshotName, StoredSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Unused:
    """A snapshot without names. `since`: when it was stored last, or lost its last name, whichever is later."""

    digest: str
    since: datetime
    stored_bytes: int
    stored_by: str | None


def unused(database: Database, before: datetime) -> tuple[Unused, ...]:
    """The snapshots without names since before that time, the oldest first. Raises StoreUnavailable."""
    with database.reading() as session:
        found = tuple(_nameless(session))
    return tuple(sorted((each for each in found if each.since < before), key=lambda each: (each.since, each.digest)))


def _nameless(session: Session) -> Iterable[Unused]:
    lost = _names_lost(session)
    rows = session.execute(
        select(
            StoredSnapshot.digest,
            StoredSnapshot.stored_bytes,
            StoredSnapshot.stored_by,
            StoredSnapshot.created_at,
            StoredSnapshot.last_stored_at,
        ).where(StoredSnapshot.digest.not_in(select(SnapshotName.digest)))
    )
    for digest, stored_bytes, stored_by, created_at, last_stored_at in rows:
        times = (created_at, last_stored_at, lost.get(digest))
        since = max(each for each in times if each is not None)
        yield Unused(digest=digest, since=since, stored_bytes=stored_bytes, stored_by=stored_by)


def _names_lost(session: Session) -> dict[str, datetime]:
    """The last time at which each snapshot lost a name: what comes next in the history of the name took it away."""
    lost: dict[str, datetime] = {}
    held: dict[str, str | None] = {}
    for name, digest, at in session.execute(
        select(NameChange.name, NameChange.digest, NameChange.at).order_by(NameChange.id)
    ):
        if (former := held.get(name)) is not None:
            lost[former] = max(at, lost.get(former, at))
        held[name] = digest
    return lost


def remove_unused(database: Database, found: Iterable[Unused], before: datetime) -> tuple[Unused, ...]:
    """Removes snapshots that were found, but for those that got a name or were stored again; which it removed.

    Each is a transaction of its own, so that nobody waits for all of them.
    """
    store = SnapshotStore(database)
    return tuple(each for each in found if _removed(store, each.digest, before))


def _removed(store: SnapshotStore, digest: str, before: datetime) -> bool:
    try:
        store.remove(digest, stored_before=before)
    except HttpError as error:
        if error.status in (404, 409):
            return False
        raise
    return True
