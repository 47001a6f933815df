"""(protocol, destination port) pairs on one line of integers, and sets of them.

| Protocol | Place of port n on the line |
|---|---|
| TCP | n |
| UDP | 65536 + n |
| SCTP | 131072 + n |

Ports are 1 .. 65535; place 0 of a protocol is never in a set.
"""

from __future__ import annotations

from enum import StrEnum

from reachproof.network.intervals import IntervalSet

MAX_PORT = 65535


class Protocol(StrEnum):
    """The transport protocols that network policy can name (core/v1 Protocol)."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


_ORDER = (Protocol.TCP, Protocol.UDP, Protocol.SCTP)
_CELL_TEXT = {"any port": "all ports", "no port": "no ports"}


def place(protocol: Protocol, port: int) -> int:
    """Where a protocol and port stand on the line."""
    return (_ORDER.index(protocol) << 16) | port


def protocol_port(place_: int) -> tuple[Protocol, int]:
    """The protocol and port at a place: the inverse of `place`."""
    return _ORDER[place_ >> 16], place_ & MAX_PORT


def port_range(protocol: Protocol, low: int = 1, high: int = MAX_PORT) -> IntervalSet:
    """Ports low..high (inclusive) of one protocol; the whole protocol by default."""
    return IntervalSet.of(((place(protocol, low), place(protocol, high)),))


ALL_PORTS = IntervalSet(tuple((place(protocol, 1), place(protocol, MAX_PORT)) for protocol in _ORDER))


def ranges(ports: IntervalSet) -> dict[Protocol, tuple[tuple[int, int], ...]]:
    """The set as inclusive port ranges per protocol; protocols without a port are absent."""
    found: dict[Protocol, tuple[tuple[int, int], ...]] = {}
    for protocol in _ORDER:
        within = ports & port_range(protocol)
        if within:
            found[protocol] = tuple((low & MAX_PORT, high & MAX_PORT) for low, high in within)
    return found


def ports_text(ports: IntervalSet) -> str:
    """The set for people: `all ports`, `no ports`, or a list such as `tcp/80, udp/1000-2000`."""
    return cell_text(format_ports(ports))


def cell_text(cell: str) -> str:
    """A cell of a document for people, who read `all ports` where documents of v1 have `any port`."""
    return _CELL_TEXT.get(cell, cell)


def format_ports(ports: IntervalSet) -> str:
    """The set as a cell of a document: `any port`, `no port`, or a list such as `tcp/80, udp/1000-2000`."""
    if ports == ALL_PORTS:
        return "any port"
    words: list[str] = []
    for protocol, spans in ranges(ports).items():
        name = protocol.lower()
        for low, high in spans:
            if (low, high) == (1, MAX_PORT):
                words.append(name)
            else:
                words.append(f"{name}/{low}" if low == high else f"{name}/{low}-{high}")
    return ", ".join(words) if words else "no port"
