"""Ingress objects, and how Services are reached from outside the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects
from reachproof.network.address import format_cidrs
from reachproof.network.cluster import Ingress, IngressBackend, Service

Object = dict[str, Any]
SHOP: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def ingress(spec: Object, version: str = "networking.k8s.io/v1", **annotations: str) -> Object:
    metadata = {"name": "web", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": version, "kind": "Ingress", "metadata": metadata, "spec": spec}


def to(service: str, **port: object) -> Object:
    return {"service": {"name": service, "port": port}}


def path(backend: Object, at: str = "/") -> Object:
    return {"path": at, "pathType": "Prefix", "backend": backend}


def only(spec: Object, **more: str) -> Ingress:
    (found,) = load_objects([SHOP, ingress(spec, **more)]).ingresses
    return found


def service(**spec: object) -> Service:
    metadata = {"name": "web", "namespace": "shop"}
    written = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]} | spec}
    (found,) = load_objects([SHOP, written]).services
    return found


def says(*objects: Object) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        load_objects([SHOP, *objects], name="f.yaml")
    return [str(problem) for problem in refused.value.problems]


class TestIngress:
    def test_every_path_and_the_default_are_backends_with_host_and_path(self) -> None:
        paths = [path(to("front", number=80)), path(to("api", name="http"), "/api")]
        rules = [{"host": "shop.example", "http": {"paths": paths}}, {"host": "none.example"}]
        found = only({"ingressClassName": "nginx", "defaultBackend": to("fallback", number=8080), "rules": rules})
        assert str(found) == "shop/web"
        assert found.backends == (
            IngressBackend(service="fallback", port=8080),
            IngressBackend(service="front", port=80, host="shop.example", path="/"),
            IngressBackend(service="api", port="http", host="shop.example", path="/api"),
        )

    def test_the_fields_of_v1beta1_are_read(self) -> None:
        spec = {
            "backend": {"serviceName": "fallback", "servicePort": "http"},
            "rules": [{"http": {"paths": [{"backend": {"serviceName": "front", "servicePort": 80}}]}}],
        }
        found = only(spec, version="networking.k8s.io/v1beta1")
        assert [(each.service, each.port) for each in found.backends] == [("fallback", "http"), ("front", 80)]

    def test_a_backend_that_is_a_resource_leads_to_no_service(self) -> None:
        bucket = {"resource": {"apiGroup": "k8s.example.com", "kind": "Bucket", "name": "static"}}
        assert only({"rules": [{"http": {"paths": [path(bucket)]}}]}).backends == ()

    def test_it_leads_to_services_of_its_own_namespace(self) -> None:
        found = only({"defaultBackend": to("web", number=80)})
        assert found.leads_to(service())
        assert not only({"defaultBackend": to("other", number=80)}).leads_to(service())

    @pytest.mark.parametrize(
        ("spec", "problem"),
        [
            ({"rules": {}}, "spec.rules: found an empty object, expected a list"),
            (
                {"rules": [{"http": {"paths": [path(to("front"))]}}]},
                "spec.rules[0].http.paths[0].backend.service.port.number: missing; expected a port number from 1 "
                "to 65535",
            ),
            (
                {"defaultBackend": to("front", number="80")},
                'spec.defaultBackend.service.port.number: found "80", expected a port number from 1 to 65535',
            ),
        ],
    )
    def test_what_cannot_be_understood_is_refused(self, spec: Object, problem: str) -> None:
        assert says(ingress(spec)) == [f"f.yaml Ingress shop/web {problem}"]

    def test_an_ingress_is_part_of_what_the_digest_names(self) -> None:
        one, other = (load_objects([SHOP, ingress({"defaultBackend": to(name, number=80)})]) for name in ("a", "b"))
        assert one.digest != other.digest


class TestServices:
    @pytest.mark.parametrize(
        ("spec", "entry"),
        [
            ({}, False),
            ({"type": "ClusterIP", "externalIPs": ["192.0.2.1"]}, True),
            ({"type": "NodePort"}, True),
            ({"type": "LoadBalancer"}, True),
            ({"type": "ExternalName", "externalName": "example.com"}, False),
        ],
    )
    def test_some_can_be_connected_to_from_outside(self, spec: Object, entry: bool) -> None:
        assert service(**spec).entry_point is entry

    @pytest.mark.parametrize(("written", "keeps"), [("Local", True), ("Cluster", False), ("", False), (None, False)])
    def test_with_the_policy_local_the_client_is_kept(self, written: str | None, keeps: bool) -> None:
        assert service(type="NodePort", externalTrafficPolicy=written).keeps_client is keeps

    def test_a_load_balancer_may_be_asked_to_serve_some_clients_only(self) -> None:
        found = service(type="LoadBalancer", loadBalancerSourceRanges=["203.0.113.0/24", "198.51.100.7/32"])
        assert format_cidrs(found.source_ranges) == ("198.51.100.7/32", "203.0.113.0/24")

    def test_what_cannot_be_understood_is_refused(self) -> None:
        written = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
        assert says(written | {"spec": {"externalTrafficPolicy": "local"}}) == [
            'f.yaml Service shop/web spec.externalTrafficPolicy: found "local", expected Cluster or Local'
        ]
        assert says(written | {"spec": {"loadBalancerSourceRanges": ["everyone"]}}) == [
            "f.yaml Service shop/web spec.loadBalancerSourceRanges: not a CIDR: 'everyone' is not of "
            "the form ADDRESS/PREFIX"
        ]
