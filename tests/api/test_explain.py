"""`POST /explain`: two sets and ports in, an explanation or a truth table out."""

from __future__ import annotations

from typing import Any

from reachproof.api.schemas import ExplainRequest
from tests.api.requests import check_problem, client, error, tenants
from tests.cli.contract import check_answer

DENIED = {"source": "acme-shop/front-7d9c5", "destination": "service acme-shop/db", "port": "tcp/5432"}


def post(body: dict[str, Any]) -> Any:
    return client(tenants()).post("/explain", json=body)


def test_an_explanation_is_an_answer_with_each_kind_of_flow() -> None:
    document = post(DENIED).json()
    check_answer(document)
    assert (document["form"], document["verdict"]) == ("explain", "explained")
    assert [each["access"] for each in document["flows"]] == ["denied"]
    assert document["witness"]["via"]["service"]["name"] == "db"
    assert {each["direction"] for each in document["because"]} == {"egress", "ingress"}


def test_a_truth_table_is_a_list_of_pairs() -> None:
    document = post({"port": "9000", "truthTable": True, "by": "namespace"}).json()
    check_answer(document)
    assert document["columns"] == ["from", "to", "port", "access"]
    found = {(row["from"], row["to"]): row["access"] for row in document["rows"]}
    assert found["acme-shop", "acme-shop"] == "some"
    assert found["acme-shop", "globex-web"] == "denied"


def test_a_table_may_be_about_named_sets() -> None:
    body = {"port": "9000", "truthTable": True, "source": "acme-shop/front-7d9c5", "destination": "namespace acme-shop"}
    rows = post(body).json()["rows"]
    assert [(row["to"], row["access"]) for row in rows] == [
        ("acme-shop/db-0", "denied"),
        ("acme-shop/orders-5b6f8", "allowed"),
    ]


def test_without_a_table_both_ends_are_needed() -> None:
    message = "explain needs source and destination, or truthTable"
    response = post({"source": "pods", "port": "80"})
    check_problem(response, 422, "the body does not match the schema", error(message, file="body"))


def test_problems_of_all_three_are_told() -> None:
    response = post({"source": "acme-shop/frnt", "destination": "tenant Z", "port": "tcp/80"})
    assert response.status_code == 422
    assert [(each["file"], each["column"]) for each in response.json()["errors"]] == [("explain", 13), ("explain", 35)]


def test_snapshot_and_options_are_those_of_a_query() -> None:
    assert post(DENIED | {"snapshot": "sha256:0"}).status_code == 404
    assert post(DENIED | {"options": {"enforcement": "none"}}).json()["flows"][0]["access"] == "allowed"


def test_the_example_of_the_schema_is_answered() -> None:
    extra: Any = ExplainRequest.model_config["json_schema_extra"]
    for example in extra["examples"]:
        document = client().post("/explain", json=example).json()
        check_answer(document)
        assert [each["access"] for each in document["flows"]] == ["denied"]
