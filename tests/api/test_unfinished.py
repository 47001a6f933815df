"""A substitute for an answer that no worker could give has the shape of the answer, for every kind of request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reachproof.api.dispatch import unfinished
from reachproof.api.schemas import (
    CheckRequest,
    ConnectivityRequest,
    DiffRequest,
    ExplainRequest,
    LintRequest,
    QueryRequest,
    Question,
)
from tests.api.requests import client, tenants
from tests.cli.contract import check_answer

REASON = "no answer: the worker ended by signal SIGKILL"
REQUESTS: dict[str, Question] = {
    "/query": QueryRequest(query="can any pod reach any pod?"),
    "/check": CheckRequest(pack="invariant a: no pod can reach any pod"),
    "/connectivity": ConnectivityRequest(),
    "/explain": ExplainRequest(source="pods", destination="pods", port="tcp/80"),
    "/lint": LintRequest(),
    "/diff": DiffRequest.model_validate({"old": {"manifests": []}, "new": {"manifests": []}}),
}


@pytest.fixture(scope="module")
def schemas() -> Any:
    return client().get("/openapi.json").json()


def made(request: Question) -> Any:
    return json.loads(unfinished(request, tenants().digest, REASON))


@pytest.mark.parametrize("path", REQUESTS)
def test_it_has_the_shape_that_is_documented_for_the_path(path: str, schemas: Any) -> None:
    response = schemas["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**response, "components": schemas["components"]}).validate(made(REQUESTS[path]))


@pytest.mark.parametrize("path", ["/query", "/explain"])
def test_an_answer_is_one_in_every_detail(path: str) -> None:
    document = made(REQUESTS[path])
    check_answer(document)
    assert (document["verdict"], document["reason"]) == ("unknown", REASON)


def test_several_queries_have_as_many_answers() -> None:
    documents = made(QueryRequest(queries=["x y", "z"]))
    for each in documents:
        check_answer(each)
    assert [(each["query"], each["verdict"], each["reason"]) for each in documents] == [
        ("x y", "unknown", REASON),
        ("z", "unknown", REASON),
    ]


def test_the_reason_is_in_every_document() -> None:
    assert made(REQUESTS["/check"]) == {
        "verdict": "unknown",
        "answers": [],
        "skipped": [{"name": "pack", "reason": REASON}],
    }
    assert made(REQUESTS["/connectivity"]) == {"apiVersion": "reachproof/v1", "verdict": "unknown", "reason": REASON}
    assert made(REQUESTS["/lint"])["undecided"] == [
        {"code": "UNDECIDED", "text": f"the search for findings did not finish: {REASON}"}
    ]
    difference = made(REQUESTS["/diff"])
    assert (difference["relation"], difference["reason"], difference["rows"]) == ("unknown", REASON, [])
