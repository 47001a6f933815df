"""Every error is `application/problem+json`, complete, and says nothing about the inside of the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from reachproof.api import dispatch as service
from reachproof.manifests.load import load_text
from reachproof.network.errors import InternalError
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options
from tests.api.requests import ISOLATED, MANIFESTS, check_problem, client, error, tenants

WRONG = "the query or the manifests are wrong: "
MISSHAPEN = "the body does not match the schema"


def post(body: object, /, max_queries: int = 100) -> Any:
    return client(max_queries=max_queries).post("/query", json=body)


def post_text(content: bytes, content_type: str = "application/json") -> Any:
    return client().post("/query", content=content, headers={"content-type": content_type})


def failing(error: Exception) -> Any:
    def fail(*_arguments: object) -> NoReturn:
        raise error

    return fail


# ---------------------------------------------------------------- 400


def test_a_body_that_is_not_json_is_unparsable() -> None:
    found = error("Expecting value at character 10", file="body")
    check_problem(post_text(b'{"query": '), 400, "the body is not JSON", found)


@pytest.mark.parametrize("content", [b'{"query": "\xff"}', b"[" * 100_000], ids=["not UTF-8", "too deep"])
def test_a_body_that_no_reader_reads_is_unparsable(content: bytes) -> None:
    check_problem(post_text(content), 400, "There was an error parsing the body")


def test_a_body_of_another_content_type_is_refused_with_the_right_one() -> None:
    detail = "unsupported content type (application/x-www-form-urlencoded); send application/json"
    check_problem(post_text(b'{"query": "x"}', "application/x-www-form-urlencoded"), 400, detail)


# ---------------------------------------------------------------- 404 and 405


def test_another_path_is_not_here() -> None:
    check_problem(client().get("/elsewhere"), 404, "Not Found")


def test_another_method_is_not_allowed_and_the_right_one_is_told() -> None:
    response = client().get("/query")
    check_problem(response, 405, "Method Not Allowed")
    assert response.headers["allow"] == "POST"


def test_a_snapshot_that_the_service_does_not_have_is_not_here() -> None:
    digest = f"sha256:{'0' * 64}"
    body = {"query": ISOLATED, "snapshot": digest}
    detail = f"snapshot {digest} not found; store it, or send manifests"
    check_problem(client(tenants()).post("/query", json=body), 404, detail)


def test_a_service_without_a_snapshot_has_none_of_any_name() -> None:
    detail = "snapshot production not found; store it, or send manifests"
    check_problem(post({"query": ISOLATED, "snapshot": "production"}), 404, detail)


# ---------------------------------------------------------------- 413


def test_a_body_that_declares_too_large_a_size_is_refused() -> None:
    body = b'{"query": "' + b"x" * 100 + b'"}'
    response = client(max_body_bytes=50).post("/query", content=body, headers={"content-type": "application/json"})
    check_problem(response, 413, "body too large (113 bytes; the limit is 50)")


def test_a_body_in_pieces_that_turns_out_too_large_is_refused() -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 10

    response = client(max_body_bytes=50).post("/query", content=pieces(), headers={"content-type": "application/json"})
    assert "content-length" not in response.request.headers
    check_problem(response, 413, "body too large (the limit is 50 bytes)")


def test_a_body_in_pieces_that_is_small_enough_is_read() -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"query": "%s"' % ISOLATED.encode()
        yield b"}"

    response = client(tenants()).post("/query", content=pieces(), headers={"content-type": "application/json"})
    assert response.json()["verdict"] == "holds"


# ---------------------------------------------------------------- 422: the shape


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        ({}, "", "give either query or queries"),
        ({"query": "x", "queries": ["x"]}, "", "give either query or queries"),
        (
            {"query": "x", "snapshot": "a", "manifests": "b"},
            "",
            "give snapshot or manifests, not both",
        ),
        ({"query": "x", "manifest": "b"}, "manifest", "unknown field `manifest`; did you mean `manifests`?"),
        ({"query": 5}, "query", "must be text"),
        ({"query": "x" * 10_001}, "query", "too long (the limit is 10000 characters)"),
        ({"queries": []}, "queries", "too few entries (0; at least 1)"),
        ({"queries": ["x", 5]}, "queries.1", "must be text"),
        ({"query": "x", "timeoutMs": 0}, "timeoutMs", "must be greater than 0"),
        ({"query": "x", "options": []}, "options", "must be an object"),
        ([], "", "must be an object"),
        (
            {"query": "x", "manifests": "\ud800"},
            "",
            "not valid Unicode (lone surrogate U+D800)",
        ),
        ({"query": "x", "\udfff": 1}, "", "not valid Unicode (lone surrogate U+DFFF)"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_the_field(body: object, path: str, message: str) -> None:
    content = json.dumps(body).encode("ascii")  # the client's own writer does not write half a surrogate pair
    check_problem(post_text(content), 422, MISSHAPEN, error(message, file="body", path=path))


def test_a_body_of_no_json_content_type_is_told_apart_from_one_of_the_wrong_shape() -> None:
    found = error("must be an object", file="body")
    check_problem(post_text(b"5", "application/merge-patch+json"), 422, MISSHAPEN, found)


def test_more_queries_than_the_service_allows_are_refused() -> None:
    check_problem(post({"queries": ["x"] * 3}, max_queries=2), 422, "too many queries (3; the limit is 2)")


def test_a_request_about_nothing_is_refused_with_what_to_send() -> None:
    detail = "no manifests and no snapshot, and the service was started without --from; send one of them"
    check_problem(post({"query": ISOLATED}), 422, detail)


@pytest.mark.parametrize(
    ("options", "detail"),
    [
        ({"channel": "standard"}, "channel decides how manifests are read: send manifests to change that"),
        ({"cni": "calico"}, "cni decides how manifests are read: send manifests to change that"),
        ({"cni": "cilium"}, "cni decides how manifests are read: send manifests to change that"),
        (
            {"channel": "standard", "domains": {"a.example": "10.0.0.0/8"}, "cni": None},
            "channel and domains decide how manifests are read: send manifests to change that",
        ),
    ],
)
def test_options_that_decide_how_manifests_are_read_need_manifests(options: dict[str, Any], detail: str) -> None:
    response = client(tenants()).post("/query", json={"query": ISOLATED, "options": options})
    check_problem(response, 422, detail)


ODD = (
    MANIFESTS
    + """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: odd}
