"""Ends over cells: which cells each end lies in, and tables of cells put together to tables of ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reachproof.network.flow import External
from reachproof.solver.bits import position_list
from reachproof.solver.goal import Side
from reachproof.solver.index import Positions
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table
from reachproof.solver.universe import sole_key

SEVERAL = ""
"""In place of the key of a party: there are several, so that each has another one to speak with."""


@dataclass(frozen=True, slots=True)
class Lines:
    """One side: the distinct lists of cells that ends lie in, and which list each end has.

    `parties[end]` maps each cell to the party that the end has there, or SEVERAL.
    """

    cells: tuple[tuple[int, ...], ...]
    line_of: dict[int, int]
    parties: dict[int, dict[int, str]]

    @staticmethod
    def of(part: Slice, side: Side, group_of: Sequence[int], groups: int) -> Lines:
        """The lines of a side. Ends are group - 1, and groups + the point for each point outside."""
        parties: dict[int, dict[int, str]] = defaultdict(dict)
        for number, cell in enumerate(part.cells(side)):
            for index in position_list(cell.points, len(part.view.points)):
                point = part.view.points[index]
                if isinstance(point.party, External):
                    parties[groups + index][number] = SEVERAL
                elif group := group_of[part.view.parent(index)]:
                    key = sole_key(point) or SEVERAL
                    known = parties[group - 1].setdefault(number, key)
                    if known != key:
                        parties[group - 1][number] = SEVERAL
        lines: dict[tuple[int, ...], int] = {}
        line_of = {end: lines.setdefault(tuple(parties[end]), len(lines)) for end in sorted(parties)}
        return Lines(tuple(lines), line_of, parties)


def united(table: Table, rows: Sequence[tuple[int, ...]], columns: Sequence[tuple[int, ...]]) -> Table:
    """For each pair of lists of cells the union of the table over them. Shapes (cells, cells) and (rows, columns)."""
    if not rows or not columns:
        return np.zeros((len(rows), len(columns)), dtype=np.uint64)
    chosen = [np.array([cell for line in lines for cell in line], dtype=np.intp) for lines in (rows, columns)]
    starts = [np.cumsum([0, *(len(line) for line in lines[:-1])]) for lines in (rows, columns)]
    by_row = np.bitwise_or.reduceat(table[chosen[0]], starts[0], axis=0)
    found: Table = np.bitwise_or.reduceat(by_row[:, chosen[1]], starts[1], axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Inside:
    """The groups with flows from one party of theirs to another, and the pairs of cells that these are between.

    `pairs` are places in a table of cells that is read row by row; those of group i begin at `starts[i]`.
    """

    groups: tuple[int, ...]
    pairs: Positions
    starts: Positions

    @staticmethod
    def of(sides: Sequence[Lines], groups: int, width: int) -> Inside:
        """Those of the first `groups` ends; `width` is how many destination cells there are."""
        found: dict[int, list[int]] = {}
        for end, sources in sides[0].parties.items():
            destinations = sides[1].parties.get(end)
            if end >= groups or destinations is None:
                continue
            pairs = [
                row * width + column
                for row, first in sources.items()
                for column, second in destinations.items()
                if first == SEVERAL or first != second
            ]
            if pairs:
                found[end] = pairs
        starts = np.cumsum([0, *(len(pairs) for pairs in found.values())])[:-1]
        return Inside(tuple(found), np.array([at for pairs in found.values() for at in pairs], dtype=np.intp), starts)

    def united(self, table: Table) -> Table:
        """For each of the groups the union of the table over its pairs."""
        if not self.groups:
            return np.zeros(0, dtype=np.uint64)
        found: Table = np.bitwise_or.reduceat(table.reshape(-1)[self.pairs], self.starts)
        return found
