"""`POST /connectivity`: the JSON of the command line, and problems as everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from reachproof.api.app import create_app
from reachproof.api.schemas import EXAMPLE_MANIFESTS, ConnectivityRequest
from reachproof.api.settings import Settings
from reachproof.documents.connectivity_matrix import connectivity_blocks
from reachproof.manifests import load_text
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity
from reachproof.queries.connectivity_document import connectivity_document
from tests.cli.test_connectivity import problems

SNAPSHOT = load_text(EXAMPLE_MANIFESTS, name="manifests")


@pytest.fixture
def client() -> TestClient:
    return TestClient(create_app(Settings(), SNAPSHOT))


def post(client: TestClient, body: dict[str, Any]) -> tuple[int, Any]:
    response = client.post("/connectivity", json=body)
    return response.status_code, response.json()


def test_the_document_is_that_of_the_command_line(client: TestClient) -> None:
    status, document = post(client, {})
    assert (status, problems(document)) == (200, [])
    assert document == json.loads(b"".join(connectivity_blocks(connectivity_document(connectivity(Session(SNAPSHOT))))))
    assert [(row["src"]["kind"], row["dst"]["kind"]) for row in document["rows"]] == [("external", "pod")]


def test_manifests_come_with_the_request(client: TestClient) -> None:
    body = {"by": "namespace", "dst": "pods", "ports": "tcp/80", "manifests": EXAMPLE_MANIFESTS}
    [row] = post(client, body)[1]["rows"]
    assert row["dst"]["kind"] == "namespace"
    assert row["connections"] == {"TCP": [[80, 80]], "UDP": [], "SCTP": []}


def test_explanations_and_exposure_are_added_on_request(client: TestClient) -> None:
    _, document = post(client, {"explain": True, "exposure": True})
    assert problems(document) == []
    [absent] = document["absent"]
    assert [rule["policy"]["name"] for rule in absent["because"]] == ["no-egress"]
    [exposed] = document["exposure"]
    assert exposed["ingress"]["outside"][0]["connections"] == "all"
    assert exposed["egress"]["outside"] == []


def test_running_out_of_time_is_a_document_without_rows(client: TestClient) -> None:
    endless = Settings(max_timeout_ms=1)
    many = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{i}", "namespace": "shop", "labels": {"n": str(i)}}}
        | {"spec": {"containers": [{"name": "c", "image": "i"}]}}
        for i in range(300)
    ]
    status, document = post(TestClient(create_app(endless, SNAPSHOT)), {"manifests": many, "explain": True})
    assert (status, document) == (
        200,
        {"apiVersion": "reachproof/v1", "verdict": "unknown", "reason": "time limit of 0.001 s reached"},
    )


@pytest.mark.parametrize(
    ("body", "status", "messages"),
    [
        ({"src": "pod shop/wep"}, 422, ["no pod shop/wep in the snapshot; did you mean `shop/web`?"]),
        ({"ports": "http//"}, 422, None),
        ({"by": "pots"}, 422, None),
        ({"sauce": "pods"}, 422, None),
        ({"snapshot": "sha256:0", "manifests": ""}, 422, None),
        ({"snapshot": "sha256:0"}, 404, None),
    ],
)
def test_what_is_wrong_is_a_problem(
    client: TestClient, body: dict[str, Any], status: int, messages: list[str] | None
) -> None:
    response = client.post("/connectivity", json=body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    if messages is not None:
        assert [error["message"] for error in response.json()["errors"]] == messages


def test_the_example_of_the_documentation_succeeds(client: TestClient) -> None:
    schema = ConnectivityRequest.model_json_schema()
    for example in schema["examples"]:
        assert post(client, example)[0] == 200
