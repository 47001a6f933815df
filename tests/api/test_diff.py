"""`POST /diff`, and snapshots by name in `POST /query` and `POST /check`."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from reachproof.api import dispatch as service
from reachproof.solver.budget import Budget
from tests.api.requests import MANIFESTS, check_problem, client, error, tenants
from tests.cli.contract import check_answer, check_diff

CLOSED = f"""{MANIFESTS}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: closed, namespace: shop}}
spec: {{podSelector: {{}}}}
"""
NEW = "nothing is newly allowed since snapshot main"
SAME = "nothing changed since snapshot main"
EITHER = "give either snapshot or manifests"


def given(old: str, new: str, **more: Any) -> dict[str, Any]:
    return {"old": {"manifests": old}, "new": {"manifests": new}, **more}


def diff(body: dict[str, Any]) -> Any:
    response = client().post("/diff", json=body)
    assert response.status_code == 200, response.text
    check_diff(response.json())
    return response.json()


def test_the_difference_of_two_texts_is_that_of_the_command_line() -> None:
    found = diff(given(MANIFESTS, CLOSED))
    assert (found["relation"], found["by"]) == ("stricter", "workload")
    (row,) = found["rows"]
    assert (row["src"], row["dst"]["name"], row["change"]) == (
        {"kind": "external", "cidrs": ["0.0.0.0/0"]},
        "web",
        "removed",
    )
    (cause,) = row["because"]
    assert (cause["policy"]["name"], cause["when"], cause["edit"]) == ("closed", "after", "added")
    assert cause["origin"] == {"file": "new", "line": 11, "path": ""}


def test_the_same_is_equivalent() -> None:
    found = diff(given(CLOSED, CLOSED, by="namespace"))
    assert (found["relation"], found["rows"], found["by"]) == ("equivalent", [], "namespace")


def test_objects_and_the_snapshot_of_the_service_are_sources_as_well() -> None:
    snapshot = tenants()
    body = {"old": {"snapshot": snapshot.digest}, "new": {"manifests": []}}
    response = client(snapshot).post("/diff", json=body)
    check_diff(response.json())
    assert [end["name"] for end in response.json()["lost"]][:2] == ["report-28113", "db-0"]


def test_options_are_for_both() -> None:
    found = diff(given(MANIFESTS, CLOSED, options={"enforcement": "none"}))
    assert found["relation"] == "equivalent"


def test_without_time_the_relation_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def hurried(**limits: Any) -> Budget:
        minutes = count(0, 60)
        return Budget(**{"clock": lambda: float(next(minutes)), **limits})

    monkeypatch.setattr(service, "Budget", hurried)
    found = diff(given(MANIFESTS, CLOSED, timeoutMs=5000))
    assert (found["relation"], found["reason"]) == ("unknown", "time limit of 5 s reached")


def test_all_problems_of_both_are_told() -> None:
    bad = CLOSED.replace("podSelector", "podSelektor")
    response = client().post("/diff", json=given(bad, bad.replace("closed", "shut")))
    assert response.status_code == 422
    found = response.json()
    assert found["detail"].startswith("the query or the manifests are wrong: ")
    files = [each["file"] for each in found["errors"]]
    assert sorted(set(files)) == ["new", "old"]


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [error("missing field", file="body", path="old"), error("missing field", file="body", path="new")]),
        (
            {"old": {}, "new": {"manifests": [], "snapshot": "x"}},
            [error(EITHER, file="body", path="old"), error(EITHER, file="body", path="new")],
        ),
        (
            given("", "", by="cluster"),
            [
                error(
                    "must be 'pod', 'workload', 'namespace' or 'tenant'",
                    file="body",
                    path="by",
                )
            ],
        ),
    ],
)
def test_a_body_of_another_shape_is_refused(body: dict[str, Any], errors: list[dict[str, Any]]) -> None:
    response = client().post("/diff", json=body)
    check_problem(response, 422, "the body does not match the schema", *errors)


def test_a_snapshot_that_the_service_does_not_have_is_not_found() -> None:
    response = client().post("/diff", json={"old": {"snapshot": "old"}, "new": {"manifests": []}})
    check_problem(response, 404, "snapshot old not found; store it, or send manifests")


# ---------------------------------------------------------------- by name


def test_a_question_compares_with_a_snapshot_by_name() -> None:
    body = {"query": SAME, "manifests": CLOSED, "snapshots": {"main": {"manifests": MANIFESTS}}}
    answer = client().post("/query", json=body).json()
    check_answer(answer)
    assert (answer["verdict"], answer["witness"]["before"]["since"]) == ("violated", "main")
    answer = client().post("/query", json={**body, "query": NEW}).json()
    check_answer(answer)
    assert answer["verdict"] == "holds"


def test_the_snapshot_of_the_service_may_be_the_earlier_one() -> None:
    snapshot = tenants()
    body = {"query": NEW, "manifests": [], "snapshots": {"main": {"snapshot": snapshot.digest}}}
    answer = client(snapshot).post("/query", json=body).json()
    check_answer(answer)
    assert (answer["verdict"], answer["vacuous"]) == ("holds", True)


def test_a_pack_compares_with_a_snapshot_by_name() -> None:
    body = {
        "pack": f'invariant same (low) "as it was": {SAME}\n',
        "manifests": CLOSED,
        "snapshots": {"main": {"manifests": MANIFESTS}},
    }
    report = client().post("/check", json=body).json()
    assert (report["verdict"], report["answers"][0]["verdict"]) == ("violated", "violated")


def test_a_name_that_is_not_given_is_refused_with_how_to_give_it() -> None:
    response = client().post("/query", json={"query": NEW, "manifests": MANIFESTS})
    how = "give it with `--snapshot NAME=SOURCE` on the command line, `snapshots` over HTTP, `since` in Python"
    marked = f"no snapshot named main is given; {how}\n    {NEW}\n{' ' * 44}^^^^"
    problem = error(marked, file="query", line=1, column=41)
    check_problem(response, 422, "the query or the manifests are wrong: 1 problem", problem)


def test_problems_of_a_snapshot_by_name_are_told_under_its_name() -> None:
    body = {"query": NEW, "manifests": MANIFESTS, "snapshots": {"main": {"manifests": "kind: ["}}}
    response = client().post("/query", json=body)
    assert (response.status_code, response.json()["errors"][0]["file"]) == (422, "snapshots.main")
