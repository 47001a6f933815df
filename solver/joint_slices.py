"""Two slices on common cells and atoms, so that every flow of two snapshots has one place in the tables of both.

    point pair = an endpoint with an address (or set of addresses), as it is in either snapshot
    cell       = point pairs of one side that nothing tells apart, in neither snapshot
    atom       = ports that nothing tells apart, in neither snapshot

A flow is compared where it exists in both snapshots: between endpoints that both have. An address that is not known
is the same in both, as far as both leave it open. Where a pod runs on another node than before, its flows with these
nodes are left out: the node that a pod runs on always reaches it, and that is no choice of the policies.

Trusted by both engines when snapshots are compared; checked by tests/agreement/test_pairs.py, where the evaluator
judges flows that were enumerated without it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import TypeAlias

import numpy as np

from reachproof.network.flow import External, Party
from reachproof.network.intervals import IntervalSet
from reachproof.solver.bitset import Flags, Positions, position_list
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import Encoding
from reachproof.solver.endpoint_matching import EndpointMatching, When
from reachproof.solver.goal import Formula, Side
from reachproof.solver.slice import Slice, cut, refined
from reachproof.solver.universe import Point, party_key, sole_key

_LIKE = 2
"""Of endpoints that are alike one is not enough, since none has flows to itself; two always are."""


class Difference(StrEnum):
    """The kinds of difference of a flow (`solver.compare`)."""

    LOOSER = "is allowed more than before"
    STRICTER = "is allowed less than before"
    MAY_GAIN = "is open in both, and may be allowed now where it was denied"
    MAY_LOSE = "is open in both, and may be denied now where it was allowed"


@dataclass(frozen=True, slots=True)
class PointPair:
    """One endpoint with its addresses of one family, in either snapshot; None in one that does not have it."""

    before: Point | None
    after: Point | None

    @property
    def known(self) -> Point:
        """It in the later of the snapshots that have it."""
        found = self.after or self.before
        assert found is not None
        return found


# The pairs of points of each cell.
Members: TypeAlias = tuple[tuple[PointPair, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSlices:
    """Both slices have the same numbers of cells and atoms. `exists`: pairs of cells that some flow is compared of.

    `point_pairs[side][cell]` are the endpoints of a cell. Each of the second snapshot is among them, with as many of
    those that it is compared with as it takes.
    `moved`: whether flows were left out because pods run on other nodes. `only`: the snapshot that has the flows, where
    it is one of them; then both slices are that one's.
    """

    before: Slice
    after: Slice
    point_pairs: dict[Side, Members]
    exists: Flags
    moved: bool
    only: When | None = None


def join(
    encodings: tuple[Encoding, Encoding], pairing: EndpointMatching, regions: tuple[Formula, Formula], budget: Budget
) -> JointSlices:
    """The joint slices for the flows that lie in a region of either snapshot. Raises OutOfBudget.

    Nothing tells the flows of a cell apart in the second region; the first one only says which points there are.
    """
    old, new = (cut(encoding, (region,), budget) for encoding, region in zip(encodings, regions, strict=True))
    pairs = tuple(_point_pairs(_Ends(old), _Ends(new), pairing))
    numbers: dict[Side, list[tuple[int, int]]] = {}
    point_pairs: dict[Side, Members] = {}
    for side in Side:
        found: dict[tuple[int, int], list[PointPair]] = defaultdict(list)
        homes = _homes(old, side), _homes(new, side)
        for first, second, point_pair in pairs:
            key = int(homes[0][first]), int(homes[1][second])
            if min(key) >= 0:
                found[key].append(point_pair)
        numbers[side] = sorted(found)
        point_pairs[side] = tuple(tuple(found[key]) for key in numbers[side])
    atoms = overlay(old.atoms, new.atoms)
    budget.check_table(len(numbers[Side.SOURCE]) * len(numbers[Side.DESTINATION]) * (len(atoms) // 64 + 1))
    slices = [
        refined(
            part,
            {side: [key[at] for key in numbers[side]] for side in Side},
            [key[at] for key in atoms],
            tuple(atoms.values()),
        )
        for at, part in enumerate((old, new))
    ]
    exists, moved = _exists(slices[0], slices[1], point_pairs)
    return JointSlices(before=slices[0], after=slices[1], point_pairs=point_pairs, exists=exists, moved=moved)


def alone(encoding: Encoding, when: When, region: Formula, budget: Budget) -> JointSlices:
    """The flows of a region that only one snapshot has. Raises OutOfBudget."""
    part = cut(encoding, (region,), budget)
    points = part.view.points
    point_pairs = {
        side: tuple(
            tuple(
                PointPair(points[at], None) if when is When.BEFORE else PointPair(None, points[at])
                for at in position_list(cell.points, len(points))
            )
            for cell in part.cells(side)
        )
        for side in Side
    }
    exists, _ = _exists(part, part, point_pairs)
    return JointSlices(before=part, after=part, point_pairs=point_pairs, exists=exists, moved=False, only=when)


def overlay(left: Sequence[IntervalSet], right: Sequence[IntervalSet]) -> dict[tuple[int, int], IntervalSet]:
    """The meets of the members of two families of disjoint sets that are not empty, by their numbers.

    In order of the first integer of each. Cost: linear in the spans, once they are sorted.
    """
    found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    ones, others = _numbered(left), _numbered(right)
    a = b = 0
    while a < len(ones) and b < len(others):
        low, high = max(ones[a][0], others[b][0]), min(ones[a][1], others[b][1])
        if low <= high:
            found[ones[a][2], others[b][2]].append((low, high))
        if ones[a][1] < others[b][1]:
            a += 1
        else:
            b += 1
    return {key: IntervalSet.of(spans) for key, spans in found.items()}


def _numbered(family: Sequence[IntervalSet]) -> list[tuple[int, int, int]]:
    return sorted((low, high, number) for number, each in enumerate(family) for low, high in each)


# ---------------------------------------------------------------- pairs of points


class _Ends:
    """The points of a slice by party, and which parties are alike to it."""

    def __init__(self, part: Slice) -> None:
        self.part = part
        self._points: dict[str, list[int]] = defaultdict(list)
        for index in position_list(part.view.everything, len(part.view.points)):
            self._points[party_key(part.view.points[index].party)].append(index)
        self._homes = [_homes(part, side) for side in Side]

    def points(self, party: Party, family: int) -> list[int]:
        """The points of a party that are of one address family."""
        points = self.part.view.points
        return [index for index in self._points[party_key(party)] if points[index].family == family]

    def some_of_each(self, parties: Sequence[Party]) -> Sequence[Party]:
        """Of parties whose points lie in the same cells the first two."""
        if len(parties) <= _LIKE:
            return parties
        alike: dict[tuple[object, ...], list[Party]] = defaultdict(list)
        for party in parties:
            points = self._points[party_key(party)]
            cells = tuple(int(homes[index]) for homes in self._homes for index in points)
            alike[cells, tuple(self.part.view.points[index].family for index in points)].append(party)
        return [party for group in alike.values() for party in group[:_LIKE]]


def _homes(part: Slice, side: Side) -> Positions:
    """For each point its cell at a side; -1 for none."""
    found = np.full(len(part.view.points), -1, dtype=np.intp)
    for number, cell in enumerate(part.cells(side)):
        found[position_list(cell.points, len(part.view.points))] = number
    return found


def _point_pairs(before: _Ends, after: _Ends, pairing: EndpointMatching) -> Iterator[tuple[int, int, PointPair]]:
    """Every pair of points, with the numbers of its points in either slice."""
    for match in pairing.matches:
        for one, other in product(before.some_of_each(match.before), match.after):
            for family in (4, 6):
                yield from _of_family(before, after, before.points(one, family), after.points(other, family))


def _of_family(
    before: _Ends, after: _Ends, left: Sequence[int], right: Sequence[int]
) -> Iterator[tuple[int, int, PointPair]]:
    """Twins of one party: at each address that it has in both, then what is left of either with what is left."""
    ones, others = ([ends.part.view.points[index] for index in at] for ends, at in ((before, left), (after, right)))
    common = overlay([point.addresses for point in ones], [point.addresses for point in others])
    for (first, second), addresses in common.items():
        point_pair = PointPair(replace(ones[first], addresses=addresses), replace(others[second], addresses=addresses))
        yield left[first], right[second], point_pair
    if common and any(map(_is_free, (*ones, *others))):
        return
    taken = [{key[side] for key in common} for side in range(2)]
    rest = [
        [at for at in range(len(points)) if at not in met] for points, met in zip((ones, others), taken, strict=True)
    ]
    for first, second in product(*rest):
        yield left[first], right[second], PointPair(ones[first], others[second])


def _is_free(point: Point) -> bool:
    return isinstance(point.party, External) or not point.party.addresses


# ---------------------------------------------------------------- which flows there are


def _exists(before: Slice, after: Slice, point_pairs: dict[Side, Members]) -> tuple[Flags, bool]:
    """Pairs of cells with a flow that both snapshots have; and whether some were left out for pods on other nodes."""
    v6 = [np.array([cell.v6 for cell in after.cells(side)], dtype=np.bool_) for side in Side]
    outside = [np.array([cell.external for cell in after.cells(side)], dtype=np.bool_) for side in Side]
    found: Flags = (v6[0][:, None] == v6[1][None, :]) & ~(outside[0][:, None] & outside[1][None, :])
    keys = {side: [frozenset(map(_keys, cell)) for cell in point_pairs[side]] for side in Side}
    homes: dict[tuple[int, str], set[int]] = defaultdict(set)
    for number, cell in enumerate(keys[Side.DESTINATION]):
        for pair in cell:
            for at, key in enumerate(pair):
                if key is not None:
                    homes[at, key].add(number)
    for number, cell in enumerate(keys[Side.SOURCE]):
        near = {home for pair in cell for at, key in enumerate(pair) if key is not None for home in homes[at, key]}
        for other in near:
            if not any(_apart(one, two) for one, two in product(cell, keys[Side.DESTINATION][other])):
                found[number, other] = False
    moved = _moved(before, after) & found
    return found & ~moved, bool(moved.any())


def is_apart(source: PointPair, destination: PointPair) -> bool:
    """True if they are two endpoints in both snapshots, so that there can be a flow between them."""
    return _apart(_keys(source), _keys(destination))


Keys = tuple[str | None, str | None]


def _keys(point_pair: PointPair) -> Keys:
    before, after = (None if point is None else sole_key(point) for point in (point_pair.before, point_pair.after))
    return before, after


def _apart(one: Keys, two: Keys) -> bool:
    """True if the ends are two in every snapshot that has both."""
    return all(a is None or a != b for a, b in zip(one, two, strict=True))


def _moved(before: Slice, after: Slice) -> Flags:
    """Pairs of a host and pods that are known to be on one node in one of the snapshots only."""
    old, new = _hosts(before), _hosts(after)
    if not (old.any() and new.any()):
        return np.zeros(old.shape, dtype=np.bool_)  # one of them knows nothing of nodes
    found: Flags = (_own_node(before) != _own_node(after)) & (old | new)
    return found


def _hosts(part: Slice) -> Flags:
    """Pairs of cells of which one is a node, or pods on the host network."""
    sources, destinations = (np.array([cell.host for cell in part.cells(side)], dtype=np.bool_) for side in Side)
    found: Flags = sources[:, None] | destinations[None, :]
    return found


def _own_node(part: Slice) -> Flags:
    """For each pair of cells whether they are on one node: 0 no, 1 yes, 2 not known."""
    names = sorted({cell.node for side in Side for cell in part.cells(side) if cell.node is not None})
    numbers = {name: number for number, name in enumerate(names)}
    at = [np.array([-1 if c.node is None else numbers[c.node] for c in part.cells(side)]) for side in Side]
    one = (at[0][:, None] == at[1][None, :]).astype(np.int8)
    return np.where((at[0] < 0)[:, None] | (at[1] < 0)[None, :], np.int8(2), one)
