"""The truth of a region's flows between all pairs of ends at once.

    group = points that stand for one thing in the answer (a pod, a workload, a namespace, ...)
    end   = a group, or a point outside the cluster
    line  = ends that lie in the same cells
    value = what is true between two ends, numbered; most pairs share a few

No party reaches itself; two pods of one group may reach each other, and so may two replicas that one abstract pod
stands for. Trusted and checked as `reachability_cells` is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from reachproof.network.flow import External
from reachproof.network.intervals import IntervalSet
from reachproof.solver.bitset import position_list
from reachproof.solver.budget import Budget
from reachproof.solver.end_cells import EndCells, end_to_end, united
from reachproof.solver.goal import Side
from reachproof.solver.reachability_cells import Allowed, Reachability
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table, ports_of
from reachproof.solver.universe import sole_key

Numbers = NDArray[np.intp]
Value = TypeVar("Value")
SEVERAL = ""
"""In place of the key of a party: there are several, so that each has another one to speak with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Generic[Value]):
    """The truth of flows between ends. Ends 0 .. groups-1 are the groups, end groups + i is point i outside.

    `numbers[row, column]` is the place in `values` of what is true between ends of a line of sources and one of
    destinations; for an end and itself it is `own`, where that has flows. `values[0]` is that of ends without a flow.
    """

    groups: int
    sources: EndCells[int]
    destinations: EndCells[int]
    numbers: Numbers
    own: dict[int, int]
    values: tuple[Value, ...]

    def pairs(self, budget: Budget) -> Iterator[tuple[int, int, Value]]:
        """Pairs of groups, counted from 1 and in order, with what is true between them, if that is not `values[0]`.

        Raises OutOfBudget where there are too many.
        """
        sources, destinations = (
            [(end, line) for end, line in side.line_of.items() if end < self.groups]
            for side in (self.sources, self.destinations)
        )
        budget.check_table(len(sources) * len(destinations))
        for source, line in sources:
            budget.check()
            row = self.numbers[line].tolist()
            for destination, column in destinations:
                number = self.own.get(source, 0) if source == destination else row[column]
                if number:
                    yield source + 1, destination + 1, self.values[number]


def matrix(
    flows: Reachability, group_of: Sequence[int], budget: Budget, value: Callable[[Allowed, IntervalSet], Value]
) -> Matrix[Value]:
    """The truth of flows between groups, and points outside. Raises OutOfBudget.

    `group_of[i]` is the group of point i of the universe, counted from 1; 0 leaves it out, and points outside the
    cluster are never asked for. `value` makes it of the ports that some flow between the two can be allowed on, and of
    those that some flow is denied on for certain; both are empty where there is no flow.
    """
    part, count = flows.part, flows.exists.shape[2]
    groups = max(group_of, default=0)
    rows, columns = (_parties(part, side, group_of, groups) for side in Side)
    sources, destinations = EndCells.of(rows), EndCells.of(columns)
    shape = len(sources.cells), len(destinations.cells)
    size = shape[0] * shape[1]
    budget.check_table(size)
    own = _own_pairs(part, rows, columns, groups)
    own_pairs, starts = end_to_end(own.values())
    said = _Numbering(np.zeros(size + len(own), dtype=np.intp), [()])
    for word in range(count):
        can = flows.can[:, :, word]
        for kind, table in enumerate((can, flows.open[:, :, word], flows.exists[:, :, word] & ~can)):
            budget.check()
            wide = united(table, sources.cells, destinations.cells)
            inside = np.bitwise_or.reduceat(table.reshape(-1)[own_pairs], starts)
            said.add((kind, word), np.concatenate([wide.reshape(-1), inside]))
    numbers, values = said.numbered(lambda words: value(*_ports(part, words, count)))
    return Matrix(
        groups=groups,
        sources=sources,
        destinations=destinations,
        numbers=numbers[:size].reshape(shape),
        own=dict(zip(own, numbers[size:].tolist(), strict=True)),
        values=values,
    )


Parties = dict[int, dict[int, str]]
"""For each end, in order, and each cell that it lies in: the party that it has there, or SEVERAL."""


def _parties(part: Slice, side: Side, group_of: Sequence[int], groups: int) -> Parties:
    found: Parties = defaultdict(dict)
    for number, cell in enumerate(part.cells(side)):
        for index in position_list(cell.points, len(part.view.points)):
            point = part.view.points[index]
            if isinstance(point.party, External):
                found[groups + index][number] = SEVERAL
            elif group := group_of[part.view.parent(index)]:
                key = sole_key(point) or SEVERAL
                if found[group - 1].setdefault(number, key) != key:
                    found[group - 1][number] = SEVERAL
    return {end: found[end] for end in sorted(found)}


def _own_pairs(part: Slice, sources: Parties, destinations: Parties, groups: int) -> dict[int, list[int]]:
    """The groups with flows from one party of theirs to another, and the pairs of cells that these are between.

    Pairs are places in a table of cells that is read row by row.
    """
    width = len(part.destinations)
    found = {
        end: [
            row * width + column
            for row, first in sources[end].items()
            for column, second in destinations[end].items()
            if first == SEVERAL or first != second
        ]
        for end in sources
        if end < groups and end in destinations
    }
    return {end: pairs for end, pairs in found.items() if pairs}


Words = tuple[tuple[tuple[int, int], int], ...]
"""Words that are not zero, each with its kind and its place."""


@dataclass(slots=True)
class _Numbering:
    """Numbers for what is said of many pairs, where most pairs share what is said; it comes word by word.

    `numbers[i]` is the place in `known` of what is said of pair i so far.
    """

    numbers: Numbers
    known: list[Words]

    def add(self, key: tuple[int, int], words: Table) -> None:
        """One word for each pair. Cost: a sort of those that are not zero."""
        at = np.flatnonzero(words)
        distinct, which = np.unique(words[at], return_inverse=True)
        pairs, numbers = np.unique(self.numbers[at] * len(distinct) + which, return_inverse=True)
        self.numbers[at] = numbers + len(self.known)
        for before, word in (divmod(pair, len(distinct)) for pair in pairs.tolist()):
            self.known.append((*self.known[before], (key, int(distinct[word]))))

    def numbered(self, value: Callable[[Words], Value]) -> tuple[Numbers, tuple[Value, ...]]:
        """The numbers of all pairs, and the values that they stand for, each once; that of no words is number 0."""
        numbered: dict[Value, int] = {value(()): 0}
        used, which = np.unique(self.numbers, return_inverse=True)
        meant = [numbered.setdefault(value(self.known[at]), len(numbered)) for at in used.tolist()]
        return np.array(meant, dtype=np.intp)[which], tuple(numbered)


def _ports(part: Slice, words: Words, count: int) -> tuple[Allowed, IntervalSet]:
    tables = np.zeros((3, count), dtype=np.uint64)
    for key, word in words:
        tables[key] = word
    can, open_, denied = (ports_of(part, table) for table in tables)
    return Allowed(ports=can, open=open_), denied
