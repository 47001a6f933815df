"""Results that are kept: the same as fresh ones, found by what is asked and never by how it is written, bounded."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from reachproof.api import result_cache as module
from reachproof.api.database import Database
from reachproof.api.result_cache import ResultCache, ResultKey
from reachproof.api.schemas import QueryRequest
from reachproof.api.tables import StoredResult
from reachproof.manifests import load
from reachproof.network.options import Options
from tests.api.requests import DENIED, EXAMPLES, ISOLATED, MANIFESTS, client, tenants
from tests.api.test_snapshots import files, without_times

HEADER = "x-reachproof-cache"
YAML = {"content-type": "application/yaml"}
ON = {"result_cache_entries": 1000}
BROKEN = load(EXAMPLES / "tenants-broken")
# Sentences in several spellings: all of a line are one question.
SPELLINGS = (
    (ISOLATED, "tenant A is isolated  from tenant B", "Tenant A is isolated from tenant B."),
    (DENIED, DENIED + "  ", DENIED + "."),
    ("can any pod reach any pod?", "can any pod  reach any pod", "can  any pod reach any pod ?"),
    ("which pods can reach 10.0.0.0/8 on tcp/5432?", "which pods can reach 10.0.0.0/8 on TCP/5432"),
    ("show reachability between pods", "show reachability between  pods"),
)


@pytest.fixture
def service() -> TestClient:
    """A service with both examples stored, as `whole` and `broken`."""
    return with_examples("sqlite://")


@pytest.fixture
def either(database_url: str) -> TestClient:
    """The same, on each database."""
    return with_examples(database_url)


def with_examples(database_url: str) -> TestClient:
    served = client(tenants(), database_url=database_url, **ON)
    for name, folder in (("whole", "tenants"), ("broken", "tenants-broken")):
        assert served.post("/snapshots", files=files(folder), params={"name": name}).status_code == 201
    return served


def asked(service: TestClient, body: dict[str, Any], path: str = "/query") -> tuple[str | None, Any]:
    """The cache outcome of a request, and the answer."""
    response = service.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.headers.get(HEADER), response.json()


def test_the_second_answer_is_the_first_one(either: TestClient) -> None:
    body = {"query": ISOLATED, "snapshot": "whole"}
    first, second = asked(either, body), asked(either, body)
    assert (first[0], second[0]) == ("miss", "hit")
    assert first[1] == second[1]


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("/query", {"query": DENIED}),
    ("/query", {"queries": [ISOLATED, DENIED]}),
    ("/check", {"pack": f"invariant a (high): {DENIED}\n"}),
    ("/connectivity", {"by": "namespace", "exposure": True}),
    ("/explain", {"source": "pods in tenant A", "destination": "pods in tenant B", "port": "tcp/5432"}),
    ("/explain", {"port": "tcp/5432", "truthTable": True}),
    ("/lint", {}),
]


@pytest.mark.parametrize(("path", "body"), REQUESTS)
@pytest.mark.parametrize("about", [{"snapshot": "whole"}, {}])
def test_every_question_is_kept_and_comes_back(
    service: TestClient, path: str, body: dict[str, Any], about: dict[str, Any]
) -> None:
    first, second = (asked(service, {**body, **about}, path) for _ in range(2))
    assert (first[0], second[0]) == ("miss", "hit")
    assert first[1] == second[1]


def test_a_difference_is_kept_by_both_snapshots_in_their_order(service: TestClient) -> None:
    there = {"old": {"snapshot": "broken"}, "new": {"snapshot": "whole"}}
    back = {"old": {"snapshot": "whole"}, "new": {"snapshot": "broken"}}
    told = [asked(service, body, "/diff") for body in (there, back, there)]
    assert [each[0] for each in told] == ["miss", "miss", "hit"]
    assert told[0][1] == told[2][1] != told[1][1]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_kept_answer_is_the_fresh_one_apart_from_times(service: TestClient, data: st.DataObject) -> None:
    spellings = data.draw(st.sampled_from(SPELLINGS))
    query = data.draw(st.sampled_from(spellings))
    about = data.draw(st.sampled_from(("whole", "broken", None)))
    options = data.draw(
        st.sampled_from(({}, {"cni": "kube-network-policies"}, {"enforcement": "np"}, {"hostNetworkPods": None}))
    )
    body: dict[str, Any] = {"query": query, "options": options}
    _, kept = asked(service, {**body, "snapshot": about} if about else body)
    fresh_of = BROKEN if about == "broken" else tenants()
    fresh = client(fresh_of).post("/query", json=body).json()
    kept, fresh = without_places(kept), without_places(fresh)
    assert kept["query"] == query
    assert kept == fresh


def without_places(answer: dict[str, Any]) -> Any:
    """Without times, and with the names of files as a form gives them."""
    told = json.dumps(without_times(answer))
    for folder in ("tenants-broken", "tenants"):
        told = told.replace(json.dumps(str(EXAMPLES / folder) + "/")[1:-1], "")
    return json.loads(told)


@pytest.mark.parametrize("spellings", SPELLINGS)
def test_a_question_in_other_words_is_the_same_and_keeps_its_words(
    service: TestClient, spellings: tuple[str, ...]
) -> None:
    told = [asked(service, {"query": each, "snapshot": "whole"}) for each in spellings]
    assert [each[0] for each in told] == ["miss", *["hit"] * (len(spellings) - 1)]
    assert [each[1].pop("query") for each in told] == list(spellings)
    assert all(each[1] == told[0][1] for each in told)


def test_of_several_questions_each_keeps_its_words(service: TestClient) -> None:
    asked(service, {"queries": [ISOLATED, DENIED], "snapshot": "whole"})
    header, answers = asked(service, {"queries": [ISOLATED + ".", DENIED + " "], "snapshot": "whole"})
    assert (header, [each["query"] for each in answers]) == ("hit", [ISOLATED + ".", DENIED + " "])


@pytest.mark.parametrize(
    "other",
    [
        {"query": DENIED},
        {"options": {"cni": "kube-network-policies"}},
        {"options": {"tenantLabel": "team"}, "query": "can any pod reach any pod?"},
        {"snapshot": "broken"},
        {"snapshots": {"old": {"snapshot": "broken"}}},
    ],
)
def test_whatever_decides_the_answer_is_another_question(service: TestClient, other: dict[str, Any]) -> None:
    body = {"query": ISOLATED, "snapshot": "whole"}
    asked(service, body)
    assert asked(service, {**body, **other})[0] == "miss"
    assert asked(service, body)[0] == "hit"


@pytest.mark.parametrize("same", [{"timeoutMs": 9000}, {"options": {"cni": None}}, {"options": {}}])
def test_whatever_does_not_decide_it_is_the_same_question(service: TestClient, same: dict[str, Any]) -> None:
    body = {"query": ISOLATED, "snapshot": "whole"}
    asked(service, body)
    assert asked(service, {**body, **same})[0] == "hit"


def test_words_of_one_owner_are_in_no_answer_that_another_one_gets(database: Database) -> None:
    results = ResultCache(database, tenants(), most_entries=10, most_bytes=1_000_000)
    requests = [QueryRequest(query=ISOLATED), QueryRequest(query=f"{ISOLATED} # a guess")]
    for namespaces, different in ((None, 1), (("a",), 2)):
        found = [results.key(each, namespaces) for each in requests]
        assert len({key.key for key in found if key}) == different


def test_a_name_that_was_moved_leads_to_another_answer(service: TestClient) -> None:
    body = {"query": DENIED, "snapshot": "prod"}
    service.put("/snapshots/names/prod", json={"id": "whole"})
    _, before = asked(service, body)
    service.put("/snapshots/names/prod", json={"id": "broken"})
    header, after = asked(service, body)
    assert header == "miss"
    assert before["evidence"]["snapshot"] != after["evidence"]["snapshot"] == BROKEN.digest


def test_the_code_and_the_engine_are_part_of_the_question(service: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"query": ISOLATED, "snapshot": "whole"}
    asked(service, body)
    for name in ("_code", "engine"):
        with monkeypatch.context() as changed:
            changed.setattr(module, name, lambda: "another one")
            assert asked(service, body)[0] == "miss"


def test_manifests_that_a_request_brings_are_not_kept(service: TestClient) -> None:
    assert asked(service, {"query": "can any pod reach any pod?", "manifests": MANIFESTS})[0] is None
    others = {"query": ISOLATED, "snapshots": {"old": {"manifests": MANIFESTS}}, "snapshot": "whole"}
    assert asked(service, others)[0] is None


@pytest.mark.parametrize(
    "document",
    [
        b'{"verdict":"unknown","reason":"time limit"}',
        b'[{"verdict":"holds"},{"verdict":"unknown"}]',
        b'{"relation":"unknown"}',
        b'{"undecided":[{"code":"UNDECIDED"}]}',
        b'{"warnings":[{"code":"EXPOSURE_UNFINISHED"}]}',
    ],
)
def test_what_is_not_finished_is_not_kept(database: Database, document: bytes) -> None:
    found = ResultCache(database, tenants(), most_entries=10, most_bytes=10_000)
    key = found.key(QueryRequest(query=ISOLATED))
    assert key is not None
    found.put(key, document)
    assert count(database) == 0


def count(database: Database) -> int:
    with database.reading() as session:
        number = session.scalar(select(func.count()).select_from(StoredResult))
    assert number is not None
    return number


def keys(results: ResultCache, number: int) -> list[ResultKey]:
    found = [
        results.key(QueryRequest(query=f"can any pod reach any pod on tcp/{port}?")) for port in range(1, 1 + number)
    ]
    assert all(found)
    return [key for key in found if key]


def aged(database: Database, key: ResultKey, days: int) -> None:
    with database.writing() as session:
        at = datetime.now(UTC) - timedelta(days=days)
        session.execute(update(StoredResult).where(StoredResult.key == key.key).values(used_at=at))


def test_the_ones_that_were_not_used_for_long_go_first(database: Database) -> None:
    results = ResultCache(database, tenants(), most_entries=10, most_bytes=1_000_000)
    found = keys(results, 11)
    for days, key in zip(range(11, 1, -1), found, strict=False):
        results.put(key, b'{"verdict":"holds"}')
        aged(database, key, days)
    assert results.get(found[0]) is not None  # used now, so no longer the oldest
    results.put(found[10], b'{"verdict":"holds"}')
    assert [results.get(key) is not None for key in found] == [True, False, False, *[True] * 8]


def test_large_ones_make_room_for_themselves(database: Database) -> None:
    results = ResultCache(database, tenants(), most_entries=1000, most_bytes=400)
    found = keys(results, 40)
    for days, key in zip(range(40, 0, -1), found, strict=True):
        results.put(key, b'{"verdict":"holds"}')
        aged(database, key, days)
    with database.reading() as session:
        size = session.scalar(select(func.sum(StoredResult.stored_bytes)))
    assert size is not None and 200 < size <= 400
    assert results.get(found[-1]) is not None and results.get(found[0]) is None


def test_one_that_is_larger_than_all_of_the_room_is_not_kept(database: Database) -> None:
    results = ResultCache(database, tenants(), most_entries=10, most_bytes=20)
    results.put(keys(results, 1)[0], json.dumps({"a": "".join(map(chr, range(32, 200)))}).encode())
    assert count(database) == 0


@pytest.mark.parametrize("off", [{"result_cache_entries": 0}, {"result_cache_bytes": 0}])
def test_nothing_is_kept_when_it_is_switched_off(off: dict[str, int]) -> None:
    switches = {**ON, **off}
    served = client(tenants(), "sqlite://", **switches)
    assert [asked(served, {"query": ISOLATED})[0] for _ in range(2)] == [None, None]


def test_with_a_snapshot_its_results_are_removed(either: TestClient, database_url: str) -> None:
    body = {"query": ISOLATED, "snapshot": "broken"}
    asked(either, body)
    asked(either, {"query": ISOLATED})
    either.delete("/snapshots/names/broken")
    assert either.delete(f"/snapshots/{BROKEN.digest}").status_code == 204
    with closing(Database(database_url)) as database:
        assert count(database) == 1


def test_a_result_of_a_snapshot_that_is_gone_is_not_kept(database: Database) -> None:
    results = ResultCache(database, None, most_entries=10, most_bytes=1000)
    key = results.key(QueryRequest(query=ISOLATED, snapshot=f"sha256:{'0' * 64}"))
    assert key is not None
    results.put(key, b"{}")
    assert count(database) == 0


def test_the_same_digest_with_other_places_or_options_is_another_question(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = QueryRequest(query=ISOLATED)
    first = ResultCache(database, tenants(), most_entries=10, most_bytes=1000).key(request)
    monkeypatch.chdir(EXAMPLES)
    moved, renamed = load("tenants"), tenants().with_options(Options(tenant_label="team"))
    assert moved.digest == renamed.digest == tenants().digest
    for other in (moved, renamed):
        key = ResultCache(database, other, most_entries=10, most_bytes=1000).key(request)
        assert first is not None and key is not None and key.key != first.key


def test_a_damaged_result_is_asked_again(either: TestClient, database_url: str) -> None:
    body = {"query": ISOLATED, "snapshot": "whole"}
    _, fresh = asked(either, body)
    with closing(Database(database_url)) as database, database.writing() as session:
        session.execute(update(StoredResult).values(document=b"nonsense"))
    header, again = asked(either, body)
    assert header == "miss" and without_times(fresh) == without_times(again)


@pytest.mark.parametrize("url", ["postgresql://nobody:secret@127.0.0.1:1/nothing", "sqlite:////dev/null/store.db"])
def test_a_database_that_fails_costs_no_answer(url: str) -> None:
    served = client(tenants(), url, **ON)
    assert [asked(served, {"query": ISOLATED})[0] for _ in range(2)] == ["miss", "miss"]
