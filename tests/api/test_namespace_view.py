"""The owner of a namespace is shown answers about their own objects, and of others neither names nor places."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from reachproof.api.app import create_app
from reachproof.api.database import Database
from reachproof.api.http_error import HttpError
from reachproof.api.namespace_view import OUTSIDE, view_of
from reachproof.api.redaction.decisions import DECISIONS, WHOLE, rows, shown
from reachproof.api.redaction.errors import shown_problem
from reachproof.api.redaction.policies import HIDDEN, NOT_SHOWN
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.store import SnapshotStore
from reachproof.api.workers.pool_executor import ProcessExecutor
from reachproof.documents.answer import Answer, Row
from reachproof.documents.completion import Completion
from reachproof.documents.connectivity import Connectivity, Unfinished
from reachproof.documents.diff import Diff
from reachproof.documents.findings import Findings
from reachproof.documents.json import plain_fields
from reachproof.documents.parts import Part
from reachproof.documents.report import Report
from reachproof.documents.schema import components
from reachproof.manifests import load_objects
from reachproof.network.errors import InputError, InternalError, Problem
from tests.api.requests import check_problem, error
from tests.api.shared_clusters import SharedCluster, named
from tests.api.shared_service import Shared, leaked

NOT_FOUND = "not found, or not yours to see; name objects of your own namespaces"
_ROOTS = (Answer, Report, Connectivity, Unfinished, Diff, Findings, Completion)


def _pod(namespace: str, name: str, address: str, **labels: str) -> dict[str, Any]:
    status = {"phase": "Running", "podIP": address}
    spec = {"containers": [{"name": "c", "image": "i"}]}
    return named("Pod", name, namespace, metadata={"labels": labels}, spec=spec, status=status)


def cluster() -> SharedCluster:
    """A pod of one's own that a policy of its own isolates, two pods of others, and a policy of the administrators."""
    peer = {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"zqkey": "zqval"}}}}
    rule = {"name": "zqrule", "action": "Deny", "from": [peer]}
    admin = {"priority": 1, "subject": {"namespaces": {}}, "ingress": [rule]}
    own = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"namespaceSelector": {}}]}]}
    return SharedCluster(
        cni="spec",
        objects=[
            named("Namespace", "mine"),
            named("Namespace", "zqone"),
            _pod("mine", "web", "10.1.0.1", app="web"),
            _pod("zqone", "zqpod", "10.77.0.1", zqkey="zqval"),
            _pod("zqone", "zqother", "10.77.0.2", app="web"),
            named("NetworkPolicy", "own", "mine", "networking.k8s.io/v1", spec=own),
            named("AdminNetworkPolicy", "zqadmin", version="policy.networking.k8s.io/v1alpha1", spec=admin),
        ],
    )


@pytest.fixture
def service(tmp_path: Path) -> Shared:
    return Shared(tmp_path, cluster(), cluster())


def ask(service: Shared, path: str, **body: Any) -> Any:
    """The answer to the owner."""
    response = service.send(service.owner, "POST", path, json={"snapshot": "now", **body})
    assert response.status_code == 200, response.text
    return response.json()


def test_a_flow_from_a_pod_of_others_is_explained_without_its_name(service: Shared) -> None:
    answer = ask(service, "/query", query="why can't pods outside namespace mine reach pods in namespace mine?")
    assert answer["verdict"] == "explained"
    source, steps = answer["witness"]["source"], answer["witness"]["trace"]
    assert (source["namespace"], source["name"], source["ip"], source["labels"]) == (OUTSIDE, OUTSIDE, None, {})
    assert answer["witness"]["destination"]["labels"] == {"app": "web"}
    assert [(each["subject"], each["text"]) for each in steps] == [
        (OUTSIDE, "no policy decides"),
        ("mine/web", "a policy of the administrators decides"),
    ]
    assert answer["because"] == [
        {
            "policy": {"kind": "AdminNetworkPolicy", "namespace": "", "name": OUTSIDE},
            "rule": {"index": 0, "name": ""},
            "direction": "ingress",
            "action": "deny",
            "origin": {"file": "", "line": 0, "path": ""},
            "text": "a policy of the administrators decides",
        }
    ]


