"""The line of addresses: families apart, CIDRs in and out again."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.address import (
    ALL_ADDRESSES,
    ALL_V4,
    ALL_V6,
    GLOBAL,
    PRIVATE,
    V6_BASE,
    family,
    format_address,
    format_cidrs,
    parse_address,
    parse_cidr,
    parse_cidrs,
)
from reachproof.network.intervals import EMPTY, IntervalSet

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)
NETWORKS = st.one_of(
    st.builds(lambda ip, prefix: f"{ip}/{prefix}", V4, st.integers(0, 32)),
    st.builds(lambda ip, prefix: f"{ip}/{prefix}", V6, st.integers(0, 128)),
)
# Short spans near the borders of both families, so that they meet.
NEAR = [0, 1, 250, (1 << 32) - 3, V6_BASE, V6_BASE + 5, V6_BASE + (1 << 128) - 4]
SPANS = st.lists(
    st.tuples(st.sampled_from(NEAR), st.integers(0, 3), st.integers(0, 70)).map(lambda t: (t[0] + t[1], t[0] + t[2])),
    max_size=4,
)


@given(st.one_of(V4, V6))
def test_an_address_is_written_as_it_was_read(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    place = parse_address(str(ip))
    assert format_address(place) == str(ip)
    assert family(place) == ip.version


@given(NETWORKS)
def test_a_cidr_is_written_as_it_was_read_with_its_host_bits_masked(text: str) -> None:
    assert format_cidrs(parse_cidr(text)) == (str(ipaddress.ip_network(text, strict=False)),)


@given(SPANS)
def test_the_cidrs_of_a_set_are_disjoint_and_cover_it(spans: list[tuple[int, int]]) -> None:
    wanted = IntervalSet.of(spans) & ALL_ADDRESSES
    listed = format_cidrs(wanted)
    assert parse_cidrs(listed) == wanted
    assert sum(parse_cidr(text).size for text in listed) == wanted.size


@given(SPANS)
def test_no_two_cidrs_of_a_set_could_be_one(spans: list[tuple[int, int]]) -> None:
    """Minimal: joining neighbours until nothing changes, as the standard library does, leaves the list as it is."""
    listed = [ipaddress.ip_network(text) for text in format_cidrs(IntervalSet.of(spans) & ALL_ADDRESSES)]
    fours = [each for each in listed if isinstance(each, ipaddress.IPv4Network)]
    sixes = [each for each in listed if isinstance(each, ipaddress.IPv6Network)]
    assert listed == [*ipaddress.collapse_addresses(fours), *ipaddress.collapse_addresses(sixes)]


def test_the_families_never_meet() -> None:
    assert not ALL_V4 & ALL_V6
    assert parse_cidr("0.0.0.0/0") == ALL_V4
    assert parse_cidr("::/0") == ALL_V6
    assert parse_address("::ffff:10.0.0.1") not in parse_cidr("10.0.0.0/8")
    assert parse_address("::10.0.0.1") not in parse_cidr("10.0.0.0/8")
    assert format_cidrs(ALL_ADDRESSES) == ("0.0.0.0/0", "::/0")
    assert format_cidrs(EMPTY) == ()


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "fe80::%1/64", "10.0.0.0/+8", "x/8"])
def test_other_text_is_no_cidr(text: str) -> None:
    with pytest.raises(ValueError):
        parse_cidr(text)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "fe80::1%eth0", "010.0.0.1", "10.0.0", ""])
def test_other_text_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "known", "routable"),
    [
        ("8.8.8.8", False, True),
        ("10.1.2.3", True, False),
        ("172.31.255.255", True, False),
        ("172.32.0.0", False, True),
        ("100.127.0.1", True, False),
        ("169.254.169.254", False, False),
        ("198.51.100.7", False, False),
        ("224.0.0.1", False, False),
        ("2001:4860::8888", False, True),
        ("2001:db8::1", False, False),
        ("fd00::1", False, False),
        ("::1", False, False),
    ],
)
def test_private_and_globally_routable_addresses_are_those_of_the_registries(
    text: str, known: bool, routable: bool
) -> None:
    assert (parse_address(text) in PRIVATE) is known
    assert (parse_address(text) in GLOBAL) is routable
