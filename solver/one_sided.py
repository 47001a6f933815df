"""The flows that only one of two snapshots has: those with an endpoint, or an address of one, that the other has not.

| Endpoint | is in one snapshot only |
|---|---|
| pod, node | where it has no counterpart (`solver.endpoint_matching`); nodes only if both snapshots have some |
| an address of a pod or node | of a family in which its counterpart has none; of a node, an address more |
| outside | never: an address that a pod takes is the pod's from then on, and one that it leaves is nobody's |

Checked by tests/agreement, where flows are listed without it.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.network.address import family
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Party
from reachproof.solver.bitset import from_positions
from reachproof.solver.endpoint_matching import EndpointMatching
from reachproof.solver.goal import All, At, Formula, Members, Side
from reachproof.solver.joint_slices import When
from reachproof.solver.universe import Universe, party_key


def one_sided_regions(universe: Universe, pairing: EndpointMatching, when: When) -> Iterator[Formula]:
    """Regions of a snapshot's universe that have no flow in common and together are these flows.

    Flows with nodes, and with pods on the host network, are apart from others, as in `solver.compare`.
    """
    every, hosts = universe.everything, universe.nodes | universe.host_pods
    found = _sole_points(universe, pairing, when)
    pods, nodes = found & ~hosts, found & hosts
    others = every & ~hosts
    for sources, destinations in (
        (pods, others),
        (others & ~pods, pods),
        (pods, hosts),
        (hosts, pods),
        (nodes, every & ~pods),
        (every & ~found, nodes),
    ):
        if sources and destinations:
            yield All((At(Side.SOURCE, Members(sources)), At(Side.DESTINATION, Members(destinations))))


def _sole_points(universe: Universe, pairing: EndpointMatching, when: When) -> int:
    """The points that have no counterpart."""
    parties: tuple[Pod | Node, ...] = pairing.lost if when is When.BEFORE else pairing.new
    found = 0
    for party in parties:
        if isinstance(party, Node) and not pairing.nodes:
            continue
        found |= universe.by_party.get(party_key(party), 0)
    for match in pairing.matches:
        own, others = (match.before, match.after) if when is When.BEFORE else (match.after, match.before)
        for end in own:
            addresses = sole_addresses(end, others)
            if addresses:
                found |= universe.by_party.get(party_key(end), 0) & from_positions(
                    at
                    for at, point in enumerate(universe.points[: universe.fixed])
                    if point.addresses.first in addresses
                )
    return found


def sole_addresses(party: Party, others: tuple[Party, ...]) -> frozenset[int]:
    """The addresses of a party that none of its counterparts has anything to compare with."""
    if isinstance(party, External) or not party.addresses:
        return frozenset()
    found = set(party.addresses)
    for other in others:
        if isinstance(other, External) or not other.addresses:
            return frozenset()
        found &= _unmet(party.addresses, other.addresses)
    return frozenset(found)


def _unmet(own: tuple[int, ...], others: tuple[int, ...]) -> set[int]:
    """An address is met by itself, or else by those of its family that are left over on the other side."""
    rest = {family(each) for each in set(others) - set(own)}
    return {each for each in own if each not in others and family(each) not in rest}
