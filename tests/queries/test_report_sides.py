"""What a report says of sides that it narrows, of the outside that reaches nothing, and of ends that differ inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reachproof.documents.connectivity import Facing, ports_of
from reachproof.documents.connectivity_matrix import connectivity_blocks
from reachproof.documents.words import By, Partial, Truth
from reachproof.network.ports import format_ports
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import Connectivity, connectivity, request
from reachproof.queries.connectivity_document import connectivity_document
from reachproof.queries.connectivity_explain import explain_report
from reachproof.queries.exposure import exposure, known_exposure
from reachproof.solver.budget import Budget
from reachproof.solver.z3_backend import Prover
from tests.queries.given import deployment, namespace, network_policy, node, pod, session
from tests.queries.report_rows import between, rows_of
from tests.queries.test_connectivity import pod as owned_pod

WEB, DB, OTHER = pod("a/web", "10.1.0.1"), pod("a/db", "10.1.0.2"), pod("b/other", "10.1.0.3")
ONLY_WEB = network_policy(
    "a/db",
    {"app": "db"},
    ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 99}]}],
)
OUT_TO_DB = network_policy(
    "a/web", {"app": "web"}, policyTypes=["Egress"], egress=[{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]
)


def facings(asked: Session, src: str | None = None, dst: str | None = None) -> dict[str, tuple[Facing, ...]]:
    report = connectivity(asked, request(By.WORKLOAD, src, dst))
    return {str(each.end): tuple(f for f in (each.ingress, each.egress) if f) for each in known_exposure(report)}


# ---------------------------------------------------------------- the entire cluster


def test_the_entire_cluster_is_not_spoken_of_where_the_report_leaves_out_pods() -> None:
    asked = session(WEB, DB, OTHER, ONLY_WEB, OUT_TO_DB)
    both = facings(asked, "pod a/web", "pod a/db")
    assert [facing.looked_at for found in both.values() for facing in found] == [False, False]
    received = facings(asked, None, "pod a/db")["a/db"][0]
    assert received.entire_cluster is not None and not ports_of(received.entire_cluster)
    sent = facings(asked, "pod a/web", None)["a/web"][-1]
    assert sent.entire_cluster is not None and not ports_of(sent.entire_cluster)


def test_a_side_of_all_pods_is_the_entire_cluster_and_leaves_the_outside_out() -> None:
    ingress, egress = facings(session(WEB, DB), "pods", "pods")["a/db"]
    for facing in (ingress, egress):
        assert facing.entire_cluster is not None and format_ports(ports_of(facing.entire_cluster)) == "any port"
        assert facing.outside is None


def test_the_pods_of_an_end_are_part_of_the_cluster_for_each_other() -> None:
    pods = [owned_pod(f"a/web-{n}", f"10.1.0.{n}", owner="StatefulSet/web", app="web") for n in (1, 2)]
    others = {"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}}
    asked = session(*pods, DB, network_policy("a/web", {"app": "web"}, ingress=[{"from": [others]}]))
    ingress, egress = facings(asked)["a/web[StatefulSet]"]
    assert ingress.entire_cluster is not None and not ports_of(ingress.entire_cluster)
    assert egress.entire_cluster is not None and not ports_of(egress.entire_cluster)


# ---------------------------------------------------------------- the outside


def absent(report: Connectivity) -> Iterator[tuple[str, str, list[str]]]:
    for each in explain_report(report):
        src, dst = report.ends[each.src], report.ends[each.dst]
        if not between(report, src, dst):
            yield str(src), str(dst), [because.text for because in each.because]


@pytest.mark.parametrize(("address", "outside"), [("10.1.0.1", "0.0.0.0/0"), ("fd00::1", "::/0")])
@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_an_outside_that_reaches_nothing_is_explained(address: str, outside: str, direction: str) -> None:
    shut = network_policy("a/shut", policyTypes=["Ingress", "Egress"])
    asked = session(pod("a/web", address), shut)
    sides = ("anything outside the cluster", "pod a/web") if direction == "ingress" else ("pod a/web", "the internet")
    report = connectivity(asked, request(By.POD, *sides), silent_outside=True)
    [(src, dst, because)] = absent(report)
    assert {src, dst} - {"a/web"} == {outside} or direction == "egress"
    assert because and because[0].startswith("NetworkPolicy a/shut isolates pod a/web for " + direction)
    assert rows_of(connectivity(asked, request(By.POD, *sides))) == rows_of(report) == ()


def test_what_is_left_of_an_outside_that_is_let_in_in_part_is_explained() -> None:
    office = network_policy("a/office", ingress=[{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}])
    report = connectivity(session(WEB, office), request(By.POD, None, "pod a/web"), silent_outside=True)
    assert [(str(row.src), str(row.dst)) for row in rows_of(report)] == [("203.0.113.0/24", "a/web")]
    [(src, dst, because)] = absent(report)
    assert "203.0.112.0/24" in src and "203.0.113.0/24" not in src and dst == "a/web"
    assert because[0].startswith("NetworkPolicy a/office isolates pod a/web for ingress and none of its rules allows")


# ---------------------------------------------------------------- the ingress controller

BACKEND = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
}
INGRESS: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
}
FROM_ANY_NAMESPACE = network_policy("shop/web", ingress=[{"from": [{"namespaceSelector": {}}]}])
SHOP = [pod("shop/web", "10.1.0.1"), BACKEND, INGRESS, FROM_ANY_NAMESPACE]


@pytest.mark.parametrize("where", ["session", "encoding"])
def test_a_report_has_the_controller_that_a_question_has(where: str) -> None:
    asked = session(*SHOP)
    place = asked if where == "session" else asked.encoding
    report = connectivity(place, request(By.POD, "the ingress controller", "pods"))
    assert [(str(row.src), str(row.dst)) for row in rows_of(report)] == [("(ingress)/controller", "shop/web")]
    assert [each.code for each in report.assumptions] == ["INGRESS_CONTROLLER_ASSUMED"]
    assert asked.ask("can the ingress controller reach pod shop/web?").verdict == "reachable"


def test_a_report_from_outside_to_a_service_has_what_arrives_by_its_ingress() -> None:
    report = connectivity(session(*SHOP), request(By.POD, "anything outside the cluster", "service shop/web"))
    assert [(str(row.src), format_ports(row.ports)) for row in rows_of(report)] == [
        ("(ingress)/controller", "tcp/8080")
    ]
    assert [each.code for each in report.assumptions] == ["INGRESS_CONTROLLER_ASSUMED", "ARRIVES_BY_INGRESS"]


def test_a_report_from_outside_to_a_node_port_has_what_arrives_from_nodes() -> None:
    exposed = {**BACKEND, "spec": {**BACKEND["spec"], "type": "NodePort"}}  # type: ignore[dict-item]
    from_nodes = network_policy("shop/web", ingress=[{"from": [{"ipBlock": {"cidr": "192.168.0.0/24"}}]}])
    objects = [
        pod("shop/web", "10.1.0.1", on="n2"),
        exposed,
        from_nodes,
        node("n1", "192.168.0.1"),
        node("n2", "192.168.0.2"),
    ]
    report = connectivity(session(*objects), request(By.POD, "the internet", "service shop/web"))
    assert [str(row.src) for row in rows_of(report)] == ["node n1", "node n2"]
    assert [each.code for each in report.assumptions] == ["ARRIVES_FROM_A_NODE"]
    every = connectivity(session(*objects), request(By.POD, None, "service shop/web"))
    assert [str(row.src) for row in rows_of(every)] == ["192.168.0.0/24"]
    assert [each.code for each in every.assumptions] == ["CLIENT_ADDRESS_KEPT"]


# ---------------------------------------------------------------- ends that differ inside

BLOCK = network_policy("a/db", {"app": "db"}, ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])
SIX = network_policy("a/db", {"app": "db"}, ingress=[{"from": [{"ipBlock": {"cidr": "::/0"}}]}])


@pytest.mark.parametrize(
    ("objects", "by", "reason"),
    [
        ([deployment("a/web"), pod("a/db", "10.1.0.2"), BLOCK], By.WORKLOAD, Partial.UNKNOWN_ADDRESSES),
        ([pod("a/web", "10.1.0.1", "fd00::1"), pod("a/db", "10.1.0.2", "fd00::2"), SIX], By.POD, Partial.ADDRESSES),
        ([pod("a/web", "10.1.0.1"), pod("a/job", "11.1.0.1"), DB, BLOCK], By.NAMESPACE, Partial.PODS),
        ([deployment("a/web"), deployment("a/job"), DB, BLOCK], By.NAMESPACE, Partial.PODS_OR_ADDRESSES),
    ],
)
def test_a_row_says_what_tells_its_flows_apart(objects: list[Any], by: By, reason: Partial) -> None:
    report = connectivity(session(*objects), request(by, "pods", "pods"))
    (row,) = (row for row in rows_of(report) if row.access.partial)
    assert row.partial_by is reason
    document = json.loads(b"".join(connectivity_blocks(connectivity_document(report))))
    assert [each.get("partialBy") for each in document["rows"] if "partial" in each] == [str(reason)]


def test_a_row_whose_flows_are_alike_says_nothing() -> None:
    report = connectivity(session(WEB, DB))
    assert all(row.partial_by is None for row in rows_of(report))


# ---------------------------------------------------------------- service accounts of possible pods

PRINCIPAL = {
    "apiVersion": "security.istio.io/v1",
    "kind": "AuthorizationPolicy",
    "metadata": {"namespace": "a", "name": "web"},
    "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "rules": [{"from": [{"source": {"serviceAccounts": ["b/x"]}}]}],
    },
}


def test_what_is_not_modelled_of_possible_pods_is_left_out_for_the_ends_that_it_concerns_only() -> None:
    meshed = namespace("a", **{"istio-injection": "enabled"})
    plain = network_policy("b/other", ingress=[])
    proxied = {**WEB, "spec": {"containers": [*WEB["spec"]["containers"], {"name": "istio-proxy", "image": "i"}]}}
    report = connectivity(session(meshed, proxied, OTHER, PRINCIPAL, plain))
    exposures, (notice,) = exposure(report, Budget(), Prover())
    found = {
        str(each.end): [f and f.possible_pods is not None for f in (each.ingress, each.egress)] for each in exposures
    }
    assert found == {"a/web": [False, True], "b/other": [True, True]}
    assert notice.code == "EXPOSURE_UNKNOWN"
    assert notice.text == (
        "possible pods are left out of the ingress exposure of a/web: AuthorizationPolicy a/web asks for a service "
        "account, and those of possible pods are not modelled"
    )
    assert Truth.ALLOWED in {stretch.truth for each in explain_report(report) for stretch in each.stretches}
