"""`POST /check`: packs in, one verdict and the answers out."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from reachproof.api.app import create_app
from reachproof.api.schemas import EXAMPLE_MANIFESTS, CheckRequest
from reachproof.api.settings import Settings
from reachproof.manifests import load_text

SNAPSHOT = load_text(EXAMPLE_MANIFESTS, name="manifests")
HOLDS = "invariant shut (high): no pod in tenant a can reach 10.0.0.0/8\n"
FAILS = 'expect reachable "the internet": can tenant a reach the internet?\n'
VACUOUS = "invariant none: no pods labelled app=typo can reach the internet\n"


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app(Settings(max_queries=3), SNAPSHOT))


def post(client: TestClient, body: dict[str, Any]) -> tuple[int, Any]:
    response = client.post("/check", json=body)
    return response.status_code, response.json()


@pytest.mark.parametrize(
    ("packs", "verdict"),
    [
        ([HOLDS], "holds"),
        ([HOLDS, FAILS], "violated"),
        ([HOLDS, VACUOUS], "unknown"),
        ([VACUOUS, FAILS], "violated"),
        ([""], "unknown"),
    ],
)
def test_the_verdict_is_the_worst_of_all_statements(client: TestClient, packs: list[str], verdict: str) -> None:
    status, document = post(client, {"packs": packs})
    assert (status, document["verdict"]) == (200, verdict)
    assert sorted(document) == ["answers", "skipped", "verdict"]


def test_a_request_says_whether_input_without_policies_may_pass(client: TestClient) -> None:
    pods = "\n---\n".join(each for each in EXAMPLE_MANIFESTS.split("---") if "NetworkPolicy" not in each)
    body = {"pack": "expect reachable: can any pod reach the internet?\n", "manifests": pods}
    for fields, verdict, status in (
        ({}, "unknown", "undecided"),
        ({"allowNoPolicies": False}, "unknown", "undecided"),
        ({"allowNoPolicies": True}, "holds", "passed"),
    ):
        _, document = post(client, body | fields)
        (answer,) = document["answers"]
        assert (document["verdict"], answer["status"]) == (verdict, status)
        assert "NO_POLICIES" in {each["code"] for each in answer["warnings"]}
    assert post(client, body | {"allowNoPolicies": "yes"})[0] == 422


def test_an_answer_has_the_name_the_severity_and_what_was_expected(client: TestClient) -> None:
    _, document = post(client, {"pack": HOLDS + FAILS})
    names = ("name", "severity", "expected", "verdict", "status", "query")
    assert [tuple(each[name] for name in names) for each in document["answers"]] == [
        ("shut", "high", "holds", "holds", "passed", "no pod in tenant a can reach 10.0.0.0/8"),
        ("the internet", "medium", "reachable", "unreachable", "failed", "can tenant a reach the internet?"),
    ]


def test_manifests_and_options_are_those_of_a_query(client: TestClient) -> None:
    moved = EXAMPLE_MANIFESTS.replace("tenant: a", "team: a")
    assert post(client, {"pack": HOLDS, "manifests": moved})[0] == 422
    status, document = post(client, {"pack": HOLDS, "manifests": moved, "options": {"tenantLabel": "team"}})
    assert (status, document["verdict"]) == (200, "holds")
    assert post(client, {"pack": HOLDS, "snapshot": "sha256:0"})[0] == 404


def test_the_problems_of_all_packs_are_listed_with_their_places(client: TestClient) -> None:
    status, problem = post(client, {"packs": [HOLDS, "# b\ninvariant b: no pod in tenant c can reach nodes"]})
    assert status == 422
    assert problem["errors"] == [
        {
            "file": "packs[1]",
            "line": 2,
            "column": 31,
            "path": "",
            "message": "no tenant c in the snapshot; it has a\n"
            "    invariant b: no pod in tenant c can reach nodes\n"
            "                                  ^",
        }
    ]


def test_a_request_has_no_more_than_one_of_pack_and_packs(client: TestClient) -> None:
    status, problem = post(client, {"pack": HOLDS, "packs": [HOLDS]})
    assert (status, problem["errors"][0]["message"]) == (
        422,
        "give pack or packs, not both; without either, the shipped packs run",
    )


def test_without_a_pack_the_shipped_ones_are_checked(client: TestClient) -> None:
    status, document = post(client, {})
    assert (status, document["verdict"]) == (200, "violated")
    assert "tenant-isolation" in [each["name"] for each in document["skipped"]]


def test_a_request_has_a_limited_number_of_statements(client: TestClient) -> None:
    status, problem = post(client, {"packs": [HOLDS, FAILS, VACUOUS, HOLDS]})
    assert (status, problem["detail"]) == (422, "too many statements (4; the limit is 3)")


def test_the_example_of_the_schema_is_answered(client: TestClient) -> None:
    extra: Any = CheckRequest.model_config["json_schema_extra"]
    for example in extra["examples"]:
        status, document = post(client, example)
        assert (status, document["verdict"]) == (200, "holds")