spec:
  priority: 1
  subject: {namespaces: {}}
  egress: [{action: Deny, to: [{namespaces: {}}], ports: [{portNumber: {protocol: tcp, port: 80}}]}]
"""
)


@pytest.mark.parametrize("text", [ODD, MANIFESTS])
@pytest.mark.parametrize(("read", "wanted"), [("kube-network-policies", "antrea"), ("spec", "kube-network-policies")])
def test_what_only_a_server_stores_is_read_for_one_implementation(text: str, read: str, wanted: str) -> None:
    snapshot = load_text(text, options=model_options({"cni": read}))
    response = client(snapshot).post("/query", json={"query": "can any pod reach any pod?", "options": {"cni": wanted}})
    if text == ODD:
        check_problem(response, 422, "cni decides how manifests are read: send manifests to change that")
    else:
        assert response.status_code == 200


GATED = (
    MANIFESTS
    + """---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: a}
spec: {priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}]}]}
"""
)


@pytest.mark.parametrize(("read", "wanted"), [("spec", "antrea"), ("antrea", "spec")])
def test_kinds_that_a_setting_turns_on_need_a_snapshot_that_was_read_for_the_implementation(
    read: str, wanted: str
) -> None:
    for text, status in ((GATED, 422), (MANIFESTS, 200)):
        snapshot = load_text(text, options=model_options({"cni": read}))
        body = {"query": "can any pod reach any pod?", "options": {"cni": wanted}}
        assert client(snapshot).post("/query", json=body).status_code == status


def test_the_implementation_that_the_input_shows_needs_a_snapshot_that_was_read_for_it() -> None:
    agent = "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: cilium}\nspec: {template: {spec: {}}}\n"
    body = {"query": "can any pod reach any pod?", "options": {"cni": "auto"}}
    for read, status in (("spec", 422), ("antrea", 422), ("auto", 200), (None, 200)):
        response = client(load_text(f"{MANIFESTS}{agent}", options=model_options({"cni": read}))).post(
            "/query", json=body
        )
        if status == 422:
            check_problem(response, 422, "cni decides how manifests are read: send manifests to change that")
        else:
            assert "CNI_FOUND" in [each["code"] for each in response.json()["assumptions"]]


def test_a_release_that_is_not_modelled_is_not_taken_for_the_nearest_without_a_word() -> None:
    snapshot = load_text(MANIFESTS, options=model_options({"cni": "cilium"}))
    asked = {"query": "can any pod reach any pod?"}
    for cni in ("cilium", "cilium@1.20", "cilium@v1.20.2"):
        assert client(snapshot).post("/query", json={**asked, "options": {"cni": cni}}).status_code == 200
    for cni in ("cilium@1.25", "cilium@1.18"):
        response = client(snapshot).post("/query", json={**asked, "options": {"cni": cni}})
        check_problem(response, 422, "cni decides how manifests are read: send manifests to change that")


# ---------------------------------------------------------------- 422: the query, the options, the manifests


def test_a_syntax_error_is_refused_with_its_place() -> None:
    found = error(
        "found `raech`, expected `reach`, `except`, `or` or a condition such as `in namespace NAME` or "
        "`labelled app=web`; did you mean `reach`?\n"
        "    can any pod in tenant a raech tenant a?\n"
        "                            ^^^^^\n"
        "  write\n"
        "    can any pod in tenant a reach pods in tenant a\n"
        "    can pods in tenant a reach pod shop/web\n"
        "    all tenants are isolated",
        file="query",
        line=1,
        column=25,
    )
    check_problem(
        post({"query": "can any pod in tenant a raech tenant a?", "manifests": MANIFESTS}),
        422,
        f"{WRONG}1 problem",
        found,
    )


def test_all_unknown_names_are_refused_with_their_places() -> None:
    response = post({"query": "can tenant A reach pod shop/wob?", "manifests": MANIFESTS})
    sentence = "    can tenant A reach pod shop/wob?\n"
    check_problem(
        response,
        422,
        f"{WRONG}2 problems",
        error(
            f"no tenant A in the snapshot; did you mean `a`?\n{sentence}               ^",
            file="query",
            line=1,
            column=12,
        ),
        error(
            f"no pod shop/wob in the snapshot; did you mean `shop/web`?\n{sentence}                           ^^^^^^^^",
            file="query",
            line=1,
            column=24,
        ),
    )


def test_a_name_that_a_sentence_means_twice_is_told_once() -> None:
    response = post({"query": "tenant A is isolated from tenant b", "manifests": MANIFESTS})
    sentence = "    tenant A is isolated from tenant b\n"
    check_problem(
        response,
        422,
        f"{WRONG}2 problems",
        error(
            f"no tenant A in the snapshot; did you mean `a`?\n{sentence}           ^", file="query", line=1, column=8
        ),
        error(
            f"no tenant b in the snapshot; it has a\n{sentence}                                     ^",
            file="query",
            line=1,
            column=34,
        ),
    )


def test_all_wrong_options_are_refused() -> None:
    options = {"cni": "calcio", "podcidr": None, "cidrMatches": 5, "domains": {"a.example": None}}
    response = post({"query": ISOLATED, "manifests": MANIFESTS, "options": options})
    check_problem(
        response,
        422,
        f"{WRONG}4 problems",
        error("must be one of all, world+nodes, world+pods, world (got 5)", file="options", path="cidrMatches"),
        error(
            "must be one of spec, calico, cilium, ovn-kubernetes, antrea, kube-network-policies, kube-router, "
            "auto (got 'calcio'); did you mean `calico`?",
            file="options",
            path="cni",
        ),
        error("must be a CIDR or a list of CIDRs (got None)", file="options", path="domains.a.example"),
        error("unknown option; did you mean `podCidr`?", file="options", path="podcidr"),
    )


def test_all_problems_of_manifests_are_told_with_line_and_field() -> None:
    manifests = (
        "apiVersion: networking.k8s.io/v1\n"
        "kind: NetworkPolicy\n"
        "metadata: {name: db, namespace: shop}\n"
        "spec:\n"
        "  podSelector: {}\n"
        "  ingress:\n"
        "    - form: []\n"
        "      ports: [{port: 70000}]\n"
    )
    check_problem(
        post({"query": ISOLATED, "manifests": manifests}),
        422,
        f"{WRONG}2 problems",
        error(
            "NetworkPolicy shop/db: unknown field `form`; did you mean `from`?",
            file="manifests",
            line=7,
            path="spec.ingress[0].form",
        ),
        error(
            "NetworkPolicy shop/db: found 70000, expected a port number from 1 to 65535",
            file="manifests",
            line=8,
            path="spec.ingress[0].ports[0].port",
        ),
    )


def test_manifests_without_an_object_are_refused() -> None:
    found = error("no Kubernetes objects", file="manifests")
    check_problem(post({"query": ISOLATED, "manifests": ""}), 422, f"{WRONG}1 problem", found)


def test_a_file_of_the_service_cannot_be_named_in_a_request() -> None:
    response = post({"query": ISOLATED, "manifests": "/etc/hostname"})
    assert response.status_code == 422
    assert [each["file"] for each in response.json()["errors"]] == ["manifests"]


# ---------------------------------------------------------------- 500


def test_a_disagreement_of_our_engines_gives_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "ask", failing(InternalError("two engines disagree")))
    check_problem(client(tenants()).post("/query", json={"query": ISOLATED}), 500, "two engines disagree")


def test_an_error_that_nobody_expected_is_told_without_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "session_of", failing(RuntimeError("/secret/path")))
    response = client(tenants()).post("/query", json={"query": ISOLATED})
    check_problem(response, 500, "unexpected error; see the service's log")
