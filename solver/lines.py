"""Ends over cells: which cells each end lies in, and tables of cells put together to tables of ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reachproof.network.flow import External
from reachproof.solver.bits import position_list
from reachproof.solver.goal import Side
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
    """For each pair of lists of cells the union of the table over them. Shape (rows, columns, words)."""
    if not rows or not columns:
        return np.zeros((len(rows), len(columns), table.shape[2]), dtype=np.uint64)
    chosen = [np.array([cell for line in lines for cell in line], dtype=np.intp) for lines in (rows, columns)]
    starts = [np.cumsum([0, *(len(line) for line in lines[:-1])]) for lines in (rows, columns)]
    by_row = np.bitwise_or.reduceat(table[chosen[0]], starts[0], axis=0)
    found: Table = np.bitwise_or.reduceat(by_row[:, chosen[1]], starts[1], axis=1)
    return found


def own_of(stacked: Table, sides: Sequence[Lines], groups: int) -> dict[int, Table]:
    """For each group with flows from one party of it to another the union over these. Shape (1, words) each."""
    found: dict[int, Table] = {}
    for end, sources in sides[0].parties.items():
        destinations = sides[1].parties.get(end)
        if end >= groups or destinations is None:
            continue
        keys = {*sources.values(), *destinations.values()}
        if len(keys) == 1 and keys != {SEVERAL}:
            continue
        pairs = np.array(
            [[first == SEVERAL or first != second for second in destinations.values()] for first in sources.values()]
        )
        block = stacked[np.ix_(list(sources), list(destinations))][pairs]
        found[end] = np.bitwise_or.reduce(block, axis=0)[None, :]
    return found
