"""Ports of a Service that routes lead to, and those that they may lead to."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.manifests.load import load_objects
from tests.manifests.test_routes import ISTIO, NAMESPACES, Object, gateway, http, service, thing

WEB = [
    {"name": "http", "port": 80, "targetPort": 8080},
    {"name": "admin", "port": 81, "targetPort": 9090},
    {"name": "dns", "port": 53, "targetPort": 5353, "protocol": "UDP"},
]
BOTH = {8080: "", 9090: ""}


def led(*objects: Object, ports: list[Object] = WEB) -> dict[int, str]:
    """The ports of pods of app/web that something leads to, each with the doubt about it."""
    snapshot = load_objects([*NAMESPACES, service("app/web", *ports), *objects])
    (web,) = snapshot.services
    found: dict[int, str] = {}
    for port in web.ports:
        assert isinstance(port.target, int)
        doubts = [d for each in snapshot.ingresses if (d := each.doubt(web, port, port.target)) is not None]
        if doubts:
            found[port.target] = min(doubts)
    return found


def ingress(**port: Any) -> Object:
    backend = {"service": {"name": "web", "port": port}}
    return thing("networking.k8s.io/v1", "Ingress", "app/i", {"defaultBackend": backend})


@pytest.mark.parametrize("port", [{"number": 80}, {"name": "http"}])
def test_an_ingress_names_a_port_of_the_service(port: Object) -> None:
    assert led(ingress(**port)) == {8080: ""}


def test_an_ingress_that_names_a_port_of_the_pods_may_lead_there() -> None:
    assert led(ingress(number=8080)) == {
        8080: "8080 is a port of the pods and none of the Service, which some controllers take all the same"
    }


@pytest.mark.parametrize("port", [{"number": 53}, {"number": 443}, {"name": "dns"}, {"name": "https"}])
def test_an_ingress_to_a_port_that_is_not_there_leads_nowhere(port: Object) -> None:
    assert led(ingress(**port)) == {}


def test_a_route_of_the_gateway_api_names_a_port_of_the_service() -> None:
    assert led(http([{"name": "web", "port": 81}]), gateway()) == {9090: ""}
    assert led(http([{"name": "web", "port": 9090}]), gateway()) == {}


def test_a_route_for_udp_leads_to_a_port_of_udp() -> None:
    route = http([{"name": "web", "port": 53}]) | {"kind": "UDPRoute"}
    assert led(route, gateway(protocol="UDP")) == {5353: ""}
    assert led(route | {"kind": "TCPRoute"}, gateway(protocol="TCP")) == {}


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (None, BOTH),
        (8080, {8080: ""}),
        ("8080", {8080: ""}),
        ("admin", {9090: ""}),
        (80, {}),
        ("dns", {}),
        ("gone", {}),
    ],
)
def test_a_route_of_openshift_names_a_port_of_the_pods_or_the_service(target: object, reached: dict[int, str]) -> None:
    spec = {"to": {"kind": "Service", "name": "web"}} | ({} if target is None else {"port": {"targetPort": target}})
    assert led(thing("route.openshift.io/v1", "Route", "app/r", spec)) == reached


@pytest.mark.parametrize(
    ("port", "reached"),
    [
        ({"number": 81}, {9090: ""}),
        ({"number": 443}, {}),
        (None, dict.fromkeys(BOTH, "it names no port, and the Service has several")),
    ],
)
def test_a_virtual_service_names_a_port_of_the_service(port: Object | None, reached: dict[int, str]) -> None:
    destination = {"host": "web"} | ({} if port is None else {"port": port})
    spec = {"hosts": ["x.example"], "gateways": ["edge/gw"], "http": [{"route": [{"destination": destination}]}]}
    virtual = thing(ISTIO, "VirtualService", "app/v", spec)
    servers = [{"port": {"number": 80}, "hosts": ["*"]}]
    edge = thing(ISTIO, "Gateway", "edge/gw", {"selector": {"istio": "gateway"}, "servers": servers})
    assert led(virtual, edge) == reached


def test_a_virtual_service_without_a_port_leads_to_the_only_one() -> None:
    test_a_virtual_service_names_a_port_of_the_service({"number": 81}, {9090: ""})
    spec = {
        "hosts": ["x.example"],
        "gateways": ["edge/gw"],
        "http": [{"route": [{"destination": {"host": "web"}}]}],
    }
    servers = [{"port": {"number": 443}, "hosts": ["*"]}]
    edge = thing(ISTIO, "Gateway", "edge/gw", {"selector": {"istio": "gateway"}, "servers": servers})
    assert led(thing(ISTIO, "VirtualService", "app/v", spec), edge, ports=WEB[:1]) == {8080: ""}


@pytest.mark.parametrize(
    ("weights", "reached"),
    [((0,), {8080: ""}), ((None,), {8080: ""}), ((None, 100), {9090: ""}), ((1, 99), BOTH)],
)
def test_of_several_destinations_of_istio_those_without_a_weight_get_nothing(
    weights: tuple[int | None, ...], reached: dict[int, str]
) -> None:
    routes = [
        {"destination": {"host": "web", "port": {"number": number}}} | ({} if weight is None else {"weight": weight})
        for number, weight in zip((80, 81), weights, strict=False)
    ]
    spec = {"hosts": ["x.example"], "gateways": ["edge/gw"], "http": [{"route": routes}]}
    servers = [{"port": {"number": 80}, "hosts": ["*"]}]
    edge = thing(ISTIO, "Gateway", "edge/gw", {"selector": {"istio": "gateway"}, "servers": servers})
    assert led(thing(ISTIO, "VirtualService", "app/v", spec), edge) == reached


@pytest.mark.parametrize(
    ("port", "reached"),
    [
        (80, {8080: ""}),
        ("admin", {9090: ""}),
        (8080, {}),
        (None, dict.fromkeys(BOTH, "it names no port of the Service")),
        ("80", dict.fromkeys(BOTH, "it names no port of the Service")),
    ],
)
def test_traefik_and_contour_name_a_port_of_the_service(port: object, reached: dict[int, str]) -> None:
    entry = {"name": "web"} | ({} if port is None else {"port": port})
    rules = [{"services": [entry]}]
    assert led(thing("traefik.io/v1alpha1", "IngressRoute", "app/r", {"routes": rules})) == reached
    proxy = {"virtualhost": {"fqdn": "x.example"}, "routes": rules}
    assert led(thing("projectcontour.io/v1", "HTTPProxy", "app/p", proxy)) == reached


def test_a_kind_that_is_not_read_may_lead_to_every_port() -> None:
    assert led(thing("apisix.apache.org/v2", "ApisixRoute", "app/r", {})) == dict.fromkeys(
        (8080, 9090, 5353), "its kind is not read"
    )