def test_rows_of_others_are_one(service: Shared) -> None:
    rows = ask(service, "/connectivity", by="pod")["rows"]
    ends = [(row["src"].get("name"), row["dst"].get("name")) for row in rows]
    assert sorted(each for each in ends if None not in each) == [(OUTSIDE, "web"), ("web", OUTSIDE)]
    listed = ask(service, "/query", query="which pods can pods in namespace mine reach?")["rows"]
    assert [row["pods"] for row in listed] == [[OUTSIDE]]


def test_names_of_others_are_not_suggested(service: Shared) -> None:
    found = ask(service, "/query/complete", text="can pods in namespace ")
    assert [each["text"] for each in found["suggestions"] if each["kind"] != "word"] == ["mine"]
    assert found["snapshot"] == {**found["snapshot"], "namespaces": 1, "pods": 1, "services": 0, "policies": 1}
    body = {"snapshot": "now", "query": "can pods in namespace qone reach pods?"}
    told = service.send(service.owner, "POST", "/query", json=body)
    problem = error(NOT_FOUND, file="query", line=1, column=23)
    check_problem(told, 422, "the query or the manifests are wrong: 1 problem", problem)


def test_what_is_asked_for_by_name_is_answered(service: Shared) -> None:
    answer = ask(service, "/query", query="can pod zqone/zqother reach pod mine/web?")
    assert (answer["verdict"], answer["witness"]["source"]["name"]) == ("reachable", OUTSIDE)


def test_the_objects_of_a_snapshot_are_not_told_and_nothing_is_changed(service: Shared) -> None:
    message = (
        "the objects of a snapshot are not shown to a token that is limited to namespaces; leave out content, or use a "
        "token without --namespace"
    )
    check_problem(service.send(service.owner, "GET", "/snapshots/now?content=true"), 403, message)
    assert service.send(service.owner, "GET", "/snapshots/now").json()["counts"] == {}
    told = service.send(service.owner, "DELETE", "/snapshots/now")
    check_problem(told, 403, "the role read may not do this; it needs the role write")


def test_manifests_that_a_request_brings_are_shown_whole(service: Shared) -> None:
    body = {"manifests": cluster().objects, "query": "which pods can reach pods in namespace mine?"}
    told = service.send(service.owner, "POST", "/query", json=body).json()
    assert [row["pods"] for row in told["rows"]] == [["zqone/zqother"]]


def test_what_the_service_was_started_with_is_seen_in_the_same_way(service: Shared) -> None:
    app = create_app(service.settings, load_objects(cluster().objects))
    with TestClient(app, raise_server_exceptions=False) as client:
        body = {"query": "which pods can pods in namespace mine reach?"}
        told = client.post("/query", json=body, headers={"authorization": f"Bearer {service.owner}"}).json()
    assert [row["pods"] for row in told["rows"]] == [[OUTSIDE]]


def test_a_snapshot_that_cannot_be_read_is_not_told_of(service: Shared) -> None:
    body = {"snapshot": "now", "query": "can any pod reach any pod?"}
    with pytest.MonkeyPatch.context() as patched:
        problem = Problem(file="zqfile-1.json", subject="Pod zqone/zqpod", message="zqval is wrong")
        patched.setattr("reachproof.api.snapshot_provider.load_stored", raising(InputError([problem])))
        told = service.send(service.owner, "POST", "/query", json=body)
    check_problem(told, 422, "the snapshot cannot be read under these options; ask those who stored it")


