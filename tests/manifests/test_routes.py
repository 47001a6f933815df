"""Routes beside Ingress: which let something in, to which Services, and what is stored of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.kinds.routes.others import OF_CLUSTER, OF_NAMESPACE
from reachproof.manifests.kinds.routes.ways_in import hosts_meet
from reachproof.manifests.load import load_objects
from reachproof.manifests.stored_snapshot import load_stored, objects_to_store, stored_objects
from reachproof.network.cluster import Ingress, Service
from reachproof.network.options import Options

Object = dict[str, Any]
GATEWAY_API = "gateway.networking.k8s.io/v1"
ISTIO = "networking.istio.io/v1"


def thing(api_version: str, kind: str, key: str, spec: Object) -> Object:
    namespace, name = key.split("/")
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name},
        "spec": spec,
    }


def namespace(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def service(key: str, *ports: Object) -> Object:
    return thing("v1", "Service", key, {"ports": list(ports or [{"port": 80}])})


NAMESPACES = [namespace("app", team="a"), namespace("edge"), namespace("other")]
CLUSTER = [*NAMESPACES, service("app/web"), service("other/web")]
UDP = [*NAMESPACES, service("app/web", {"port": 80, "protocol": "UDP"}), service("other/web", {"port": 80})]


def http(backends: list[Object], parents: list[Object] | None = None, **spec: Any) -> Object:
    rules = [{"backendRefs": backends}]
    bound = [{"name": "gw", "namespace": "edge"}] if parents is None else parents
    return thing(GATEWAY_API, "HTTPRoute", "app/web", {"parentRefs": bound, "rules": rules} | spec)


def gateway(**listener: Any) -> Object:
    everywhere = {"namespaces": {"from": "All"}}
    listeners = [{"name": "web", "port": 80, "protocol": "HTTP", "allowedRoutes": everywhere} | listener]
    return thing(GATEWAY_API, "Gateway", "edge/gw", {"gatewayClassName": "any", "listeners": listeners})


WEB = {"name": "web", "port": 80}


def granting(source: Object, target: Object) -> Object:
    return thing(GATEWAY_API, "ReferenceGrant", "other/g", {"from": [source], "to": [target]})


def ways(*objects: Object) -> tuple[Ingress, ...]:
    return load_objects([*CLUSTER, *objects]).ingresses


def led(*objects: Object, cluster: list[Object] = CLUSTER) -> dict[str, str]:
    """The Services that something leads to from outside, each with the doubt about it; empty: there is none."""
    snapshot = load_objects([*cluster, *objects])

    def doubts(service: Service) -> list[str]:
        port = service.ports[0]
        found = (each.doubt(service, port, port.port) for each in snapshot.ingresses)
        return sorted(each for each in found if each is not None)

    return {str(service): doubts(service)[0] for service in snapshot.services if doubts(service)}


class TestGatewayApi:
    def test_a_route_that_a_gateway_takes_leads_to_its_backends(self) -> None:
        assert led(http([WEB]), gateway()) == {"app/web": ""}
        (found,) = ways(http([WEB]), gateway())
        assert found.subject == "HTTPRoute app/web"
        assert [(each.namespace, str(each.pods)) for each in found.proxies] == [
            ("edge", "gateway.networking.k8s.io/gateway-name=gw")
        ]

    @pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"])
    def test_each_kind_of_route_is_read(self, kind: str) -> None:
        protocol = {"TLSRoute": "TLS", "TCPRoute": "TCP", "UDPRoute": "UDP"}.get(kind, "HTTPS")
        route = http([WEB]) | {"kind": kind}
        cluster = UDP if kind == "UDPRoute" else CLUSTER
        assert led(route, gateway(protocol=protocol), cluster=cluster) == {"app/web": ""}
        assert led(route, gateway(protocol=protocol), cluster=CLUSTER if cluster is UDP else UDP) == {}

    def test_a_gateway_that_is_not_in_the_input_leaves_it_open(self) -> None:
        assert led(http([WEB])) == {"app/web": "Gateway edge/gw is not in the input"}

    def test_a_parent_that_is_not_read_leaves_it_open(self) -> None:
        parent = {"group": "gateway.networking.x-k8s.io", "kind": "XListenerSet", "name": "more", "namespace": "edge"}
        assert led(http([WEB], [parent])) == {"app/web": "its parent XListenerSet edge/more is not read"}

    def test_a_gateway_that_takes_it_counts_more_than_one_that_is_not_known(self) -> None:
        parents = [{"name": "gone"}, {"name": "gw", "namespace": "edge"}]
        assert led(http([WEB], parents), gateway()) == {"app/web": ""}

    @pytest.mark.parametrize(
        "listener",
        [
            {"allowedRoutes": {"namespaces": {"from": "Same"}}},
            {"allowedRoutes": {}},
            {"allowedRoutes": {"namespaces": {"from": "None"}}},
            {"allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "b"}}}}},
            {"allowedRoutes": {"namespaces": {"from": "All"}, "kinds": [{"kind": "GRPCRoute"}]}},
            {"protocol": "TCP"},
            {"hostname": "other.example"},
        ],
    )
    def test_a_route_that_no_listener_takes_leads_nowhere(self, listener: Object) -> None:
        assert led(http([WEB], hostnames=["web.example"]), gateway(**listener)) == {}

    @pytest.mark.parametrize(
        "listener",
        [
            {"allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "a"}}}}},
            {"allowedRoutes": {"namespaces": {"from": "All"}, "kinds": [{"kind": "HTTPRoute"}]}},
            {"hostname": "*.example"},
            {"hostname": "WEB.example"},
        ],
    )
    def test_a_route_that_a_listener_takes_leads_in(self, listener: Object) -> None:
        assert led(http([WEB], hostnames=["web.example"]), gateway(**listener)) == {"app/web": ""}

    @pytest.mark.parametrize(("parent", "takes"), [({"sectionName": "web"}, True), ({"sectionName": "tls"}, False)])
    def test_a_section_names_a_listener(self, parent: Object, takes: bool) -> None:
        bound = [{"name": "gw", "namespace": "edge"} | parent]
        assert led(http([WEB], bound), gateway()) == ({"app/web": ""} if takes else {})

    @pytest.mark.parametrize(("port", "takes"), [(80, True), (443, False)])
    def test_a_port_names_listeners(self, port: int, takes: bool) -> None:
        bound = [{"name": "gw", "namespace": "edge", "port": port}]
        assert led(http([WEB], bound), gateway()) == ({"app/web": ""} if takes else {})

    def test_what_binds_to_a_service_is_for_the_mesh(self) -> None:
        assert led(http([WEB], [{"group": "", "kind": "Service", "name": "web"}])) == {}

    def test_a_waypoint_lets_nothing_in(self) -> None:
        waypoint = gateway()
        waypoint["spec"]["gatewayClassName"] = "istio-waypoint"
        assert led(http([WEB]), waypoint) == {}

    def test_a_backend_of_weight_zero_gets_nothing(self) -> None:
        assert led(http([WEB | {"weight": 0}]), gateway()) == {}

    def test_a_mirror_is_a_backend(self) -> None:
        mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": WEB}}
        route = http([])
        route["spec"]["rules"] = [{"filters": [mirror]}]
        assert led(route, gateway()) == {"app/web": ""}

    def test_a_backend_that_is_no_service_may_be_any_of_its_namespace(self) -> None:
        pool = {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": "pool"}
        assert led(http([pool]), gateway()) == {"app/web": "the kind of a backend is not read"}

    @pytest.mark.parametrize("target", [{"kind": "Service"}, {"kind": "Service", "name": "web"}])
    def test_a_grant_lets_a_backend_be_of_another_namespace(self, target: Object) -> None:
        source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "app"}
        grant = granting(source, target)
        route = http([WEB | {"namespace": "other"}])
        assert led(route, gateway(), grant) == {"other/web": ""}

    @pytest.mark.parametrize(
        ("source", "target"),
        [
            ({"kind": "HTTPRoute", "namespace": "edge"}, {"kind": "Service"}),
            ({"kind": "GRPCRoute", "namespace": "app"}, {"kind": "Service"}),
            ({"kind": "HTTPRoute", "namespace": "app"}, {"kind": "Service", "name": "db"}),
            ({"kind": "HTTPRoute", "namespace": "app"}, {"kind": "Secret"}),
        ],
    )
    def test_without_the_right_grant_it_gets_nothing(self, source: Object, target: Object) -> None:
        grant = granting(source, target)
        assert led(http([WEB | {"namespace": "other"}]), gateway(), grant) == {}
        assert led(http([WEB | {"namespace": "other"}]), gateway()) == {}

    def test_a_field_that_cannot_be_used_is_refused(self) -> None:
        with pytest.raises(ManifestError) as refused:
            ways(http([WEB | {"port": "http"}]))
        assert [(each.path, each.message) for each in refused.value.problems] == [
            ("spec.rules[0].backendRefs[0].port", 'found "http", expected a port number from 1 to 65535')
        ]


@pytest.mark.parametrize(
    ("route", "path"),
    [
        (
            ("route.openshift.io/v1", "Route", {"alternateBackends": [{}, {"weight": "1"}]}),
            "alternateBackends[1].weight",
        ),
        (
            ("traefik.io/v1", "IngressRoute", {"routes": [{"services": [{"weight": "1"}]}]}),
            "routes[0].services[0].weight",
        ),
        (
            ("projectcontour.io/v1", "HTTPProxy", {"tcpproxy": {"services": [{"weight": "1"}]}}),
            "tcpproxy.services[0].weight",
        ),
    ],
)
def test_a_weight_that_is_none_is_named_by_its_place(route: tuple[str, str, Object], path: str) -> None:
    api_version, kind, spec = route
    with pytest.raises(ManifestError) as refused:
        ways(thing(api_version, kind, "app/web", spec))
    assert [(each.path, each.message) for each in refused.value.problems] == [
        (f"spec.{path}", 'found "1", expected a number, 0 or more')
    ]


class TestIstio:
    def virtual(self, gateways: list[str] | None, host: str = "web", **rule: Any) -> Object:
        route = {"route": [{"destination": {"host": host}}]} | rule
        bound = {} if gateways is None else {"gateways": gateways}
        return thing(ISTIO, "VirtualService", "app/web", {"hosts": ["web.example"], "http": [route]} | bound)

    def edge(self, *hosts: str, **selector: str) -> Object:
        servers = [{"port": {"number": 80}, "hosts": list(hosts or ("*",))}]
        return thing(ISTIO, "Gateway", "edge/gw", {"selector": selector or {"istio": "gateway"}, "servers": servers})

    def test_a_virtual_service_of_a_gateway_leads_in(self) -> None:
        (found,) = ways(self.virtual(["edge/gw"]), self.edge())
        assert [(each.namespace, str(each.pods)) for each in found.proxies] == [("", "istio=gateway")]
        assert led(self.virtual(["edge/gw"]), self.edge()) == {"app/web": ""}

    @pytest.mark.parametrize("gateways", [None, [], ["mesh"]])
    def test_one_for_the_mesh_does_not(self, gateways: list[str] | None) -> None:
        assert led(self.virtual(gateways), self.edge()) == {}

    def test_a_missing_gateway_leaves_it_open(self) -> None:
        assert led(self.virtual(["gw"]), self.edge()) == {"app/web": "Gateway app/gw is not in the input"}

    @pytest.mark.parametrize(
        ("hosts", "takes"),
        [
            (("web.example",), True),
            (("app/*.example",), True),
            (("*/*",), True),
            (("./*",), False),
            (("other/*",), False),
            (("shop.example",), False),
        ],
    )
    def test_a_gateway_takes_its_hosts_and_namespaces(self, hosts: tuple[str, ...], takes: bool) -> None:
        assert led(self.virtual(["edge/gw"]), self.edge(*hosts)) == ({"app/web": ""} if takes else {})

    @pytest.mark.parametrize(
        ("host", "reached"),
        [
            ("web.other", {"other/web": ""}),
            ("web.other.svc.cluster.local", {"other/web": ""}),
            ("web.example.com", {}),
        ],
    )
    def test_a_host_names_a_service(self, host: str, reached: dict[str, str]) -> None:
        assert led(self.virtual(["edge/gw"], host), self.edge()) == reached

    def test_a_route_of_weight_zero_gets_nothing_and_a_mirror_does(self) -> None:
        routes = [
            {"destination": {"host": "web"}, "weight": 0},
            {"destination": {"host": "gone"}, "weight": 100},
        ]
        assert led(self.virtual(["edge/gw"], route=routes), self.edge()) == {}
        mirrored = self.virtual(["edge/gw"], route=routes, mirror={"host": "web"})
        assert led(mirrored, self.edge()) == {"app/web": ""}

    def test_a_delegate_gets_what_the_one_before_it_gets(self) -> None:
        root = thing(
            ISTIO,
            "VirtualService",
            "edge/root",
            {
                "hosts": ["web.example"],
                "gateways": ["gw"],
                "http": [{"delegate": {"name": "web", "namespace": "app"}}],
            },
        )
        assert led(root, self.virtual(None), self.edge()) == {"app/web": ""}


class TestOthers:
    def test_an_openshift_route_leads_to_its_services(self) -> None:
        spec = {"host": "x.example", "to": {"kind": "Service", "name": "gone", "weight": 0}}
        more = {"alternateBackends": [{"kind": "Service", "name": "web", "weight": 1}]}
        assert led(thing("route.openshift.io/v1", "Route", "app/r", spec)) == {}
        assert led(thing("route.openshift.io/v1", "Route", "app/r", spec | more)) == {"app/web": ""}

    @pytest.mark.parametrize("group", ["traefik.io", "traefik.containo.us"])
    @pytest.mark.parametrize("kind", ["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"])
    def test_traefik(self, group: str, kind: str) -> None:
        own = {"routes": [{"services": [{"name": "web", "port": 80}]}]}
        other = {"routes": [{"services": [{"name": "web", "namespace": "other", "port": 80}]}]}
        wrapped = {"routes": [{"services": [{"kind": "TraefikService", "name": "weighted"}]}]}
        cluster = UDP if kind == "IngressRouteUDP" else CLUSTER
        assert led(thing(f"{group}/v1alpha1", kind, "app/r", own), cluster=cluster) == {"app/web": ""}
        other_cluster = [*NAMESPACES, service("app/web"), service("other/web", *cluster[3]["spec"]["ports"])]
        assert led(thing(f"{group}/v1alpha1", kind, "app/r", other), cluster=other_cluster) == {
            "other/web": "Traefik refuses Services of other namespaces unless it is told to allow them"
        }
        assert led(thing(f"{group}/v1alpha1", kind, "app/r", wrapped), cluster=cluster) == {
            "app/web": "the kind of a backend is not read"
        }

    def test_contour(self) -> None:
        child = thing("projectcontour.io/v1", "HTTPProxy", "app/child", {"routes": [{"services": [WEB]}]})
        root = {"virtualhost": {"fqdn": "x.example"}, "includes": [{"name": "child", "namespace": "app"}]}
        assert led(child) == {}
        assert led(child, thing("projectcontour.io/v1", "HTTPProxy", "edge/root", root)) == {"app/web": ""}
        passed = {"virtualhost": {"fqdn": "x.example"}, "tcpproxy": {"services": [WEB]}}
        assert led(thing("projectcontour.io/v1", "HTTPProxy", "app/tcp", passed)) == {"app/web": ""}

    @pytest.mark.parametrize(("group", "kind"), sorted(OF_NAMESPACE))
    def test_some_kinds_that_are_not_read_may_lead_to_any_service_of_the_namespace(self, group: str, kind: str) -> None:
        assert led(thing(f"{group}/v1", kind, "app/r", {"anything": 1})) == {"app/web": "its kind is not read"}

    @pytest.mark.parametrize(("group", "kind"), sorted(OF_CLUSTER))
    def test_others_may_lead_to_any_service_of_the_cluster(self, group: str, kind: str) -> None:
        assert led(thing(f"{group}/v1", kind, "app/r", {"anything": 1})) == dict.fromkeys(
            ("app/web", "other/web"), "its kind is not read"
        )


def test_two_includes_that_go_round_end() -> None:
    pair = [
        thing("projectcontour.io/v1", "HTTPProxy", f"app/{one}", {"includes": [{"name": other}]})
        for one, other in (("a", "b"), ("b", "a"))
    ]
    assert led(*pair) == {}


def test_a_snapshot_without_routes_has_the_digest_that_it_had() -> None:
    assert load_objects(CLUSTER).digest == load_objects([*CLUSTER, http([WEB], [])]).digest
    assert load_objects(CLUSTER).digest != load_objects([*CLUSTER, http([WEB])]).digest


def test_what_is_stored_of_routes_reads_as_they_do_and_holds_no_key() -> None:
    route = thing(
        "route.openshift.io/v1",
        "Route",
        "app/r",
        {"host": "x.example", "to": {"kind": "Service", "name": "web"}, "tls": {"key": "hunter2"}},
    )
    objects = [*CLUSTER, route, http([WEB]), gateway()]
    stored = objects_to_store(objects, name="routes", options=Options())
    assert load_stored(stored.content, stored.snapshot.digest) == load_objects(objects, name="routes")
    assert "hunter2" not in str(stored_objects(stored.content, stored.snapshot.digest))


HOSTS = st.sampled_from(("a.example", "b.example", "x.a.example", "*.example", "*.a.example", "*.other"))


@given(st.lists(HOSTS, max_size=3), st.lists(HOSTS, max_size=3))
def test_hosts_meet_where_some_name_is_in_both(one: list[str], other: list[str]) -> None:
    """Beside names of three labels, since no wildcard here has more than that before the rest."""
    names = [f"{first}{rest}" for rest in ("a.example", "b.example", "x.a.example", "other") for first in ("", "y.")]

    def has(hosts: list[str], name: str) -> bool:
        return not hosts or any(name == each or (each[0] == "*" and name.endswith(each[1:])) for each in hosts)

    found = hosts_meet(tuple(one), tuple(other))
    assert found is any(has(one, name) and has(other, name) for name in names)
    assert found is hosts_meet(tuple(other), tuple(one))
