"""Matching of the endpoints of two snapshots, whose labels and addresses may differ, and the regions of their flows.

| Endpoint | is the same where it has the same |
|---|---|
| pod | namespace and name; else, where a workload made up the name, namespace and workload |
| pod that stands for a workload | namespace and workload |
| node | name |
| outside | address |

Of a workload with other pods than before, each pod without a namesake is compared with each pod of the other snapshot
that has none either, or with all of them where each has one.

| Endpoint | is in one snapshot only |
|---|---|
| pod, node | where it has no counterpart; nodes only if both snapshots have some |
| an address of a pod or node | of a family in which its counterpart has none; of a node, an address more |
| outside | never: an address that a pod takes is the pod's from then on, and one that it leaves is nobody's |

Trusted by every comparison; checked by tests/solver/test_endpoint_matching.py, and by tests/agreement, where flows are
listed without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import or_

from reachproof.network.address import family
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Party
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import from_positions
from reachproof.solver.goal import All, At, Formula, Members, Side
from reachproof.solver.universe import Universe, party_key

Key = tuple[str, str]
OUTSIDE = External()


class When(StrEnum):
    """In which of the two snapshots."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Endpoints that are the same: each of `before` is compared with each of `after`."""

    before: tuple[Party, ...]
    after: tuple[Party, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointMatching:
    """The endpoints of both snapshots: `matches` are in both, the others in one only. All in order of name.

    `nodes`: whether both snapshots have nodes, so that one which is in one of them only is new or lost.
    """

    matches: tuple[Match, ...]
    lost: tuple[Pod | Node, ...]
    new: tuple[Pod | Node, ...]
    nodes: bool


def pair(before: Snapshot, after: Snapshot) -> EndpointMatching:
    """The pairing of two snapshots. The outside is in every one. Cost: linear in the objects."""
    named = [
        Match(before=(pod,), after=(after.pod_of[pod.key],))
        for pod in before.pods
        if pod.key in after.pod_of and _is_namesake(pod, after.pod_of[pod.key])
    ]
    paired = {pod.key for match in named for pod in match.before if isinstance(pod, Pod)}
    found = _of_workloads(before.pods, after.pods, paired)
    matched = {id(pod) for match in found for pod in (*match.before, *match.after)}
    nodes = [
        Match(before=(node,), after=(after.node_of[node.name],)) for node in before.nodes if node.name in after.node_of
    ]
    return EndpointMatching(
        matches=(*named, *found, *nodes, Match(before=(OUTSIDE,), after=(OUTSIDE,))),
        lost=(
            *(pod for pod in before.pods if pod.key not in paired and id(pod) not in matched),
            *(node for node in before.nodes if node.name not in after.node_of),
        ),
        new=(
            *(pod for pod in after.pods if pod.key not in paired and id(pod) not in matched),
            *(node for node in after.nodes if node.name not in before.node_of),
        ),
        nodes=bool(before.nodes and after.nodes),
    )


def stands_for_workload(pod: Pod) -> bool:
    """True if it has its name from its workload, and stands for all pods of it."""
    return pod.workload.partition("/")[2] == pod.name


def _is_namesake(one: Pod, other: Pod) -> bool:
    """True if pods of one name are the same: a Deployment is no StatefulSet of its name, and no pod."""
    if stands_for_workload(one) or stands_for_workload(other):
        return one.workload == other.workload
    return True


def _of_workloads(before: Iterable[Pod], after: Iterable[Pod], paired: set[Key]) -> list[Match]:
    """Matches of pods without a namesake, by workload."""
    old, new = _by_workload(before), _by_workload(after)
    found: list[Match] = []
    for workload in sorted(set(old) & set(new)):
        left, right = ([pod for pod in side[workload] if pod.key not in paired] for side in (old, new))
        if workload[1] and (left or right):
            found.append(Match(before=tuple(left or old[workload]), after=tuple(right or new[workload])))
    return found


def _by_workload(pods: Iterable[Pod]) -> dict[Key, list[Pod]]:
    found: dict[Key, list[Pod]] = defaultdict(list)
    for pod in pods:
        found[pod.namespace, pod.workload].append(pod)
    return found


# ---------------------------------------------------------------- regions of flows


def common_regions(
    universes: tuple[Universe, Universe], pairing: EndpointMatching
) -> Iterator[tuple[Formula, Formula]]:
    """Regions of both snapshots that have no flow in common: without hosts, from hosts, from others to hosts."""
    others, hosts = [0, 0], [0, 0]
    for match in pairing.matches:
        kind = hosts if any(map(_is_host, (*match.before, *match.after))) else others
        for at, parties in enumerate((match.before, match.after)):
            points = universes[at].by_party
            kind[at] |= reduce(or_, (points.get(party_key(party), 0) for party in parties), 0)
    every = [other | host for other, host in zip(others, hosts, strict=True)]
    for sources, destinations in ((others, others), (hosts, every), (others, hosts)):
        if all(sources) and all(destinations):
            old, new = map(_between, sources, destinations)
            yield old, new


def _between(sources: int, destinations: int) -> Formula:
    return All((At(Side.SOURCE, Members(sources)), At(Side.DESTINATION, Members(destinations))))


def _is_host(party: Party) -> bool:
    return isinstance(party, Node) or (isinstance(party, Pod) and party.host_network)


def one_sided_regions(universe: Universe, pairing: EndpointMatching, when: When) -> Iterator[Formula]:
    """Regions of the flows that only one snapshot has, without a flow in common; those with hosts apart from others."""
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
            yield _between(sources, destinations)


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
