"""Rows of a table, as a pandas frame where that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from reachproof.face.extras import needed

if TYPE_CHECKING:
    import pandas

Cell: TypeAlias = "str | int | bool | None"
"""What stands in a row under one column; None is nothing."""

Cells: TypeAlias = tuple[Sequence[str], Iterable[Sequence[Cell]]]
"""Columns, and rows under them."""


def frame(cells: Cells) -> pandas.DataFrame:
    """The rows as a frame. ImportError that says what to install where there is no pandas."""
    pandas = needed("pandas", "frame()")
    columns, rows = cells
    return pandas.DataFrame(list(rows), columns=list(columns))


def text_of(cell: Cell) -> str:
    """A cell as text: nothing for None, yes or no for truth."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else str(cell)
