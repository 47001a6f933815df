"""The database of the service: its tables, how they are made, and what happens when it fails."""

from __future__ import annotations

import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from reachproof.api.database import Database, StoreUnavailable, default_url, steps
from reachproof.api.tables import SnapshotName, Table, Token
from reachproof.network.errors import InputError

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def token(name: str, at: datetime = NOW) -> Token:
    return Token(id=name, secret_hash=b"x", role="read", name="", created_at=at)


def tokens(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Token.id).order_by(Token.id)))


def test_the_steps_make_exactly_the_tables(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_server_default": True})
        assert compare_metadata(context, Table.metadata) == []
        assert context.get_current_heads() == tuple(steps().get_heads())


def test_the_steps_are_one_line() -> None:
    assert len(steps().get_heads()) == 1
    assert [each.revision for each in steps().walk_revisions()] == sorted(
        (each.revision for each in steps().walk_revisions()), reverse=True
    )


def test_what_is_written_is_there_for_the_next_one(database_url: str) -> None:
    with closing(Database(database_url)) as first, first.writing() as session:
        session.add(token("a"))
    with closing(Database(database_url)) as second:
        assert tokens(second) == ["a"]


def test_of_a_change_that_fails_nothing_is_kept(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.add(token("a"))
        session.flush()
        raise ZeroDivisionError
    assert tokens(database) == []


def test_a_time_is_read_as_it_was_written_whatever_its_zone(database: Database) -> None:
    with database.writing() as session:
        session.add(token("a", NOW.astimezone(timezone(timedelta(hours=5)))))
    with database.reading() as session:
        found = session.get_one(Token, "a").created_at
    assert (found, found.tzinfo) == (NOW, UTC)


def test_a_name_can_only_be_of_a_snapshot_that_is_there(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(SnapshotName(name="prod", digest="sha256:0"))


STARTING = """
import sys
from reachproof.api.database import Database
print("ready", flush=True)
sys.stdin.readline()
Database(sys.argv[1]).check()
"""


def test_processes_that_start_at_once_make_the_tables_once(database_url: str, database: Database) -> None:
    command = [sys.executable, "-c", STARTING, database_url]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for each in started:
        assert each.stdout is not None and each.stdout.readline() == "ready\n"
    for each in started:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    assert [(*each.communicate(), each.returncode) for each in started] == [("", "", 0)] * 3
    database.check()


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "made" / "store.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        database.check()
        files = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
        assert set(files.values()) == {0o600} and "store.db" in files
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nothing_is_made_before_it_is_needed(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/made/store.db")):
        assert list(tmp_path.iterdir()) == []


def test_a_database_in_memory_is_one_for_all_sessions() -> None:
    with closing(Database("sqlite://")) as database:
        with database.writing() as session:
            session.add(token("a"))
        assert tokens(database) == ["a"]


@pytest.mark.parametrize(
    ("given", "path"), [("/data", "/data"), ("", "/home/me/.local/share"), ("data", "/home/me/.local/share")]
)
def test_the_default_is_a_file_of_the_user(given: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", given)
    monkeypatch.setenv("HOME", "/home/me")
    assert default_url() == f"sqlite:///{path}/reachproof/store.db"


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://me:secret@host/database", "sqlite+aiosqlite3x//"])
def test_another_kind_of_database_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Database(url)
    (problem,) = caught.value.problems
    assert (problem.file, problem.path) == ("environment", "REACHPROOF_DATABASE_URL")
    assert problem.message == (
        "unsupported database URL; write sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"
    )


def unavailable(database: Database) -> BaseException | None:
    """Why it is."""
    with pytest.raises(StoreUnavailable, match="the store is not available") as caught:
        database.check()
    return caught.value.__cause__


def test_a_server_that_is_not_there_is_unavailable_and_found_once_it_is(tmp_path: Path) -> None:
    assert "failed" in str(unavailable(Database(f"postgresql://me:secret@/x?host={tmp_path}")))


def test_a_folder_that_cannot_be_made_is_unavailable_until_it_can(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with closing(Database(f"sqlite:///{tmp_path}/taken/store.db")) as database:
        assert isinstance(unavailable(database), OSError)
        (tmp_path / "taken").unlink()
        database.check()


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"something else" * 100)
    with closing(Database(f"sqlite:///{tmp_path}/store.db")) as database:
        assert "file is not a database" in str(unavailable(database))


def test_a_database_of_a_later_version_is_unavailable(database_url: str, database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with closing(Database(database_url)) as again:
        assert "9999" in str(unavailable(again))


def test_a_dropped_connection_is_made_anew(postgres: str, postgres_url: str) -> None:
    with closing(Database(postgres_url)) as database, psycopg.connect(postgres, autocommit=True) as other:
        with database.writing() as session:
            session.add(token("a"))
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        killed = other.execute(f"{others} AND pid <> pg_backend_pid()").fetchall()
        assert killed
        assert tokens(database) == ["a"]


def test_of_a_change_whose_connection_drops_nothing_is_kept(postgres: str, postgres_url: str) -> None:
    with closing(Database(postgres_url)) as database, psycopg.connect(postgres, autocommit=True) as other:
        with pytest.raises(StoreUnavailable), database.writing() as session:
            session.add(token("a"))
            session.flush()
            (pid,) = session.execute(text("SELECT pg_backend_pid()")).one()
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        assert tokens(database) == []


def test_a_reader_sees_one_state_whatever_others_write(database_url: str, database: Database) -> None:
    with closing(Database(database_url)) as other, database.reading() as session:
        before = session.scalars(select(Token.id)).all()
        with other.writing() as writing:
            writing.add(token("a"))
        assert (before, session.scalars(select(Token.id)).all()) == ([], [])
    assert tokens(database) == ["a"]


def test_a_file_that_another_one_writes_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reachproof.api.database._SECONDS", 0.01)
    url = f"sqlite:///{tmp_path}/store.db"
    with closing(Database(url)) as first, closing(Database(url)) as second:
        second.check()
        with first.writing() as session:
            session.add(token("a"))
            with pytest.raises(StoreUnavailable), second.writing():
                pass
            assert tokens(second) == []
        assert tokens(second) == ["a"]
