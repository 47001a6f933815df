"""Concrete flows of a snapshot: enough of them that no two rules of its policies are always told alike.

Addresses are taken from every piece that the CIDRs of the policies and the addresses of the cluster cut the world
into, and ports from every piece that port numbers, ranges and container ports cut the ports into.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import strategies as st

from reachproof.network.address import ALL_ADDRESSES, family
from reachproof.network.cluster import Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet, atoms
from reachproof.network.policy import AddressPeer, Direction, Match, parts_of
from reachproof.network.ports import ALL_PORTS, Protocol, place, protocol_port
from reachproof.network.snapshot import Snapshot

End = tuple[Party, int]
"""A party and the address that it uses."""


def ends(snapshot: Snapshot) -> list[End]:
    """Every pod and node with each of its addresses, and one external address, or free one, of every piece.

    Of a pod that stands for several, two free addresses of the first piece of each family, so that two can meet.
    """
    cuts = _address_cuts(snapshot)
    found: list[End] = []
    for pod in snapshot.pods:
        addresses = pod.addresses or _free_addresses(snapshot, pod, cuts)
        found += [(pod, address) for address in addresses]
    found += [(node, address) for node in snapshot.nodes for address in node.addresses]
    found += [(External(), low) for low, _ in atoms(ALL_ADDRESSES - snapshot.held, cuts)]
    return found


def _free_addresses(snapshot: Snapshot, pod: Pod, cuts: list[IntervalSet]) -> list[int]:
    pieces = list(atoms(snapshot.free_range(pod), cuts))
    first = {family(low): high for low, high in reversed(pieces)} if pod.repeated else {}
    return [low for low, _ in pieces] + [high for high in first.values() if (high, high) not in pieces]


def pairs(snapshot: Snapshot) -> list[tuple[End, End]]:
    """Every two `ends` of one family of which at least one is in the cluster, in both orders."""
    places = ends(snapshot)
    return [(source, destination) for source in places for destination in places if possible(source, destination)]


def ports(snapshot: Snapshot) -> list[tuple[Protocol, int]]:
    """One protocol and port of every piece."""
    written = [match.ports for match in matches(snapshot) if match.ports is not None]
    cuts = [numbers for each in written for numbers in (each.numbers, each.not_numbers)]
    cuts += [IntervalSet.single(place(port.protocol, port.number)) for pod in snapshot.pods for port in pod.ports]
    return [protocol_port(low) for low, _ in atoms(ALL_PORTS, cuts)]


def all_flows(snapshot: Snapshot) -> Iterator[Flow]:
    """Every flow between `ends` on `ports` that a policy could decide; some hundreds to some thousands."""
    numbers = ports(snapshot)
    for source, destination in pairs(snapshot):
        for number in numbers:
            yield _through(source, destination, number)


def some_flows(snapshot: Snapshot, count: int, seed: int = 0) -> list[Flow]:
    """At most `count` of `all_flows`, by a seeded choice of pairs and ports; half of them between pods."""
    chance = random.Random(seed)
    numbers, every = ports(snapshot), pairs(snapshot)
    inside = [pair for pair in every if all(isinstance(party, Pod) for party, _ in pair)] or every
    half = [(chance.choice(every), chance.choice(numbers)) for _ in range(count // 2 if every else 0)]
    chosen = half + [(chance.choice(inside), chance.choice(numbers)) for _ in range(count - len(half) if every else 0)]
    return [_through(source, destination, number) for (source, destination), number in chosen]


def flows(snapshot: Snapshot) -> st.SearchStrategy[Flow]:
    """One of `all_flows`; there is at least one, since a snapshot of `snapshots()` has two pods."""

    def one(pair: tuple[End, End], number: tuple[Protocol, int]) -> Flow:
        return _through(*pair, number)

    return st.builds(one, st.sampled_from(pairs(snapshot)), st.sampled_from(ports(snapshot)))


def possible(source: End, destination: End) -> bool:
    """Whether both are of one family, at least one is in the cluster, and one pod does not have two addresses."""
    if isinstance(source[0], External) and isinstance(destination[0], External):
        return False
    one_pod = isinstance(source[0], Pod) and source[0] == destination[0] and not source[0].repeated
    if one_pod and source[1] != destination[1]:
        return False
    return family(source[1]) == family(destination[1])


def _through(source: End, destination: End, number: tuple[Protocol, int]) -> Flow:
    return Flow(
        source=source[0],
        destination=destination[0],
        source_address=source[1],
        destination_address=destination[1],
        protocol=number[0],
        port=number[1],
    )


def matches(snapshot: Snapshot) -> Iterator[Match]:
    """What the rules of all policies match."""
    for policy in snapshot.policies:
        for direction in Direction:
            for rule in policy.rules(direction):
                yield from rule.matches


def cidrs(snapshot: Snapshot) -> Iterator[IntervalSet]:
    """The addresses that the rules of all policies ask about, at either end."""
    for match in matches(snapshot):
        for peer in (*parts_of(match.peer), *parts_of(match.subject)):
            if isinstance(peer, AddressPeer):
                yield peer.addresses


def _address_cuts(snapshot: Snapshot) -> list[IntervalSet]:
    """The CIDRs of policies, and each address of a node: a host-network pod may have any of them."""
    cuts = list(cidrs(snapshot))
    return cuts + [IntervalSet.single(address) for node in snapshot.nodes for address in node.addresses]
