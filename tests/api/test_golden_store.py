"""Databases of the version before the rebuild are opened, and their snapshots decided as they were then."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import make_url, select
from starlette.testclient import TestClient

from reachproof.api.app import create_app
from reachproof.api.database import Database, steps
from reachproof.api.settings import Settings
from reachproof.api.tables import StoredResult, StoredSnapshot, Table
from reachproof.documents.answer import Answer
from reachproof.documents.json import decoded, plain
from reachproof.manifests.kinds.registry import POLICY_KINDS, SUPPORT_KINDS
from reachproof.manifests.stored_snapshot import load_stored, texts_to_store
from reachproof.queries.model_options import model_options
from tests.api.golden_store.inputs import snapshots
from tests.api.golden_store.make import POSTGRESQL, RECORDED, SQLITE, decided
from tests.products.fronts import text

Json = Any
SAID: Json = json.loads(RECORDED.read_text(encoding="utf-8"))
ABOUT = {each["body"]["snapshot"]: each for each in SAID["answers"] if each["path"] == "/query"}


class Store:
    """A copy of a golden database: its URL, what its service said, and a client of the service of today."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.said = SAID[make_url(url).get_backend_name()]
        settings = Settings(database_url=SecretStr(url), auth="required", default_timeout_ms=60_000)
        self._client = TestClient(create_app(settings), raise_server_exceptions=False)

    def send(self, method: str, path: str, body: Json = None, *, token: str = "writer") -> Any:
        """The response to a request with one of the tokens of then."""
        headers = {"authorization": f"Bearer {self.said['tokens'][token]}"}
        return self._client.request(method, path, headers=headers, json=body)


def filled(url: str) -> str:
    """The URL of a database, now with the tables of then."""
    if make_url(url).get_backend_name() == "sqlite":
        file = make_url(url).database
        assert file is not None
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(SQLITE.read_text(encoding="utf-8"))
    else:
        with psycopg.connect(url) as connection:
            connection.execute(POSTGRESQL.read_text(encoding="utf-8").encode())
    return url


@pytest.fixture
def store(database_url: str) -> Store:
    """Of either kind, as the version of then left it."""
    return Store(filled(database_url))


@pytest.fixture
def database(store: Store) -> Iterator[Database]:
    """The same, opened."""
    with closing(Database(store.url)) as opened:
        yield opened


