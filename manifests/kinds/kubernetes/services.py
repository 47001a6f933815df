"""Service and Ingress objects to those of the network; endpoints are joined by `endpoint_slices`.

`virtual_ips` are what is rewritten to a backend before policy looks: cluster IPs, external IPs, and load-balancer IPs
unless their ipMode is Proxy. A headless Service is not rewritten: a client connects to the pod itself.
Traffic from outside keeps the client's address with externalTrafficPolicy Local only. The ranges of clients of a load
balancer may be in an annotation, as the helpers of cloud providers take them.
Trusted by questions about Services; checked by tests/manifests.

| Field of an Ingress | Here |
|---|---|
| spec.rules[].http.paths[].backend, spec.defaultBackend | one backend each, with host and path; v1beta1's fields too |
| a backend that is a resource | leads to no Service, and is left out |

Whether any controller serves an Ingress is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.engines.istio.membership import USE_WAYPOINT, WAYPOINT_NAMESPACE, asked_waypoint
from reachproof.manifests.inventory_fields import Fields, Misfit
from reachproof.manifests.k8s_names import is_port_name
from reachproof.manifests.object_identity import Manifest
from reachproof.manifests.yaml_document import mismatch
from reachproof.network.address import family, parse_cidrs
from reachproof.network.cluster import Ingress, IngressBackend, Service, ServicePort
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import MAX_PORT

_HEADLESS = "None"
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_FAMILIES = {"IPv4": 4, "IPv6": 6}


def read_service(manifest: Manifest) -> Service:
    """The Service of an object, without endpoints; raises Misfit."""
    body = manifest.fields
    spec = body.object("spec")
    type_ = spec.text("type", "ClusterIP")
    alias = type_ == "ExternalName"
    pairs = spec.labels("selector")
    selector = Selector.of(*(Requirement(key, Operator.IN, (value,)) for key, value in pairs.items()))
    virtual = () if alias else _virtual_ips(body, spec)
    return Service(
        namespace=manifest.namespace,
        name=manifest.name,
        selector=selector if pairs and not alias else None,
        ports=tuple(map(_service_port, spec.objects("ports"))),
        virtual_ips=virtual,
        type=type_,
        external_name=spec.text("externalName") if alias else None,
        publish_not_ready=spec.flag("publishNotReadyAddresses"),
        external_ips=() if alias else _external_ips(spec),
        keeps_client=_keeps_client(spec),
        source_ranges=_source_ranges(body, spec),
        no_node_ports=type_ == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False,
        headless=spec.get("clusterIP") == _HEADLESS and not alias,
        families=_families(spec),
        waypoint=asked_waypoint(body.object("metadata").labels(only=(USE_WAYPOINT, WAYPOINT_NAMESPACE))),
        origin=manifest.origin,
    )


def _external_ips(spec: Fields) -> tuple[int, ...]:
    return tuple(spec.address("externalIPs", ip) for ip in spec.texts("externalIPs"))


def _keeps_client(spec: Fields) -> bool:
    written = spec.text("externalTrafficPolicy", "Cluster")
    if written not in ("Cluster", "Local"):
        raise Misfit("spec.externalTrafficPolicy", mismatch(written, "Cluster or Local"))
    return written == "Local"


def _source_ranges(body: Fields, spec: Fields) -> IntervalSet:
    """Those of the spec, else those of the annotation that was there before the field, separated by commas."""
    written, where = spec.texts("loadBalancerSourceRanges"), "spec.loadBalancerSourceRanges"
    if not written:
        annotated = body.object("metadata").object("annotations").text(_RANGES).strip()
        written, where = annotated.split(",") if annotated else [], f"metadata.annotations.{_RANGES}"
    try:
        return parse_cidrs(text.strip() for text in written)
    except ValueError as error:
        raise Misfit(where, f"not a CIDR: {error}") from None


def _families(spec: Fields) -> tuple[int, ...]:
    """Those of ipFamilies, else of its cluster IPs."""
    written = spec.texts("ipFamilies")
    if not set(written) <= _FAMILIES.keys():
        raise Misfit("spec.ipFamilies", "expected a list of IPv4 and IPv6")
    if written:
        return tuple(sorted({_FAMILIES[each] for each in written}))
    return tuple(sorted({family(ip) for ip in _cluster_ips(spec)}))


def _service_port(port: Fields) -> ServicePort:
    number = port.port("port")
    return ServicePort(
        name=port.text("name"),
        protocol=port.protocol(),
        port=number,
        target=_target(port, number),
        node_port=port.port("nodePort") if port.get("nodePort") else 0,
    )


def _target(port: Fields, number: int) -> int | str:
    value = port.get("targetPort")
    if value is None or value == 0 or value == "":
        return number
    if isinstance(value, str) and is_port_name(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PORT:
        return value
    hint = "; leave out the quotes of a number" if isinstance(value, str) and value.isdecimal() else ""
    raise Misfit(port.path("targetPort"), mismatch(value, f"a port number or a port name{hint}"))


def _cluster_ips(spec: Fields) -> set[int]:
    single = spec.text("clusterIP")
    written = [ip for ip in (*spec.texts("clusterIPs"), single) if ip and ip != _HEADLESS]
    return {spec.address("clusterIPs", ip) for ip in written}


def _virtual_ips(body: Fields, spec: Fields) -> tuple[int, ...]:
    found = {*_cluster_ips(spec), *_external_ips(spec)}
    for entry in body.object("status").object("loadBalancer").objects("ingress"):
        ip = entry.text("ip")
        if ip and entry.get("ipMode") != "Proxy":
            found.add(entry.address("ip", ip))
    return tuple(sorted(found))


# ---------------------------------------------------------------- Ingresses


def read_ingress(manifest: Manifest) -> Ingress:
    """The Ingress of an object; raises Misfit."""
    return Ingress(
        namespace=manifest.namespace,
        name=manifest.name,
        backends=tuple(dict.fromkeys(_backends(manifest.fields.object("spec")))),
        origin=manifest.origin,
    )


def _backends(spec: Fields) -> Iterator[IngressBackend]:
    for field in ("defaultBackend", "backend"):
        yield from _backend(spec.object(field), "", "")
    for rule in spec.objects("rules"):
        host = rule.text("host")
        for entry in rule.object("http").objects("paths"):
            yield from _backend(entry.object("backend"), host, entry.text("path"))


def _backend(backend: Fields, host: str, path: str) -> Iterator[IngressBackend]:
    service = backend.object("service")
    name = service.text("name") or backend.text("serviceName")
    if name:
        yield IngressBackend(service=name, port=_port(backend, service), host=host, path=path)


def _port(backend: Fields, service: Fields) -> int | str:
    """The number or name of a port of the Service."""
    if not service:
        value = backend.get("servicePort")
        return value if isinstance(value, str) else backend.port("servicePort")
    port = service.object("port")
    return port.text("name") or port.port("number")
