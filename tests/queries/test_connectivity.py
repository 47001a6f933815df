"""Connectivity reports, by cases that can be read."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.documents.words import By
from reachproof.grammar.parse import parse_ports, parse_set
from reachproof.manifests.load import load_objects
from reachproof.network.errors import InternalError
from reachproof.network.options import Options
from reachproof.network.ports import format_ports
from reachproof.network.snapshot import Snapshot
from reachproof.queries import connectivity as reports
from reachproof.queries import replay
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import Connectivity, Request, connectivity
from reachproof.queries.errors import QueryError
from reachproof.semantics.trace import Truth
from tests.queries.report_rows import between, rows_of

Manifest = dict[str, Any]


def namespace(name: str, **labels: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def pod(name: str, *addresses: str, owner: str = "", **labels: str) -> Manifest:
    kind, _, owned = owner.partition("/")
    owners = [{"apiVersion": "apps/v1", "kind": kind, "name": owned, "uid": owned, "controller": True}] if owner else []
    place, _, short = name.rpartition("/")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": short, "namespace": place, "labels": labels, "ownerReferences": owners},
        "spec": {"containers": [{"name": "c"}]},
        "status": {"phase": "Running", "podIPs": [{"ip": address} for address in addresses]},
    }


def policy(name: str, select: Manifest, **spec: Any) -> Manifest:
    place, _, short = name.rpartition("/")
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": short, "namespace": place},
        "spec": {"podSelector": {"matchLabels": select}, **spec},
    }


def block(cidr: str, *excepted: str) -> Manifest:
    return {"ipBlock": {"cidr": cidr, **({"except": list(excepted)} if excepted else {})}}


def lines(report: Connectivity) -> list[str]:
    return [
        f"{row.src} => {row.dst}: {format_ports(row.ports)}"
        + (f" (partial {format_ports(row.access.partial)})" if row.access.partial else "")
        + (f" (open {format_ports(row.access.open)})" if row.access.open else "")
        for row in rows_of(report)
    ]


def report(objects: list[Manifest], by: By = By.WORKLOAD, **asked: str) -> list[str]:
    return lines(connectivity(Session(load_objects(objects)), request(by, **asked)))


def request(by: By = By.WORKLOAD, *, src: str = "", dst: str = "", ports: str = "") -> Request:
    found = Request(by=by)
    return Request(
        by=by,
        source=parse_set(src) if src else found.source,
        destination=parse_set(dst) if dst else found.destination,
        ports=parse_ports(ports) if ports else found.ports,
    )


WEB = [pod(f"shop/web-{number}", f"10.0.0.{number}", owner="StatefulSet/web", app="web") for number in (1, 2)]
DB = pod("shop/db", "10.0.0.9", app="db")
PEER_WEB: Manifest = {"podSelector": {"matchLabels": {"app": "web"}}}


def test_a_cluster_without_pods_has_an_empty_report() -> None:
    report = connectivity(Session(load_objects([namespace("shop")])))
    assert (lines(report), report.judged) == ([], 0)


def test_without_policies_everything_reaches_everything_but_itself() -> None:
    assert report([*WEB, DB]) == [
        "shop/db => shop/web[StatefulSet]: any port",
        "shop/db => 0.0.0.0/0: any port",
        "shop/web[StatefulSet] => shop/db: any port",
        "shop/web[StatefulSet] => shop/web[StatefulSet]: any port",
        "shop/web[StatefulSet] => 0.0.0.0/0: any port",
        "0.0.0.0/0 => shop/db: any port",
        "0.0.0.0/0 => shop/web[StatefulSet]: any port",
    ]


def test_pairs_without_connections_are_absent() -> None:
    ports = [{"protocol": "TCP", "port": 5432}]
    only_web = policy("shop/db", {"app": "db"}, ingress=[{"from": [PEER_WEB], "ports": ports}])
    assert report([*WEB, DB, only_web], dst="pod shop/db") == ["shop/web[StatefulSet] => shop/db: tcp/5432"]


def test_where_the_pods_of_a_workload_differ_the_row_says_so() -> None:
    one = {"statefulset.kubernetes.io/pod-name": "web-1"}
    first = pod("shop/web-1", "10.0.0.1", owner="StatefulSet/web", **one)
    second = pod("shop/web-2", "10.0.0.2", owner="StatefulSet/web")
    shut = policy("shop/shut", one, ingress=[])
    assert report([first, second, DB, shut], src="pod shop/db", dst="pods") == [
        "shop/db => shop/web[StatefulSet]: any port (partial any port)"
    ]
    assert report([first, second, DB, shut], By.POD, src="pod shop/db", dst="pods") == [
        "shop/db => shop/web-2: any port"
    ]


def test_what_a_pod_may_send_to_itself_is_no_connection_of_its_workload() -> None:
    """web-1 takes traffic from web-1 only, web-2 from nobody: neither takes it from the other."""
    one, two = {"pick": "one"}, {"pick": "two"}
    objects = [
        pod("shop/web-1", "10.0.0.1", owner="StatefulSet/web", **one),
        pod("shop/web-2", "10.0.0.2", owner="StatefulSet/web", **two),
        policy("shop/one", one, ingress=[{"from": [{"podSelector": {"matchLabels": one}}]}]),
        policy("shop/two", two, ingress=[]),
    ]
    assert report(objects, src="pods", dst="pods") == []
    assert report(objects, By.POD, src="pods", dst="pods") == []


def test_replicas_of_an_abstract_pod_reach_each_other() -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}}

    def deployment(replicas: int) -> Manifest:
        spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": spec,
        }

    assert report([deployment(2)], src="pods", dst="pods") == ["shop/web[Deployment] => shop/web[Deployment]: any port"]
    assert report([deployment(1)], src="pods", dst="pods") == []


def test_addresses_that_behave_alike_are_one_end_and_policies_cut_it() -> None:
    egress = [{"to": [block("10.0.0.0/8", "10.1.0.0/16"), block("192.0.2.0/24")]}]
    assert report([DB, policy("shop/out", {}, policyTypes=["Egress"], egress=egress)], src="pods") == [
        "shop/db => "
        + ",".join(
            f"10.{cidr}"
            for cidr in (
                "0.0.0/16",
                "2.0.0/15",
                "4.0.0/14",
                "8.0.0/13",
                "16.0.0/12",
                "32.0.0/11",
                "64.0.0/10",
                "128.0.0/9",
            )
        )
        + ",192.0.2.0/24: any port"
    ]


def test_both_families_are_one_end_where_they_behave_alike() -> None:
    both = pod("shop/db", "10.0.0.9", "fd00::9", app="db")
    assert report([both], src="pods") == ["shop/db => 0.0.0.0/0,::/0: any port"]
    split = policy(
        "shop/out",
        {},
        policyTypes=["Egress"],
        egress=[{"to": [block("::/0")], "ports": [{"port": 443}]}, {"to": [block("0.0.0.0/0")]}],
    )
    assert report([both, split], src="pods") == [
        "shop/db => 0.0.0.0/0: any port",
        "shop/db => ::/0: tcp/443",
    ]


def test_splitting_a_cidr_changes_no_row() -> None:
    def out(*cidrs: str) -> Manifest:
        return policy("shop/out", {}, policyTypes=["Egress"], egress=[{"to": [block(cidr) for cidr in cidrs]}])

    whole = report([*WEB, DB, out("198.51.100.0/24")])
    assert report([*WEB, DB, out("198.51.100.0/25", "198.51.100.128/25")]) == whole
    assert "shop/db => 198.51.100.0/24: any port" in whole


def test_by_namespace_and_tenant_what_belongs_to_no_tenant_stands_for_itself() -> None:
    objects = [
        namespace("shop", tenant="acme"),
        namespace("bank", tenant="acme"),
        namespace("lone"),
        DB,
        pod("bank/api", "10.0.1.1"),
        pod("lone/job", "10.0.2.1"),
        policy("lone/shut", {}, ingress=[]),
        policy("bank/shut", {}, ingress=[]),
    ]
    assert report(objects, By.NAMESPACE, src="pods", dst="pods") == [
        "namespace bank => namespace shop: any port",
        "namespace lone => namespace shop: any port",
    ]
    assert report(objects, By.TENANT, src="pods", dst="pods") == [
        "tenant acme => tenant acme: any port (partial any port)",
        "namespace lone => tenant acme: any port (partial any port)",
    ]


def test_the_ports_of_the_question_bound_the_rows() -> None:
    assert report([*WEB, DB], src="pod shop/db", dst="pods", ports="tcp/80 or udp/53") == [
        "shop/db => shop/web[StatefulSet]: tcp/80, udp/53"
    ]


def test_nodes_are_ends_where_a_set_names_them() -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n1"},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.1"}]},
    }
    assert "node n1 => shop/db: any port" not in report([DB, node])
    assert report([DB, node], src="nodes", dst="pods") == ["node n1 => shop/db: any port"]


def test_what_depends_on_an_open_choice_is_marked() -> None:
    rule = [{"name": "x", "action": "Deny", "from": [{"namespaces": {}}]}]
    subject = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}}

    def admin(name: str, action: str) -> Manifest:
        return {
            "apiVersion": "policy.networking.k8s.io/v1alpha1",
            "kind": "AdminNetworkPolicy",
            "metadata": {"name": name},
            "spec": {"priority": 5, "subject": subject, "ingress": [{**rule[0], "action": action}]},
        }

    objects = [*WEB, DB, admin("a", "Deny"), admin("b", "Allow")]
    assert report(objects, src="pod shop/db", dst="pods") == [
        "shop/db => shop/web[StatefulSet]: any port (open any port)"
    ]


def test_a_set_that_is_not_in_the_snapshot_is_refused() -> None:
    with pytest.raises(QueryError) as caught:
        report([DB], src="pod shop/dv")
    assert [problem.message for problem in caught.value.problems] == [
        "no pod shop/dv in the snapshot; did you mean `shop/db`?"
    ]


@pytest.mark.parametrize(
    ("claimed", "said"),
    [
        (Truth.EITHER, "the engines and the evaluator (either) disagree on"),
        (Truth.DENIED, "the engines and the evaluator (denied) disagree on"),
    ],
)
def test_a_report_that_the_evaluator_disputes_is_found_out(
    monkeypatch: pytest.MonkeyPatch, claimed: Truth, said: str
) -> None:
    monkeypatch.setattr(replay, "truth", lambda *_: claimed)
    with pytest.raises(InternalError) as caught:
        report([*WEB, DB])
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("claimed", [Truth.EITHER, Truth.DENIED])
def test_rows_that_are_not_what_the_tables_say_are_found_out(monkeypatch: pytest.MonkeyPatch, claimed: Truth) -> None:
    monkeypatch.setattr(reports, "spot_check", lambda *_: None)
    monkeypatch.setattr(replay, "truth", lambda *_: claimed)
    with pytest.raises(InternalError) as caught:
        report([*WEB, DB])
    assert str(caught.value).startswith(f"the report and the evaluator ({claimed}) disagree on")
    assert str(caught.value).endswith("; this is a bug of reachproof, no report is given")


def test_a_row_that_is_missing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shut = policy("shop/shut", {}, policyTypes=["Ingress", "Egress"])
    monkeypatch.setattr(reports, "spot_check", lambda *_: None)
    monkeypatch.setattr(replay, "truth", lambda *_: Truth.ALLOWED)
    with pytest.raises(InternalError) as caught:
        report([*WEB, DB, shut])
    assert str(caught.value).startswith("the report and the evaluator (allowed) disagree on")


def test_a_report_knows_its_ends_and_what_was_judged() -> None:
    snapshot: Snapshot = load_objects([*WEB, DB], options=Options())
    found = connectivity(Session(snapshot))
    assert [str(end) for end in found.ends] == ["shop/db", "shop/web[StatefulSet]", "0.0.0.0/0"]
    db, web, outside = found.ends
    assert between(found, db, web).ports and not between(found, db, db)
    assert not between(found, outside, outside)
    assert found.judged > len(rows_of(found))
    assert [each.name for each in web.pods] == ["web-1", "web-2"]
