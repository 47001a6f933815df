"""The flows that differ between two snapshots, put together by their ends as whoever asks tells these apart.

Trusted: the comparison. What is made of it is checked by the evaluator, in `queries.difference` on flows of every
report, and in tests/agreement/test_difference.py on all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, islice, product
from operator import or_
from types import EllipsisType
from typing import Generic, NamedTuple

import numpy as np

from reachproof.network.flow import External
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bitset import Flags, Positions, from_words
from reachproof.solver.budget import Budget
from reachproof.solver.compare import Comparison
from reachproof.solver.ends import End, EndCells, united
from reachproof.solver.goal import Side
from reachproof.solver.joint_slices import JointSlices, PointPair, is_apart, overlay
from reachproof.solver.table import Table, pairs_with
from reachproof.solver.universe import party_key

Place = tuple[int, int, int]
"""A part of a comparison, a source cell and a destination cell of it."""


class Ports(NamedTuple):
    """Ports on which some flow between two ends

    | | |
    |---|---|
    | `before`, `after` | could be allowed, can be allowed |
    | `before_open`, `after_open` | and could be denied as well |
    | `gained`, `lost` | is allowed more, or less, than before |
    """

    before: IntervalSet = EMPTY
    after: IntervalSet = EMPTY
    before_open: IntervalSet = EMPTY
    after_open: IntervalSet = EMPTY
    gained: IntervalSet = EMPTY
    lost: IntervalSet = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Generic[End]):
    """A pair of ends with a flow that differs.

    `cells` are pairs of cells with such a flow, each with the part of the comparison that it is in; of these only the
    first `most_cells`.
    """

    source: End
    destination: End
    ports: Ports
    cells: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Side(Generic[End]):
    """The lines of the ends of one side, the ends of each line, and the pairs of points of each end by cell.

    `keys`: the endpoints of each end, as they are in either snapshot.
    """

    lines: EndCells[End]
    ends: tuple[tuple[End, ...], ...]
    point_pairs: dict[End, dict[int, list[PointPair]]]
    keys: dict[End, frozenset[tuple[int, str]]]

    @staticmethod
    def of(cells: Sequence[Sequence[PointPair]], ends_of: Callable[[PointPair], Iterable[End]]) -> _Side[End]:
        """The side whose cells have these pairs of points."""
        point_pairs: dict[End, dict[int, list[PointPair]]] = defaultdict(dict)
        for number, members in enumerate(cells):
            for point_pair in members:
                for end in ends_of(point_pair):
                    point_pairs[end].setdefault(number, []).append(point_pair)
        lines = EndCells.of(point_pairs)
        ends: list[list[End]] = [[] for _ in lines.cells]
        for end, line in lines.line_of.items():
            ends[line].append(end)
        keys = {end: frozenset(chain.from_iterable(map(_parties, own.values()))) for end, own in point_pairs.items()}
        return _Side(lines, tuple(map(tuple, ends)), dict(point_pairs), keys)


def changed_ends(
    comparisons: Sequence[Comparison], ends_of: Callable[[PointPair], Iterable[End]], budget: Budget, *, most_cells: int
) -> Iterator[Changed[End]]:
    """Every pair of ends with a flow that differs in some part of a comparison, each once, with the ports of all parts.

    `ends_of` gives hashable values: those of which the endpoint is a part, or that are parts of it. Raises OutOfBudget.
    """
    parts = [_Part(comparison, ends_of, budget, most_cells) for comparison in comparisons]
    seen: set[tuple[End, End]] = set()
    for part in parts:
        for ends in part.differing_pairs():
            budget.check()
            if ends in seen:
                continue
            seen.add(ends)
            found = [each.ports_between(*ends) for each in parts]
            if any(ports.gained or ports.lost for ports in found):
                together = Ports(*(reduce(or_, ports) for ports in zip(*found, strict=True)))
                cells = ((at, *pair) for at, each in enumerate(parts) for pair in each.cells_between(*ends))
                yield Changed(
                    source=ends[0], destination=ends[1], ports=together, cells=tuple(islice(cells, most_cells))
                )


class _Part(Generic[End]):
    """One part of a comparison, put together by ends: tables have words of six sets of ports, one behind the other."""

    def __init__(
        self, comparison: Comparison, ends_of: Callable[[PointPair], Iterable[End]], budget: Budget, most_cells: int
    ) -> None:
        self._sides = [_Side.of(comparison.joint.point_pairs[side], ends_of) for side in Side]
        self._comparison = comparison
        self._width = comparison.inside.shape[2]
        self._differs = pairs_with(comparison.looser | comparison.stricter)
        self._most = most_cells
        self._ports: dict[bytes, Ports] = {}
        rows, columns = (side.lines.cells for side in self._sides)
        budget.check_table(len(rows) * len(columns) * len(Ports._fields) * self._width)
        # One after the other: together they are most of what a comparison needs.
        self._between = np.concatenate([united(table, rows, columns) for table in _blocks(comparison)], axis=2)

    def differing_pairs(self) -> Iterator[tuple[End, End]]:
        """Pairs of ends that may have a flow that differs; no other has one."""
        sources, destinations = (side.ends for side in self._sides)
        for row, column in np.argwhere(pairs_with(self._between[:, :, 4 * self._width :])).tolist():
            yield from product(sources[row], destinations[column])

    def ports_between(self, source: End, destination: End) -> Ports:
        """The ports of a pair of ends."""
        sources, destinations = self._sides
        if source not in sources.point_pairs or destination not in destinations.point_pairs:
            return Ports()
        if self._are_apart(source, destination):
            words = self._between[sources.lines.line_of[source], destinations.lines.line_of[destination]]
        else:
            pairs = self._pairs(source, destination)
            words = np.concatenate([np.bitwise_or.reduce(each) for each in _blocks(self._comparison, pairs)])
        key = words.tobytes()
        if key not in self._ports:
            part = self._comparison.joint.after
            self._ports[key] = Ports(*(part.ports_of(from_words(each)) for each in words.reshape(-1, self._width)))
        return self._ports[key]

    def cells_between(self, source: End, destination: End) -> Iterator[tuple[int, int]]:
        """The first pairs of cells of two ends with a flow that differs."""
        if source in self._sides[0].point_pairs and destination in self._sides[1].point_pairs:
            rows, columns = self._pairs(source, destination)
            differing = np.flatnonzero(self._differs[rows, columns])[: self._most]
            yield from zip(rows[differing].tolist(), columns[differing].tolist(), strict=True)

    def _are_apart(self, source: End, destination: End) -> bool:
        """True if the two have no endpoint in common, so that each of the one has flows to each of the other."""
        return self._sides[0].keys[source].isdisjoint(self._sides[1].keys[destination])

    def _pairs(self, source: End, destination: End) -> tuple[Positions, Positions]:
        """The pairs of cells with a flow from one endpoint to another: the cell of the source, of the destination."""
        sources, destinations = self._sides[0].point_pairs[source], self._sides[1].point_pairs[destination]
        apart = np.ones((len(sources), len(destinations)), dtype=np.bool_)
        if not self._are_apart(source, destination):
            _leave_out_itself(apart, list(sources.values()), list(destinations.values()))
        rows, columns = np.nonzero(apart)
        return np.array(list(sources), dtype=np.intp)[rows], np.array(list(destinations), dtype=np.intp)[columns]


def _blocks(comparison: Comparison, where: tuple[Positions, Positions] | EllipsisType = ...) -> Iterator[Table]:
    """The tables that rows are made of, or their words for some pairs of cells."""
    inside, before, after = comparison.inside[where], comparison.before, comparison.after
    yield inside & before.can_allow[where]
    yield inside & after.can_allow[where]
    yield inside & before.can_allow[where] & before.can_deny[where]
    yield inside & after.can_allow[where] & after.can_deny[where]
    yield comparison.looser[where]
    yield comparison.stricter[where]


def _parties(point_pairs: Sequence[PointPair]) -> Iterator[tuple[int, str]]:
    for point_pair in point_pairs:
        for at, point in enumerate((point_pair.before, point_pair.after)):
            if point is not None and not isinstance(point.party, External):
                yield at, party_key(point.party)


def _leave_out_itself(apart: Flags, sources: list[list[PointPair]], destinations: list[list[PointPair]]) -> None:
    """Clears the pairs of cells that have no flow but of an endpoint to itself."""
    homes: dict[tuple[int, str], list[int]] = defaultdict(list)
    for column, point_pairs in enumerate(destinations):
        for key in dict.fromkeys(_parties(point_pairs)):
            homes[key].append(column)
    for row, point_pairs in enumerate(sources):
        for column in {home for key in _parties(point_pairs) for home in homes.get(key, ())}:
            apart[row, column] = any(is_apart(one, two) for one, two in product(point_pairs, destinations[column]))


# ---------------------------------------------------------------- the outside


def outside_pieces(joints: Iterable[JointSlices]) -> dict[IntervalSet, tuple[IntervalSet, ...]]:
    """For each set of addresses outside that some part has as an endpoint, the disjoint sets that it is made of."""
    families = [each for joint in joints for side in Side if (each := _family(joint, side))]
    pieces: Sequence[IntervalSet] = ()
    for family in dict.fromkeys(families):
        pieces = _refined(pieces, family)
    found: dict[IntervalSet, tuple[IntervalSet, ...]] = {}
    for family in dict.fromkeys(families):
        parts: dict[int, list[IntervalSet]] = defaultdict(list)
        for (number, _), piece in overlay(family, pieces).items():
            parts[number].append(piece)
        found.update((each, tuple(parts[number])) for number, each in enumerate(family))
    return found


def _family(joint: JointSlices, side: Side) -> tuple[IntervalSet, ...]:
    """The sets of one side, which are disjoint."""
    points = (point_pair.known for cell in joint.point_pairs[side] for point_pair in cell)
    return tuple(dict.fromkeys(point.addresses for point in points if isinstance(point.party, External)))


def _refined(pieces: Sequence[IntervalSet], family: Sequence[IntervalSet]) -> list[IntervalSet]:
    """Every meet of the two, and what is in one of them only."""
    left, right = (IntervalSet.of(span for each in sets for span in each) for sets in (pieces, family))
    one_sided = [each - right for each in pieces] + [each - left for each in family]
    return [*overlay(pieces, family).values(), *(each for each in one_sided if each != EMPTY)]
