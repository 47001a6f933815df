"""Ends over cells: which cells each end lies in, and tables of cells put together to tables of ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

import numpy as np

from reachproof.solver.box_index import Positions
from reachproof.solver.table import Table

End = TypeVar("End")
Cells = tuple[int, ...]


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
