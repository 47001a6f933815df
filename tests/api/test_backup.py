"""A backup has one state of a store, and a store that is restored from it is that store, in either database."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from reachproof.api.access import Role
from reachproof.api.backup import back_up, restore
from reachproof.api.database import Database
from reachproof.api.store import SnapshotStore
from reachproof.api.tables import NameChange, SnapshotName, StoredResult, StoredSnapshot, Token
from reachproof.api.token_scope import TokenScope
from reachproof.api.tokens import Tokens
from reachproof.manifests.stored_snapshot import load_stored
from reachproof.network.errors import InputError
from tests.api.test_golden_store import filled
from tests.api.test_store import snapshot


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    """Makes another empty database, of either kind."""

    def made() -> Database:
        if request.param == "sqlite":
            return Database(f"sqlite:///{tmp_path}/other.db")
        return Database(request.getfixturevalue("other_postgres_url"))

    return made


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in a store, but for the numbers of changes and results."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with database.reading() as session:
        for table in (StoredSnapshot, SnapshotName, NameChange, Token):
            every = table.metadata.tables[table.__tablename__]
            columns = [each for each in every.columns if each.name != "id" or table is Token]
            wanted = select(*columns).order_by(*every.primary_key.columns)
            found[table.__name__] = [tuple(row) for row in session.execute(wanted)]
    return found


def fill(database: Database) -> str:
    """A token of a store with snapshots, names with a history, and tokens with limits."""
    store, tokens = SnapshotStore(database), Tokens(database)
    for node, name in (("a", "prod"), ("b", "prod"), ("c", None)):
        store.put(snapshot(node), name, "token red")
    store.give("gone", "prod", "token blue")
    store.take("gone")
    tokens.revoke(tokens.create(Role.READ).split("_")[1])
    tokens.create(Role.READ, lifetime=timedelta(days=1), scope=TokenScope(snapshots=("a*",), namespaces=("b",)))
    return tokens.create(Role.WRITE, "ci")


def refused(database: Database, file: Path) -> str:
    with pytest.raises(InputError) as error:
        restore(database, file)
    return str(error.value)


def test_a_store_is_restored_as_it_was(database: Database, other: Callable[[], Database], tmp_path: Path) -> None:
    token, file = fill(database), tmp_path / "backup"
    counts = {"snapshots": 3, "names": 1, "changes of names": 4, "tokens": 3}
    assert back_up(database, file) == counts
    with closing(other()) as found:
        assert restore(found, file) == counts
        assert rows(found) == rows(database)
        assert Tokens(found).principal(token) == Tokens(database).principal(token) is not None
        digest = SnapshotStore(found).resolve("prod")
        content = SnapshotStore(found).content(digest)
        assert load_stored(content, digest) == load_stored(SnapshotStore(database).content(digest), digest)
        SnapshotStore(found).give("prod", digest, "token new")
        SnapshotStore(found).give("next", digest, "token new")  # numbers of changes go on
        assert [each.by for each in SnapshotStore(found).history("next", most=9)] == ["token new"]
        assert refused(found, file) == (
            "the store is not empty (3 snapshots, 2 names, 5 changes of names, 3 tokens); restore into an empty one"
        )


def test_a_backup_is_one_file_for_its_owner_and_a_store_itself(database: Database, tmp_path: Path) -> None:
    fill(database)
    file = tmp_path / "backups" / "one.db"
    file.parent.mkdir()
    back_up(database, file)
    assert [each.name for each in file.parent.iterdir()] == ["one.db"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with closing(Database(f"sqlite:///{file}")) as opened:
        assert rows(opened) == rows(database)


def test_no_file_is_written_over_and_a_failure_leaves_none(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")
    with pytest.raises(InputError) as error:
        back_up(database, file)
    assert (str(error.value), file.read_text()) == (f"{file}: the file exists; name another one", "mine")
    lost = tmp_path / "no" / "folder"
    with pytest.raises(InputError) as error:
        back_up(database, lost)
    assert str(error.value) == f"{lost}: cannot write the file: No such file or directory"


def test_it_has_one_state_of_a_store_that_is_written_to(database: Database, tmp_path: Path) -> None:
    store, ended = SnapshotStore(database), threading.Event()
    store.put(snapshot("node-0"), "prod")

    def moving() -> None:
        for number in range(1, 60):
            store.put(snapshot(f"node-{number}"), "prod")
        ended.set()

    writer = threading.Thread(target=moving)
    writer.start()
    backups = 0
    while not ended.is_set() or not backups:
        file = tmp_path / f"backup-{backups}"
        counts = back_up(database, file)
        with closing(sqlite3.connect(file)) as connection:
            last = connection.execute("SELECT digest FROM name_history ORDER BY id DESC").fetchone()
            assert connection.execute("SELECT digest FROM names").fetchone() == last
        assert counts["snapshots"] == counts["changes of names"]  # each was named as it was stored
        backups += 1
    writer.join()


def test_a_backup_of_an_older_version_is_brought_up_to_date(other: Callable[[], Database], tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    filled(f"sqlite:///{old}")
    with closing(other()) as found:
        assert restore(found, old)["tokens"] == 4
        with found.reading() as session:
            assert session.scalar(select(func.count()).select_from(StoredResult)) == 0
            assert session.scalars(select(Token.snapshots)).all() == [None] * 4


def test_what_is_no_backup_is_refused(database: Database, tmp_path: Path) -> None:
    absent, text, empty, later = (tmp_path / name for name in ("absent", "text", "empty", "later"))
    text.write_text("not a database, however long it may be" * 100)
    for file, table in ((empty, "CREATE TABLE t (a)"), (later, "CREATE TABLE alembic_version (version_num TEXT)")):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(table)
    with closing(sqlite3.connect(later)) as connection, connection:
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    damaged = tmp_path / "damaged"
    fill(database)
    back_up(database, damaged)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    damaged.write_bytes(content)
    with closing(Database(f"sqlite:///{tmp_path}/target.db")) as target:
        assert {file.name: refused(target, file) for file in (absent, text, empty, later, damaged)} == {
            "absent": f"{absent}: cannot read the file: No such file or directory",
            "text": f"{text}: not a backup of reachproof, or a damaged one",
            "empty": f"{empty}: not a backup of reachproof, or a damaged one",
            "later": f"{later}: the backup is of a later version of reachproof",
            "damaged": f"{damaged}: not a backup of reachproof, or a damaged one",
        }
        assert SnapshotStore(target).entries(after="", most=1) == []
