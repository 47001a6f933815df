"""Answers that were sent a moment ago are sent again without a look at the database, for no longer than is promised."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from reachproof.api.answer_cache import SECONDS, AnswerCache, ReadyAnswer, asked
from reachproof.api.database import Database, StoreUnavailable
from reachproof.api.result_cache import ResultCache
from reachproof.api.store import SnapshotStore
from reachproof.api.token_scope import UNLIMITED, TokenScope
from tests.api.requests import DENIED, ISOLATED, client
from tests.api.test_snapshots import files

KEEPING = {"result_cache_entries": 100}


def keeping(folder: Path) -> TestClient:
    """A service that keeps results, with both examples as `whole` and `broken`."""
    service = client(None, f"sqlite:///{folder}/store.db", **KEEPING)
    for name, example in (("whole", "tenants"), ("broken", "tenants-broken")):
        assert service.post("/snapshots", files=files(example), params={"name": name}).status_code == 201
    return service


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Keys that were looked for in the database."""
    found: list[object] = []
    find = ResultCache.find

    def watched(self: ResultCache, request: Any, namespaces: Any) -> Any:
        found.append(request)
        return find(self, request, namespaces)

    monkeypatch.setattr(ResultCache, "find", watched)
    return found


def test_an_answer_is_sent_again_without_a_look_at_the_database(tmp_path: Path, looked: list[object]) -> None:
    service = keeping(tmp_path)
    body = {"query": ISOLATED, "snapshot": "whole"}
    answers = [service.post("/query", json=body) for _ in range(4)]
    assert [each.headers["x-reachproof-cache"] for each in answers] == ["miss", "hit", "hit", "hit"]
    assert len(looked) == 2
    first = answers[0].json()
    assert [each.json() for each in answers] == [first] * 4
    assert {each.headers["content-type"] for each in answers} == {"application/json"}


def test_another_body_path_or_wish_is_not_answered_with_it(tmp_path: Path, looked: list[object]) -> None:
    service = keeping(tmp_path)
    body = {"query": ISOLATED, "snapshot": "whole"}
    for _ in range(3):
        service.post("/query", json=body)
    before = len(looked)
    service.post("/query", json={**body, "snapshot": "broken"})
    service.post("/query", content=json.dumps(body) + " ", headers={"content-type": "application/json"})
    service.post("/lint", json={"snapshot": "whole"})
    assert len(looked) == before + 3
    asked = service.post("/query", json=body, headers={"cache-control": "no-cache"})
    assert "x-reachproof-cache" not in asked.headers
    assert service.post("/query", content=json.dumps(body), headers={"content-type": "text/plain"}).status_code == 400


def test_what_this_process_changes_takes_effect_at_once(tmp_path: Path) -> None:
    service = keeping(tmp_path)
    body = {"query": DENIED, "snapshot": "whole"}
    whole, broken = (service.get(f"/snapshots/{name}").json()["id"] for name in ("whole", "broken"))
    for _ in range(3):
        assert service.post("/query", json=body).json()["evidence"]["snapshot"] == whole
    service.put("/snapshots/names/whole", json={"id": broken})
    assert service.post("/query", json=body).json()["evidence"]["snapshot"] == broken
    by_digest = {"query": DENIED, "snapshot": whole}
    for _ in range(3):
        assert service.post("/query", json=by_digest).status_code == 200
    assert service.delete(f"/snapshots/{whole}").status_code == 204
    assert service.post("/query", json=by_digest).status_code == 404
    service.delete("/snapshots/names/whole")
    assert service.post("/query", json=body).status_code == 404


def test_what_another_process_changes_takes_effect_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(AnswerCache.__init__, "__defaults__", (lambda: now,))
    service = keeping(tmp_path)
    body = {"query": DENIED, "snapshot": "whole"}
    for _ in range(3):
        whole = service.post("/query", json=body).json()["evidence"]["snapshot"]
    with closing(Database(f"sqlite:///{tmp_path}/store.db")) as other:
        moved = SnapshotStore(other).give("whole", "broken")
    now = SECONDS - 0.1
    assert service.post("/query", json=body).json()["evidence"]["snapshot"] == whole
    now = SECONDS
    assert service.post("/query", json=body).json()["evidence"]["snapshot"] == moved
    assert SECONDS <= 5


def test_it_is_bounded_in_bytes() -> None:
    cache = AnswerCache()
    for number in range(100):
        cache.put(asked("/query", b"%d" % number, ""), ReadyAnswer(document=b"x" * 900_000, audit=()), 0)
    kept = [number for number in range(100) if cache.get(asked("/query", b"%d" % number, ""))]
    assert 20 <= len(kept) <= 35 and kept[-1] == 99
    cache.put(asked("/query", b"large", ""), ReadyAnswer(document=b"x" * 1_000_001, audit=()), 0)
    assert cache.get(asked("/query", b"large", "")) is None
    assert len(asked("/query", b"x" * 100_000, "")) == 32


def test_no_answer_is_found_under_other_limits() -> None:
    limits = [UNLIMITED, *(TokenScope(**{name: ("a",)}) for name in ("snapshots", "namespaces"))]
    assert len({asked("/query", b"x", each.key) for each in limits}) == 3


def test_an_answer_looked_up_before_a_change_is_not_kept_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = keeping(tmp_path)
    body = {"query": DENIED, "snapshot": "whole"}
    for _ in range(2):
        service.post("/query", json=body)
    broken = service.get("/snapshots/broken").json()["id"]
    service.put("/snapshots/names/other", json={"id": broken})  # nothing is kept here now
    find = ResultCache.find

    def overtaken(self: ResultCache, request: Any, namespaces: Any) -> Any:
        found = find(self, request, namespaces)
        monkeypatch.setattr(ResultCache, "find", find)
        assert service.put("/snapshots/names/whole", json={"id": broken}).status_code == 200
        return found

    monkeypatch.setattr(ResultCache, "find", overtaken)
    assert service.post("/query", json=body).json()["evidence"]["snapshot"] != broken
    assert service.post("/query", json=body).json()["evidence"]["snapshot"] == broken


def test_a_store_that_cannot_be_asked_keeps_no_question_from_a_worker_that_has_its_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = keeping(tmp_path)
    body = {"query": ISOLATED, "snapshot": service.get("/snapshots/whole").json()["id"]}
    first = service.post("/query", json=body, headers={"cache-control": "no-cache"})

    def fail(_self: SnapshotStore, _wanted: str) -> str:
        raise StoreUnavailable

    monkeypatch.setattr(SnapshotStore, "resolve", fail)
    again = service.post("/query", json=body, headers={"cache-control": "no-cache"})
    assert (again.status_code, again.json()["verdict"]) == (200, first.json()["verdict"])
