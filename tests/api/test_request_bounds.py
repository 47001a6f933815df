"""Bodies that are made to cost much: refused after a look, in few words, and without harm to anything else."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest

from reachproof.api.http_error import HttpError
from reachproof.api.request_reader import RequestBounds, decoded
from reachproof.api.schemas import QueryRequest
from reachproof.api.uploads import unpacked
from tests.api.requests import ISOLATED, MANIFESTS, check_problem, client, error, tenants
from tests.api.running_service import running

MISSHAPEN = "the body does not match the schema"
BOUNDS = RequestBounds(depth=100, queries=100, objects=1_000)


def post(body: object, **limits: int) -> Any:
    return client(tenants(), "sqlite://", **limits).post("/query", json=body)


def nested(levels: int) -> Any:
    found: Any = {}
    for _ in range(levels - 1):
        found = [found]
    return found


# ---------------------------------------------------------------- nesting


@pytest.mark.parametrize("levels", [200, 600, 900])
def test_a_body_that_is_too_deep_is_refused_whatever_is_so_deep(levels: int) -> None:
    detail = "the body has more than 110 levels of nesting"
    for body in ({"query": nested(levels)}, {"query": ISOLATED, "manifests": [{"a": nested(levels)}]}):
        check_problem(post(body), 422, detail)


def test_manifests_may_be_as_deep_as_the_limit_says() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}
    body = {"query": "can any pod reach any pod?", "manifests": [{**namespace, "deep": nested(99)}]}
    assert post(body).status_code == 200


def test_options_are_flat() -> None:
    body = {"query": ISOLATED, "manifests": MANIFESTS, "options": {"domains": {"a.example": nested(3)}}}
    check_problem(post(body), 422, "the options have more than 4 levels of nesting")
    allowed = {**body, "options": {"domains": {"a.example": ["10.0.0.0/8"]}}}
    assert "levels" not in post(allowed).text


def test_a_worker_is_not_lost_by_a_deep_body() -> None:
    with running(tenants(), workers=1) as service:
        body = {"query": ISOLATED, "manifests": [{"a": nested(600)}]}
        assert [service.post("/query", body)[0] for _ in range(3)] == [422] * 3
        status, answer, _ = service.post("/query", {"query": ISOLATED, "manifests": MANIFESTS + "---\n"})
        assert (status, answer["status"]) == (422, 422)
        assert (service.load.restarts, service.load.retried, service.load.killed) == (0, 0, 0)


# ---------------------------------------------------------------- lengths


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"queries": [1] * 50_000}, "too many queries (50000; the limit is 100)"),
        ({"pack": "", "packs": ["x"] * 1_001}, "too many parts in the body (the limit is 1000)"),
        ({"query": "x", "manifests": [1] * 6}, "too many manifests (6; the limit is 5)"),
        ({"query": "x", "options": {f"o{n}": 1 for n in range(101)}}, "too many options (101; the limit is 100)"),
        ({"query": "x", "options": {"o": [[]] * 10_000}}, "too many parts in the options (the limit is 10000)"),
        ({"query": "x", "options": [{"o": [1]}] * 5_000}, "too many options (5000; the limit is 100)"),
        ({"query": "x", **{f"f{n}": 1 for n in range(1_000)}}, "too many parts in the body (the limit is 1000)"),
        (
            {"query": "x", "snapshots": {f"s{n}": {"snapshot": "a", "b": 1} for n in range(400)}},
            "too many parts in the body (the limit is 1000)",
        ),
        ({"query": "x", "f" * 1_001: 1}, "a name of a field is too long (the limit is 1000 characters)"),
        (
            {"query": "x", "snapshots": {"s": {"manifests": [{}] * 6}}},
            "too many manifests (6; the limit is 5)",
        ),
    ],
)
def test_a_body_with_too_many_parts_is_refused_as_a_whole(body: dict[str, Any], detail: str) -> None:
    check_problem(post(body, max_documents=5), 422, detail)


@pytest.mark.parametrize("body", [{"query": "x" * 9_999_999}, {"query": "", "options": {"cni": "x" * 9_999_999}}])
def test_a_body_with_too_much_text_is_refused_as_a_whole(body: dict[str, Any]) -> None:
    detail = "too much text in the body (10000001 characters; the limit is 10000000)"
    with pytest.raises(HttpError, match=re.escape(detail)) as refused:
        decoded(QueryRequest, json.dumps({**body, "snapshot": "xx"}).encode(), BOUNDS)
    assert refused.value.status == 422


def test_options_may_have_long_lists_of_addresses() -> None:
    domains = {"a.example": [f"10.{n // 256}.{n % 256}.0/24" for n in range(9_000)]}
    content = json.dumps({"query": ISOLATED, "options": {"domains": domains}}).encode()
    assert decoded(QueryRequest, content, BOUNDS).options == {"domains": domains}


def test_of_wrong_manifests_the_first_is_told() -> None:
    found = post({"query": "x", "manifests": [{}, *[1] * 50_000]}).json()
    assert found["detail"] == MISSHAPEN
    assert [each["path"] for each in found["errors"]] == ["manifests.str", "manifests.list[dict[str,any]].1"]


def test_of_many_problems_the_first_hundred_are_told_and_their_number() -> None:
    fields = {f"f{number}": 1 for number in range(150)}
    found = post({"query": "x", **fields}).json()
    assert found["detail"] == f"{MISSHAPEN} (the first 100 of 150 are shown)"
    first = error("unknown field `f0`", file="body", path="f0")
    assert (found["errors"][0], len(found["errors"])) == (first, 100)


def test_of_many_problems_of_manifests_the_first_hundred_are_told_and_their_number() -> None:
    found = post({"query": ISOLATED, "manifests": "---\n".join(["a: 1\n"] * 130)}).json()
    assert found["detail"] == "the query or the manifests are wrong: 130 problems (the first 100 of 130 are shown)"
    assert len(found["errors"]) == 100


def test_a_lack_of_memory_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(_content: bytes) -> Any:
        raise MemoryError

    monkeypatch.setattr(json, "loads", short)
    with pytest.raises(HttpError, match="the body needs more memory than is available for it") as refused:
        decoded(QueryRequest, b"{}", BOUNDS)
    assert refused.value.status == 413


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["a\0b", "\0", "x" * 200])
def test_a_name_that_cannot_be_one_is_not_found_and_no_database_is_asked(name: str) -> None:
    detail = f"snapshot {name} not found; store it, or send manifests"
    check_problem(post({"query": ISOLATED, "snapshot": name}), 404, detail)
    service = client()
    path = "/snapshots/names/" + name.replace("\0", "%00")
    assert [service.get(path).status_code, service.delete(path).status_code] == [404, 404]


def test_a_name_that_is_too_long_is_refused() -> None:
    found = error("too long (the limit is 200 characters)", file="body", path="snapshot")
    check_problem(post({"query": ISOLATED, "snapshot": "x" * 201}), 422, MISSHAPEN, found)


# ---------------------------------------------------------------- gzip


EMPTY = gzip.compress(b"", mtime=0)


def test_members_of_gzip_are_bounded_in_number() -> None:
    assert unpacked(EMPTY * 9_999 + gzip.compress(b"a"), "gzip", 1_000) == b"a"
    with pytest.raises(HttpError, match=r"too many gzip members \(the limit is 10000\)") as refused:
        unpacked(EMPTY * 10_001, "gzip", 1_000)
    assert refused.value.status == 413


@pytest.mark.parametrize("length", [1, 16_383, 16_384, 16_385, 100_000])
def test_members_may_end_anywhere_in_a_block(length: int) -> None:
    parts = [bytes(range(256)) * (length // 256) + b"x" * (length % 256), b"second", b"", b"third"]
    packed = b"".join(gzip.compress(part, compresslevel=0) for part in parts)
    assert unpacked(packed, "gzip", 1_000_000) == b"".join(parts)
    with pytest.raises(HttpError, match="the compressed body is truncated"):
        unpacked(packed[:-1], "gzip", 1_000_000)


def test_what_unpacks_to_far_more_than_it_is_is_refused() -> None:
    packed = gzip.compress(b" " * 20_000_000)
    with pytest.raises(HttpError, match="the body unpacks to more than 200 times its size") as refused:
        unpacked(packed, "gzip", 100_000_000)
    assert refused.value.status == 413
