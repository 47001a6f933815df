"""Backends of a Service: the endpoints that traffic to it is rewritten to, before policy is evaluated.

| Selected pods | are backends |
|---|---|
| without an address yet, or the input has no slice of the controller for the Service | surely: it would list them |
| that a slice of the controller has as ready, on the port that the Service leads to | surely |
| that are in none of them, or there on another port, or not ready | perhaps |

| Entries | are backends |
|---|---|
| of the controller, for what the selector does not select | perhaps |
| of other slices, and all of a Service without a selector | surely; perhaps where they are not ready |

A slice counts for the addresses in it only. A Service with families leads to no address of another one. Whoever asks
takes the sure ones for what must be true, and all of them for what may be. Trusted by questions about Services; checked
by tests/queries/test_brute_force.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from reachproof.network.address import family, format_address
from reachproof.network.cluster import EndpointAddress, Pod, Service
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot

Ports = frozenset[tuple[int, int]]
"""Pairs: the place of a port in `Service.ports`, and a number that it leads to."""


class Doubt(StrEnum):
    """Why it is not known whether something is a backend."""

    UNLISTED = "selected, but in no EndpointSlice"
    UNSELECTED = "in an EndpointSlice, but not selected"
    OTHER_PORT = "in an EndpointSlice on another port than selected"
    SHARED_ADDRESS = "in an EndpointSlice, with an address that other pods claim too"
    NO_POD = "in an EndpointSlice, but no pod of the input"
    NOT_READY = "not ready in its EndpointSlice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A pod, or without one whatever has the addresses. `addresses` None: all of the pod's.

    `doubt`: why it may be none. One end may be a backend for sure on some ports, and perhaps on others.
    """

    pod: Pod | None
    addresses: IntervalSet | None
    ports: Ports
    doubt: Doubt | None = None

    def __str__(self) -> str:
        if self.pod is not None:
            return f"pod {self.pod}"
        return "address " + ", ".join(map(format_address, (low for low, _ in self.addresses or ())))


def backends(snapshot: Snapshot, service: Service) -> tuple[Backend, ...]:
    """All that is or may be a backend of the Service; one without ports is so only for a headless Service."""
    if service.external_name is not None:
        return ()
    return (*_of_selector(snapshot, service), *_of_slices(snapshot, service))


def leads_to(snapshot: Snapshot, service: Service, flow: Flow) -> bool:
    """True if the destination of the flow may be a backend of the Service on the port that the flow has."""
    return any(_is_at(each, flow) and _is_on(each, service, flow) for each in backends(snapshot, service))


def _is_at(backend: Backend, flow: Flow) -> bool:
    known = backend.addresses is None or flow.destination_address in backend.addresses
    return known and (backend.pod is None or backend.pod == flow.destination)


def _is_on(backend: Backend, service: Service, flow: Flow) -> bool:
    return service.headless or any(
        service.ports[at].protocol is flow.protocol and number == flow.port for at, number in backend.ports
    )


# ---------------------------------------------------------------- by the selector


def _of_selector(snapshot: Snapshot, service: Service) -> Iterator[Backend]:
    """The pods that the selector selects, and what the controller has written down of it."""
    if service.selector is None:
        return
    pods = [pod for pod in snapshot.pods_in.get(service.namespace, ()) if service.selector.matches(pod.labels)]
    if service.managed is None:
        yield from (each for pod in pods for each in _selected(service, pod))
        return
    listed: dict[int, list[EndpointAddress]] = defaultdict(list)
    for endpoint in service.managed:
        listed[endpoint.address].append(endpoint)
    seen: set[EndpointAddress] = set()
    for pod in pods:
        if pod.abstract:
            yield from _selected(service, pod)
        for address in _addresses(service, pod):
            entries = [each for each in listed[address] if each.pod in ("", pod.name)]
            seen.update(entries)
            yield from _compared(service, pod, address, entries)
    for endpoint in service.managed:
        if endpoint not in seen:
            yield from _not_selected(snapshot, service, endpoint)


