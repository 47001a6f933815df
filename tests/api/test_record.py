"""The audit log, request ids and numbers."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from reachproof.api import dispatch as module
from reachproof.api.logs import AUDIT, SERVICE, flush, log_as_json
from tests.api.requests import ISOLATED, client, tenants
from tests.api.secured import QUESTION, Lines, Secured

SECRET_MANIFEST = [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "aHVudGVyMg=="}}]


@pytest.fixture
def log() -> Iterator[Lines]:
    """Output of the service's loggers."""
    lines = Lines()
    logger = logging.getLogger("reachproof")
    before = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(lines)
    logger.setLevel(before)


def test_who_asked_what_about_which_snapshot_is_told(log: Lines, tmp_path: Path) -> None:
    snapshot = tenants()
    response = client(snapshot).post("/query", json={"queries": [ISOLATED, "can any pod reach any pod?"]})
    [event] = log.events
    times = event.pop("milliseconds")
    assert times > 0
    assert {name: event[name] for name in event if name not in ("timestamp", "level", "logger")} == {
        "event": "request",
        "request_id": response.headers["x-request-id"],
        "client": "address testclient",
        "role": None,
        "method": "POST",
        "route": "/query",
        "path": "/query",
        "status": 200,
        "asked": [answer["normalized"] for answer in response.json()],
        "verdicts": ["holds", "reachable"],
        "answers": 2,
        "snapshots": [snapshot.digest],
    }


def test_the_names_of_a_pack_are_told(log: Lines) -> None:
    pack = "invariant apart (high): tenant A is isolated from tenant B\n"
    client(tenants()).post("/check", json={"pack": pack})
    assert (log.events[0]["asked"], log.events[0]["verdicts"]) == (["apart"], ["holds"])


def test_the_name_of_a_token_is_told_and_never_its_secret(log: Lines, tmp_path: Path) -> None:
    secured = Secured(tmp_path)
    token = secured.token("read")
    secured.ask(token)
    secured.ask(token + "x")
    assert [event["client"] for event in log.events] == [f"token {token[3:15]}", "address testclient"]
    assert [event["status"] for event in log.events] == [200, 401]
    assert token[16:] not in log.text


def test_manifests_are_never_told(log: Lines) -> None:
    client().post("/query", json={**QUESTION, "manifests": SECRET_MANIFEST})
    client().post("/query", json={"query": "can x", "manifests": SECRET_MANIFEST})
    assert len(log.events) == 2
    assert "aHVudGVyMg==" not in log.text


def test_probes_and_pages_are_not_told(log: Lines) -> None:
    for path in ("/healthz", "/readyz", "/docs", "/openapi.json", "/metrics"):
        assert client().get(path).status_code == 200
    assert log.events == []


def test_an_error_that_nobody_expected_is_in_the_log_only(log: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(module, "session_of", fail)
    response = client(tenants()).post("/query", json={"query": ISOLATED})
    assert response.status_code == 500
    assert "/secret" not in response.text and "Traceback" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "/secret/path" in log.text
    assert {event["request_id"] for event in log.events} == {response.headers["x-request-id"]}


@pytest.mark.parametrize(
    ("given", "kept"), [("build-17.3_a", True), ("a b", False), ("x" * 65, False), ("", False), ("é", False)]
)
def test_a_sane_request_id_is_kept(given: str, kept: bool) -> None:
    response = client().get("/healthz", headers={b"x-request-id": given.encode("latin-1")})
    assert (response.headers["x-request-id"] == given) is kept
    assert len(response.headers["x-request-id"]) in (len(given), 32)


def test_a_line_is_json_and_cannot_be_forged() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = StringIO()
    log_as_json(stream)
    try:
        AUDIT.info("request", path='/x"}\n{"event": "forged\x1b[31m')
        SERVICE.warning("hello")
        logging.getLogger("uvicorn.error").warning("from %s", "uvicorn")
        try:
            raise ValueError("why")
        except ValueError:
            SERVICE.exception("bad")
        flush()
    finally:
        root.handlers, root.level = before, level
        logging.getLogger("reachproof").setLevel(logging.NOTSET)
    text = stream.getvalue()
    assert "\x1b" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines] == ["request", "hello", "from uvicorn", "bad"]
    assert "ValueError: why" in lines[3]["exception"]


class Stuck(StringIO):
    """A stream whose reader takes nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = threading.Event()

    def write(self, text: str) -> int:
        self.taken.wait(60)
        return super().write(text)


def test_nobody_waits_for_a_reader_of_the_log_that_takes_nothing() -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = Stuck()
    log_as_json(stream)
    try:
        for number in range(100):
            AUDIT.info("request", number=number)
        assert stream.getvalue() == ""
        stream.taken.set()
        flush()
    finally:
        stream.taken.set()
        root.handlers, root.level = before, level
        logging.getLogger("reachproof").setLevel(logging.NOTSET)
    assert [json.loads(line)["number"] for line in stream.getvalue().splitlines()] == list(range(100))


def numbers(served: Any) -> dict[str, float]:
    lines = [line for line in served.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_verdicts_and_solver_time_are_counted() -> None:
    served = client(tenants())
    served.post("/query", json={"query": ISOLATED})
    served.post("/query", json={"query": "x"})
    for path in ("/a", "/b", "/snapshots/../etc"):
        served.get(path)
    served.request("BREW", "/query")
    found = numbers(served)
    assert found['reachproof_requests_total{method="POST",route="/query",status="200"}'] == 1
    assert found['reachproof_requests_total{method="POST",route="/query",status="422"}'] == 1
    assert found['reachproof_requests_total{method="GET",route="other",status="404"}'] == 3
    assert found['reachproof_requests_total{method="other",route="/query",status="405"}'] == 1
    assert found['reachproof_verdicts_total{verdict="holds"}'] == 1
    assert found["reachproof_solver_seconds_count"] == 1
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert [name for name in found if name.startswith("reachproof_queue")] != []


def test_each_application_counts_for_itself() -> None:
    one, other = client(), client()
    one.get("/nothing")
    assert sum(value for name, value in numbers(other).items() if 'route="other"' in name) == 0


def test_results_that_are_kept_are_counted_and_have_no_solver_time_again() -> None:
    served = client(tenants(), result_cache_entries=10)
    for _ in range(3):
        assert served.post("/query", json={"query": ISOLATED}).status_code == 200
    assert served.post("/query", json={"query": ISOLATED}, headers={"cache-control": "no-cache"}).status_code == 200
    told = served.get("/metrics").text
    assert 'reachproof_results_total{outcome="hit"} 2.0' in told
    assert 'reachproof_results_total{outcome="miss"} 1.0' in told
    assert 'reachproof_verdicts_total{verdict="holds"} 4.0' in told
    assert "reachproof_solver_seconds_count 2.0" in told
