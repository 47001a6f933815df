"""Service and EndpointSlice objects to network services.

`virtual_ips` are what is rewritten to a backend before policy looks: cluster IPs, external IPs, and load-balancer IPs
unless their ipMode is Proxy. A headless Service is not rewritten: a client connects to the pod itself on the port it
was told, so its ports target their own number. Slices are joined to Services by the label kubernetes.io/service-name.
Traffic from outside keeps the client's address with externalTrafficPolicy Local only.
Trusted by questions about Services; checked by tests/manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.manifests import loose
from reachproof.manifests.document import describe
from reachproof.manifests.loose import Misfit, Node
from reachproof.manifests.manifest import Manifest
from reachproof.manifests.syntax import is_port_name
from reachproof.network.address import parse_cidrs
from reachproof.network.cluster import EndpointAddress, Service, ServicePort
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.origin import Origin
from reachproof.network.ports import MAX_PORT, Protocol

SERVICE_NAME = "kubernetes.io/service-name"
_HEADLESS = "None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The ready addresses of an EndpointSlice; `service` is empty for a slice of no Service.

    `every` are all of its addresses, ready or not.
    """

    namespace: str
    service: str
    endpoints: tuple[EndpointAddress, ...]
    every: tuple[EndpointAddress, ...] = ()
    origin: Origin


def read_service(manifest: Manifest) -> Service:
    """The Service of an object, without endpoints; raises Misfit."""
    spec = loose.mapping(manifest.body, "spec")
    type_ = loose.text(spec, "type", "spec.", "ClusterIP")
    alias = type_ == "ExternalName"
    pairs = loose.labels(spec, "selector", "spec.")
    selector = Selector.of(*(Requirement(key, Operator.IN, (value,)) for key, value in pairs.items()))
    return Service(
        namespace=manifest.namespace,
        name=manifest.name,
        selector=selector if pairs and not alias else None,
        ports=_ports(spec, headless=spec.get("clusterIP") == _HEADLESS),
        virtual_ips=() if alias else _virtual_ips(manifest.body, spec),
        type=type_,
        external_name=loose.text(spec, "externalName", "spec.") if alias else None,
        publish_not_ready=loose.flag(spec, "publishNotReadyAddresses", "spec."),
        external_ips=() if alias else _external_ips(spec),
        keeps_client=_keeps_client(spec),
        source_ranges=_source_ranges(spec),
        origin=manifest.origin,
    )


def _external_ips(spec: Node) -> tuple[int, ...]:
    return tuple(loose.address(ip, "spec.externalIPs") for ip in loose.texts(spec, "externalIPs", "spec."))


def _keeps_client(spec: Node) -> bool:
    written = loose.text(spec, "externalTrafficPolicy", "spec.", "Cluster")
    if written not in ("Cluster", "Local"):
        raise Misfit("spec.externalTrafficPolicy", f"found {describe(written)}, expected Cluster or Local")
    return written == "Local"


def _source_ranges(spec: Node) -> IntervalSet:
    try:
        return parse_cidrs(text.strip() for text in loose.texts(spec, "loadBalancerSourceRanges", "spec."))
    except ValueError as error:
        raise Misfit("spec.loadBalancerSourceRanges", f"found an entry that is none: {error}, expected CIDRs") from None


def _ports(spec: Node, *, headless: bool) -> tuple[ServicePort, ...]:
    found: list[ServicePort] = []
    for index, port in enumerate(loose.mappings(spec, "ports", "spec.")):
        path = f"spec.ports[{index}]."
        number = loose.port_number(port, "port", path)
        target = _target(port, number, path)
        protocol, name = loose.protocol(port, path), loose.text(port, "name", path)
        found.append(ServicePort(name=name, protocol=protocol, port=number, target=number if headless else target))
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
    raise Misfit(f"{path}targetPort", f"found {describe(value)}, expected a port number or a port name{hint}")


def _virtual_ips(body: Node, spec: Node) -> tuple[int, ...]:
    single = loose.text(spec, "clusterIP", "spec.")
    written = [ip for ip in (*loose.texts(spec, "clusterIPs", "spec."), single) if ip and ip != _HEADLESS]
    found = {loose.address(ip, "spec.clusterIPs") for ip in written}
    found |= {*_external_ips(spec)}
    balancer = loose.mapping(loose.mapping(body, "status"), "loadBalancer", "status.")
    for index, entry in enumerate(loose.mappings(balancer, "ingress", "status.loadBalancer.")):
        path = f"status.loadBalancer.ingress[{index}]."
        ip = loose.text(entry, "ip", path)
        if ip and entry.get("ipMode") != "Proxy":
            found.add(loose.address(ip, f"{path}ip"))
    return tuple(sorted(found))


def read_slice(manifest: Manifest) -> Slice:
    """The slice of an object; endpoints that are domain names are left out."""
    body = manifest.body
    ports = tuple(sorted(_slice_ports(body)))
    endpoints = [] if body.get("addressType") == "FQDN" else loose.mappings(body, "endpoints")
    found = [
        (
            EndpointAddress(address=loose.address(ip, f"endpoints[{index}].addresses"), ports=ports),
            loose.mapping(endpoint, "conditions", f"endpoints[{index}].").get("ready") is not False,
        )
        for index, endpoint in enumerate(endpoints)
        for ip in loose.texts(endpoint, "addresses", f"endpoints[{index}].")
    ]
    return Slice(
        namespace=manifest.namespace,
        service=loose.labels(loose.mapping(body, "metadata")).get(SERVICE_NAME, ""),
        endpoints=tuple(endpoint for endpoint, ready in found if ready),
        every=tuple(endpoint for endpoint, _ in found),
        origin=manifest.origin,
    )


def _slice_ports(body: Node) -> Iterator[tuple[str, Protocol, int]]:
    for index, port in enumerate(loose.mappings(body, "ports")):
        path = f"ports[{index}]."
        if port.get("port") is not None:  # a port without a number means nothing to traffic
            yield loose.text(port, "name", path), loose.protocol(port, path), loose.port_number(port, "port", path)


def with_endpoints(services: Iterable[Service], slices: Iterable[Slice]) -> tuple[Service, ...]:
    """Every Service with the addresses of its slices, each once with all its ports; sorted by (namespace, name)."""
    found: dict[tuple[str, str], dict[int, set[tuple[str, Protocol, int]]]] = {}
    for each in slices:
        by_address = found.setdefault((each.namespace, each.service), {})
        for endpoint in each.endpoints:
            by_address.setdefault(endpoint.address, set()).update(endpoint.ports)
    return tuple(
        replace(
            service,
            endpoints=tuple(
                EndpointAddress(address=address, ports=tuple(sorted(ports)))
                for address, ports in sorted(found.get(service.key, {}).items())
            ),
        )
        for service in sorted(services, key=lambda service: service.key)
    )
