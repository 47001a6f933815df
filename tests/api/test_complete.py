"""`POST /query/complete`: suggestions and mistakes as JSON, with the sources of every other question."""

from __future__ import annotations

from tests.api.requests import MANIFESTS, check_problem, client, error, tenants


def test_suggestions_come_with_their_place_and_kind() -> None:
    snapshot = tenants()
    body = {"text": "can pods in tenant ", "cursor": 19}
    assert client(snapshot).post("/query/complete", json=body).json() == {
        "state": "begun",
        "suggestions": [
            {"start": 19, "text": "A", "kind": "tenant"},
            {"start": 19, "text": "B", "kind": "tenant"},
        ],
        "complete": True,
        "errors": [
            {
                "start": 18,
                "end": 19,
                "found": "",
                "message": "the sentence is incomplete; expected TENANT",
                "expected": ["A", "B"],
            }
        ],
        "snapshot": {"id": snapshot.digest, "namespaces": 4, "pods": 6, "services": 2, "policies": 5},
    }


def test_names_are_those_of_the_manifests_of_the_request() -> None:
    body = {"text": "can pod ", "manifests": MANIFESTS, "most": 1}
    document = client(tenants()).post("/query/complete", json=body).json()
    assert document["suggestions"] == [{"start": 8, "text": "shop/web", "kind": "pod"}]
    assert not document["complete"]


def test_options_of_the_model_hold_for_names_too() -> None:
    body = {"text": "can pods in tenant ", "options": {"tenantLabel": "kubernetes.io/metadata.name"}}
    document = client(tenants()).post("/query/complete", json=body).json()
    offered = [each["text"] for each in document["suggestions"]]
    assert offered == ["acme-jobs", "acme-shop", "globex-web", "kube-system"]


def test_other_snapshots_are_offered_by_name() -> None:
    body = {"text": "nothing changed since snapshot ", "snapshots": {"monday": {"manifests": MANIFESTS}}}
    document = client(tenants()).post("/query/complete", json=body).json()
    assert [each["text"] for each in document["suggestions"]] == ["monday"]


def test_without_any_snapshot_there_are_words() -> None:
    document = client().post("/query/complete", json={"text": "can pods re"}).json()
    assert document["suggestions"] == [{"start": 9, "text": "reach", "kind": "word"}]
    assert document["snapshot"] is None


def test_a_wrong_sentence_is_an_answer_and_wrong_manifests_are_a_problem() -> None:
    response = client(tenants()).post("/query/complete", json={"text": "can pods reach tenant C"})
    assert response.status_code == 200
    (mistake,) = response.json()["errors"]
    assert (response.json()["state"], mistake["found"], mistake["expected"]) == ("wrong", "C", ["A", "B"])
    wrong = client().post("/query/complete", json={"text": "", "manifests": "kind: Pod"})
    assert wrong.status_code == 422
    unknown = client(tenants()).post("/query/complete", json={"text": "", "snapshot": "sha256:0"})
    assert unknown.status_code == 404


def test_a_cursor_outside_the_text_is_a_problem() -> None:
    check_problem(
        client().post("/query/complete", json={"text": "can", "cursor": 4}),
        422,
        "the body does not match the schema",
        error("cursor 4 is past the end of the text (3)", file="body"),
    )
