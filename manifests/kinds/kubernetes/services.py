"""Service and Ingress objects to those of the network; endpoints are joined by `endpoint_slices`.

`virtual_ips` are what is rewritten to a backend before policy looks: cluster IPs, external IPs, and load-balancer IPs
unless their ipMode is Proxy. A headless Service is not rewritten: a client connects to the pod itself.
Traffic from outside keeps the client's address with externalTrafficPolicy Local only.
Trusted by questions about Services; checked by tests/manifests.

| Field of an Ingress | Here |
|---|---|
| spec.rules[].http.paths[].backend, spec.defaultBackend | one backend each, with host and path; v1beta1's fields too |
| a backend that is a resource | leads to no Service, and is left out |

Whether any controller serves an Ingress is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.engines.istio.membership import asked_waypoint
from reachproof.manifests import inventory_fields as loose
from reachproof.manifests.inventory_fields import Misfit, Node
from reachproof.manifests.k8s_names import is_port_name
from reachproof.manifests.object_identity import Manifest
from reachproof.manifests.yaml_document import mismatch
from reachproof.network.address import family, parse_cidrs
from reachproof.network.cluster import Ingress, IngressBackend, Service, ServicePort
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import MAX_PORT

_HEADLESS = "None"
_FAMILIES = {"IPv4": 4, "IPv6": 6}


def read_service(manifest: Manifest) -> Service:
    """The Service of an object, without endpoints; raises Misfit."""
    spec = loose.mapping(manifest.body, "spec")
    type_ = loose.text(spec, "type", "spec.", "ClusterIP")
    alias = type_ == "ExternalName"
    pairs = loose.labels(spec, "selector", "spec.")
    selector = Selector.of(*(Requirement(key, Operator.IN, (value,)) for key, value in pairs.items()))
    virtual = () if alias else _virtual_ips(manifest.body, spec)
    return Service(
        namespace=manifest.namespace,
        name=manifest.name,
        selector=selector if pairs and not alias else None,
        ports=_ports(spec),
        virtual_ips=virtual,
        type=type_,
        external_name=loose.text(spec, "externalName", "spec.") if alias else None,
        publish_not_ready=loose.flag(spec, "publishNotReadyAddresses", "spec."),
        external_ips=() if alias else _external_ips(spec),
        keeps_client=_keeps_client(spec),
        source_ranges=_source_ranges(spec),
        headless=spec.get("clusterIP") == _HEADLESS and not alias,
        families=_families(spec),
        waypoint=asked_waypoint(loose.labels(loose.mapping(manifest.body, "metadata"))),
        origin=manifest.origin,
    )


def _external_ips(spec: Node) -> tuple[int, ...]:
    return tuple(loose.address(ip, "spec.externalIPs") for ip in loose.texts(spec, "externalIPs", "spec."))


def _keeps_client(spec: Node) -> bool:
    written = loose.text(spec, "externalTrafficPolicy", "spec.", "Cluster")
    if written not in ("Cluster", "Local"):
        raise Misfit("spec.externalTrafficPolicy", mismatch(written, "Cluster or Local"))
    return written == "Local"


def _source_ranges(spec: Node) -> IntervalSet:
    try:
        return parse_cidrs(text.strip() for text in loose.texts(spec, "loadBalancerSourceRanges", "spec."))
    except ValueError as error:
        raise Misfit("spec.loadBalancerSourceRanges", f"not a CIDR: {error}") from None


def _families(spec: Node) -> tuple[int, ...]:
    """Those of ipFamilies, else of its cluster IPs."""
    written = loose.texts(spec, "ipFamilies", "spec.")
    if not set(written) <= _FAMILIES.keys():
        raise Misfit("spec.ipFamilies", "expected a list of IPv4 and IPv6")
    if written:
        return tuple(sorted({_FAMILIES[each] for each in written}))
    return tuple(sorted({family(ip) for ip in _cluster_ips(spec)}))


def _ports(spec: Node) -> tuple[ServicePort, ...]:
    found: list[ServicePort] = []
    for index, port in enumerate(loose.mappings(spec, "ports", "spec.")):
        path = f"spec.ports[{index}]."
        number = loose.port_number(port, "port", path)
        found.append(
            ServicePort(
                name=loose.text(port, "name", path),
                protocol=loose.protocol(port, path),
                port=number,
                target=_target(port, number, path),
                node_port=loose.port_number(port, "nodePort", path) if port.get("nodePort") else 0,
            )
        )
    return tuple(found)


def _target(port: Node, number: int, path: str) -> int | str:
    value = port.get("targetPort")
    if value is None or value == 0 or value == "":
        return number
    if isinstance(value, str) and is_port_name(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PORT:
        return value
    hint = "; leave out the quotes of a number" if isinstance(value, str) and value.isdecimal() else ""
    raise Misfit(f"{path}targetPort", mismatch(value, f"a port number or a port name{hint}"))


def _cluster_ips(spec: Node) -> set[int]:
    single = loose.text(spec, "clusterIP", "spec.")
    written = [ip for ip in (*loose.texts(spec, "clusterIPs", "spec."), single) if ip and ip != _HEADLESS]
    return {loose.address(ip, "spec.clusterIPs") for ip in written}


def _virtual_ips(body: Node, spec: Node) -> tuple[int, ...]:
    found = {*_cluster_ips(spec), *_external_ips(spec)}
    balancer = loose.mapping(loose.mapping(body, "status"), "loadBalancer", "status.")
    for index, entry in enumerate(loose.mappings(balancer, "ingress", "status.loadBalancer.")):
        path = f"status.loadBalancer.ingress[{index}]."
        ip = loose.text(entry, "ip", path)
        if ip and entry.get("ipMode") != "Proxy":
            found.add(loose.address(ip, f"{path}ip"))
    return tuple(sorted(found))


# ---------------------------------------------------------------- Ingresses


def read_ingress(manifest: Manifest) -> Ingress:
    """The Ingress of an object; raises Misfit."""
    body = manifest.body
    spec = loose.mapping(body, "spec")
    return Ingress(
        namespace=manifest.namespace,
        name=manifest.name,
        backends=tuple(dict.fromkeys(_backends(spec))),
        origin=manifest.origin,
    )


def _backends(spec: Node) -> Iterator[IngressBackend]:
    for field in ("defaultBackend", "backend"):
        yield from _backend(loose.mapping(spec, field, "spec."), f"spec.{field}.", "", "")
    for number, rule in enumerate(loose.mappings(spec, "rules", "spec.")):
        at = f"spec.rules[{number}]."
        host = loose.text(rule, "host", at)
        for index, entry in enumerate(loose.mappings(loose.mapping(rule, "http", at), "paths", f"{at}http.")):
            path = f"{at}http.paths[{index}]."
            backend = loose.mapping(entry, "backend", path)
            yield from _backend(backend, f"{path}backend.", host, loose.text(entry, "path", path))


def _backend(backend: Node, at: str, host: str, path: str) -> Iterator[IngressBackend]:
    service = loose.mapping(backend, "service", at)
    name = loose.text(service, "name", f"{at}service.") or loose.text(backend, "serviceName", at)
    if name:
        yield IngressBackend(service=name, port=_port(backend, service, at), host=host, path=path)


def _port(backend: Node, service: Node, at: str) -> int | str:
    """The number or name of a port of the Service."""
    if not service:
        value = backend.get("servicePort")
        return value if isinstance(value, str) else loose.port_number(backend, "servicePort", at)
    port = loose.mapping(service, "port", f"{at}service.")
    name = loose.text(port, "name", f"{at}service.port.")
    return name or loose.port_number(port, "number", f"{at}service.port.")
