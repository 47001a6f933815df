"""What a region allows from each group to each group, in one word: the sets engine alone, over all flows at once.

Trusted: nothing by itself. `samples` are for a second opinion by the evaluator; tests/queries/test_truth_table.py
compares whole matrices with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from reachproof.solver.bits import Flags
from reachproof.solver.budget import Budget
from reachproof.solver.goal import All, Formula, Not, Same, Side, Some
from reachproof.solver.ground import Encoding
from reachproof.solver.samples import Sample, samples
from reachproof.solver.sets import verdicts
from reachproof.solver.slice import Slice, cut
from reachproof.solver.table import everything, pairs_with, region


class Access(StrEnum):
    """What is true of the flows between two groups.

    ALLOWED, DENIED: of each of them, for certain. DEPENDS: at least one has both outcomes. SOME: neither of these, so
    that some are allowed and some are denied.
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    DEPENDS = "depends"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Matrix:
    """`access[a, b]`: from group a to group b, by their numbers; a pair without a flow is not in it."""

    access: dict[tuple[int, int], Access]
    samples: tuple[Sample, ...] = ()


def matrix(
    encoding: Encoding, formula: Formula, groups: Same, budget: Budget, *, certain: Formula | None = None
) -> Matrix:
    """The access between groups over the flows of a region. Raises OutOfBudget. Cost: that of a list, and groups².

    `certain`: where it is left open what the region is, the part that belongs to it for sure. What may be allowed of
    the rest depends.
    """
    respecting = All((formula, Some((groups, Not(groups)))))
    part = cut(encoding, (respecting,) if certain is None else (respecting, certain), budget)
    if not (part.sources and part.destinations and part.atoms):
        return Matrix({})
    inside = everything(part) & region(part, formula)
    sure = inside if certain is None else inside & region(part, certain)
    tables = verdicts(part, budget)
    allowed, denied, either = (
        _between_groups(part, groups, pairs_with(inside & flows))
        for flows in (sure & ~tables.can_deny, ~tables.can_allow, tables.can_allow & (tables.can_deny | ~sure))
    )
    found = {
        pair: _access(bool(allowed[pair]), bool(denied[pair]), bool(either[pair]))
        for pair in _pairs(allowed | denied | either)
    }
    return Matrix(found, samples(part, inside, tables))


def _pairs(present: Flags) -> Iterator[tuple[int, int]]:
    """The pairs of groups that have a flow, in order; group 0 is no group."""
    for first, second in np.argwhere(present).tolist():
        if first and second:
            yield first, second


def _access(allowed: bool, denied: bool, either: bool) -> Access:
    if either:
        return Access.DEPENDS
    if allowed and denied:
        return Access.SOME
    return Access.ALLOWED if allowed else Access.DENIED


def _between_groups(part: Slice, groups: Same, cells: Flags) -> Flags:
    """Pairs of cells as pairs of groups: those that hold at least one of the pairs of cells."""
    sources, destinations = (_members(part.groups(groups, side)) for side in Side)
    found: Flags = sources @ cells.astype(np.float32) @ destinations.T > 0
    size = max(groups.group_of, default=0) + 1
    whole = np.zeros((size, size), dtype=np.bool_)
    whole[: found.shape[0], : found.shape[1]] = found
    return whole


def _members(numbers: list[int]) -> NDArray[np.float32]:
    """One row per group, one column per cell: 1 where the cell is of the group."""
    rows = np.zeros((max(numbers) + 1, len(numbers)), dtype=np.float32)
    rows[numbers, range(len(numbers))] = 1
    return rows
