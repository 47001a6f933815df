"""IP addresses on one line of integers, and sets of them.

| Family | Place on the line |
|---|---|
| IPv4 a | a, so 0 .. 2**32 - 1 |
| IPv6 a | 2**128 + a, so 2**128 .. 2**129 - 1 |

The families never meet, so `0.0.0.0/0` holds no IPv6 address and `::/0` no IPv4 address (RFC 4291 mapped
addresses are IPv6 here).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from reachproof.network.intervals import IntervalSet

V6_BASE = 1 << 128
ALL_V4 = IntervalSet(((0, (1 << 32) - 1),))
ALL_V6 = IntervalSet(((V6_BASE, V6_BASE + (1 << 128) - 1),))
ALL_ADDRESSES = ALL_V4 | ALL_V6


def family(address: int) -> int:
    """4 or 6."""
    return 6 if address >= V6_BASE else 4


def parse_address(text: str) -> int:
    """The place of one address on the line; ValueError where the text is no plain IPv4 or IPv6 address."""
    if "%" in text:
        raise ValueError(f"{text!r} has a zone index")
    parsed = ipaddress.ip_address(text)
    return int(parsed) if parsed.version == 4 else V6_BASE + int(parsed)


def parse_cidr(text: str) -> IntervalSet:
    """The addresses of a CIDR; host bits are masked (stored policies may have them). ValueError on other text."""
    _, _, prefix = text.partition("/")
    if not (prefix.isascii() and prefix.isdigit()) or "%" in text:
        raise ValueError(f"{text!r} is not of the form ADDRESS/PREFIX")
    network = ipaddress.ip_network(text, strict=False)
    base = 0 if network.version == 4 else V6_BASE
    return IntervalSet(((base + int(network.network_address), base + int(network.broadcast_address)),))


def parse_cidrs(texts: Iterable[str]) -> IntervalSet:
    """The union of CIDRs."""
    return IntervalSet.of(span for text in texts for span in parse_cidr(text))


def format_address(address: int) -> str:
    """The usual text of an address: dotted quad, or RFC 5952."""
    if family(address) == 4:
        return str(ipaddress.IPv4Address(address))
    return str(ipaddress.IPv6Address(address - V6_BASE))


def format_cidrs(addresses: IntervalSet) -> tuple[str, ...]:
    """The smallest list of disjoint CIDRs whose union is the set, ascending, IPv4 first."""
    return tuple(
        str(network)
        for low, high in (addresses & ALL_V4).spans
        for network in ipaddress.summarize_address_range(ipaddress.IPv4Address(low), ipaddress.IPv4Address(high))
    ) + tuple(
        str(network)
        for low, high in (addresses & ALL_V6).spans
        for network in ipaddress.summarize_address_range(
            ipaddress.IPv6Address(low - V6_BASE), ipaddress.IPv6Address(high - V6_BASE)
        )
    )


PRIVATE = parse_cidrs(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
# IANA special-purpose registries (RFC 6890 and its updates): blocks that are not globally reachable.
NOT_GLOBAL = (
    parse_cidrs(
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
        )
    )
    | (ALL_V6 - parse_cidrs(("2000::/3",)))
    | parse_cidrs(("2001:db8::/32", "2001:2::/48", "3fff::/20"))
)
GLOBAL = ALL_ADDRESSES - NOT_GLOBAL
# What is at no other machine: a pod reaches itself there, or many at once, so that no policy is asked.
LOOPBACK = parse_cidrs(("127.0.0.0/8", "::1/128"))
UNSPECIFIED = parse_cidrs(("0.0.0.0/8", "::/128"))
MULTICAST = parse_cidrs(("224.0.0.0/4", "ff00::/8"))
BROADCAST = parse_cidrs(("255.255.255.255/32",))
# IPv4 in an IPv6 socket (RFC 4291): on the network such an address is the IPv4 address.
MAPPED = parse_cidrs(("::ffff:0:0/96",))
NOT_ROUTED = LOOPBACK | UNSPECIFIED | MULTICAST | BROADCAST | MAPPED
