"""`POST /query`: answers."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from reachproof.api import dispatch as service
from reachproof.api import snapshot_provider
from reachproof.queries.ask import Session
from reachproof.solver.budget import Budget
from tests.api.requests import DENIED, ISOLATED, MANIFESTS, client, tenants
from tests.cli.contract import check_answer

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "web"}]},
    "status": {"phase": "Running", "podIP": "10.244.0.5"},
}
OUTSIDE = "can pod shop/web reach 10.0.0.0/8 on tcp/5432?"


def ask(body: dict[str, Any]) -> Any:
    """The answer to a request to a service without a snapshot of its own."""
    response = client().post("/query", json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def ask_preloaded(body: dict[str, Any]) -> Any:
    """The answer to a request to a service that was started with the example."""
    response = client(tenants()).post("/query", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_question_about_manifests_as_text_is_answered() -> None:
    answer = ask({"query": OUTSIDE, "manifests": MANIFESTS})
    check_answer(answer)
    assert (answer["verdict"], answer["witness"]["source"]["name"]) == ("reachable", "web")


def test_a_question_about_manifests_as_objects_is_answered() -> None:
    answer = ask({"query": OUTSIDE, "manifests": [POD]})
    check_answer(answer)
    assert (answer["verdict"], answer["witness"]["source"]["name"]) == ("reachable", "web")


def test_no_objects_are_an_empty_cluster() -> None:
    answer = ask({"query": "can any pod reach any pod?", "manifests": []})
    check_answer(answer)
    assert (answer["verdict"], answer["vacuous"]) == ("unreachable", True)


def test_several_queries_have_a_list_of_answers_in_their_order() -> None:
    answers = ask_preloaded({"queries": [ISOLATED, DENIED]})
    for answer in answers:
        check_answer(answer)
    assert [(each["query"], each["verdict"]) for each in answers] == [(ISOLATED, "holds"), (DENIED, "violated")]


def test_a_list_of_one_query_has_a_list_of_one_answer() -> None:
    assert [each["verdict"] for each in ask_preloaded({"queries": [ISOLATED]})] == ["holds"]


def test_a_list_has_columns_and_rows() -> None:
    answer = ask_preloaded({"query": "which pods can reach pods labelled app=orders on tcp/9000?"})
    check_answer(answer)
    assert answer["columns"] == ["pods", "ports", "depends"]
    assert [row["pods"] for row in answer["rows"]] == [["acme-shop/front-7d9c5"]]


def test_without_manifests_the_question_is_about_the_snapshot_of_the_service() -> None:
    answer = ask_preloaded({"query": ISOLATED})
    check_answer(answer)
    assert answer["evidence"]["snapshot"] == tenants().digest


def test_the_snapshot_of_the_service_can_be_named_by_its_digest() -> None:
    assert ask_preloaded({"query": ISOLATED, "snapshot": tenants().digest})["verdict"] == "holds"


def test_manifests_come_before_the_snapshot_of_the_service() -> None:
    assert ask_preloaded({"query": OUTSIDE, "manifests": MANIFESTS})["verdict"] == "reachable"


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({}, "holds"),
        ({"tenantLabel": None, "domains": None}, "holds"),
        ({"enforcement": "none"}, "violated"),
        ({"enforcement": "np"}, "violated"),
        ({"cni": "kube-network-policies", "cidrMatches": "world"}, "holds"),
    ],
)
def test_options_change_how_the_snapshot_of_the_service_is_read(options: dict[str, Any], verdict: str) -> None:
    assert ask_preloaded({"query": ISOLATED, "options": options})["verdict"] == verdict


def test_an_option_that_is_not_given_stays_as_the_service_was_started() -> None:
    from reachproof.network.options import Enforcement, Options

    served = client(tenants().with_options(Options(enforcement=Enforcement.NONE)))
    body = {"query": ISOLATED, "options": {"enforcement": None, "cni": "kube-network-policies"}}
    assert served.post("/query", json=body).json()["verdict"] == "violated"


def test_options_decide_how_manifests_of_the_request_are_read() -> None:
    manifests = MANIFESTS.replace("tenant: a", "team: a")
    answer = ask(
        {"query": "can tenant a reach 10.0.0.0/8?", "manifests": manifests, "options": {"tenantLabel": "team"}}
    )
    assert answer["verdict"] == "reachable"


def test_a_question_that_runs_out_of_time_is_answered_with_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = count(0, 60)
    monkeypatch.setattr(service, "Budget", lambda seconds: Budget(seconds=seconds, clock=lambda: float(next(minutes))))
    answer = ask({"query": OUTSIDE, "manifests": MANIFESTS, "timeoutMs": 1500})
    check_answer(answer)
    assert (answer["verdict"], answer["reason"]) == ("unknown", "time limit of 1.5 s reached")


@pytest.mark.parametrize(
    ("asked", "seconds"), [({}, 10.0), ({"timeoutMs": 1}, 0.001), ({"timeoutMs": 1_000_000_000}, 60.0)]
)
def test_no_question_gets_more_time_than_the_service_allows(
    asked: dict[str, int], seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def unlimited(seconds: float) -> Budget:
        given.append(seconds)
        return Budget()

    monkeypatch.setattr(service, "Budget", unlimited)
    ask({"query": OUTSIDE, "manifests": MANIFESTS, **asked})
    assert given == [seconds]


def test_every_request_has_a_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Session] = []

    def session(snapshot: Any) -> Session:
        made.append(Session(snapshot))
        return made[-1]

    monkeypatch.setattr(snapshot_provider, "Session", session)
    served = client(tenants())
    for _ in range(2):
        assert served.post("/query", json={"queries": [ISOLATED, DENIED]}).status_code == 200
    assert len(made) == 2


def test_the_process_answers_when_asked_for_its_health() -> None:
    response = client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
