"""Services: ports and their targets, addresses that are rewritten, and endpoints from EndpointSlices."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects
from reachproof.network.address import format_address, parse_address, parse_cidr, parse_cidrs
from reachproof.network.cluster import EndpointAddress, Service, ServicePort
from reachproof.network.labels import Selector
from reachproof.network.options import Cni, Options
from reachproof.network.policy import AddressPeer, Peer
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from tests.manifests.given import codes, notice

Object = dict[str, Any]
SHOP: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def service(name: str = "web", status: Object | None = None, **spec: Any) -> Object:
    found: Object = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}}
    return found | {"spec": spec} | ({"status": status} if status is not None else {})


def slice_of(name: str, *endpoints: Object, ports: list[Object] | None = None, **more: Any) -> Object:
    labels = {"kubernetes.io/service-name": more.pop("service", "web")}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "addressType": "IPv4",
        "endpoints": list(endpoints),
        "ports": ports if ports is not None else [{"name": "http", "port": 8080, "protocol": "TCP"}],
    } | more


def endpoint(*addresses: str, ready: bool | None = None) -> Object:
    return {"addresses": list(addresses), "conditions": {"ready": ready}}


def only(*objects: Object) -> Service:
    (found,) = load_objects([SHOP, *objects]).services
    return found


def virtual(*objects: Object) -> list[str]:
    return [format_address(address) for address in only(*objects).virtual_ips]


def ports(*entries: Object, **spec: Any) -> tuple[ServicePort, ...]:
    return only(service(ports=list(entries), **spec)).ports


HTTP = ("http", Protocol.TCP, 8080)


def at(address: str, *found: tuple[str, Protocol, int]) -> EndpointAddress:
    return EndpointAddress(address=parse_address(address), ports=found)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"port": 80}, ServicePort(name="", protocol=Protocol.TCP, port=80, target=80)),
        ({"port": 80, "targetPort": 8080}, ServicePort(name="", protocol=Protocol.TCP, port=80, target=8080)),
        ({"port": 80, "targetPort": "web"}, ServicePort(name="", protocol=Protocol.TCP, port=80, target="web")),
        (
            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 5353, "nodePort": 30053},
            ServicePort(name="dns", protocol=Protocol.UDP, port=53, target=5353, node_port=30053),
        ),
    ],
)
def test_a_port_targets_its_own_number_unless_it_says_otherwise(entry: Object, expected: ServicePort) -> None:
    assert ports(entry) == (expected,)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"port": 0}, "spec.ports[0].port: found 0, expected a port number from 1 to 65535"),
        ({}, "spec.ports[0].port: missing; expected a port number from 1 to 65535"),
        ({"port": 80, "protocol": "tcp"}, 'spec.ports[0].protocol: found "tcp", expected TCP, UDP or SCTP'),
    ],
)
def test_a_port_that_is_none_is_refused(entry: Object, expected: str) -> None:
    with pytest.raises(ManifestError) as refused:
        load_objects([SHOP, service(ports=[entry])])
    assert str(refused.value) == f"<objects> Service shop/web {expected}"


def test_a_headless_service_is_known_by_its_cluster_ip() -> None:
    assert only(service(clusterIP="None")).headless
    assert not only(service(clusterIP="10.96.0.1")).headless
    assert not only(service(type="ExternalName", externalName="db.example", clusterIP="None")).headless


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, ()),
        ({"clusterIP": "None"}, ()),
        ({"clusterIP": "10.96.0.1"}, (4,)),
        ({"clusterIPs": ["10.96.0.1", "fd00::1"]}, (4, 6)),
        ({"clusterIP": "None", "ipFamilies": ["IPv6"]}, (6,)),
        ({"ipFamilies": ["IPv6", "IPv4"]}, (4, 6)),
    ],
)
def test_the_families_are_those_it_says_or_has(spec: Object, expected: tuple[int, ...]) -> None:
    assert only(service(**spec)).families == expected


def test_a_family_that_is_none_is_refused() -> None:
    with pytest.raises(ManifestError) as refused:
        load_objects([SHOP, service(ipFamilies=["IPv5"])])
    assert str(refused.value) == "<objects> Service shop/web spec.ipFamilies: expected a list of IPv4 and IPv6"


@pytest.mark.parametrize("selector", [None, {}])
def test_without_a_selector_there_is_none(selector: Object | None) -> None:
    assert only(service(selector=selector)).selector is None


def test_a_selector_selects_by_all_its_labels() -> None:
    labels = {"app": "web", "tier": "front"}
    requirements = [need for key, value in labels.items() for need in Selector.equal(key, value).requirements]
    assert only(service(selector=labels)).selector == Selector.of(*requirements)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"clusterIP": "10.96.0.1"}, ["10.96.0.1"]),
        ({"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1", "fd00::1"]}, ["10.96.0.1", "fd00::1"]),
        ({"clusterIP": "None", "clusterIPs": ["None"]}, []),
        ({"clusterIP": ""}, []),
        ({"clusterIP": "10.96.0.1", "externalIPs": ["203.0.113.1"]}, ["10.96.0.1", "203.0.113.1"]),
        ({"type": "ExternalName", "externalName": "db.example"}, []),
    ],
)
def test_cluster_and_external_ips_are_rewritten(spec: Object, expected: list[str]) -> None:
    assert virtual(service(**spec)) == expected


@pytest.mark.parametrize(
    ("ingress", "expected"),
    [
        ({"ip": "203.0.113.9"}, ["203.0.113.9"]),
        ({"ip": "203.0.113.9", "ipMode": "VIP"}, ["203.0.113.9"]),
        ({"ip": "203.0.113.9", "ipMode": "Proxy"}, []),
        ({"hostname": "lb.example"}, []),
    ],
)
def test_a_load_balancer_address_is_rewritten_unless_a_proxy_has_it(ingress: Object, expected: list[str]) -> None:
    assert virtual(service(type="LoadBalancer", status={"loadBalancer": {"ingress": [ingress]}})) == expected


def test_an_external_name_is_an_alias_without_backends() -> None:
    found = only(service(type="ExternalName", externalName="db.example", selector={"app": "web"}))
    assert (found.type, found.external_name, found.selector) == ("ExternalName", "db.example", None)


def test_pods_that_are_not_ready_may_be_published() -> None:
    assert only(service(publishNotReadyAddresses=True)).publish_not_ready
    assert not only(service()).publish_not_ready


class TestEndpointSlices:
    def test_they_are_joined_to_their_service_by_label(self) -> None:
        found = only(slice_of("web-1", endpoint("10.0.0.2"), endpoint("10.0.0.1")), service())
        assert found.endpoints == (at("10.0.0.1", HTTP), at("10.0.0.2", HTTP))

    def test_slices_of_other_services_and_namespaces_are_not(self) -> None:
        elsewhere = slice_of("a", endpoint("10.0.0.2"))
        elsewhere["metadata"]["namespace"] = "bank"
        assert only(service(), slice_of("b", endpoint("10.0.0.1"), service="db"), elsewhere).endpoints == ()

    @pytest.mark.parametrize(("ready", "expected"), [(True, True), (None, True), (False, False)])
    def test_an_endpoint_that_is_not_ready_is_kept_as_such(self, ready: bool | None, expected: bool) -> None:
        (found,) = only(service(), slice_of("a", endpoint("10.0.0.1", ready=ready))).endpoints
        assert found.ready is expected

    def test_an_endpoint_without_conditions_is_ready(self) -> None:
        assert len(only(service(), slice_of("a", {"addresses": ["10.0.0.1"]})).endpoints) == 1

    def test_one_address_in_several_slices_has_the_ports_of_all(self) -> None:
        dns = [{"name": "dns", "port": 53, "protocol": "UDP"}]
        found = only(service(), slice_of("b", endpoint("10.0.0.1"), ports=dns), slice_of("a", endpoint("10.0.0.1")))
        assert found.endpoints == (at("10.0.0.1", ("dns", Protocol.UDP, 53), HTTP),)

    def test_addresses_of_both_families_are_kept(self) -> None:
        six = slice_of("six", endpoint("fd00::1"), addressType="IPv6")
        found = only(service(), slice_of("four", endpoint("10.0.0.1")), six)
        assert found.endpoints == (at("10.0.0.1", HTTP), at("fd00::1", HTTP))

    def test_domain_names_are_left_out(self) -> None:
        assert only(service(), slice_of("a", endpoint("db.example"), addressType="FQDN")).endpoints == ()

    def test_a_port_without_a_number_is_left_out(self) -> None:
        found = only(service(), slice_of("a", endpoint("10.0.0.1"), ports=[{"name": "all"}, {"port": 80}]))
        assert found.endpoints == (at("10.0.0.1", ("", Protocol.TCP, 80)),)

    def test_the_pod_that_has_the_address_is_named_by_its_reference(self) -> None:
        named = endpoint("10.0.0.1") | {"targetRef": {"kind": "Pod", "namespace": "shop", "name": "web-1"}}
        elsewhere = endpoint("10.0.0.2") | {"targetRef": {"kind": "Pod", "namespace": "bank", "name": "web-1"}}
        node = endpoint("10.0.0.3") | {"targetRef": {"kind": "Node", "name": "n"}}
        assert [each.pod for each in only(service(), slice_of("a", named, elsewhere, node)).endpoints] == [
            "web-1",
            "",
            "",
        ]

    def test_those_of_the_controller_are_kept_apart_where_there_is_a_selector(self) -> None:
        own, other = managed("a", endpoint("10.0.0.1")), slice_of("b", endpoint("10.0.0.2"))
        found = only(service(selector={"app": "web"}), own, other)
        assert (found.managed, found.endpoints) == ((at("10.0.0.1", HTTP),), (at("10.0.0.2", HTTP),))

    def test_without_a_selector_they_stand_like_all_others(self) -> None:
        found = only(service(), managed("a", endpoint("10.0.0.1")))
        assert (found.managed, found.endpoints) == (None, (at("10.0.0.1", HTTP),))

    def test_an_empty_one_of_the_controller_is_not_none(self) -> None:
        assert only(service(selector={"app": "web"}), managed("a")).managed == ()
        assert only(service(selector={"app": "web"}), slice_of("a")).managed is None


def managed(name: str, *endpoints: Object) -> Object:
    """A slice that the EndpointSlice controller wrote."""
    found = slice_of(name, *endpoints)
    found["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
    return found


def endpoints_of(name: str = "web", *subsets: Object, **metadata: Object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": name, "namespace": "shop"} | metadata,
        "subsets": list(subsets),
    }


SUBSET: Object = {
    "addresses": [{"ip": "10.0.0.1", "targetRef": {"kind": "Pod", "name": "web-1"}}],
    "notReadyAddresses": [{"ip": "fd00::2"}],
    "ports": [{"name": "http", "port": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}],
}
BOTH = (
    EndpointAddress(address=parse_address("10.0.0.1"), ports=(("dns", Protocol.UDP, 53), HTTP), pod="web-1"),
    EndpointAddress(address=parse_address("fd00::2"), ports=(("dns", Protocol.UDP, 53), HTTP), ready=False),
)


class TestEndpoints:
    def test_they_are_mirrored_where_there_is_no_selector(self) -> None:
        found = only(service(), endpoints_of("web", SUBSET), endpoints_of("other", SUBSET))
        assert (found.managed, found.endpoints) == (None, BOTH)

    @pytest.mark.parametrize(
        "metadata",
        [
            {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
            {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}},
        ],
    )
    def test_they_may_ask_not_to_be(self, metadata: Object) -> None:
        assert only(service(), endpoints_of("web", SUBSET, **metadata)).endpoints == ()

    def test_a_slice_that_mirrors_them_is_in_their_place(self) -> None:
        mirror = slice_of("web-1", endpoint("10.0.0.9"))
        mirror["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = (
            "endpointslicemirroring-controller.k8s.io"
        )
        assert only(service(), endpoints_of("web", SUBSET), mirror).endpoints == (at("10.0.0.9", HTTP),)

    def test_where_there_is_a_selector_they_say_what_it_selected(self) -> None:
        found = only(service(selector={"app": "web"}), endpoints_of("web", SUBSET))
        assert (found.managed, found.endpoints) == (BOTH, ())

    def test_a_slice_of_the_controller_says_more(self) -> None:
        found = only(service(selector={"app": "web"}), endpoints_of("web", SUBSET), managed("a", endpoint("10.0.0.9")))
        assert found.managed == (at("10.0.0.9", HTTP),)

    def test_an_alias_has_none(self) -> None:
        assert (
            only(service(type="ExternalName", externalName="db.example"), endpoints_of("web", SUBSET)).endpoints == ()
        )

    def test_an_address_that_is_none_is_refused(self) -> None:
        with pytest.raises(ManifestError) as refused:
            load_objects([SHOP, endpoints_of("web", {"addresses": [{"ip": "10.0.0"}], "ports": [{"port": 80}]})])
        assert str(refused.value) == (
            '<objects> Endpoints shop/web subsets[0].addresses[0].ip: found "10.0.0", expected an IP address'
        )


def containers(*ports: tuple[str, int, str]) -> list[Object]:
    return [{"name": "c", "ports": [{"name": n, "containerPort": p, "protocol": q}]} for n, p, q in ports]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": containers(("http", 81, "TCP"), ("http", 82, "TCP"))}, [("http", 81)]),
        ({"containers": containers(("http", 82, "TCP"), ("http", 81, "TCP"))}, [("http", 82)]),
        ({"containers": containers(("http", 81, "TCP"), ("http", 81, "UDP"))}, [("http", 81), ("http", 81)]),
        (
            {
                "containers": containers(("http", 81, "TCP")),
                "initContainers": [
                    {"restartPolicy": "Always", **containers(("http", 83, "TCP"))[0]},
                    {"restartPolicy": "Always", **containers(("admin", 84, "TCP"))[0]},
                    {"restartPolicy": "Always", **containers(("admin", 85, "TCP"))[0]},
                    *containers(("setup", 86, "TCP")),
                ],
            },
            [("admin", 84), ("http", 81)],
        ),
    ],
)
def test_a_service_finds_the_first_port_of_a_name_and_protocol(spec: Object, expected: list[tuple[str, int]]) -> None:
    pod: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": spec}
    (found,) = load_objects([SHOP, pod]).pods
    assert [(port.name, port.number) for port in found.service_ports] == expected
    policies = {(port.name, port.number) for port in found.ports}
    assert policies == {(p["name"], p["containerPort"]) for c in spec["containers"] for p in c["ports"]}


def policy(*cidrs: str) -> Object:
    blocks = [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"podSelector": {}, "egress": [{"to": blocks}]},
    }


class TestServiceRange:
    def load(self, *objects: Object, given: str | None = None) -> Snapshot:
        options = Options(service_range=parse_cidr(given)) if given else Options()
        return load_objects([SHOP, *objects], options=options)

    def test_a_cidr_with_a_cluster_ip_gets_a_warning(self) -> None:
        snapshot = self.load(service(clusterIP="10.96.0.7"), policy("10.0.0.0/8"))
        assert notice(snapshot, "SERVICE_CIDR_MATCH").text == (
            "NetworkPolicy shop/p: 10.0.0.0/8 includes Service IPs; policies see pod IPs after translation"
        )

    def test_a_cidr_that_meets_the_service_range_of_the_options_gets_a_warning(self) -> None:
        assert codes(self.load(policy("10.96.3.0/24"), given="10.96.0.0/12")) == ["SERVICE_CIDR_MATCH"]

    def test_there_is_one_warning_per_policy(self) -> None:
        snapshot = self.load(service(clusterIP="10.96.0.7"), policy("10.0.0.0/8", "10.96.0.0/12"))
        assert codes(snapshot) == ["SERVICE_CIDR_MATCH"]

    @pytest.mark.parametrize("cidr", ["192.168.0.0/16", "0.0.0.0/0"])
    def test_a_cidr_elsewhere_or_of_everything_gets_none(self, cidr: str) -> None:
        assert codes(self.load(service(clusterIP="10.96.0.7"), policy(cidr))) == []


def test_a_service_that_selects_a_label_nobody_knows_yet_gets_a_warning() -> None:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {}}
    stateful = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"replicas": 2, "template": template},
    }
    one_pod = service("db-0", selector={"statefulset.kubernetes.io/pod-name": "db-0"})
    assert codes(load_objects([SHOP, stateful, one_pod])) == ["SERVICE_SELECTS_UNKNOWN_LABEL"]
    assert codes(load_objects([SHOP, stateful, service("db", selector={"app": "db"})])) == []


class TestPoliciesThatNameServices:
    """Endpoints count as the slices that they are mirrored to."""

    def egress(self, kind: Object, rule: Object, cni: Cni, *endpoints: Object) -> tuple[Peer, ...]:
        policy = kind | {"metadata": {"name": "p", "namespace": "shop"}, "spec": rule}
        found = load_objects([SHOP, service(), *endpoints, policy], options=Options(cni=cni)).policies
        return tuple(match.peer for each in found for rule in each.egress for match in rule.matches)

    def test_a_rule_of_calico_matches_all_their_addresses(self) -> None:
        entity = {"services": {"name": "web", "namespace": "shop"}}
        rule = {"selector": "all()", "egress": [{"action": "Allow", "destination": entity}]}
        kind = {"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy"}
        found = self.egress(kind, rule, Cni.CALICO, endpoints_of("web", SUBSET))
        assert found == (AddressPeer(parse_cidrs(["10.0.0.1/32", "fd00::2/128"])),)

    def test_a_rule_of_cilium_matches_those_that_are_ready(self) -> None:
        rule = {
            "endpointSelector": {},
            "egress": [{"toServices": [{"k8sService": {"serviceName": "web", "namespace": "shop"}}]}],
        }
        kind = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy"}
        found = self.egress(kind, rule, Cni.CILIUM, endpoints_of("web", SUBSET))
        assert AddressPeer(parse_cidr("10.0.0.1/32")) in found
        assert AddressPeer(parse_cidrs(["10.0.0.1/32", "fd00::2/128"])) not in found
