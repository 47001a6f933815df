"""Snapshots without a name go after a while, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from reachproof.api.database import Database
from reachproof.api.retention import remove_unused, unused
from reachproof.api.store import SnapshotStore
from reachproof.api.tables import NameChange, StoredResult, StoredSnapshot
from tests.api.test_store import snapshot

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
OLD, RECENT = NOW - timedelta(days=40), NOW - timedelta(days=20)


def stored(database: Database, node: str, at: datetime, name: str | None = None) -> str:
    """The digest of a snapshot that was stored, and named, at that time."""
    given = snapshot(node)
    digest = given.snapshot.digest
    SnapshotStore(database).put(given, name, "token red")
    with database.writing() as session:
        session.execute(update(StoredSnapshot).where(StoredSnapshot.digest == digest).values(created_at=at))
        session.execute(update(NameChange).where(NameChange.digest == digest).values(at=at))
    return digest


def found(database: Database) -> list[str]:
    return [each.digest for each in unused(database, BEFORE)]


def test_only_what_is_old_and_has_no_name_is_unused(database: Database) -> None:
    old = stored(database, "old", OLD)
    stored(database, "recent", RECENT)
    stored(database, "named", OLD, "prod")
    (entry,) = unused(database, BEFORE)
    size = SnapshotStore(database).entry(old).stored_bytes
    assert (entry.digest, entry.since, entry.stored_bytes, entry.stored_by) == (old, OLD, size, "token red")


def test_the_time_without_a_name_counts(database: Database) -> None:
    former = stored(database, "former", OLD, "prod")
    stored(database, "now", RECENT, "prod")
    assert found(database) == []
    with database.writing() as session:
        session.execute(update(NameChange).values(at=OLD + timedelta(days=1)))
    (entry,) = unused(database, BEFORE)
    assert (entry.digest, entry.since) == (former, OLD + timedelta(days=1))


def test_a_name_that_was_taken_away_was_lost_then(database: Database) -> None:
    stored(database, "former", OLD, "prod")
    SnapshotStore(database).take("prod")
    assert found(database) == []


def test_what_was_stored_again_lately_stays(database: Database) -> None:
    old = stored(database, "old", OLD)
    assert found(database) == [old]
    assert not SnapshotStore(database).put(snapshot("old"))
    assert found(database) == []


def test_what_is_unused_is_removed_with_its_results_unless_it_was_used_since(database: Database) -> None:
    store = SnapshotStore(database)
    gone, named, again = (stored(database, node, OLD) for node in ("gone", "named", "again"))
    result = StoredResult(key="k", digests=gone, stored_bytes=1, created_at=OLD, used_at=OLD, document=b"x")
    with database.writing() as session:
        session.add(result)
    candidates = unused(database, BEFORE)
    assert len(candidates) == 3
    store.give("prod", named)
    store.put(snapshot("again"))
    assert [each.digest for each in remove_unused(database, candidates, BEFORE)] == [gone]
    assert [each.digest for each in store.entries(after="", most=9)] == sorted((named, again))
    assert remove_unused(database, candidates, BEFORE) == ()
    with database.reading() as session:
        assert session.scalars(select(StoredResult.key)).all() == []
