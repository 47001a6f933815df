"""`reachproof store`: unused snapshots go, and what is stored is carried to another database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from reachproof.api.database import Database
from reachproof.api.store import SnapshotStore
from reachproof.api.tables import StoredSnapshot
from reachproof.cli.main import main
from reachproof.manifests.stored_snapshot import objects_to_store
from tests.api.test_retention import OLD


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Database]:
    """The store that the environment names, with a snapshot that is in use, and an old one that is not."""
    url = f"sqlite:///{tmp_path}/store.db"
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", url)
    with closing(Database(url)) as opened:
        for node, name in (("a", "prod"), ("b", None)):
            objects = [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}}]
            SnapshotStore(opened).put(objects_to_store(objects, name="n"), name, f"token {node}\x1b")
        with opened.writing() as session:
            session.execute(update(StoredSnapshot).values(created_at=OLD))
        yield opened


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["store", *arguments])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def test_unused_snapshots_are_listed_and_removed(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    store = SnapshotStore(database)
    size = sum(each.stored_bytes for each in store.entries(after="", most=9) if not each.names)
    code, out, err = run(capsys, "gc", "--dry-run")
    assert (code, err) == (0, f"would remove 1 snapshot, {size} bytes\n")
    head, line = out.splitlines()
    assert re.split("  +", head) == ["SNAPSHOT", "UNUSED SINCE", "BYTES", "STORED BY"]
    assert line.split()[1:3] == ["2026-03-22", "00:00Z"] and "\x1b" not in line
    assert len(store.entries(after="", most=9)) == 2
    assert run(capsys, "gc")[::2] == (0, f"removed 1 snapshot, {size} bytes\n")
    assert [each.names for each in store.entries(after="", most=9)] == [("prod",)]
    assert run(capsys, "gc") == (0, "", "removed 0 snapshots, 0 bytes\n")


def test_what_is_to_be_kept_is_a_time(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "gc", "--keep", "5000w") == (0, "", "removed 0 snapshots, 0 bytes\n")
    assert run(capsys, "gc", "--keep", "long")[0] == 2
    assert len(SnapshotStore(database).entries(after="", most=9)) == 2


def test_a_store_is_carried_to_another_database(
    database: Database, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    told = "2 snapshots, 1 names, 1 changes of names, 0 tokens"
    assert run(capsys, "backup", str(file)) == (0, "", f"wrote {told} to {file}\n")
    code, out, err = run(capsys, "restore", str(file))
    message = "the store is not empty (2 snapshots, 1 names, 1 changes of names); restore into an empty one"
    assert (code, out, err) == (2, "", f"error: {message}\n")
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    assert run(capsys, "restore", str(file)) == (0, "", f"restored {told}\n")
    with closing(Database(f"sqlite:///{tmp_path}/new.db")) as opened:
        assert SnapshotStore(opened).resolve("prod") == SnapshotStore(database).resolve("prod")


def test_a_database_that_cannot_be_used_is_not_bad_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", "sqlite:////dev/null/store.db")
    for arguments in (("gc",), ("backup", str(tmp_path / "file"))):
        code, out, err = run(capsys, *arguments)
        assert (code, out) == (4, "")
        assert err.startswith("error: the store is not available: ")
    assert not (tmp_path / "file").exists()
