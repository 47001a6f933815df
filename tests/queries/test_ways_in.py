"""Traffic from outside by routes: certain where a route is, unknown where only one that may lead nowhere decides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.queries.ask import Session
from reachproof.queries.explain import explain
from tests.queries.given import Manifest, codes, namespace, network_policy, notice, pod, service, session, shown

HTTP = {"port": 80, "targetPort": 8080}
CAN = "can anything outside the cluster reach service shop/front on tcp/80?"
NEVER = "no address outside the cluster can reach service shop/front on tcp/80"
GATEWAY_API = "gateway.networking.k8s.io/v1"
EDGE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}


def thing(api_version: str, kind: str, key: str, spec: Any) -> Manifest:
    home, name = key.split("/")
    return {"apiVersion": api_version, "kind": kind, "metadata": {"namespace": home, "name": name}, "spec": spec}


def route(name: str = "front") -> Manifest:
    parents = [{"name": "gw", "namespace": "edge"}]
    return thing(
        GATEWAY_API, "HTTPRoute", "shop/web", {"parentRefs": parents, "rules": [{"backendRefs": [{"name": name}]}]}
    )


def gateway(source: str = "All") -> Manifest:
    listener = {"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": source}}}
    return thing(GATEWAY_API, "Gateway", "edge/gw", {"gatewayClassName": "any", "listeners": [listener]})


def proxy(namespace_: str = "edge", **labels: str) -> Manifest:
    made = pod(f"{namespace_}/proxy", "10.0.0.9")
    named = {"gateway.networking.k8s.io/gateway-name": "gw"}
    return made | {"metadata": made["metadata"] | {"labels": labels or named}}


def closed(*more: Manifest, peers: tuple[Manifest, ...] = (EDGE,)) -> Session:
    """Pods that take traffic from some peers only, behind a Service that nothing outside can connect to by itself."""
    policy = network_policy("shop/front", {"app": "front"}, ingress=[{"from": list(peers)}] if peers else [])
    front = service("shop/front", {"app": "front"}, HTTP)
    return session(namespace("edge"), pod("shop/front", "10.0.0.1"), front, policy, *more)


def test_what_comes_by_a_route_comes_from_the_proxies_of_its_gateway() -> None:
    asking = closed(route(), gateway(), proxy())
    answer = asking.ask(CAN)
    assert (answer.verdict, asking.ask(NEVER).verdict) == ("reachable", "violated")
    assert shown(answer) == "pod edge/proxy (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/8080"
    assert notice(answer, "ARRIVES_BY_INGRESS") == (
        "the ingress controller as the source stands for clients outside: an HTTPRoute leads to service shop/front"
    )


def test_proxies_that_policy_stops_let_nothing_in() -> None:
    asking = closed(route(), gateway(), proxy(), peers=())
    assert (asking.ask(CAN).verdict, asking.ask(NEVER).verdict) == ("unreachable", "holds")


def test_a_route_that_no_gateway_takes_changes_nothing() -> None:
    asking = closed(route(), gateway("Same"), proxy())
    assert (asking.ask(CAN).verdict, asking.ask(NEVER).verdict, codes(asking.ask(NEVER))) == (
        "unreachable",
        "holds",
        [],
    )


def test_a_route_to_another_service_changes_nothing() -> None:
    asking = closed(route("other"), gateway(), proxy())
    assert (asking.ask(CAN).verdict, codes(asking.ask(CAN))) == ("unreachable", [])


@pytest.mark.parametrize("sentence", [CAN, NEVER])
def test_where_only_a_route_that_may_lead_nowhere_decides_the_verdict_is_unknown(sentence: str) -> None:
    answer = closed(route(), proxy(app="x")).ask(sentence)
    assert answer.verdict == "unknown"
    assert answer.reason == (
        "pod edge/proxy (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/8080: HTTPRoute shop/web may lead from outside "
        "to service shop/front; it is not known, since Gateway edge/gw is not in the input"
    )
    assert codes(answer) == ["WAY_IN_NOT_CERTAIN"]


def test_such_a_route_leaves_what_policy_stops_anyhow_certain() -> None:
    answer = closed(route(), peers=()).ask(NEVER)
    assert answer.verdict == "holds"


def test_such_a_route_leaves_what_is_reachable_anyhow_certain() -> None:
    answer = closed(route(), peers=({"ipBlock": {"cidr": "0.0.0.0/0"}},)).ask(CAN)
    assert (answer.verdict, "WAY_IN_NOT_CERTAIN" in codes(answer)) == ("reachable", False)


def test_where_the_proxies_are_not_told_a_pod_stands_for_them() -> None:
    answer = closed(route(), gateway(), labelled("traefik"), peers=({"namespaceSelector": {}},)).ask(CAN)
    assert answer.verdict == "reachable"
    assert shown(answer) == "pod (ingress)/controller (10.0.0.2) -> pod shop/front (10.0.0.1) on tcp/8080"
    assert notice(answer, "INGRESS_CONTROLLER_ASSUMED") == (
        "no pod of the input is known for an ingress controller; a pod of a namespace of its own stands for it, whose "
        "labels and address are not known"
    )


def labelled(name: str) -> Manifest:
    return proxy(**{"app.kubernetes.io/name": name})


@pytest.mark.parametrize("sentence", [CAN, NEVER, "why can the internet reach service shop/front on tcp/80?"])
def test_that_a_known_controller_serves_a_route_is_not_taken_for_certain(sentence: str) -> None:
    answer = closed(route(), gateway(), labelled("traefik")).ask(sentence)
    assert answer.verdict == "unknown"
    assert answer.reason == (
        "pod edge/proxy (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/8080: HTTPRoute shop/web may lead from outside "
        "to service shop/front; which pods serve it is not known"
    )
    assert answer.evidence.replayed


def test_an_ingress_is_not_taken_to_be_served_by_the_proxy_of_a_gateway() -> None:
    backend = {"service": {"name": "front", "port": {"number": 80}}}
    rules = [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    to = thing("networking.k8s.io/v1", "Ingress", "shop/web", {"rules": rules})
    elsewhere = ({"namespaceSelector": {"matchLabels": {"team": "ingress"}}},)
    assert closed(to, proxy(), peers=elsewhere).ask(NEVER).verdict == "violated"
    assert closed(to, proxy()).ask(NEVER).verdict == "unknown"
    assert closed(to, proxy(), peers=()).ask(NEVER).verdict == "holds"


def test_the_proxies_of_a_gateway_of_istio_are_those_that_it_selects() -> None:
    selected = proxy(**{"my": "edge"})
    servers = [{"port": {"number": 80}, "hosts": ["*"]}]
    own = thing("networking.istio.io/v1", "Gateway", "edge/gw", {"selector": {"my": "edge"}, "servers": servers})
    routes = [{"route": [{"destination": {"host": "front"}}]}]
    spec = {"hosts": ["x.example"], "gateways": ["edge/gw"], "http": routes}
    answer = closed(own, thing("networking.istio.io/v1", "VirtualService", "shop/web", spec), selected).ask(CAN)
    assert shown(answer) == "pod edge/proxy (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/8080"
    assert notice(answer, "INGRESS_CONTROLLER") == (
        "the ingress controller is edge/proxy, by the selector of a gateway"
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "only pods in namespace shop can reach service shop/front on tcp/80",
        "every address outside the cluster can reach service shop/front on tcp/80",
    ],
)
def test_where_it_is_not_judged_the_answer_names_the_route(sentence: str) -> None:
    assert "WAY_IN_NOT_CERTAIN" in codes(closed(route()).ask(sentence))


def test_the_router_of_openshift_is_known_by_its_label() -> None:
    router = proxy(**{"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"})
    to = thing("route.openshift.io/v1", "Route", "shop/web", {"to": {"kind": "Service", "name": "front"}})
    answer = closed(to, router).ask(CAN)
    assert shown(answer) == "pod edge/proxy (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/8080"
    assert notice(answer, "ARRIVES_BY_INGRESS") == (
        "the ingress controller as the source stands for clients outside: a Route leads to service shop/front"
    )


def test_a_kind_that_is_not_read_leaves_open_what_it_could_let_in() -> None:
    unread = thing("apisix.apache.org/v2", "ApisixRoute", "shop/m", {"http": []})
    answer = closed(unread).ask(NEVER)
    assert answer.verdict == "unknown"
    assert notice(answer, "WAY_IN_NOT_CERTAIN") == (
        "ApisixRoute shop/m may lead from outside to service shop/front; it is not known, since its kind is not read"
    )
    mapping = thing("getambassador.io/v3alpha1", "Mapping", "edge/m", {"prefix": "/", "service": "front.shop"})
    assert closed(mapping).ask(NEVER).verdict == "unknown"
    elsewhere = unread | {"metadata": {"namespace": "edge", "name": "m"}}
    assert (closed(elsewhere).ask(NEVER).verdict, codes(closed(elsewhere).ask(NEVER))) == ("holds", [])


def test_explanations_name_what_they_do_not_judge() -> None:
    explained = explain(closed(route()), "the internet", "service shop/front", "80")
    assert "WAY_IN_NOT_CERTAIN" in [each.code for each in explained.assumptions]


PEERS = st.lists(
    st.sampled_from(
        (
            EDGE,
            {"podSelector": {}},
            {"namespaceSelector": {}},
            {"ipBlock": {"cidr": "203.0.113.0/24"}},
            {"ipBlock": {"cidr": "10.0.0.9/32"}},
            {"namespaceSelector": {"matchLabels": {"team": "x"}}},
        )
    ),
    max_size=2,
)


@given(PEERS, st.booleans(), st.sampled_from((CAN, NEVER)))
@settings(max_examples=25)
def test_a_verdict_stands_if_it_is_the_same_whatever_the_gateway_is(
    peers: list[Manifest], known: bool, sentence: str
) -> None:
    """Replace the missing gateway by each that it could be: the verdict is that of all of them, or unknown."""
    own = [proxy()] if known else []
    unsure = closed(route(), *own, peers=tuple(peers)).ask(sentence).verdict
    could = {closed(route(), gateway(each), *own, peers=tuple(peers)).ask(sentence).verdict for each in ("All", "Same")}
    assert unsure in {*could, "unknown"}
    assert unsure == "unknown" or len(could) == 1


@given(PEERS, st.sampled_from((CAN, NEVER)))
@settings(max_examples=10)
def test_a_route_in_another_namespace_changes_no_verdict(peers: list[Manifest], sentence: str) -> None:
    elsewhere = route()
    elsewhere["metadata"]["namespace"] = "edge"
    without = closed(peers=tuple(peers)).ask(sentence)
    assert closed(elsewhere, peers=tuple(peers)).ask(sentence).verdict == without.verdict


def test_a_route_lets_in_on_the_port_that_it_names_only() -> None:
    ports = ({"name": "http", **HTTP}, {"name": "admin", "port": 81, "targetPort": 9090})
    policy = network_policy("shop/front", {"app": "front"}, ingress=[{"from": [EDGE]}])
    front = service("shop/front", {"app": "front"}, *ports)
    to = thing("route.openshift.io/v1", "Route", "shop/web", {"to": {"kind": "Service", "name": "front"}})
    router = proxy(**{"ingresscontroller.operator.openshift.io/deployment-ingresscontroller": "default"})
    base = (namespace("edge"), pod("shop/front", "10.0.0.1"), front, policy, router)
    admin = "can anything outside the cluster reach service shop/front on tcp/81?"
    named = to | {"spec": to["spec"] | {"port": {"targetPort": "http"}}}
    assert [session(*base, each).ask(admin).verdict for each in (to, named)] == ["reachable", "unreachable"]
    assert [session(*base, each).ask(CAN).verdict for each in (to, named)] == ["reachable", "reachable"]


def test_two_ports_of_a_service_that_lead_to_one_of_the_pods_are_told_apart() -> None:
    ports = ({"name": "http", **HTTP}, {"name": "other", "port": 81, "targetPort": 8080})
    policy = network_policy("shop/front", {"app": "front"}, ingress=[{"from": [EDGE]}])
    front = service("shop/front", {"app": "front"}, *ports)
    to = route()
    to["spec"]["rules"][0]["backendRefs"][0]["port"] = 80
    asking = session(namespace("edge"), pod("shop/front", "10.0.0.1"), front, policy, to, gateway(), proxy())
    assert asking.ask(CAN).verdict == "reachable"
    assert asking.ask(CAN.replace("tcp/80", "tcp/81")).verdict == "unreachable"