@pytest.mark.parametrize(
    ("raised", "status", "detail"),
    [
        (InternalError("zqone/zqpod is judged twice"), 500, f"internal error; {NOT_SHOWN}"),
        (InternalError("mine/web is judged twice"), 500, "mine/web is judged twice"),
        (HttpError(422, "zqone is wrong"), 422, NOT_SHOWN),
    ],
    ids=["bug of others", "own bug", "refusal"],
)
def test_errors_name_nobody_else(service: Shared, raised: Exception, status: int, detail: str) -> None:
    body = {"snapshot": "now", "source": "pods", "destination": "pods", "port": "tcp/80"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("reachproof.queries.explain.explain", raising(raised))
        check_problem(service.send(service.owner, "POST", "/explain", json=body), status, detail)


def test_problems_in_files_of_others_have_no_place() -> None:
    view = view_of(("mine",), [load_objects(cluster().objects, name="zqall.yaml")], ())
    own = Problem(file="query", line=1, column=2, path="a.b", message="what?")
    assert shown_problem(own, view) == own
    other = Problem(file="zqone/zqpod.yaml", line=3, column=4, subject="Pod zqone/zqpod", path="zqkey", message="zqval")
    assert shown_problem(other, view) == Problem(file="snapshot", message=NOT_FOUND)


def raising(error: Exception) -> Callable[..., Any]:
    """A function that fails with this."""

    def fail(*_given: object, **_named: object) -> Any:
        raise error

    return fail


def test_no_kept_answer_is_told_to_a_token_with_other_limits(service: Shared) -> None:
    body = {"snapshot": "now", "query": "which pods can pods in namespace mine reach?"}
    other = service.token("read", namespaces=("zqone",))
    told = [
        [service.send(token, "POST", "/query", json=body).json()["rows"][0]["pods"] for _ in range(3)]
        for token in (service.admin, service.owner, other, service.admin)
    ]
    everyone, mine, theirs = ["zqone/zqother", "zqone/zqpod"], [OUTSIDE], ["zqone/zqother", "zqone/zqpod"]
    assert told == [[each] * 3 for each in (everyone, mine, theirs, everyone)]


def test_workers_leave_out_the_same(service: Shared) -> None:
    settings = service.settings.model_copy(update={"workers": 1, "result_cache_entries": 0})
    provider = SnapshotProvider(None, SnapshotStore(Database.of(settings.database_url)))
    statements = ["which pods can pods in namespace mine reach?", "can pods reach pods in namespace mine?"]
    requests: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/query", {"queries": statements}),
        ("/connectivity", {"by": "pod", "explain": True}),
        ("/check", {"pack": "invariant a: no pod can reach pods in namespace mine"}),
    )
    app = create_app(settings, executor=ProcessExecutor(settings, provider))
    with TestClient(app, raise_server_exceptions=False) as client:
        for path, body in requests:
            asked = {"snapshot": "now", **body}
            told = client.post(path, json=asked, headers={"authorization": f"Bearer {service.owner}"})
            assert (told.status_code, leaked(asked, told.text)) == (200, set())
            assert timeless(told.json()) == timeless(ask(service, path, **body))
        wrong = client.post(
            "/query",
            json={"snapshot": "now", "queries": ["can pods in namespace qone reach pods?"]},
            headers={"authorization": f"Bearer {service.owner}"},
        )
    assert [each["message"] for each in wrong.json()["errors"]] == [NOT_FOUND]


def timeless(document: Any) -> Any:
    """A document without times."""
    if isinstance(document, list):
        return [timeless(each) for each in document]
    if isinstance(document, dict):
        return {name: timeless(each) for name, each in document.items() if not name.endswith("Ms")}
    return document


def test_without_limits_everything_is_named(service: Shared) -> None:
    body = {"snapshot": "now", "by": "pod", "explain": True}
    told = service.send(service.admin, "POST", "/connectivity", json=body).text
    assert {"zqone", "zqpod", "zqval", "zqadmin", "10.77.0.1"} <= leaked(body, told)


# ---------------------------------------------------------------- what names others without being about them


def test_an_address_that_ends_in_colons_and_a_part_of_a_word_name_others() -> None:
    view = view_of(("mine",), [load_objects(cluster().objects)], ("why 2001:db8:1::?",))
    for text in ("to 2001:db8::", "2001:db8::/32 is denied", "2001:db8::-2001:db8::9", "at 2001:db8::: no"):
        assert view.names_others(text), text
    for text in ("svc.zqone.svc", "zqpod_x", "x_zqone.y is there"):
        assert view.names_others(text), text
    for text in ("to 2001:db8:1::", "mine.svc is there", "from ::/0", "it ends so: yes"):
        assert not view.names_others(text), text


