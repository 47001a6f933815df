"""Snapshots in the database: stored by digest, under names that can be moved. Every call is one transaction.

Snapshots are added and removed, never changed. Who adds one that is there leaves it as it is, with the places of the
first upload; only the time is kept. All that happens to a name stays in its history.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from reachproof.api.database import Database
from reachproof.api.http_error import HttpError
from reachproof.api.quotas import NO_QUOTAS, Quotas
from reachproof.api.store_room import demand_room
from reachproof.api.tables import NameChange, SnapshotName, StoredResult, StoredSnapshot
from reachproof.manifests.stored_snapshot import ToStore

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored snapshot. `counts`: its objects by kind; `stored_bytes`: what it takes up; `names`: sorted.

    `stored_by`: the client that stored it first.
    """

    digest: str
    counts: Mapping[str, int]
    stored_bytes: int
    plain_bytes: int
    created_at: datetime
    stored_by: str | None
    names: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of a name: when, by whom, and to which snapshot; `digest` None: it was taken away."""

    digest: str | None
    at: datetime
    by: str | None


class SnapshotStore:
    """A `SnapshotLibrary` that can be written to. Raises StoreUnavailable, and HttpError 404 for what is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, given: ToStore, name: str | None = None, by: str | None = None, quotas: Quotas = NO_QUOTAS) -> bool:
        """Stores a snapshot, under a name if one is given; whether it is new. Both or nothing is done.

        Raises HttpError, 413 or 429, for a new one that is beyond the quotas.
        """
        digest, now = given.snapshot.digest, datetime.now(UTC)
        if name is not None:
            checked_name(name)
        with self._database.writing() as session:
            demand_room(session, quotas, digest, len(given.content), by)
            row = insert(session, StoredSnapshot).values(
                digest=digest,
                stored_bytes=len(given.content),
                plain_bytes=given.plain_bytes,
                counts=dict(given.counts),
                created_at=now,
                stored_by=by,
                content=given.content,
            )
            # Nobody can remove a row that is there until the end of the transaction.
            held = row.on_conflict_do_update(index_elements=["digest"], set_={"last_stored_at": now})
            created = session.execute(held.returning(StoredSnapshot.created_at)).scalar_one()
            if name is not None:
                _give(session, name, digest, by)
        return created == now

    def resolve(self, wanted: str) -> str:
        """See `SnapshotLibrary`."""
        with self._database.reading() as session:
            return _resolved(session, wanted)

    def content(self, digest: str) -> bytes:
        """See `SnapshotLibrary`."""
        with self._database.reading() as session:
            found = session.scalar(select(StoredSnapshot.content).where(StoredSnapshot.digest == digest))
        if found is None:
            raise no_snapshot(digest)
        return found

    def entry(self, wanted: str) -> Entry:
        """The snapshot of a digest or name."""
        with self._database.reading() as session:
            (found,) = _entries(session, [session.get_one(StoredSnapshot, _resolved(session, wanted))])
        return found

    def entries(self, *, after: str, most: int) -> list[Entry]:
        """Snapshots in the order of their digests, at most so many, those behind a digest (or behind "", all)."""
        wanted = select(StoredSnapshot).where(StoredSnapshot.digest > after)
        with self._database.reading() as session:
            return _entries(session, session.scalars(wanted.order_by(StoredSnapshot.digest).limit(most)).all())

    def give(self, name: str, wanted: str, by: str | None = None) -> str:
        """Gives the name to a stored snapshot, taking it from another one; the digest of the snapshot."""
        checked_name(name)
        with self._database.writing() as session:
            digest = _resolved(session, wanted)
            _locked(session, digest)
            _give(session, name, digest, by)
        return digest

    def take(self, name: str, by: str | None = None) -> None:
        """Takes a name away."""
        _check_possible(name)
        with self._database.writing() as session:
            if session.execute(delete(SnapshotName).where(SnapshotName.name == name)).rowcount == 0:  # type: ignore[attr-defined]
                raise no_name(name)
            session.add(NameChange(name=name, digest=None, at=datetime.now(UTC), by=by))

    def history(self, name: str, *, most: int) -> list[Change]:
        """Changes of a name, the last first, at most so many."""
        _check_possible(name)
        wanted = select(NameChange).where(NameChange.name == name).order_by(NameChange.id.desc()).limit(most)
        with self._database.reading() as session:
            found = [Change(digest=each.digest, at=each.at, by=each.by) for each in session.scalars(wanted)]
        if not found:
            raise no_name(name)
        return found

    def remove(self, wanted: str, *, stored_before: datetime | None = None) -> None:
        """Removes a snapshot, and the results about it; HttpError with 409 while it has a name.

        `stored_before`: 409 also for one that was stored since.
        """
        with self._database.writing() as session:
            digest = _resolved(session, wanted)
            _locked(session, digest)
            names = session.scalars(select(SnapshotName.name).where(SnapshotName.digest == digest).order_by("name"))
            if listed := ", ".join(names):
                raise has_name(listed)
            if stored_before is not None and _last_stored(session, digest) >= stored_before:
                raise HttpError(409, "the snapshot was stored again")
            session.execute(delete(StoredResult).where(StoredResult.digests.contains(digest)))
            session.execute(delete(StoredSnapshot).where(StoredSnapshot.digest == digest))


