"""Causes besides policy that may keep a connection from working, told with explanations; no verdict rests on them.

| Code | When |
|---|---|
| SELECTOR_MATCHES_NO_POD | a Service that is asked for selects no pod of its namespace |
| TARGET_PORT_UNKNOWN | it leads to a container port by a name that no pod behind it declares |
| TARGET_PORT_NOT_DECLARED | it leads to a port number that no container behind it declares |
| BACKENDS_NOT_READY | pods behind it are not ready, so it sends them nothing |
| POD_NOT_READY | the destination, which is asked for without a Service, is not ready |
| HOST_NETWORK | an end of a flow is on the host network, where policy does not see it as a pod |

A name of a pod that is finished is told of by `queries.names`, a Service with nothing behind it by `queries.bind_sets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.grammar import ast
from reachproof.grammar.format import format_selector
from reachproof.network.cluster import IdlePod, Notice, Pod, PodState, Service, ServicePort
from reachproof.network.flow import Party
from reachproof.network.options import HostNetworkPods
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Witness
from reachproof.queries.service_sets import asks_for
from reachproof.semantics.sentences import some_of

_SHOWN = 4


def causes(
    snapshot: Snapshot, services: Iterable[Service], ports: ast.Ports, shown: Iterable[Witness]
) -> tuple[Notice, ...]:
    """The notices on Services that the destination names, on the ports in question, and on flows that are shown."""
    found: list[Notice] = []
    for service in services:
        found += _of_service(snapshot, service, [port for port in service.ports if asks_for(ports, port)])
    for witness in shown:
        found += _of_flow(snapshot, witness)
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------- services


def _of_service(snapshot: Snapshot, service: Service, ports: Iterable[ServicePort]) -> Iterator[Notice]:
    if service.selector is None:
        return
    pods = [p for p in snapshot.pods if p.namespace == service.namespace and service.selector.matches(p.labels)]
    idle = [p for p in snapshot.idle if p.namespace == service.namespace and service.selector.matches(p.labels)]
    if not pods:
        yield _no_pod(service, idle)
        return
    for port in ports:
        yield from _target(service, port, pods)
    unready = [pod for pod in idle if pod.state is PodState.NOT_READY]
    if unready and not service.publish_not_ready:
        text = f"{len(unready)} of the {len(pods)} pods behind service {service} {_are(unready)} not ready, and "
        text += f"get{'s' if len(unready) == 1 else ''} nothing from it: {some_of(unready, _SHOWN)}"
        yield Notice(code="BACKENDS_NOT_READY", text=text, origin=service.origin)


def _no_pod(service: Service, idle: list[IdlePod]) -> Notice:
    assert service.selector is not None
    labels = format_selector(service.selector)
    text = f"service {service} selects pods labelled {labels}, and there is none in namespace {service.namespace}"
    if idle:
        text += f" that takes part: {some_of(idle, _SHOWN)} {_are(idle)} finished, or without an address yet"
    return Notice(code="SELECTOR_MATCHES_NO_POD", text=text, origin=service.origin)


def _target(service: Service, port: ServicePort, pods: list[Pod]) -> Iterator[Notice]:
    where = f"port {port.protocol.lower()}/{port.port} of service {service}"
    match port.target:
        case str(name):
            found = {each.name for pod in pods for each in pod.service_ports if each.protocol is port.protocol}
            if name not in found:
                names = sorted(found)
                text = f"{where} leads to the container port {name!r}, which no pod behind it declares for "
                text += f"{port.protocol}; they declare {', '.join(names) or 'no names'}"
                yield Notice(code="TARGET_PORT_UNKNOWN", text=text, origin=service.origin)
        case number:
            if not any((number, port.protocol) in pod.declared for pod in pods):
                text = f"{where} leads to {port.protocol.lower()}/{number}, which no container behind it declares; "
                text += "it may listen there all the same"
                yield Notice(code="TARGET_PORT_NOT_DECLARED", text=text, origin=service.origin)


# ---------------------------------------------------------------- flows


def _of_flow(snapshot: Snapshot, witness: Witness) -> Iterator[Notice]:
    flow = witness.flow
    for party in (flow.source, flow.destination):
        yield from _on_host_network(snapshot, party)
    idle = snapshot.idle_of.get(flow.destination.key) if isinstance(flow.destination, Pod) else None
    if idle is not None and witness.via is None:
        text = f"pod {idle} is not ready: it may not answer, and a Service sends it nothing"
        yield Notice(code="POD_NOT_READY", text=text, origin=idle.origin)


def _on_host_network(snapshot: Snapshot, party: Party) -> Iterator[Notice]:
    ignored = snapshot.options.host_network_pods is HostNetworkPods.IGNORED
    if isinstance(party, Pod) and party.host_network and ignored:
        text = f"pod {party} is on the host network: no policy applies to it, and others see its node in its place"
        yield Notice(code="HOST_NETWORK", text=text, origin=party.origin)


def _are(pods: list[IdlePod]) -> str:
    return "is" if len(pods) == 1 else "are"
