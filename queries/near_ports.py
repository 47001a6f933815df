"""Words about the ports of a rule that a flow does not have, and what is near: a protocol, a Service, a port name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reachproof.documents.near import UnmetCode
from reachproof.network.cluster import Pod, Service
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import NamedPort, PortMatch
from reachproof.network.ports import Protocol, place, ports_text
from reachproof.network.snapshot import Snapshot
from reachproof.queries.policy_rules import port_words
from reachproof.queries.services import leads_to
from reachproof.semantics.sentences import listed


def on_ports(snapshot: Snapshot, ports: PortMatch, flow: Flow, via: Service | None) -> tuple[UnmetCode, str]:
    """Code and text of ports that the flow's is not among. `via`: the Service that was asked for."""
    own = f"{flow.protocol.lower()}/{flow.port}"
    number = place(flow.protocol, flow.port)
    if number in ports.numbers:
        return UnmetCode.PORT_RULED_OUT, f"the port is {own}, which the rule excludes"
    rule = f"the port is {own}, not {_words(ports)}"
    for service, port in _of_services(snapshot, ports.numbers, flow, via):
        text = f"{port} is the port of service {service}; policies see that of the pod, {own}"
        return UnmetCode.PORT_OF_SERVICE, text
    if any(place(protocol, flow.port) in ports.numbers for protocol in Protocol):
        default = "; an entry without a protocol is TCP" if place(Protocol.TCP, flow.port) in ports.numbers else ""
        return UnmetCode.OTHER_PROTOCOL, f"{rule}{default}"
    if ports.names:
        return _names(ports.names, flow, rule)
    return UnmetCode.OTHER_PORT, rule


def _words(ports: PortMatch) -> str:
    return port_words(ports) or ports_text(ports.numbers)


def _of_services(
    snapshot: Snapshot, numbers: IntervalSet, flow: Flow, via: Service | None
) -> Iterator[tuple[Service, str]]:
    """Services that lead to the end of the flow, with the ports of theirs that are among the numbers."""
    end = flow.destination
    if not isinstance(end, Pod):
        return
    for service in (*([via] if via is not None else []), *snapshot.services):
        if service.headless or service.namespace != end.namespace:
            continue
        for port in service.ports:
            alone = replace(service, ports=(port,))
            if place(port.protocol, port.port) in numbers and leads_to(snapshot, alone, flow):
                yield service, f"{port.protocol.lower()}/{port.port}"


def _names(names: tuple[NamedPort, ...], flow: Flow, rule: str) -> tuple[UnmetCode, str]:
    pod = flow.destination
    wanted = listed((name.name for name in names), word="or")
    if not isinstance(pod, Pod):
        return UnmetCode.PORT_NAME_NOT_DECLARED, f"{rule}; only pods have port names"
    declared = [port for port in pod.ports if port.name in {name.name for name in names}]
    if declared:
        found = listed(f"{port.name} is {port.protocol.lower()}/{port.number}" for port in declared)
        return UnmetCode.PORT_NAME_ELSEWHERE, f"{rule}; at the destination, {found}"
    others = listed(f"{port.name} ({port.protocol.lower()}/{port.number})" for port in pod.ports) if pod.ports else ""
    has = f"only {others}" if others else "and no other port name"
    return UnmetCode.PORT_NAME_NOT_DECLARED, f"{rule}; the destination declares no port {wanted}, {has}"
