"""Ports and protocols of a rule of Calico, as far as flows are told apart here.

| Field | Meaning |
|---|---|
| protocol, notProtocol | TCP, UDP and SCTP by name or number; any other is on no flow that is asked about |
| ports, notPorts | numbers, `low:high`, or names of ports of pods: of the rule's protocol, else of the port's own |

To release 3.31 a name in a rule without a protocol was one of TCP (`engines.calico.profile`).

Trusted by every verdict about policies of Calico; checked by tests/agreement/test_calico.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.manifests.field_reader import Field
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import MAX_PORT, Protocol, port_range

_NUMBERS = {6: Protocol.TCP, 17: Protocol.UDP, 132: Protocol.SCTP}
_NAMED = {**{each.value: number for number, each in _NUMBERS.items()}, "ICMP": 1, "ICMPv6": 58, "UDPLite": 136}
_EXPECTED = "TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number from 1 to 255"


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one end of a rule: spans of numbers (None: any), and names; spans and names that are left out."""

    numbers: tuple[tuple[int, int], ...] | None = None
    excluded: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()
    excluded_names: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """True if every port is meant."""
        return self.numbers is None and not (self.excluded or self.names or self.excluded_names)

    @property
    def numeric(self) -> bool:
        """True if a number is written."""
        return bool(self.numbers or self.excluded)

    def of(self, protocol: Protocol) -> IntervalSet:
        """The numbers, as ports of a protocol."""
        wanted = [(1, MAX_PORT)] if self.numbers is None else self.numbers
        found = EMPTY
        for low, high in wanted:
            found = found | port_range(protocol, max(low, 1), high)
        return found - self.left_out(protocol)

    def left_out(self, protocol: Protocol) -> IntervalSet:
        """The numbers that are left out, as ports of a protocol."""
        return IntervalSet.of(span for low, high in self.excluded for span in port_range(protocol, max(low, 1), high))


def read_ports(ports: Field, not_ports: Field) -> Ports:
    """The ports of an entity rule."""
    entries, left_out = ([_port(item) for item in field.items()] for field in (ports, not_ports))
    spans, excluded = (tuple(each for each in found if isinstance(each, tuple)) for found in (entries, left_out))
    names, excluded_names = (
        tuple(sorted({each for each in found if isinstance(each, str)})) for found in (entries, left_out)
    )
    return Ports(spans if entries else None, excluded, names, excluded_names)


def _port(field: Field) -> tuple[int, int] | str | None:
    value = field.value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_PORT:
        return value, value
    if isinstance(value, str) and value:
        low, colon, high = value.partition(":")
        if low.isascii() and low.isdigit() and (not colon or (high.isascii() and high.isdigit())):
            span = int(low), int(high) if colon else int(low)
            if span[0] <= span[1] <= MAX_PORT:
                return span
        elif not colon:
            return value
    field.expected(f"a port from 0 to {MAX_PORT}, a range such as 8000:8080, or the name of a port")
    return None


@dataclass(frozen=True, slots=True)
class Protocols:
    """The protocols of a rule, as far as flows have them.

    `all`: it names none. `named`: `protocol` is one of ours. `icmp`: the address family, where it is ICMP or ICMPv6.
    `of_names`: the protocols that port names are looked up for.
    """

    ours: tuple[Protocol, ...] = tuple(Protocol)
    all: bool = True
    named: bool = False
    icmp: int | None = None
    of_names: tuple[Protocol, ...] = tuple(Protocol)


def read_protocols(rule: Field, *, names_of_tcp: bool) -> Protocols:
    """The protocols of a rule, by `protocol` and `notProtocol`.

    `names_of_tcp`: without `protocol`, port names are ports of TCP.
    """
    wanted, unwanted = rule.get("protocol"), rule.get("notProtocol")
    number, other = _protocol(wanted), _protocol(unwanted)
    ours = [each for each in Protocol if number is None or _NUMBERS.get(number) is each]
    ours = [each for each in ours if other is None or _NUMBERS.get(other) is not each]
    return Protocols(
        ours=tuple(ours),
        all=number is None and other is None,
        named=number in _NUMBERS,
        icmp={1: 4, 58: 6}.get(number or 0),
        of_names=tuple(each for each in ours if number is not None or not names_of_tcp or each is Protocol.TCP),
    )


def _protocol(field: Field) -> int | None:
    value = field.value
    if value is None:
        return None
    if isinstance(value, str):
        if value in _NAMED:
            return _NAMED[value]
        if value.isascii() and value.isdigit():
            value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 255:
        return value
    field.expected(_EXPECTED)
    return None
