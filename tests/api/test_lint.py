"""`POST /lint`: the JSON of the command line, and problems as everywhere."""

from __future__ import annotations

from reachproof.documents.json import plain
from reachproof.queries.hygiene import lint
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.z3_backend import Prover
from tests.api.requests import MANIFESTS, check_problem, client, error, tenants


def test_the_document_is_that_of_the_command_line() -> None:
    snapshot = tenants("tenants-broken")
    response = client(snapshot).post("/lint", json={})
    assert response.status_code == 200
    expected = plain(lint(prepare(snapshot), Budget(), Prover()))
    assert response.json() == expected
    assert response.json()["counts"] == {"error": 0, "warning": 5, "info": 4}


def test_manifests_come_with_the_request() -> None:
    document = client().post("/lint", json={"manifests": MANIFESTS}).json()
    assert [finding["code"] for finding in document["findings"]] == ["NAMESPACE_WITHOUT_POLICY"]


def test_nothing_to_look_at_is_a_problem() -> None:
    told = "no manifests and no snapshot, and the service was started without --from; send one of them"
    check_problem(client().post("/lint", json={}), 422, told)


def test_what_is_no_field_is_a_problem() -> None:
    body = {"manifests": MANIFESTS, "query": "all tenants are isolated"}
    check_problem(
        client().post("/lint", json=body),
        422,
        "the body does not match the schema",
        error("unknown field `query`", file="body", path="query"),
    )
