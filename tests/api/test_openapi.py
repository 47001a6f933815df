"""The OpenAPI document is valid, and what it promises is so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reachproof import __version__
from tests.api.requests import client
from tests.cli.contract import check_answer

PROBLEM = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found = client().get("/openapi.json").json()
    assert isinstance(found, dict)
    return found


def references(value: object) -> Iterator[str]:
    """Every `$ref` below a value."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation)."""
    return [(path, method, each) for path, item in document["paths"].items() for method, each in item.items()]


def test_the_document_is_of_the_current_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert (document["info"]["title"], document["info"]["version"]) == ("reachproof", __version__)


def test_every_schema_is_a_json_schema(document: dict[str, Any]) -> None:
    assert document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_to_a_schema(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) - known == set()


def test_every_schema_is_used(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert known - set(references(document)) == set()


def test_operations_have_a_summary_and_names_of_their_own(document: dict[str, Any]) -> None:
    found = [operation for _, _, operation in operations(document)]
    assert all(operation["summary"] and operation["responses"] for operation in found)
    names = [operation["operationId"] for operation in found]
    assert len(set(names)) == len(names)


def test_an_error_has_one_media_type_and_is_a_problem(document: dict[str, Any]) -> None:
    errors = [
        (path, status, response["content"])
        for path, _, operation in operations(document)
        for status, response in operation["responses"].items()
        if not status.startswith("2")
    ]
    assert [(path, status) for path, status, _ in errors if path == "/query"] == [
        ("/query", status) for status in ("400", "404", "408", "413", "422", "500", "503")
    ]
    assert [content for _, _, content in errors if content != {"application/problem+json": PROBLEM}] == []


def test_the_document_is_the_same_when_it_is_asked_for_again() -> None:
    served = client()
    assert served.get("/openapi.json").json() == served.get("/openapi.json").json()


def test_a_problem_is_documented_as_it_is_sent(document: dict[str, Any]) -> None:
    whole = {**document["components"]["schemas"]["ProblemDetails"], "components": document["components"]}
    body = client().post("/query", json={"query": "x y", "manifests": []}).json()
    Draft202012Validator(whole).validate(body)
    assert set(body) == set(whole["required"]) == set(whole["properties"])
    [error] = body["errors"]
    assert set(error) == set(document["components"]["schemas"]["FieldError"]["required"])


def test_an_answer_is_documented_as_it_is_sent(document: dict[str, Any]) -> None:
    whole = {**document["components"]["schemas"]["Answer"], "components": document["components"]}
    body = client().post("/query", json={"query": "can any pod reach any pod?", "manifests": []}).json()
    Draft202012Validator(whole).validate(body)


def test_the_examples_of_requests_succeed(document: dict[str, Any]) -> None:
    examples = document["components"]["schemas"]["QueryRequest"]["examples"]
    assert examples
    for example in examples:
        response = client().post("/query", json=example)
        assert response.status_code == 200
        check_answer(response.json())
        assert response.json()["verdict"] == "unreachable"


def test_a_page_shows_the_document() -> None:
    response = client().get("/docs")
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
