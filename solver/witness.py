"""From cells to flows that a person can check: real pods first, names in order, a port that means something.

The choice is a function of the slice alone, so the same question has the same witness in every run. Every witness is
replayed by the evaluator before anyone sees it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from reachproof.network.address import ALL_ADDRESSES, GLOBAL
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bits import positions
from reachproof.solver.cells import Cell
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table, pairs_with
from reachproof.solver.universe import Point, party_key
from reachproof.solver.view import View

_LOOK_AT = 64


def best(part: Slice, found: Table) -> Flow | None:
    """The most telling flow among those set in the table, or None when there is none."""
    hits = pairs_with(found)
    sources = np.nonzero(hits.any(axis=1))[0].tolist()
    for source in sorted(sources, key=lambda index: _cell_rank(part, part.sources[index], index)):
        candidates = np.nonzero(hits[source])[0].tolist()
        for destination in sorted(candidates, key=lambda index: _cell_rank(part, part.destinations[index], index)):
            atoms = int.from_bytes(found[source, destination].tobytes(), "little")
            flow = flow_between(part, source, destination, atoms)
            if flow is not None:
                return flow
    return None


def sample(part: Slice, region: Table, limit: int) -> Iterator[tuple[int, int, int, Flow]]:
    """Flows of the region with their cells and atom: one of each when there are few, else a seeded choice of cells."""
    pairs = pairs_with(region)
    where = np.flatnonzero(pairs)
    if len(where) > limit:
        where = where[sorted(random.Random(0).sample(range(len(where)), limit))]
    cells = [divmod(at, pairs.shape[1]) for at in where.tolist()]
    per_pair = max(1, limit // max(1, len(cells)))
    for source, destination in cells:
        atoms = int.from_bytes(region[source, destination].tobytes(), "little")
        for _, atom in zip(range(per_pair), positions(atoms), strict=False):
            flow = flow_between(part, source, destination, 1 << atom)
            if flow is not None:
                yield source, destination, atom, flow


def flow_between(part: Slice, source: int, destination: int, atoms: int) -> Flow | None:
    """A flow between two cells on one of the atoms, or None where the cells hold one and the same party only."""
    ports = IntervalSet.of(span for atom in positions(atoms) for span in part.atoms[atom])
    return flow_of(part, part.sources[source].points, part.destinations[destination].points, ports)


def flow_of(part: Slice, sources: int, destinations: int, ports: IntervalSet) -> Flow | None:
    """A flow from some of these points to some of those, of one family, on one of the ports; None as above."""
    snapshot = part.view.universe.snapshot
    for a in ordered(part.view, sources):
        for b in ordered(part.view, destinations):
            addresses = _addresses(snapshot, a, b)
            if addresses is not None:
                protocol, port = protocol_port(telling_port(ports, b.party))
                return Flow(
                    source=a.party,
                    destination=b.party,
                    source_address=addresses[0],
                    destination_address=addresses[1],
                    protocol=protocol,
                    port=port,
                )
    return None


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
    found = [view.points[index] for _, index in zip(range(_LOOK_AT), positions(points), strict=False)]
    return sorted(found, key=lambda point: (_rank(point.party), point.addresses.spans))


def _cell_rank(part: Slice, cell: Cell, index: int) -> tuple[tuple[int, str, str], int]:
    return min(_rank(point.party) for point in ordered(part.view, cell.points)), index


def _rank(party: Party) -> tuple[int, str, str]:
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
        inside = snapshot.options.pod_range | snapshot.options.service_range
        for preferred in ((GLOBAL - inside) & choices, (ALL_ADDRESSES - inside) & choices):
            if preferred:
                choices = preferred
                break
    low, high = next((span for span in choices if span[1] > span[0]), choices.spans[0])
    return low + 1 if low & 0xFF == 0 and high > low else low
