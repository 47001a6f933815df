"""Addresses in a sentence: those that no question can be about, and those that stand for a Service."""

from __future__ import annotations

from reachproof.network.address import (
    BROADCAST,
    LOOPBACK,
    MAPPED,
    MULTICAST,
    NOT_ROUTED,
    UNSPECIFIED,
    V6_BASE,
    format_address,
)
from reachproof.network.cluster import Notice
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot

_REASONS = (
    (LOOPBACK, "is loopback, which is the pod itself; no policy sees it"),
    (UNSPECIFIED, "is no address of a machine (a pod that connects to it reaches itself); no policy sees it"),
    (MULTICAST, "is multicast; policies are about connections with one other end"),
    (BROADCAST, "is the broadcast address; policies are about connections with one other end"),
)


def why_not_askable(written: str, low: int, high: int) -> str | None:
    """The message for addresses that nothing outside has, bounds included; None where some of them can be asked about.

    Link-local addresses can: metadata services and DNS caches of nodes are there, and policies apply to them.
    """
    wanted = IntervalSet(((low, high),))
    if not wanted <= NOT_ROUTED:
        return None
    if wanted <= MAPPED:
        return f"{written} is IPv4 written as IPv6; ask about {_plain(low, high)}"
    reasons = [reason for addresses, reason in _REASONS if wanted & addresses]
    return f"{written} {reasons[0]}; ask about another address"


def _plain(low: int, high: int) -> str:
    first, last = ((address - V6_BASE) & 0xFFFFFFFF for address in (low, high))
    return format_address(first) if first == last else f"{format_address(first)}-{format_address(last)}"


def of_services(snapshot: Snapshot, low: int, high: int) -> list[Notice]:
    """The warning about virtual addresses in a range, bounds included, if it has any."""
    services = snapshot.services_at(low, high)
    if not services:
        return []
    first = services[0]
    more = f" and {len(services) - 1} more" if len(services) > 1 else ""
    text = (
        f"the addresses of service {first}{more} are not in this set: traffic to them is rewritten to a "
        f"backend before policy applies; ask for `service {first}`"
    )
    return [Notice(code="SERVICE_ADDRESS", text=text, origin=first.origin)]
