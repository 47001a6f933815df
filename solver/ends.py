"""Ends: what quantifiers range over, on one side of a slice. Cells are about points, a sentence is about endpoints.

    endpoint = a pod or node, with all addresses that it has or may have; or one address outside
    ends     = endpoints that lie in the same cells, so that no quantifier tells them apart

A pod of two address families lies in two cells, one whose address is not known in as many as its range is cut into.
One endpoint reaches another when every flow between them is allowed that the question means, whichever addresses
they use: the families of a pod are no choice of the policies, and an unknown address is nobody's choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

import numpy as np

from reachproof.network.flow import External
from reachproof.solver.bitset import Flags, Positions, from_positions, position_list
from reachproof.solver.goal import Side
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table
from reachproof.solver.universe import party_key, sole_key

End = TypeVar("End")
Cells = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ends:
    """Endpoints of the same cells; `points` are theirs, as bits over the view.

    `party` is set when there is only one, and it is not an abstract pod of several replicas at several addresses.
    `outside`: they are addresses outside the cluster.
    """

    cells: tuple[int, ...]
    points: int
    outside: bool
    party: str | None


def ends(part: Slice, side: Side, cells: Collection[int], *, apart: Collection[str] = ()) -> tuple[Ends, ...]:
    """The endpoints with points in these cells of a side, in order of their first cell.

    `apart`: the `party` of ends that are not put together with others. Cost: linear in the points.
    """
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    points: dict[tuple[str, int], list[int]] = defaultdict(list)
    for cell in sorted(cells):
        for index in position_list(part.cells(side)[cell].points, len(part.view.points)):
            party = part.view.points[index].party
            outside = isinstance(party, External)
            name = party_key(party)
            # Each address outside is an endpoint of its own, which lies in one cell.
            key = (name, cell if outside else -1)
            if cell not in found[key]:
                found[key].append(cell)
            points[key].append(index)
    sole: dict[tuple[str, int], str | None] = {}
    grouped: dict[tuple[tuple[int, ...], bool, str], list[tuple[str, int]]] = defaultdict(list)
    for key, of_party in found.items():
        sole[key] = None if key[1] >= 0 else _sole(part, points[key])
        own = sole[key] if sole[key] in apart else None
        grouped[tuple(of_party), key[1] >= 0, own or ""].append(key)
    return tuple(
        Ends(
            cells=of_parties,
            points=from_positions(index for key in keys for index in points[key]),
            outside=outside,
            party=sole[keys[0]] if len(keys) == 1 else None,
        )
        for (of_parties, outside, _), keys in sorted(grouped.items())
    )


def _sole(part: Slice, points: list[int]) -> str | None:
    """The name of the party that has these points, where it cannot reach itself by them."""
    names = {sole_key(part.view.points[index]) for index in points}
    return names.pop() if len(names) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The ends of both sides, and which pairs of them have no flows: both outside, or one and the same party."""

    sources: tuple[Ends, ...]
    destinations: tuple[Ends, ...]
    none: Flags

    @property
    def slots(self) -> int:
        """The most cells that a source lies in."""
        return max(len(each.cells) for each in self.sources)

    @property
    def size(self) -> int:
        """Maximum number of pairs of cells to look at for a source."""
        return self.slots * sum(len(each.cells) for each in self.destinations)

    def united(self, table: Table) -> Table:
        """For each pair of ends the union over their cells of what is set in a table. Shape (ends, ends, words)."""
        return united(table, *([each.cells for each in side] for side in (self.sources, self.destinations)))


def apart(sources: Sequence[Ends], destinations: Sequence[Ends]) -> Flags:
    """Pairs that have no flows: both are outside, or both are one and the same party."""
    same = [[a.party is not None and a.party == b.party for b in destinations] for a in sources]
    outside = [[a.outside and b.outside for b in destinations] for a in sources]
    found: Flags = np.array(same, dtype=np.bool_) | np.array(outside, dtype=np.bool_)
    return found


# ---------------------------------------------------------------- ends over cells


@dataclass(frozen=True, slots=True)
class EndCells(Generic[End]):
    """One side: the distinct lists of cells that ends lie in, and which list each end has."""

    cells: tuple[Cells, ...]
    line_of: dict[End, int]

    @staticmethod
    def of(cells_of: Mapping[End, Iterable[int]]) -> EndCells[End]:
        """The lines of ends, by the cells that each lies in; in order of appearance."""
        numbers: dict[Cells, int] = {}
        line_of = {end: numbers.setdefault(tuple(cells), len(numbers)) for end, cells in cells_of.items()}
        return EndCells(tuple(numbers), line_of)


def united(table: Table, rows: Sequence[Cells], columns: Sequence[Cells]) -> Table:
    """For each pair of lists of cells the union of the table over them. Shapes (cells, cells) and (rows, columns).

    A table may have words as a third axis; then so has the result.
    """
    (row_cells, row_starts), (column_cells, column_starts) = end_to_end(rows), end_to_end(columns)
    by_row = np.bitwise_or.reduceat(table[row_cells], row_starts, axis=0)
    found: Table = np.bitwise_or.reduceat(by_row[:, column_cells], column_starts, axis=1)
    return found


def end_to_end(lists: Iterable[Sequence[int]]) -> tuple[Positions, Positions]:
    """Lists that are not empty as one, and where each begins in it."""
    each = list(lists)
    lengths = np.array([len(one) for one in each], dtype=np.intp)
    return np.array(list(chain.from_iterable(each)), dtype=np.intp), np.cumsum(lengths) - lengths