@pytest.fixture(scope="module")
def of_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One for all questions."""
    return Store(filled(f"sqlite:///{tmp_path_factory.mktemp('golden')}/store.db"))


_MOVED = ("INGRESS_CONTROLLER_ASSUMED", "POD_TEMPLATE_SKIPPED", "RELEASE_ASSUMED")


def is_moved(said: Json) -> bool:
    return isinstance(said, dict) and said.get("code") in _MOVED


def contains(new: Json, old: Json) -> bool:
    """True if a document says all that an older one says; it may have more fields.

    POD_TEMPLATE_SKIPPED is not looked at, which was a warning then and is an assumption now, nor are RELEASE_ASSUMED,
    which was not said when one release of each implementation was modelled, and INGRESS_CONTROLLER_ASSUMED, which
    reports say since they have what comes in by routes; for that they judge more.
    """
    if isinstance(old, dict):
        if not isinstance(new, dict) or not old.keys() <= new.keys():
            return False
        return all(new[name] >= old[name] if name == "judged" else contains(new[name], old[name]) for name in old)
    if isinstance(old, list):
        if not isinstance(new, list):
            return False
        new, old = ([each for each in said if not is_moved(each)] for said in (new, old))
        return len(new) == len(old) and all(map(contains, new, old))
    return bool(new == old)


def test_its_tables_are_brought_up_to_date(database: Database) -> None:
    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Table.metadata) == []
        assert context.get_current_heads() == tuple(steps().get_heads())


def test_its_snapshots_are_listed_with_their_names(store: Store) -> None:
    listed = store.send("GET", "/snapshots").json()["snapshots"]
    assert contains(listed, store.said["snapshots"])
    assert {name for each in listed for name in each["names"]} == {*(each.name for each in snapshots()), "prod"}


def test_every_kind_of_policy_is_in_them(of_sqlite: Store) -> None:
    counted = {kind for each in of_sqlite.send("GET", "/snapshots").json()["snapshots"] for kind in each["counts"]}
    assert {each.kind for each in POLICY_KINDS} | {each.kind for each in SUPPORT_KINDS} <= counted


def test_each_stored_snapshot_is_what_its_manifests_are_now(store: Store, database: Database) -> None:
    with database.reading() as session:
        rows = {each.digest: each.content for each in session.scalars(select(StoredSnapshot))}
    assert len(rows) == len(snapshots())
    digests = {name: each["id"] for each in store.said["snapshots"] for name in each["names"]}
    for each in snapshots():
        options = model_options({"cni": each.world.engine})
        found = load_stored(rows[digests[each.name]], digests[each.name], options=options)
        fresh = texts_to_store([("manifests", text(each.manifests))], options=options).snapshot
        # Of a CRD of an admin kind, the version of then kept no more than that there was one.
        assert (found == fresh) is (each.name != "kubernetes")


def test_its_objects_are_told(store: Store) -> None:
    told = store.send("GET", "/snapshots/calico?content=true").json()
    assert len(told["objects"]) == store.said["objects"]


_OTHER_RULES = ("istio", "all tenants are isolated")
"""A proof that rests on one of two minimal sets of rules: then Z3 named the one, now, in another context, the other."""


@pytest.mark.parametrize("asked", SAID["answers"], ids=lambda asked: f"{asked['path']}-{asked['body'].get('snapshot')}")
def test_a_question_about_its_snapshots_is_decided_as_then(of_sqlite: Store, asked: Json) -> None:
    response = of_sqlite.send("POST", asked["path"], asked["body"], token="reader")
    assert response.status_code == 200, response.text
    new, old = decided(response.json()), asked["answer"]
    if (asked["body"].get("snapshot"), asked["body"].get("query")) == _OTHER_RULES:
        assert (len(new.pop("because")), len(old["because"])) == (4, 6)
        old = {name: value for name, value in old.items() if name != "because"}
    assert contains(new, old)


@pytest.mark.parametrize("name", ABOUT)
def test_a_result_of_then_is_not_served_but_found_anew_and_kept(store: Store, name: str) -> None:
    asked = ABOUT[name]
    responses = [store.send("POST", asked["path"], asked["body"]) for _ in range(2)]
    assert [each.headers["x-reachproof-cache"] for each in responses] == ["miss", "hit"]
    assert all(contains(decided(each.json()), asked["answer"]) for each in responses)


def test_the_documents_of_its_results_are_read_by_the_classes_of_today(database: Database) -> None:
    with database.reading() as session:
        documents = [json.loads(zlib.decompress(each.document)) for each in session.scalars(select(StoredResult))]
    answers = [each for each in documents if "normalized" in each]
    asked = [each["answer"] for each in SAID["answers"] if each["path"] in ("/query", "/explain")]
    assert sorted(json.dumps(decided(each)) for each in answers) == sorted(map(json.dumps, asked))
    assert all(contains(plain(decoded(each, Answer)), each) for each in answers)


def test_its_tokens_are_known_and_those_that_ended_are_not(store: Store) -> None:
    moved = {"id": "cilium"}
    assert {token: store.send("GET", "/snapshots", token=token).status_code for token in store.said["tokens"]} == {
        "writer": 200,
        "reader": 200,
        "revoked": 401,
        "expired": 401,
    }
    assert store.send("PUT", "/snapshots/names/mine", moved, token="reader").status_code == 403
    assert store.send("PUT", "/snapshots/names/mine", moved, token="writer").status_code == 200


def test_who_moved_its_names_is_told_and_the_history_goes_on(store: Store) -> None:
    told = {name: store.send("GET", f"/snapshots/names/{name}").json() for name in store.said["names"]}
    assert told == store.said["names"]
    writer = f"token {store.said['tokens']['writer'].split('_')[1]}"
    assert [(each["id"] is None, each["by"]) for each in told["gone"]["history"]] == [(True, writer), (False, writer)]
    store.send("PUT", "/snapshots/names/gone", {"id": "prod"})
    history = store.send("GET", "/snapshots/names/gone").json()["history"]
    assert history[1:] == told["gone"]["history"] and history[0]["id"] == told["prod"]["id"]


def test_a_name_stands_for_what_it_stood_for(store: Store) -> None:
    asked = ABOUT["kubernetes"]
    answer = store.send("POST", "/query", {**asked["body"], "snapshot": "prod"}).json()
    assert contains(decided(answer), asked["answer"])


def test_with_a_snapshot_of_then_its_results_go(store: Store, database: Database) -> None:
    digest = store.said["names"]["cilium"]["id"]
    store.send("DELETE", "/snapshots/names/cilium")
    assert store.send("DELETE", f"/snapshots/{digest}").status_code == 204
    with database.reading() as session:
        left = session.scalars(select(StoredResult.digests)).all()
    assert left and not any(digest in each for each in left)
