"""A store that is full for one client, or for all: what is new is refused as a whole, and what is there stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reachproof.api.database import Database
from reachproof.api.http_error import HttpError
from reachproof.api.quotas import Quotas
from reachproof.api.settings import Settings
from reachproof.api.store import SnapshotStore
from tests.api.requests import check_problem
from tests.api.secured import Secured
from tests.api.test_store import snapshot

MEND = "remove some with DELETE /snapshots/ID or `reachproof store gc`, or raise"


def refused(store: SnapshotStore, node: str, client: str, quotas: Quotas) -> tuple[int, str]:
    with pytest.raises(HttpError) as error:
        store.put(snapshot(node), "prod", client, quotas)
    return error.value.status, error.value.detail


def test_each_client_has_its_number_and_all_have_one(database: Database) -> None:
    store, quotas = SnapshotStore(database), Quotas(snapshots=3, client_snapshots=2)
    for node, client in (("a", "red"), ("b", "red"), ("c", "blue")):
        assert store.put(snapshot(node), None, client, quotas)
    told = f"too many stored snapshots of this client (2 are stored; the limit is 2); {MEND} max_client_snapshots"
    assert refused(store, "d", "red", quotas) == (429, told)
    told = f"too many stored snapshots (3 are stored; the limit is 3); {MEND} max_stored_snapshots"
    assert refused(store, "d", "blue", quotas) == (429, told)
    assert not store.put(snapshot("c"), "prod", "red", quotas)  # it is there already
    assert len(store.entries(after="", most=10)) == 3
    store.remove(snapshot("a").snapshot.digest)
    assert store.put(snapshot("d"), None, "red", quotas)


def test_bytes_are_those_that_are_stored(database: Database) -> None:
    store, size = SnapshotStore(database), len(snapshot("a").content)
    assert store.put(snapshot("a"), None, "red", Quotas(client_bytes=size, stored_bytes=size))
    more = len(snapshot("b").content)
    told = f"no room for {more} bytes more ({size} are stored; the limit is {size}); {MEND} max_stored_bytes"
    assert refused(store, "b", "blue", Quotas(stored_bytes=size)) == (413, told)
    told = f"no room for {more} bytes more of this client (0 are stored; the limit is 1); {MEND} max_client_bytes"
    assert refused(store, "b", "blue", Quotas(client_bytes=1)) == (413, told)
    with pytest.raises(HttpError) as error:
        store.history("prod", most=1)
    assert error.value.status == 404  # the name was not given either


def test_clients_at_the_same_time_do_not_get_beyond_it(database: Database) -> None:
    store = SnapshotStore(database)

    def put(number: int) -> bool:
        try:
            return store.put(snapshot(f"node-{number}"), None, "red", Quotas(client_snapshots=2))
        except HttpError as error:
            assert error.status == 429
            return False

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(put, range(8))) == 2


def test_an_upload_beyond_the_quota_of_its_token_is_refused(tmp_path: Path) -> None:
    service = Secured(tmp_path, max_client_snapshots=1)
    red, blue = service.token("write"), service.token("write")

    def store(token: str, name: str) -> Any:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/yaml"}
        text = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"
        return service.client.post("/snapshots", content=text, headers=headers)

    assert [store(each, each[3:9]).status_code for each in (red, blue)] == [201, 201]
    told = f"too many stored snapshots of this client (1 are stored; the limit is 1); {MEND} max_client_snapshots"
    check_problem(store(red, "more"), 429, told)


def test_settings_say_how_much() -> None:
    settings = Settings(max_stored_snapshots=1, max_stored_bytes=2, max_client_snapshots=3, max_client_bytes=4)
    assert settings.quotas == Quotas(snapshots=1, stored_bytes=2, client_snapshots=3, client_bytes=4)
    assert not Settings().quotas.is_limited
