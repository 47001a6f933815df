"""From joint cells to one flow in two snapshots: the same endpoints and port, with the addresses they have in either.

The choice is a function of the slices alone. Every flow is replayed by the evaluator in both snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot
from reachproof.solver.goal import Side
from reachproof.solver.joint_slices import JointSlices, PointPair
from reachproof.solver.table import Table
from reachproof.solver.universe import Point, party_key
from reachproof.solver.witness import (
    LOOK_AT,
    Rank,
    first_flow,
    flow_at,
    party_rank,
    seeded_flows,
    telling_address,
    telling_port,
)


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


def best(joint: JointSlices, found: Table) -> tuple[int, int, FlowPair] | None:
    """The most telling flow among those set in the table with its cells, or None when there is none."""

    def rank(side: Side, cell: int) -> Rank:
        return min(party_rank(point_pair.known.party) for point_pair in joint.point_pairs[side][cell][:LOOK_AT])

    return first_flow(found, rank, partial(_between_cells, joint))


def sample(joint: JointSlices, region: Table, limit: int) -> Iterator[tuple[int, int, int, FlowPair]]:
    """Flows of the region with their cells and atom: one of each when there are few, else a seeded choice of cells."""
    return seeded_flows(region, limit, partial(_between_cells, joint))


def _between_cells(joint: JointSlices, source: int, other: int, atoms: int) -> FlowPair | None:
    sources, destinations = joint.point_pairs[Side.SOURCE][source], joint.point_pairs[Side.DESTINATION][other]
    return flow_between(joint, sources, destinations, atoms=atoms)


def flow_between(
    joint: JointSlices, sources: Sequence[PointPair], destinations: Sequence[PointPair], *, atoms: int
) -> FlowPair | None:
    """A flow from one of these pairs of points to another on one of the atoms; None where that would be to itself."""
    ports = joint.after.ports_of(atoms)
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
    return None if source is None or other is None else flow_at((source.party, other.party), addresses, number)


def _addresses(
    joint: JointSlices, source: PointPair, other: PointPair
) -> tuple[tuple[int, int], tuple[int, int]] | None:
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


def _ordered(point_pairs: Sequence[PointPair]) -> list[PointPair]:
    """The first pairs of points of a cell, best first; a bounded number of them."""
    return sorted(point_pairs[:LOOK_AT], key=lambda each: (party_rank(each.known.party), each.known.addresses.spans))
