"""What is behind a Service: the endpoints that traffic to it is rewritten to, before policy is evaluated."""

from __future__ import annotations

from reachproof.network.cluster import Pod, Service, ServicePort
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot

Backend = Pod | int
"""A pod, or an address of something that is no pod."""


def backends(snapshot: Snapshot, service: Service, port: ServicePort) -> tuple[tuple[int, tuple[Backend, ...]], ...]:
    """Per port that something listens on: the backends that a port of the Service leads to there, ascending.

    With a selector, the pods that it selects (a named target port is looked up at each); without one, the addresses
    of its EndpointSlices. A pod on the host network is a backend by its node's address, as pods are.
    """
    found: dict[int, list[Backend]] = {}
    if service.external_name is not None:
        return ()
    if service.selector is not None:
        for pod in snapshot.pods:
            if pod.namespace == service.namespace and service.selector.matches(pod.labels):
                for number in _target(pod, port):
                    found.setdefault(number, []).append(pod)
    else:
        pod_at = {address: pod for pod in snapshot.pods for address in pod.addresses if not pod.host_network}
        for endpoint in service.endpoints:
            for name, protocol, number in endpoint.ports:
                if name == port.name and protocol is port.protocol:
                    found.setdefault(number, []).append(pod_at.get(endpoint.address, endpoint.address))
    return tuple((number, tuple(ends)) for number, ends in sorted(found.items()))


def slice_addresses(service: Service, port: ServicePort, listening: int) -> IntervalSet:
    """The addresses in the Service's EndpointSlices that a port of it leads to there.

    A pod is behind such a Service by these of its addresses only: a slice is of one address family.
    """
    wanted = (port.name, port.protocol, listening)
    return IntervalSet.of((each.address, each.address) for each in service.endpoints if wanted in each.ports)


def leads_to(snapshot: Snapshot, service: Service, flow: Flow) -> bool:
    """Whether the destination of the flow is a backend of the Service on the port that the flow has."""
    return any(
        port.protocol is flow.protocol
        and listening == flow.port
        and (flow.destination in ends or (not isinstance(flow.destination, Pod) and flow.destination_address in ends))
        for port in service.ports
        for listening, ends in backends(snapshot, service, port)
    )


def _target(pod: Pod, port: ServicePort) -> list[int]:
    if isinstance(port.target, int):
        return [port.target]
    return sorted({each.number for each in pod.ports if each.name == port.target and each.protocol is port.protocol})
