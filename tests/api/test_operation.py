"""Is it alive, can it work."""

from __future__ import annotations

from pathlib import Path

import pytest

from reachproof.api.database import Database, StoreUnavailable
from reachproof.api.executor import ThreadExecutor, Workload
from tests.api.requests import ISOLATED, check_problem, client, error, tenants
from tests.api.secured import Secured


def test_a_service_that_can_work_is_ready() -> None:
    response = client().get("/readyz")
    assert response.json() == {"status": "ready", "parts": {"database": "ok", "workers": "ok"}}
    assert response.status_code == 200


def fail(_self: Database) -> None:
    raise StoreUnavailable


def test_a_service_without_its_database_is_degraded_and_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Database, "check", fail)
    served = client(tenants())
    assert served.get("/healthz").status_code == 200
    response = served.get("/readyz")
    parts = {"database": "the store is not available", "workers": "ok"}
    assert (response.status_code, response.json()) == (200, {"status": "degraded", "parts": parts})
    assert served.post("/query", json={"query": ISOLATED}).json()["verdict"] == "holds"


def test_a_service_that_knows_nobody_without_its_database_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured = Secured(tmp_path)
    monkeypatch.setattr(Database, "check", fail)
    found = error("the store is not available", file="service", path="database")
    check_problem(secured.client.get("/readyz"), 503, "not ready: database", found)


@pytest.mark.parametrize(
    ("trouble", "told"), [("", "no worker has started yet"), ("no memory for workers", "no memory for workers")]
)
def test_a_service_without_workers_is_not_ready(trouble: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    down = Workload(ready=False, trouble=trouble, workers=2, idle=0, busy=0)
    monkeypatch.setattr(ThreadExecutor, "workload", lambda _self: down)
    found = error(told, file="service", path="workers")
    check_problem(client().get("/readyz"), 503, "not ready: workers", found)