def test_a_line_that_others_share_is_nobodys_place() -> None:
    view = view_of(("mine",), [load_objects(cluster().objects)], ())
    own, shared = ("mine.yaml", 1), ("all.json", 1)
    places = replace(view.own, places=frozenset((own, shared)))
    view = replace(view, own=places, foreign=replace(view.foreign, places=frozenset((shared,))))
    assert (view.is_own_place(*own), view.is_own_place(*shared)) == (True, False)


def test_findings_of_a_snapshot_in_one_line_are_not_told(tmp_path: Path) -> None:
    dead = {"podSelector": {"matchLabels": {"zqkey": "none"}}, "policyTypes": ["Ingress"]}
    objects = [*cluster().objects, named("NetworkPolicy", "zqdead", "zqone", "networking.k8s.io/v1", spec=dead)]
    shared = SharedCluster(cni="spec", objects=objects, in_one_line=True)
    service = Shared(tmp_path, shared, shared)
    everything = service.send(service.admin, "POST", "/lint", json={"snapshot": "now"}).json()
    assert "NetworkPolicy zqone/zqdead" in {each["subject"] for each in everything["findings"]}
    assert ask(service, "/lint")["findings"] == []


def test_notices_about_objects_of_the_cluster_say_their_codes_alone(tmp_path: Path) -> None:
    version = "projectcalico.org/v3"
    extra = [
        named("HostEndpoint", "zqendpoint", version=version, spec={"node": "zqnode", "interfaceName": "zqeth0"}),
        named("ZqCustom", "zqcustom", "zqone", "zqgroup.example/v1"),
    ]
    shared = SharedCluster(cni="calico", objects=[*cluster().objects[:-1], *extra])
    service = Shared(tmp_path, shared, shared)
    body = {"snapshot": "now", "query": "can pods in namespace mine and labelled app=none reach 8.8.8.8?"}
    everything = service.send(service.admin, "POST", "/query", json=body)
    assert {"zqendpoint", "ZqCustom.zqgroup.example"} <= leaked(body, everything.text)
    told = service.send(service.owner, "POST", "/query", json=body)
    assert leaked(body, told.text) == set()
    notices = {each["code"]: each["text"] for name in ("assumptions", "warnings") for each in told.json()[name]}
    assert notices["HOST_ENDPOINT"] == notices["KINDS_SKIPPED"] == HIDDEN
    assert notices["EMPTY_SET"].endswith("matches nothing in this snapshot")


def test_of_a_policy_of_others_no_rule_is_listed(tmp_path: Path) -> None:
    ports = [{"port": "zqport", "protocol": "TCP"}]
    spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": {}}], "ports": ports}]}
    objects = [*cluster().objects[:-1], named("NetworkPolicy", "zqpol", "zqone", "networking.k8s.io/v1", spec=spec)]
    shared = SharedCluster(cni="spec", objects=objects)
    service = Shared(tmp_path, shared, shared)
    hidden = dict.fromkeys(("rule", "pods", "peer", "ports", "origin"), OUTSIDE)
    assert ask(service, "/query", query="what does netpol zqone/zqpol allow?")["rows"] == [
        {"direction": "ingress", **hidden}
    ]
    own = ask(service, "/query", query="what does netpol mine/own allow?")["rows"]
    assert [(each["peer"], each["ports"]) for each in own] == [("from pods in any namespace", "any port")]


def test_cells_say_numbers_of_ports_and_no_sentence_about_others() -> None:
    view = view_of(("mine",), [load_objects(cluster().objects)], ())
    undetermined: Row = {
        "change": "undetermined",
        "from": "NetworkPolicy zqone/zq",
        "depends": "a port named other differs",
    }
    given: tuple[Row, ...] = (
        {"ports": "tcp/80, udp/1-9", "depends": "any port"},
        {"ports": "port zqpod (tcp)", "depends": "AdminNetworkPolicy zqadmin"},
        undetermined,
    )
    assert rows(given, view) == (
        given[0],
        {"ports": OUTSIDE, "depends": OUTSIDE},
        {"change": "undetermined", "from": OUTSIDE, "depends": OUTSIDE},
    )


