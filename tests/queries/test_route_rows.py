"""Rows of what comes in by routes: from which pods, to which, on which ports, and by which route."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.documents.words import By
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import request
from reachproof.queries.connectivity_document import Explaining, report_document
from reachproof.render.connectivity_text import text_lines
from reachproof.solver.budget import Budget
from tests.queries.given import Manifest, deployment, endpoints, namespace, network_policy, node, pod, service, session
from tests.queries.test_ways_in import EDGE, HTTP, NEVER, closed, gateway, proxy, route, thing

ROUTER = {"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"}


def report(asking: Session, *, by: str = "workload", explaining: Explaining = Explaining.NONE, **sets: str) -> Any:
    wanted = request(By(by), sets.get("src"), sets.get("dst"), sets.get("ports"))
    return report_document(asking, wanted, Budget(seconds=30), explaining=explaining)


def lines(found: ConnectivityMatrix) -> list[str]:
    """The lines of the ways in; empty where there is no such section."""
    written = list(text_lines(found))
    if found.ways_in is None:
        return []
    return [each for each in written[written.index("Ways in, by routes:") + 1 :] if not each.startswith("assuming ")]


def ways(asking: Session, **asked: Any) -> list[str]:
    return lines(report(asking, **asked))


def ingress(*services: str) -> Manifest:
    paths = [
        {"path": f"/{name}", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}
        for name in services
    ]
    return thing("networking.k8s.io/v1", "Ingress", "shop/web", {"rules": [{"http": {"paths": paths}}]})


def openshift(name: str = "front", **spec: Any) -> Manifest:
    return thing("route.openshift.io/v1", "Route", "shop/out", {"to": {"kind": "Service", "name": name}} | spec)


def test_a_route_is_a_row_from_the_proxies_to_each_backend_on_its_port() -> None:
    assert ways(closed(route(), gateway(), proxy())) == ["edge/proxy => shop/front : TCP 8080  (by HTTPRoute shop/web)"]


def test_what_policy_stops_is_no_row() -> None:
    assert ways(closed(route(), gateway(), proxy(), peers=())) == ["none"]


def test_a_pod_stands_for_a_controller_that_is_not_in_the_input() -> None:
    assert ways(closed(ingress("front"), peers=({"namespaceSelector": {}},))) == [
        "(ingress)/controller => shop/front : TCP 8080  (by Ingress shop/web)"
    ]


def test_where_its_labels_decide_the_row_is_undetermined() -> None:
    assert ways(closed(ingress("front"), peers=({"namespaceSelector": {"matchLabels": {"a": "b"}}},))) == [
        "(ingress)/controller => shop/front : TCP 8080  (undetermined, by Ingress shop/web)"
    ]


def test_a_gateway_that_is_not_in_the_input_leaves_the_row_undetermined() -> None:
    why = "Gateway edge/gw is not in the input"
    assert ways(closed(route(), proxy(app="x"))) == [
        f"edge/proxy => shop/front : TCP 8080  (undetermined, by HTTPRoute shop/web perhaps ({why}))"
    ]


def test_where_the_proxies_are_not_known_each_known_one_may_be_one_of_them() -> None:
    known = proxy(**{"app.kubernetes.io/name": "traefik"})
    found = ways(closed(route(), gateway(), known, peers=({"namespaceSelector": {}},)))
    assert found == [
        "(ingress)/controller => shop/front : TCP 8080  (by HTTPRoute shop/web)",
        "edge/proxy => shop/front : TCP 8080  "
        "(undetermined, by HTTPRoute shop/web perhaps (which pods serve it is not known))",
    ]


def test_a_kind_that_is_not_read_is_an_undetermined_row_to_each_service() -> None:
    mapping = thing("getambassador.io/v3alpha1", "Mapping", "edge/m", {"prefix": "/", "service": "front.shop"})
    found = ways(closed(mapping, peers=({"namespaceSelector": {}},)))
    assert found == [
        "(ingress)/controller => shop/front : TCP 8080  "
        "(undetermined, by Mapping edge/m perhaps (its kind is not read))"
    ]


def test_a_backend_that_is_not_ready_leaves_the_row_undetermined() -> None:
    slices = endpoints("shop/front", {"port": 8080}, "10.0.0.1")
    slices["endpoints"][0]["conditions"] = {"ready": False}
    slices["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
    found = ways(closed(route(), gateway(), proxy(), slices))
    assert found == [
        "edge/proxy => shop/front : TCP 8080  "
        "(undetermined, by HTTPRoute shop/web perhaps (pod shop/front is not ready in its EndpointSlice))"
    ]


def test_several_routes_to_one_backend_are_one_row() -> None:
    found = ways(closed(route(), gateway(), openshift(), proxy(**ROUTER), peers=({"namespaceSelector": {}},)))
    assert found == [
        "(ingress)/controller => shop/front : TCP 8080  (by HTTPRoute shop/web)",
        "edge/proxy => shop/front : TCP 8080  (by Route shop/out, "
        "HTTPRoute shop/web perhaps (which pods serve it is not known))",
    ]


def test_a_workload_of_which_a_service_selects_some_pods_is_partly_reached() -> None:
    pods = [pod(f"shop/front-{at}", f"10.0.1.{at}", app="front", at=str(at)) for at in (1, 2)]
    owner = {"kind": "ReplicaSet", "name": "front", "controller": True, "apiVersion": "apps/v1", "uid": "u"}
    for each in pods:
        each["metadata"]["ownerReferences"] = [owner]
    one = service("shop/one", {"at": "1"}, HTTP)
    asking = session(namespace("edge"), *pods, one, openshift("one"), proxy(**ROUTER))
    assert ways(asking) == [
        "edge/proxy => shop/front[ReplicaSet] : TCP 8080  (only between some of their pods, by Route shop/out)"
    ]
    assert ways(asking, by="pod") == ["edge/proxy => shop/front-1 : TCP 8080  (by Route shop/out)"]


def test_a_service_without_a_selector_may_lead_out_of_the_cluster() -> None:
    plain = service("shop/legacy", None, {"port": 80, "targetPort": 8080})
    slices = endpoints("shop/legacy", {"port": 8080}, "203.0.113.7")
    asking = session(namespace("edge"), plain, slices, openshift("legacy"), proxy(**ROUTER))
    assert ways(asking) == ["edge/proxy => 203.0.113.7/32 : TCP 8080  (by Route shop/out)"]


def test_the_routers_of_openshift_on_the_host_network_are_judged_by_their_nodes() -> None:
    nodes = (node("n1", "192.168.0.1"), node("n2", "192.168.0.2"))
    routers = [pod(f"edge/router-{at}", f"192.168.0.{at}", on=f"n{at}", host=True) for at in (1, 2)]
    for each in routers:
        each["metadata"]["labels"] = ROUTER
    policy = network_policy("shop/front", {"app": "front"}, ingress=[])
    here = pod("shop/front", "10.0.0.1", on="n1")
    asking = session(
        namespace("edge"), *nodes, here, service("shop/front", {"app": "front"}, HTTP), policy, openshift(), *routers
    )
    assert ways(asking) == ["edge/router-1 => shop/front : TCP 8080  (by Route shop/out)"]


@pytest.mark.parametrize(
    ("sets", "shown"),
    [
        ({}, True),
        ({"src": "anything outside the cluster"}, True),
        ({"src": "203.0.113.0/24"}, True),
        ({"src": "the ingress controller"}, True),
        ({"src": "pods"}, False),
        ({"dst": "service shop/front"}, True),
        ({"dst": "pods in namespace shop", "ports": "tcp/8080"}, True),
    ],
)
def test_sources_and_destinations_narrow_it_down(sets: dict[str, str], shown: bool) -> None:
    found = ways(closed(route(), gateway(), proxy()), **sets)
    assert found == (["edge/proxy => shop/front : TCP 8080  (by HTTPRoute shop/web)"] if shown else [])


@pytest.mark.parametrize("sets", [{"dst": "namespace edge"}, {"ports": "tcp/9090"}])
def test_what_is_not_asked_for_is_left_out(sets: dict[str, str]) -> None:
    assert ways(closed(route(), gateway(), proxy()), **sets) == ["none"]


def test_without_routes_there_is_no_section() -> None:
    assert ways(closed()) == []


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ("namespace", "namespace edge => namespace shop : TCP 8080  (by HTTPRoute shop/web)"),
        ("tenant", "tenant e => tenant s : TCP 8080  (by HTTPRoute shop/web)"),
    ],
)
def test_ends_are_put_together_as_in_other_rows(by: str, line: str) -> None:
    front = service("shop/front", {"app": "front"}, HTTP)
    homes = namespace("edge", tenant="e"), namespace("shop", tenant="s")
    asking = session(*homes, pod("shop/front", "10.0.0.1"), front, route(), gateway(), proxy())
    assert ways(asking, by=by) == [line]


def test_explanations_say_which_route_and_which_rule() -> None:
    found = ways(closed(route(), gateway(), proxy()), explaining=Explaining.ALL)
    assert [each.partition("  [")[0] for each in found] == [
        "edge/proxy => shop/front : TCP 8080  (by HTTPRoute shop/web)",
        "    HTTPRoute shop/web leads to TCP 8080",
        "    TCP 8080: allowed",
        "      egress  allow no policy decides egress from pod edge/proxy to pod shop/front on tcp/8080; it is allowed "
        "by default",
        "      ingress allow NetworkPolicy shop/front rule 0 allows ingress from pod edge/proxy to pod shop/front on "
        "tcp/8080",
    ]


def test_explanations_list_what_policy_stops() -> None:
    found = ways(closed(route(), gateway(), proxy(), peers=()), explaining=Explaining.ALL)
    assert [each.partition("  [")[0] for each in found] == [
        "edge/proxy => shop/front : no ports  (by HTTPRoute shop/web)",
        "    HTTPRoute shop/web leads to TCP 8080",
        "    TCP 8080: denied",
        "      ingress deny  NetworkPolicy shop/front isolates pod shop/front for ingress and none of its rules allows "
        "ingress from pod edge/proxy to pod shop/front on tcp/8080",
    ]


def test_a_workload_without_its_pods_is_an_end() -> None:
    policy = network_policy("shop/front", {"app": "front"}, ingress=[{"from": [EDGE]}])
    front = service("shop/front", {"app": "front"}, HTTP)
    asking = session(namespace("edge"), deployment("shop/front", 3), front, policy, route(), gateway(), proxy())
    assert ways(asking) == ["edge/proxy => shop/front[Deployment] : TCP 8080  (by HTTPRoute shop/web)"]


def test_of_several_controllers_each_may_serve_an_ingress() -> None:
    traefik = proxy("other", **{"app.kubernetes.io/name": "traefik"})
    nginx = proxy(**{"app.kubernetes.io/name": "ingress-nginx"})
    traefik["status"] = {"phase": "Running", "podIP": "10.0.0.8"}
    both = closed(namespace("other"), ingress("front"), nginx, traefik)
    why = "which pods serve it is not known"
    assert ways(both) == [f"edge/proxy => shop/front : TCP 8080  (undetermined, by Ingress shop/web perhaps ({why}))"]
    assert both.ask(NEVER).verdict == "unknown"
    assert closed(ingress("front"), nginx).ask(NEVER).verdict == "violated"


def replicated(key: str, labels: dict[str, str]) -> Manifest:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return thing("apps/v1", "Deployment", key, {"selector": {"matchLabels": labels}, "template": template})


def test_of_one_controller_that_is_there_twice_each_may_serve_an_ingress() -> None:
    nginx = {"app.kubernetes.io/name": "ingress-nginx"}
    inner, outer = replicated("inner/nginx", nginx), replicated("edge/nginx", nginx)
    why = "which pods serve it is not known"
    both = closed(namespace("inner"), ingress("front"), inner, outer)
    row = "edge/nginx[Deployment] => shop/front : TCP 8080  ({}by Ingress shop/web{})"
    assert ways(both) == [row.format("undetermined, ", f" perhaps ({why})")]
    assert both.ask(NEVER).verdict == "unknown"
    replicas = [
        made | {"metadata": made["metadata"] | {"labels": nginx}}
        for made in (pod("edge/one", "10.0.0.20"), pod("edge/two", "10.0.0.21"))
    ]
    assert closed(ingress("front"), *replicas).ask(NEVER).verdict == "violated"
    assert ways(closed(ingress("front"), outer)) == [row.format("", "")]
