"""One concrete new connection: the first packet, after Service rewriting."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Pod
from reachproof.network.ports import Protocol


@dataclass(frozen=True, slots=True)
class External:
    """An endpoint that is no pod and no node; all there is to know of it is its address on the flow."""

    def __str__(self) -> str:
        return "external"


Party = Pod | Node | External


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """`port` is the destination port, 1..65535. Both addresses are of one family.

    The addresses belong to the parties: an address of the pod or node, any address of the pod range for an abstract
    pod, any other for an external party.
    """

    source: Party
    destination: Party
    source_address: int
    destination_address: int
    protocol: Protocol
    port: int

    def __str__(self) -> str:
        ends = [_end(self.source, self.source_address), _end(self.destination, self.destination_address)]
        return f"{ends[0]} -> {ends[1]} on {self.protocol.lower()}/{self.port}"


def _end(party: Party, address: int) -> str:
    match party:
        case Pod():
            return f"pod {party} ({format_address(address)})"
        case Node():
            return f"node {party.name} ({format_address(address)})"
        case External():
            return format_address(address)