def test_a_difference_between_others_is_left_out_and_nothing_is_counted(tmp_path: Path) -> None:
    spec = {"podSelector": {"matchLabels": {"zqkey": "zqval"}}, "policyTypes": ["Ingress"]}
    policy = named("NetworkPolicy", "zqpol", "zqone", "networking.k8s.io/v1", spec=spec)
    nothing = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    closed = named("NetworkPolicy", "closed", "mine", "networking.k8s.io/v1", spec=nothing)
    before = [*cluster().objects[:-2], closed]
    now = SharedCluster(cni="spec", objects=[*before, policy, _pod("zqone", "zqnew", "10.77.0.9", app="zqnew")])
    service = Shared(tmp_path, SharedCluster(cni="spec", objects=before), now)
    body = {"old": {"snapshot": "old"}, "new": {"snapshot": "now"}}
    everything = service.send(service.admin, "POST", "/diff", json=body).json()
    told = service.send(service.owner, "POST", "/diff", json=body).json()
    assert told["relation"] == everything["relation"] == "incomparable"
    assert len(everything["new"]) == len(everything["policies"]) == 1 and all(
        map(everything["witnesses"].get, ("looser", "stricter"))
    )
    assert told["policies"] == told["new"] == told["lost"] == []
    assert told["witnesses"] == {"looser": None, "stricter": None, "undetermined": None}
    assert (told["evidence"]["compared"], told["evidence"]["judged"]) == (0, 0)
    report = ask(service, "/connectivity", by="pod")["evidence"]
    assert (report["judged"], report["flows"]) == (0, 0)


def test_counts_are_of_the_snapshot_that_is_named(service: Shared) -> None:
    objects = [named("Namespace", "brought"), _pod("brought", "one", "10.5.0.1")]
    body = {"text": "can ", "manifests": objects, "snapshots": {"old": {"snapshot": "old"}}}
    told = service.send(service.owner, "POST", "/query/complete", json=body).json()["snapshot"]
    found = load_objects(objects)
    assert told == {"id": found.digest, "namespaces": 1, "pods": 1, "services": 0, "policies": 0}


# ---------------------------------------------------------------- every field has a decision


def parts_of(kind: type[Part]) -> Iterator[type[Part]]:
    """A class of parts, and all that extend it."""
    yield kind
    for each in kind.__subclasses__():
        yield from parts_of(each)


def test_every_field_of_every_document_has_a_decision() -> None:
    shapes = {name for name, schema in components(_ROOTS, "#/").items() if "properties" in schema}
    sent = {each for each in parts_of(Part) if each.__name__ in shapes and each.__module__.startswith("reachproof.doc")}
    inside = {"Origin", "RuleNumber", "Ranges"}  # shown by the part that they are in
    assert shapes - inside == {each.__name__ for each in sent} - inside
    for kind in sent:
        if kind.__name__ not in inside:
            known = DECISIONS[kind].keys() if kind in DECISIONS else WHOLE[kind][1]
            assert set(kind.__struct_fields__) == set(known), kind


def test_a_field_without_a_decision_is_not_shown() -> None:
    class Extended(Unfinished, frozen=True, kw_only=True):
        more: str = "zq"

    view = view_of(("mine",), [load_objects(cluster().objects)], ())
    with pytest.raises(InternalError) as refused:
        shown(Extended(verdict="unknown", reason=""), view)
    assert str(refused.value) == "it is not decided who is shown more, reason, verdict of Extended"
    assert plain_fields(shown(Unfinished(verdict="unknown", reason="zqone is slow"), view))["reason"] == (
        "this names objects outside your namespaces, and is not shown"
    )


def test_texts_are_judged_by_words_addresses_and_files() -> None:
    view = view_of(("mine",), [load_objects(cluster().objects)], ("why 192.0.2.7 and zqone/zqpod?",))
    for text in ("pod mine/web is isolated", "10.1.0.1 is web", "192.0.2.7", "from 0.0.0.0/0", "pod zqone/zqpod"):
        assert not view.names_others(text), text
    others = ("label zqkey=zqval", "zqone/web", "10.77.0.1", "10.0.0.1-10.0.0.9", "8.8.8.8", "fe80::1", "zqone/zqother")
    for text in others:
        assert view.names_others(text), text
    assert json.loads(json.dumps(sorted(view.namespaces))) == ["mine"]
