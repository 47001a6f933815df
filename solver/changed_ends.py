"""The flows that differ between two snapshots, put together by their ends as whoever asks tells these apart.

Trusted: the comparison. What is made of it is checked by the evaluator, in `queries.difference` on flows of every
report, and in tests/agreement/test_difference.py on all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice, product
from operator import or_
from types import EllipsisType
from typing import Generic, TypeVar

import numpy as np

from reachproof.network.flow import External
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bits import positions
from reachproof.solver.budget import Budget
from reachproof.solver.compare import Comparison
from reachproof.solver.goal import Side
from reachproof.solver.index import Positions
from reachproof.solver.joint import Twin, is_apart
from reachproof.solver.lines import united
from reachproof.solver.table import Table, pairs_with
from reachproof.solver.universe import party_key

End = TypeVar("End")
Cells = tuple[int, ...]
Place = tuple[int, int, int]
"""A part of a comparison, a source cell and a destination cell of it."""
_BLOCKS = 6
_NOTHING = (EMPTY,) * _BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Generic[End]):
    """A pair of ends with a flow that differs, and ports on which some flow between them

    | | |
    |---|---|
    | `before`, `after` | could be allowed, can be allowed |
    | `before_open`, `after_open` | and could be denied as well |
    | `gained`, `lost` | is allowed more, or less, than before |

    `cells` are pairs of cells with a flow that differs, each with the part of the comparison that it is in; of these
    only the first `most_cells`.
    """

    source: End
    destination: End
    before: IntervalSet
    after: IntervalSet
    before_open: IntervalSet
    after_open: IntervalSet
    gained: IntervalSet
    lost: IntervalSet
    cells: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Side(Generic[End]):
    """The distinct lists of cells that ends lie in, the ends of each list, and the twins of each end by cell.

    `keys`: the endpoints of each end, as they are in either snapshot.
    """

    lines: tuple[Cells, ...]
    ends: tuple[tuple[End, ...], ...]
    line_of: dict[End, int]
    twins: dict[End, dict[int, list[Twin]]]
    keys: dict[End, frozenset[tuple[int, str]]]


def changed_ends(
    comparisons: Sequence[Comparison], ends_of: Callable[[Twin], Iterable[End]], budget: Budget, *, most_cells: int
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
            if any(ports[4] or ports[5] for ports in found):
                together = [reduce(or_, ports) for ports in zip(*found, strict=True)]
                cells = ((at, *pair) for at, each in enumerate(parts) for pair in each.cells_between(*ends))
                yield _changed(ends, together, tuple(islice(cells, most_cells)))


def _changed(ends: tuple[End, End], ports: Sequence[IntervalSet], cells: tuple[Place, ...]) -> Changed[End]:
    before, after, before_open, after_open, gained, lost = ports
    return Changed(
        source=ends[0],
        destination=ends[1],
        before=before,
        after=after,
        before_open=before_open,
        after_open=after_open,
        gained=gained,
        lost=lost,
        cells=cells,
    )


class _Part(Generic[End]):
    """One part of a comparison, put together by ends: tables have words of six sets of ports, one behind the other."""

    def __init__(
        self, comparison: Comparison, ends_of: Callable[[Twin], Iterable[End]], budget: Budget, most_cells: int
    ) -> None:
        self._sides = [_side(comparison.joint.twins[side], ends_of) for side in Side]
        self._comparison = comparison
        self._width = comparison.inside.shape[2]
        self._atoms = comparison.joint.after.atoms
        self._differs = pairs_with(comparison.looser | comparison.stricter)
        self._most = most_cells
        self._ports: dict[bytes, tuple[IntervalSet, ...]] = {}
        rows, columns = (side.lines for side in self._sides)
        budget.check_table(len(rows) * len(columns) * _BLOCKS * self._width)
        # One after the other: together they are most of what a comparison needs.
        self._between = np.concatenate([_united(table, rows, columns) for table in _blocks(comparison)], axis=2)

    def differing_pairs(self) -> Iterator[tuple[End, End]]:
        """Pairs of ends that may have a flow that differs; no other has one."""
        sources, destinations = (side.ends for side in self._sides)
        for row, column in np.argwhere(pairs_with(self._between[:, :, 4 * self._width :])).tolist():
            yield from product(sources[row], destinations[column])

    def ports_between(self, source: End, destination: End) -> tuple[IntervalSet, ...]:
        """The six sets of ports of a pair of ends."""
        sources, destinations = self._sides
        if source not in sources.twins or destination not in destinations.twins:
            return _NOTHING
        if self._are_apart(source, destination):
            return self._sets(self._between[sources.line_of[source], destinations.line_of[destination]])
        pairs = self._pairs(source, destination)
        if not len(pairs[0]):
            return _NOTHING
        return self._sets(np.concatenate([np.bitwise_or.reduce(each) for each in _blocks(self._comparison, pairs)]))

    def cells_between(self, source: End, destination: End) -> Iterator[tuple[int, int]]:
        """The first pairs of cells of two ends with a flow that differs."""
        sources, destinations = self._sides
        if source not in sources.twins or destination not in destinations.twins:
            return
        if not self._are_apart(source, destination):
            pairs = self._pairs(source, destination)
            differing = np.flatnonzero(self._differs[pairs])[: self._most]
            yield from zip(pairs[0][differing].tolist(), pairs[1][differing].tolist(), strict=True)
            return
        rows, columns = sources.lines[sources.line_of[source]], destinations.lines[destinations.line_of[destination]]
        for row, column in np.argwhere(self._differs[np.ix_(rows, columns)])[: self._most].tolist():
            yield rows[row], columns[column]

    def _are_apart(self, source: End, destination: End) -> bool:
        """Whether the two have no endpoint in common, so that each of the one has flows to each of the other."""
        return self._sides[0].keys[source].isdisjoint(self._sides[1].keys[destination])

    def _pairs(self, source: End, destination: End) -> tuple[Positions, Positions]:
        return _apart_pairs(self._sides[0].twins[source], self._sides[1].twins[destination])

    def _sets(self, words: Table) -> tuple[IntervalSet, ...]:
        key = words.tobytes()
        if key not in self._ports:
            size = 8 * self._width
            parts = (key[at : at + size] for at in range(0, len(key), size))
            self._ports[key] = tuple(self._set(int.from_bytes(part, "little")) for part in parts)
        return self._ports[key]

    def _set(self, atoms: int) -> IntervalSet:
        return IntervalSet.of(span for atom in positions(atoms) for span in self._atoms[atom])


def _blocks(comparison: Comparison, where: tuple[Positions, Positions] | EllipsisType = ...) -> Iterator[Table]:
    """The tables that rows are made of, or their words for some pairs of cells."""
    inside, before, after = comparison.inside[where], comparison.before, comparison.after
    yield inside & before.can_allow[where]
    yield inside & after.can_allow[where]
    yield inside & before.can_allow[where] & before.can_deny[where]
    yield inside & after.can_allow[where] & after.can_deny[where]
    yield comparison.looser[where]
    yield comparison.stricter[where]


def _united(table: Table, rows: Sequence[Cells], columns: Sequence[Cells]) -> Table:
    """For each pair of lists of cells the union of the table over them, word by word."""
    return np.stack([united(table[:, :, word], rows, columns) for word in range(table.shape[2])], axis=2)


def _side(cells: Sequence[Sequence[Twin]], ends_of: Callable[[Twin], Iterable[End]]) -> _Side[End]:
    twins: dict[End, dict[int, list[Twin]]] = defaultdict(dict)
    for number, members in enumerate(cells):
        for twin in members:
            for end in ends_of(twin):
                twins[end].setdefault(number, []).append(twin)
    lines: dict[Cells, list[End]] = defaultdict(list)
    for end, own in twins.items():
        lines[tuple(own)].append(end)
    keys = {end: frozenset(key for members in own.values() for key in _parties(members)) for end, own in twins.items()}
    line_of = {end: number for number, ends in enumerate(lines.values()) for end in ends}
    return _Side(tuple(lines), tuple(map(tuple, lines.values())), line_of, dict(twins), keys)


def _parties(twins: Sequence[Twin]) -> Iterator[tuple[int, str]]:
    for twin in twins:
        for at, point in enumerate((twin.before, twin.after)):
            if point is not None and not isinstance(point.party, External):
                yield at, party_key(point.party)


def _apart_pairs(sources: dict[int, list[Twin]], destinations: dict[int, list[Twin]]) -> tuple[Positions, Positions]:
    """The pairs of cells with a flow from one endpoint to another: the cell of the source, that of the destination."""
    homes: dict[tuple[int, str], list[int]] = defaultdict(list)
    for column, twins in enumerate(destinations.values()):
        for key in dict.fromkeys(_parties(twins)):
            homes[key].append(column)
    rows, columns = (np.array(list(side), dtype=np.intp) for side in (sources, destinations))
    apart = np.ones((len(rows), len(columns)), dtype=np.bool_)
    others = list(destinations.values())
    for row, twins in enumerate(sources.values()):
        for column in {home for key in _parties(twins) for home in homes.get(key, ())}:
            apart[row, column] = any(is_apart(one, two) for one, two in product(twins, others[column]))
    found = np.nonzero(apart)
    return rows[found[0]], columns[found[1]]