def _selected(service: Service, pod: Pod) -> Iterator[Backend]:
    """A selected pod as the controller would list it."""
    addresses = _addresses(service, pod)
    if pod.abstract or addresses == pod.addresses:
        yield Backend(pod=pod, addresses=None, ports=_targets(service, pod))
    elif addresses:
        where = IntervalSet.of((each, each) for each in addresses)
        yield Backend(pod=pod, addresses=where, ports=_targets(service, pod))


def _compared(service: Service, pod: Pod, address: int, entries: list[EndpointAddress]) -> Iterator[Backend]:
    """One address of a selected pod beside the entries that slices have of it."""
    own, where = _targets(service, pod), IntervalSet.single(address)
    ready = [each for each in entries if each.ready]
    listed = _ports_of(service, ready)
    if ready:
        yield Backend(pod=pod, addresses=where, ports=own & listed)
    rest = (own | _ports_of(service, entries)) - (own & listed if ready else frozenset())
    if rest or not ready:
        doubt = Doubt.OTHER_PORT if ready else Doubt.NOT_READY if entries else Doubt.UNLISTED
        yield Backend(pod=pod, addresses=where, ports=rest, doubt=doubt)


def _not_selected(snapshot: Snapshot, service: Service, endpoint: EndpointAddress) -> Iterator[Backend]:
    """An entry of the controller's for what the selector does not select. One for a former address of a pod is old."""
    ports, where = _ports_of(service, [endpoint]), IntervalSet.single(endpoint.address)
    found = _who_has(snapshot, service, endpoint)
    for pod in found:
        yield Backend(pod=pod, addresses=where, ports=ports, doubt=Doubt.UNSELECTED)
    key = service.namespace, endpoint.pod
    if not found and key not in snapshot.pod_of and key not in snapshot.idle_of:
        yield Backend(pod=None, addresses=where, ports=ports, doubt=Doubt.NO_POD)


def _targets(service: Service, pod: Pod) -> Ports:
    """Ports that the Service leads to at a pod that it selects."""
    return frozenset(
        (at, number)
        for at, port in enumerate(service.ports)
        for number in (
            (port.target,)
            if isinstance(port.target, int)
            else (p.number for p in pod.service_ports if p.name == port.target and p.protocol is port.protocol)
        )
    )


# ---------------------------------------------------------------- by slices alone


def _of_slices(snapshot: Snapshot, service: Service) -> Iterator[Backend]:
    for endpoint in service.endpoints:
        where, ports = IntervalSet.single(endpoint.address), _ports_of(service, [endpoint])
        doubt = None if endpoint.ready else Doubt.NOT_READY
        found = _who_has(snapshot, service, endpoint)
        if len(found) > 1:
            doubt = doubt or Doubt.SHARED_ADDRESS
        for pod in found:
            yield Backend(pod=pod, addresses=where, ports=ports, doubt=doubt)
        if not found:
            yield Backend(pod=None, addresses=where, ports=ports, doubt=doubt)


def _who_has(snapshot: Snapshot, service: Service, endpoint: EndpointAddress) -> tuple[Pod, ...]:
    """The pod that the entry names, if it has the address; else those on the pod network that have it."""
    named = snapshot.pod_of.get((service.namespace, endpoint.pod))
    if named is not None and endpoint.address in named.addresses:
        return (named,)
    return snapshot.pods_at.get(endpoint.address, ())


def _ports_of(service: Service, entries: Iterable[EndpointAddress]) -> Ports:
    """The ports of the Service that the entries have, by name and protocol, and where they lead."""
    given = {port for each in entries for port in each.ports}
    return frozenset(
        (at, number)
        for at, port in enumerate(service.ports)
        for name, protocol, number in given
        if name == port.name and protocol is port.protocol
    )


def _addresses(service: Service, pod: Pod) -> tuple[int, ...]:
    """Those of the pod's addresses that the Service can lead to."""
    return tuple(each for each in pod.addresses if not service.families or family(each) in service.families)
