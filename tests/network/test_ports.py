"""The line of protocols and ports."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import (
    ALL_PORTS,
    MAX_PORT,
    Protocol,
    format_ports,
    place,
    port_range,
    protocol_port,
    ranges,
)

PROTOCOLS = st.sampled_from(Protocol)
PORTS = st.integers(1, MAX_PORT)
RANGES = st.builds(lambda protocol, a, b: port_range(protocol, min(a, b), max(a, b)), PROTOCOLS, PORTS, PORTS)


@given(PROTOCOLS, PORTS)
def test_a_place_stands_for_one_protocol_and_port(protocol: Protocol, port: int) -> None:
    assert protocol_port(place(protocol, port)) == (protocol, port)
    assert place(protocol, port) in ALL_PORTS


@given(PROTOCOLS, PROTOCOLS, PORTS, PORTS)
def test_protocols_never_meet(one: Protocol, other: Protocol, a: int, b: int) -> None:
    assert (place(one, a) == place(other, b)) is ((one, a) == (other, b))


def test_all_ports_are_those_of_the_three_protocols_without_port_0() -> None:
    assert port_range(Protocol.TCP) | port_range(Protocol.UDP) | port_range(Protocol.SCTP) == ALL_PORTS
    assert ALL_PORTS.size == 3 * MAX_PORT
    assert not any(place(protocol, 0) in ALL_PORTS for protocol in Protocol)


@given(st.lists(RANGES, max_size=4))
def test_ranges_are_the_same_set_by_protocol(parts: list[IntervalSet]) -> None:
    whole = IntervalSet.of(span for part in parts for span in part)
    again = EMPTY
    for protocol, spans in ranges(whole).items():
        assert spans
        for low, high in spans:
            again |= port_range(protocol, low, high)
    assert again == whole


@pytest.mark.parametrize(
    ("ports", "text"),
    [
        (ALL_PORTS, "any port"),
        (EMPTY, "no port"),
        (port_range(Protocol.TCP), "tcp"),
        (port_range(Protocol.UDP, 53, 53), "udp/53"),
        (port_range(Protocol.SCTP, 1, 9) | port_range(Protocol.TCP, 80, 80), "tcp/80, sctp/1-9"),
        (port_range(Protocol.TCP) - port_range(Protocol.TCP, 80, 80), "tcp/1-79, tcp/81-65535"),
    ],
)
def test_ports_are_written_in_the_words_of_the_language(ports: IntervalSet, text: str) -> None:
    assert format_ports(ports) == text
