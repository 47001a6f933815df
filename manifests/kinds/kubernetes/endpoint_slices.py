"""EndpointSlice and Endpoints objects to the endpoints of network services.

| Object, of a Service | with a selector | without one |
|---|---|---|
| slice of the EndpointSlice controller | what the cluster derived from the selector (`Service.managed`) | endpoints |
| any other slice | endpoints, whatever the selector selects | endpoints |
| Endpoints | as a slice of that controller, unless the input has one | as one of the mirroring controller, likewise |

Endpoints that ask not to be mirrored count for nothing where there is no selector.
Slices are joined to Services by the label kubernetes.io/service-name, Endpoints by their name. All objects of one
loading are taken for one state of the cluster. Trusted by questions about Services; checked by tests/manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.object_identity import Manifest
from reachproof.network.address import family
from reachproof.network.cluster import EndpointAddress, Service
from reachproof.network.origin import Origin
from reachproof.network.ports import Protocol

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"
CONTROLLER = "endpointslice-controller.k8s.io"
MIRRORING = "endpointslicemirroring-controller.k8s.io"

Ports = tuple[tuple[str, Protocol, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The addresses of an EndpointSlice; `service` is empty for a slice of no Service. `manager`: who wrote it."""

    namespace: str
    service: str
    endpoints: tuple[EndpointAddress, ...]
    manager: str = ""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """An Endpoints object as the slice that it is mirrored to. `mirrored` False: it asks not to be."""

    slice: Slice
    mirrored: bool


def read_slice(manifest: Manifest) -> Slice:
    """The slice of an object; endpoints that are domain names are left out."""
    body = manifest.fields
    labels = body.object("metadata").labels(only=(SERVICE_NAME, MANAGED_BY))
    ports = _ports(body)
    endpoints = [] if body.get("addressType") == "FQDN" else body.objects("endpoints")
    return Slice(
        namespace=manifest.namespace,
        service=labels.get(SERVICE_NAME, ""),
        endpoints=tuple(endpoint for each in endpoints for endpoint in _endpoint(each, ports, manifest.namespace)),
        manager=labels.get(MANAGED_BY, ""),
        origin=manifest.origin,
    )


def _endpoint(endpoint: Fields, ports: Ports, namespace: str) -> Iterator[EndpointAddress]:
    ready = endpoint.object("conditions").get("ready") is not False
    pod = _pod(endpoint, namespace)
    for ip in endpoint.texts("addresses"):
        yield EndpointAddress(address=endpoint.address("addresses", ip), ports=ports, ready=ready, pod=pod)


def read_endpoints(manifest: Manifest) -> Endpoints:
    """The endpoints of an Endpoints object."""
    metadata = manifest.fields.object("metadata")
    return Endpoints(
        slice=Slice(
            namespace=manifest.namespace,
            service=manifest.name,
            endpoints=tuple(
                endpoint
                for subset in manifest.fields.objects("subsets")
                for endpoint in _subset(subset, manifest.namespace)
            ),
            origin=manifest.origin,
        ),
        mirrored=metadata.labels(only=(SKIP_MIRROR,)).get(SKIP_MIRROR) != "true"
        and metadata.object("annotations").get(LEADER) is None,
    )


def _subset(subset: Fields, namespace: str) -> Iterator[EndpointAddress]:
    ports = _ports(subset)
    for field, ready in (("addresses", True), ("notReadyAddresses", False)):
        for entry in subset.objects(field):
            address = entry.address("ip", entry.text("ip"))
            yield EndpointAddress(address=address, ports=ports, ready=ready, pod=_pod(entry, namespace))


def _pod(entry: Fields, namespace: str) -> str:
    """The pod of the namespace that an entry names as the one that has its addresses."""
    target = entry.object("targetRef")
    here = target.text("namespace", namespace) == namespace
    return target.text("name") if target.get("kind") == "Pod" and here else ""


def _ports(holder: Fields) -> Ports:
    """The ports that have a number; one without means nothing to traffic."""
    ports = (each for each in holder.objects("ports") if each.get("port") is not None)
    return tuple(sorted((each.text("name"), each.protocol(), each.port("port")) for each in ports))


def all_slices(services: Iterable[Service], slices: Iterable[Slice], endpoints: Iterable[Endpoints]) -> list[Slice]:
    """The slices, and those that stand for Endpoints of Services, by namespace and Service."""
    found = list(slices)
    by_manager = {(each.namespace, each.service, each.manager) for each in found}
    selecting = {service.key: service.selector is not None for service in services if service.external_name is None}
    for each in endpoints:
        key = each.slice.namespace, each.slice.service
        if key not in selecting or not (selecting[key] or each.mirrored):
            continue
        manager = CONTROLLER if selecting[key] else MIRRORING
        if (*key, manager) not in by_manager:
            found.append(replace(each.slice, manager=manager))
    return sorted(found, key=lambda each: (each.namespace, each.service))


def with_endpoints(services: Iterable[Service], slices: Iterable[Slice]) -> tuple[Service, ...]:
    """Every Service with the addresses of its slices, each once with all its ports; sorted by (namespace, name)."""
    found: dict[tuple[str, str], list[Slice]] = {}
    for each in slices:
        found.setdefault((each.namespace, each.service), []).append(each)
    return tuple(
        _with_slices(service, found.get(service.key, [])) for service in sorted(services, key=lambda each: each.key)
    )


def _with_slices(service: Service, slices: list[Slice]) -> Service:
    manager = CONTROLLER if service.selector is not None else None
    derived = [each for each in slices if each.manager == manager]
    managed = _merged(derived) if derived else None
    return replace(
        service,
        endpoints=_merged(each for each in slices if each.manager != manager),
        managed=managed,
        families=service.families or tuple(sorted({family(each.address) for each in managed or ()})),
    )


def _merged(slices: Iterable[Slice]) -> tuple[EndpointAddress, ...]:
    by_address: dict[tuple[int, bool, str], set[tuple[str, Protocol, int]]] = {}
    for each in slices:
        for endpoint in each.endpoints:
            key = endpoint.address, endpoint.ready, endpoint.pod
            by_address.setdefault(key, set()).update(endpoint.ports)
    return tuple(
        EndpointAddress(address=address, ports=tuple(sorted(ports)), ready=ready, pod=pod)
        for (address, ready, pod), ports in sorted(by_address.items(), key=lambda entry: entry[0])
    )
