"""Snapshots and names in the database when several write at once: exactly one row, and no change is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from reachproof.api.database import Database, StoreUnavailable
from reachproof.api.http_error import HttpError
from reachproof.api.store import SnapshotStore
from reachproof.api.tables import NameChange, SnapshotName, StoredSnapshot
from reachproof.manifests.stored_snapshot import ToStore, objects_to_store
from tests.house.places import ROOT

ROUNDS = 10
PATIENCE = 20  # waits of 5 seconds


def snapshot(node: str) -> ToStore:
    return objects_to_store([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}}], name="n")


def moving(url: str, who: str) -> None:
    """Stores two snapshots again and again, moving one name from the one to the other."""
    with closing(Database(url)) as database:
        store = SnapshotStore(database)
        for number in range(ROUNDS):
            store.put(snapshot(f"node-{number % 2}"), "prod", who)


def patiently(write: Callable[..., object], *args: object) -> None:
    """Retry like a client that is told to come again: on a busy machine SQLite may not give a writer its turn."""
    for _ in range(PATIENCE):
        with suppress(StoreUnavailable):
            write(*args)
            return
    write(*args)


PROCESS = """
import sys
from tests.api.test_store import moving
print("ready", flush=True)
sys.stdin.readline()
moving(*sys.argv[1:])
"""


def check_one_line_of_changes(database: Database) -> None:
    """Fails unless the history is that of one name that was moved each time, up to where it is now."""
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StoredSnapshot)) == 2
        (now,) = session.scalars(select(SnapshotName.digest).where(SnapshotName.name == "prod"))
        changes = session.scalars(select(NameChange).order_by(NameChange.id)).all()
    digests = [each.digest for each in changes]
    assert digests[-1] == now
    assert all(before != after for before, after in pairwise(digests))
    assert len(digests) >= ROUNDS // 2
    assert {each.by for each in changes} <= {"a", "b", "c"}


def test_threads_that_store_the_same_and_move_a_name_lose_nothing(database_url: str, database: Database) -> None:
    threads = [threading.Thread(target=moving, args=(database_url, who)) for who in "abc"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    check_one_line_of_changes(database)


def test_processes_that_store_the_same_and_move_a_name_lose_nothing(database_url: str, database: Database) -> None:
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, database_url, who], stdin=pipe, stdout=pipe, text=True, cwd=ROOT
        )
        for who in "ab"
    ]
    for each in running:
        assert each.stdout is not None and each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    assert [(each.communicate()[0], each.returncode) for each in running] == [("", 0)] * 2
    check_one_line_of_changes(database)


def test_who_removes_and_who_names_a_snapshot_at_once_agree(database_url: str, database: Database) -> None:
    """Never is there a name of a snapshot that is gone."""
    store = SnapshotStore(database)
    given = snapshot("node-0")
    outcomes: list[str] = []

    def naming() -> None:
        with closing(Database(database_url)) as own:
            for number in range(ROUNDS):
                patiently(SnapshotStore(own).put, given, f"name-{number}")
                patiently(SnapshotStore(own).take, f"name-{number}")

    def removing() -> None:
        for _ in range(ROUNDS):
            try:
                patiently(store.remove, given.snapshot.digest)
                outcomes.append("removed")
            except HttpError as refusal:
                outcomes.append(str(refusal.status))

    threads = [threading.Thread(target=each) for each in (naming, removing)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(outcomes) <= {"removed", "404", "409"} and len(outcomes) == ROUNDS
    with database.reading() as session:
        assert session.scalars(select(SnapshotName.name)).all() == []
    store.put(given, "prod")
    with pytest.raises(HttpError):
        store.remove("prod")
    assert store.resolve("prod") == given.snapshot.digest
