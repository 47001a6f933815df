"""A smaller snapshot with a flow of every kind that a snapshot has: two of the pods and nodes that nothing tells apart.

    kind of flow = classes of both ends, whether these are one party, and whether they are on one node

Two ends of one class need two pods. On which node a pod is matters where the other end is a node or on the host
network, so pods are alike only if their nodes are: of one class, with host-network pods of the same classes, one or
more of each. With a node all of its host-network pods are kept. So each kind of flow that is in one snapshot is in the
other.

Addresses of what is left out are no addresses of the outside. Trusted by findings of lint about large snapshots
(`queries.hygiene`); checked by tests/solver/test_representatives.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from reachproof.engines.assembly import programs
from reachproof.network.cluster import Node, Pod
from reachproof.network.intervals import IntervalSet
from reachproof.solver.bitset import position_list
from reachproof.solver.boxes import Classes
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.universe import party_key

_ALIKE = 2


def reduced(encoding: Encoding) -> Encoding:
    """The encoding of the smaller snapshot; the same one where policies would be programmed otherwise for that."""
    snapshot = encoding.snapshot
    kinds = _Kinds(encoding)
    pods = set(_first((kinds.of_pod(pod), pod.key) for pod in snapshot.pods))
    nodes = set(_first((kinds.of_node(node.name), node.name) for node in snapshot.nodes))
    nodes |= {pod.node for pod in snapshot.pods if pod.key in pods and pod.node is not None}
    kept = tuple(pod for pod in snapshot.pods if pod.key in pods or (pod.host_network and pod.node in nodes))
    addresses = [each for pod in snapshot.pods for each in pod.addresses]
    addresses += [each for node in snapshot.nodes for each in node.addresses]
    small = replace(
        snapshot,
        pods=kept,
        nodes=tuple(node for node in snapshot.nodes if node.name in nodes),
        left_out=IntervalSet.of((each, each) for each in addresses),
    )
    return prepare(small) if programs(small) == programs(snapshot) else encoding


def _first(found: Iterable[tuple[Hashable, Hashable]]) -> Iterator[Hashable]:
    """The first of each kind, given as (kind, name)."""
    alike: dict[Hashable, list[Hashable]] = defaultdict(list)
    for kind, name in found:
        alike[kind].append(name)
    for names in alike.values():
        yield from islice(names, _ALIKE)


class _Kinds:
    """The kinds of pods and nodes of a snapshot."""

    def __init__(self, encoding: Encoding) -> None:
        points = encoding.universe.points
        sources, destinations = (_by_point(each, len(points)) for each in (encoding.sources, encoding.destinations))
        self._classes: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        for point, source, destination in zip(points, sources, destinations, strict=True):
            self._classes[party_key(point.party)].append((point.family, source, destination))
        self._nodes = {node.name: self._alone(node) for node in encoding.snapshot.nodes}
        hosts: dict[str, Counter[Hashable]] = defaultdict(Counter)
        for pod in encoding.snapshot.pods:
            if pod.host_network and pod.node is not None:
                hosts[pod.node][self._alone(pod)] += 1
        self._hosts = {
            name: frozenset((kind, min(count, _ALIKE)) for kind, count in found.items())
            for name, found in hosts.items()
        }

    def of_pod(self, pod: Pod) -> Hashable:
        """The kind of a pod, with that of its node."""
        return self._alone(pod), None if pod.node is None else self.of_node(pod.node)

    def of_node(self, name: str) -> Hashable:
        """The kind of a node, which the snapshot may not have, with those of its host-network pods."""
        return self._nodes.get(name), self._hosts.get(name, frozenset())

    def _alone(self, party: Pod | Node) -> Hashable:
        classes = tuple(sorted(self._classes[party_key(party)]))
        if isinstance(party, Node):
            return classes
        return classes, party.host_network, party.abstract, party.repeated


def _by_point(classes: Classes, count: int) -> list[int]:
    """The class of each point."""
    found = [0] * count
    for number, members in enumerate(classes.members):
        for point in position_list(members, count):
            found[point] = number
    return found
