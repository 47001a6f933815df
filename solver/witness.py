"""From cells to flows that can be checked: by a person, who sees real pods first, or by the evaluator.

The choice is a function of the slice alone, so the same question has the same witness in every run. Every witness is
replayed by the evaluator before anyone sees it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice, product
from typing import TypeVar

import numpy as np

from reachproof.network.address import ALL_ADDRESSES, GLOBAL
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import from_words, positions
from reachproof.solver.bitset_engine import Verdicts
from reachproof.solver.goal import Side
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table, pairs_with
from reachproof.solver.universe import Point, party_key
from reachproof.solver.view import View

LOOK_AT = 64
SAMPLES = 16
Rank = tuple[int, str, str]
Found = TypeVar("Found")


def best(part: Slice, found: Table) -> Flow | None:
    """The most telling flow among those set in the table, or None when there is none."""
    order = cache(partial(ordered, part.view))

    def rank(side: Side, cell: int) -> Rank:
        return party_rank(order(part.cells(side)[cell].points)[0].party)

    first = first_flow(found, rank, partial(_between, part, order))
    return None if first is None else first[2]


def sample(part: Slice, region: Table, limit: int) -> Iterator[tuple[int, int, int, Flow]]:
    """Flows of the region with their cells and atom: one of each when there are few, else a seeded choice of cells."""
    return seeded_flows(region, limit, partial(_between, part, cache(partial(ordered, part.view))))


def first_flow(
    found: Table, rank: Callable[[Side, int], Rank], flow: Callable[[int, int, int], Found | None]
) -> tuple[int, int, Found] | None:
    """The first flow among those set in the table with its cells, by rank of the source cell, then of the other.

    `flow` makes it of the two cells and some atoms, where the cells have one.
    """
    hits = pairs_with(found)
    for source in sorted(np.flatnonzero(hits.any(axis=1)).tolist(), key=lambda cell: (rank(Side.SOURCE, cell), cell)):
        others = np.flatnonzero(hits[source]).tolist()
        for other in sorted(others, key=lambda cell: (rank(Side.DESTINATION, cell), cell)):
            chosen = flow(source, other, from_words(found[source, other]))
            if chosen is not None:
                return source, other, chosen
    return None


def seeded_flows(
    region: Table, limit: int, flow: Callable[[int, int, int], Found | None]
) -> Iterator[tuple[int, int, int, Found]]:
    """Flows of a table as `sample` gives them; `flow` is as above."""
    where = np.flatnonzero(pairs_with(region))
    if len(where) > limit:
        where = where[sorted(random.Random(0).sample(range(len(where)), limit))]
    per_pair = max(1, limit // max(1, len(where)))
    for source, other in (divmod(at, region.shape[1]) for at in where.tolist()):
        atoms = positions(from_words(region[source, other]))
        for atom in islice(atoms, per_pair):
            chosen = flow(source, other, 1 << atom)
            if chosen is not None:
                yield source, other, atom, chosen


def flow_between(part: Slice, source: int, destination: int, atoms: int) -> Flow | None:
    """A flow between two cells on one of the atoms, or None where the cells hold one and the same party only."""
    return _between(part, partial(ordered, part.view), source, destination, atoms)


def _between(
    part: Slice, order: Callable[[int], list[Point]], source: int, destination: int, atoms: int
) -> Flow | None:
    ends = order(part.sources[source].points), order(part.destinations[destination].points)
    return _flow(part.view.universe.snapshot, ends, part.ports_of(atoms))


def flow_of(part: Slice, sources: int, destinations: int, ports: IntervalSet) -> Flow | None:
    """A flow from some of these points to some of those, of one family, on one of the ports; None as above."""
    ends = ordered(part.view, sources), ordered(part.view, destinations)
    return _flow(part.view.universe.snapshot, ends, ports)


def _flow(snapshot: Snapshot, ends: tuple[list[Point], list[Point]], ports: IntervalSet) -> Flow | None:
    for a, b in product(*ends):
        addresses = _addresses(snapshot, a, b)
        if addresses is not None:
            return flow_at((a.party, b.party), addresses, telling_port(ports, b.party))
    return None


def flow_at(ends: tuple[Party, Party], addresses: tuple[int, int], place: int) -> Flow:
    """The flow from one end to the other at these addresses, on a port of the line of `network.ports`."""
    protocol, port = protocol_port(place)
    return Flow(
        source=ends[0],
        destination=ends[1],
        source_address=addresses[0],
        destination_address=addresses[1],
        protocol=protocol,
        port=port,
    )


def _addresses(snapshot: Snapshot, a: Point, b: Point) -> tuple[int, int] | None:
    """Addresses of two different parties, or of two replicas of one; None where there are no two."""
    first, second = telling_address(snapshot, a), telling_address(snapshot, b)
    if party_key(a.party) != party_key(b.party):
        return first, second
    if not (isinstance(a.party, Pod) and a.party.repeated):
        return None
    others = b.addresses - IntervalSet.single(first)
    return (first, second if second != first else others.first) if others else None


def ordered(view: View, points: int) -> list[Point]:
    """The first points of a cell, best first.

    Looks at a bounded number of them; a cell of one family has at most a handful of points of one party, unless its
    address is free.
    """
    found = [view.points[index] for _, index in zip(range(LOOK_AT), positions(points), strict=False)]
    return sorted(found, key=lambda point: (party_rank(point.party), point.addresses.spans))


def party_rank(party: Party) -> Rank:
    """Sort key: pods with addresses first, then those without, nodes, and the outside; each kind by name."""
    match party:
        case Pod():
            return 1 if party.abstract else 0, party.namespace, party.name
        case Node():
            return 2, "", party.name
        case External():
            return 3, "", ""


def telling_port(ports: IntervalSet, destination: Party) -> int:
    """A port the destination declares, else the least port where a rule draws a line, else a usual one."""
    if isinstance(destination, Pod):
        declared = sorted(place(protocol, number) for number, protocol in destination.declared)
        for candidate in declared:
            if candidate in ports:
                return candidate
    usual = (80, 443)
    if ports.size > ALL_PORTS.size // 8:
        for candidate in usual:
            if candidate in ports:
                return candidate
    return ports.first


def telling_address(snapshot: Snapshot, point: Point) -> int:
    """An address of the point: for the outside preferably a globally routable one, and none that ends in zero."""
    choices = point.addresses
    if isinstance(point.party, External):
        choices = next((some for each in snapshot.derived(_preferred) if (some := each & choices)), choices)
    low, high = next((span for span in choices.spans if span[1] > span[0]), choices.spans[0])
    return low + 1 if low & 0xFF == 0 and high > low else low


def _preferred(snapshot: Snapshot) -> tuple[IntervalSet, IntervalSet]:
    inside = snapshot.options.pod_range | snapshot.options.service_range
    return GLOBAL - inside, ALL_ADDRESSES - inside


# ---------------------------------------------------------------- a second opinion


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheck:
    """A flow, and what the engines say of it: whether some outcome allows it, and whether some outcome denies it."""

    flow: Flow
    can_allow: bool
    can_deny: bool


def samples(part: Slice, inside: Table, tables: Verdicts, limit: int = SAMPLES) -> tuple[SpotCheck, ...]:
    """Flows of a region with the engines' verdicts: of every cell where these are few, else a seeded choice."""
    return tuple(
        SpotCheck(
            flow=flow,
            can_allow=bit(tables.can_allow, (source, destination, atom)),
            can_deny=bit(tables.can_deny, (source, destination, atom)),
        )
        for source, destination, atom, flow in sample(part, inside, limit)
    )


def bit(table: Table, cell: tuple[int, ...]) -> bool:
    """True if the flow of a (source cell, destination cell, atom) is set in a table."""
    source, destination, atom = cell
    return bool(int(table[source, destination, atom >> 6]) >> (atom & 63) & 1)
