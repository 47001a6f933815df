"""From joint cells to one flow in two snapshots: the same endpoints and port, with the addresses they have in either.

The choice is a function of the slices alone. Every flow is replayed by the evaluator in both snapshots.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bits import positions
from reachproof.solver.goal import Side
from reachproof.solver.joint import Joint, Twin
from reachproof.solver.table import Table, pairs_with
from reachproof.solver.universe import Point, party_key
from reachproof.solver.witness import telling_address, telling_port

_LOOK_AT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPair:
    """One flow as it is in either snapshot; None in one that does not have it."""

    before: Flow | None
    after: Flow | None

    @property
    def known(self) -> Flow:
        """It in the later of the snapshots that have it."""
        found = self.after or self.before
        assert found is not None
        return found


def best(joint: Joint, found: Table) -> tuple[int, int, FlowPair] | None:
    """The most telling flow among those set in the table with its cells, or None when there is none."""
    hits = pairs_with(found)
    sources = np.flatnonzero(hits.any(axis=1)).tolist()
    for source in sorted(sources, key=lambda index: _cell_rank(joint.twins[Side.SOURCE][index], index)):
        candidates = np.flatnonzero(hits[source]).tolist()
        for other in sorted(candidates, key=lambda index: _cell_rank(joint.twins[Side.DESTINATION][index], index)):
            atoms = int.from_bytes(found[source, other].tobytes(), "little")
            pair = flow_between(
                joint, joint.twins[Side.SOURCE][source], joint.twins[Side.DESTINATION][other], atoms=atoms
            )
            if pair is not None:
                return source, other, pair
    return None


def sample(joint: Joint, region: Table, limit: int) -> Iterator[tuple[int, int, int, FlowPair]]:
    """Flows of the region with their cells and atom: one of each when there are few, else a seeded choice of cells."""
    where = np.flatnonzero(pairs_with(region))
    if len(where) > limit:
        where = where[sorted(random.Random(0).sample(range(len(where)), limit))]
    per_pair = max(1, limit // max(1, len(where)))
    for source, other in (divmod(at, region.shape[1]) for at in where.tolist()):
        atoms = int.from_bytes(region[source, other].tobytes(), "little")
        for _, atom in zip(range(per_pair), positions(atoms), strict=False):
            ends = joint.twins[Side.SOURCE][source], joint.twins[Side.DESTINATION][other]
            pair = flow_between(joint, *ends, atoms=1 << atom)
            if pair is not None:
                yield source, other, atom, pair


def flow_between(joint: Joint, sources: Sequence[Twin], destinations: Sequence[Twin], *, atoms: int) -> FlowPair | None:
    """A flow from one of these twins to another on one of the atoms; None where that would be to itself."""
    ports = IntervalSet.of(span for atom in positions(atoms) for span in joint.after.atoms[atom])
    for source in _ordered(sources):
        for other in _ordered(destinations):
            chosen = _addresses(joint, source, other)
            if chosen is None:
                continue
            number = telling_port(ports, other.known.party)
            before = _flow(source.before, other.before, chosen[0], number)
            after = _flow(source.after, other.after, chosen[1], number)
            return FlowPair(before=before, after=after)
    return None


def _flow(source: Point | None, other: Point | None, addresses: tuple[int, int], number: int) -> Flow | None:
    if source is None or other is None:
        return None
    protocol, port = protocol_port(number)
    return Flow(
        source=source.party,
        destination=other.party,
        source_address=addresses[0],
        destination_address=addresses[1],
        protocol=protocol,
        port=port,
    )


def _addresses(joint: Joint, source: Twin, other: Twin) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Addresses before and after, the same where they may be; None where one endpoint would be both ends."""
    old, new = joint.before.view.universe.snapshot, joint.after.view.universe.snapshot
    first = telling_address(new, source.known)
    second = _other_end(new, source.known, first, other.known, telling_address(new, other.known))
    if second is None:
        return None
    if joint.only is not None or source.before is None or other.before is None:
        return (first, second), (first, second)
    old_first = first if first in source.before.addresses else telling_address(old, source.before)
    old_second = _other_end(old, source.before, old_first, other.before, second)
    return None if old_second is None else ((old_first, old_second), (first, second))


def _other_end(snapshot: Snapshot, source: Point, first: int, other: Point, wish: int) -> int | None:
    """An address of the other end, the wished one if it may be; of an endpoint's own only another replica's."""
    choices = other.addresses
    if party_key(source.party) == party_key(other.party):
        if not (isinstance(source.party, Pod) and source.party.repeated):
            return None
        choices = choices - IntervalSet.single(first)
    if not choices:
        return None
    return wish if wish in choices else telling_address(snapshot, Point(other.party, choices))


def _ordered(twins: Sequence[Twin]) -> list[Twin]:
    """The first twins of a cell, best first; a bounded number of them."""
    return sorted(twins[:_LOOK_AT], key=lambda twin: (_rank(twin), twin.known.addresses.spans))


def _cell_rank(twins: Sequence[Twin], index: int) -> tuple[tuple[int, str, str], int]:
    return min(_rank(twin) for twin in twins[:_LOOK_AT]), index


def _rank(twin: Twin) -> tuple[int, str, str]:
    """Pods with addresses first, then those without, nodes, and the outside."""
    match twin.known.party:
        case Pod() as pod:
            return int(pod.abstract), pod.namespace, pod.name
        case Node(name=name):
            return 2, "", name
        case External():
            return 3, "", ""