def insert(session: Session, table: type) -> sqlite.Insert | postgresql.Insert:
    """An insert of the database's own kind, which can do nothing, or change the row, where there is one already."""
    own = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return own(table)


def checked_name(name: str) -> str:
    """The name, if it can be one; HttpError otherwise."""
    if not _NAME.fullmatch(name):
        message = (
            f"invalid name {name!r}; use at most 128 letters, digits, dots, dashes and underscores, starting and "
            "ending with a letter or digit"
        )
        raise HttpError(422, message)
    return name


def _check_possible(name: str) -> None:
    """Raises HttpError for what nothing can be named; a database may not even take it for text."""
    if not _NAME.fullmatch(name):
        raise no_name(name)


def no_snapshot(wanted: str) -> HttpError:
    """Why a snapshot is not found."""
    return HttpError(404, f"snapshot {wanted} not found; store it, or send manifests")


def no_name(name: str) -> HttpError:
    """Why a name is not found."""
    return HttpError(404, f"name {name} not found")


def has_name(listed: str) -> HttpError:
    """Why a snapshot is not removed."""
    return HttpError(409, f"the snapshot has the name {listed}; give that to another one, or take it away, first")


def _resolved(session: Session, wanted: str) -> str:
    found = None
    if DIGEST.fullmatch(wanted):
        found = session.scalar(select(StoredSnapshot.digest).where(StoredSnapshot.digest == wanted))
    elif _NAME.fullmatch(wanted):
        found = session.scalar(select(SnapshotName.digest).where(SnapshotName.name == wanted))
    if found is None:
        raise no_snapshot(wanted)
    return found


def _locked(session: Session, digest: str) -> None:
    """Nobody removes the snapshot, or gives it a name, until the end of the transaction."""
    wanted = select(StoredSnapshot.digest).where(StoredSnapshot.digest == digest).with_for_update()
    if session.scalar(wanted) is None:
        raise no_snapshot(digest)


def _last_stored(session: Session, digest: str) -> datetime:
    wanted = select(StoredSnapshot.created_at, StoredSnapshot.last_stored_at).where(StoredSnapshot.digest == digest)
    created_at, last_stored_at = session.execute(wanted).one()
    return max(created_at, last_stored_at or created_at)


def _give(session: Session, name: str, digest: str, by: str | None) -> None:
    """Moves the name; nothing is written to its history where it stays where it is."""
    moved = (
        insert(session, SnapshotName)
        .values(name=name, digest=digest)
        .on_conflict_do_update(index_elements=["name"], set_={"digest": digest}, where=SnapshotName.digest != digest)
        .returning(SnapshotName.name)
    )
    if session.execute(moved).scalar() is not None:
        session.add(NameChange(name=name, digest=digest, at=datetime.now(UTC), by=by))


def _entries(session: Session, rows: Sequence[StoredSnapshot]) -> list[Entry]:
    names: dict[str, list[str]] = {row.digest: [] for row in rows}
    wanted = select(SnapshotName).where(SnapshotName.digest.in_(names)).order_by(SnapshotName.name)
    for each in session.scalars(wanted):
        names[each.digest].append(each.name)
    return [
        Entry(
            digest=row.digest,
            counts=row.counts,
            stored_bytes=row.stored_bytes,
            plain_bytes=row.plain_bytes,
            created_at=row.created_at,
            stored_by=row.stored_by,
            names=tuple(names[row.digest]),
        )
        for row in rows
    ]
