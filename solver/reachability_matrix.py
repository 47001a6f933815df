"""All flows of a region at once: the sets engine over one slice, and what its tables say between all pairs of ends.

    group = points that stand for one thing in the answer (a pod, a workload, a namespace, ...)
    end   = a group, or a point outside the cluster
    line  = ends that lie in the same cells
    value = what is true between two ends, numbered; most pairs share a few

No party reaches itself; two pods of one group may reach each other, and so may two replicas that one abstract pod
stands for.

Trusted: the slice and the sets engine. Checked by the evaluator on `samples` of every answer, and by tests/agreement,
which compares whole answers with the evaluator flow by flow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from reachproof.network.flow import External, Party
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bitset import Positions, from_words, position_list
from reachproof.solver.bitset_engine import verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import Encoding
from reachproof.solver.ends import EndCells, end_to_end, united
from reachproof.solver.goal import Formula, Side
from reachproof.solver.slice import Slice, cut
from reachproof.solver.table import Table, everything, region
from reachproof.solver.universe import sole_key
from reachproof.solver.witness import SAMPLES, SpotCheck, samples

OPEN_SAMPLES = 64
Value = TypeVar("Value")
SEVERAL = ""
"""In place of the key of a party: there are several, so that each has another one to speak with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Ports that can be allowed, and of these the ones that depend on what is left open."""

    ports: IntervalSet = EMPTY
    open: IntervalSet = EMPTY

    def __bool__(self) -> bool:
        return bool(self.ports)

    def __or__(self, other: Allowed) -> Allowed:
        return Allowed(ports=self.ports | other.ports, open=self.open | other.open)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """Flows for a second opinion by the evaluator, one of every kind where these are few.

    `kinds`: how many kinds of flow there are, each of which nothing in question tells apart. `open_samples` and
    `open_kinds` are the same of the flows with two outcomes.
    """

    samples: tuple[SpotCheck, ...]
    kinds: int
    open_samples: tuple[SpotCheck, ...]
    open_kinds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachability:
    """The flows of a region, in tables of (sources, destinations, words).

    | table | flows |
    |---|---|
    | `exists` | all |
    | `can` | that can be allowed |
    | `open` | of these, that may be denied or may not belong to the region |
    """

    part: Slice
    exists: Table
    can: Table
    open: Table
    sampled: Sampled

    def total(self) -> Allowed:
        """All ports on which any flow of the region is allowed."""
        return self._allowed(*(table.reshape(-1, table.shape[2]) for table in (self.can, self.open)))

    def parties(self, side: Side) -> Iterator[tuple[Party, IntervalSet, Allowed]]:
        """Each party at a side that some flow is allowed for, with its addresses, and on which ports."""
        axis = 0 if side is Side.SOURCE else 1
        others = [cell.party for cell in self.part.cells(Side.DESTINATION if side is Side.SOURCE else Side.SOURCE)]
        alone = {party for party in others if party is not None}
        for index, cell in enumerate(self.part.cells(side)):
            tables = [np.take(table, index, axis) for table in (self.can, self.open)]
            allowed = self._allowed(*tables)
            for at in position_list(cell.points, len(self.part.view.points)) if allowed else ():
                point, mine = self.part.view.points[at], allowed
                key = sole_key(point)
                if cell.party is None and key in alone and not isinstance(point.party, External):
                    keep = np.array([other != key for other in others], dtype=np.bool_)
                    mine = self._allowed(*(table[keep] for table in tables))
                if mine:
                    yield point.party, point.addresses, mine

    def _allowed(self, can: Table, open_: Table) -> Allowed:
        """The atoms set in any of the rows."""
        ports, depends = (self.part.ports_of(from_words(np.bitwise_or.reduce(table, axis=0))) for table in (can, open_))
        return Allowed(ports=ports, open=depends)


def reachability(
    encoding: Encoding,
    formula: Formula,
    budget: Budget,
    *,
    certain: Formula | None = None,
    limit: int = SAMPLES,
    pairs: Callable[[Slice], Table] = everything,
) -> Reachability:
    """The flows of the region of a formula. Raises OutOfBudget.

    `certain`: where it is left open what the region is, the part that belongs to it for sure; the rest is open.
    `limit`: how many samples at the most; all kinds when they are fewer. `pairs` gives the flows that exist.
    """
    part = cut(encoding, (formula,) if certain is None else (formula, certain), budget)
    exists = pairs(part) & region(part, formula)
    tables = verdicts(part, budget)
    can = np.bitwise_and(tables.can_allow, exists, out=tables.can_allow)  # in place: tables are what memory goes to
    undetermined = can & tables.can_deny
    return Reachability(
        part=part,
        exists=exists,
        can=can,
        open=undetermined if certain is None else undetermined | (can & ~region(part, certain)),
        sampled=Sampled(
            samples=samples(part, exists, tables, limit),
            kinds=int(np.bitwise_count(exists).sum()),
            open_samples=samples(part, undetermined, tables, OPEN_SAMPLES),
            open_kinds=int(np.bitwise_count(undetermined).sum()),
        ),
    )


# ---------------------------------------------------------------- between ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix(Generic[Value]):
    """The truth of flows between ends. Ends 0 .. groups-1 are the groups, end groups + i is point i outside.

    `numbers[row, column]` is the place in `values` of what is true between ends of a line of sources and one of
    destinations; for an end and itself it is `own`, where that has flows. `values[0]` is that of ends without a flow.
    """

    groups: int
    sources: EndCells[int]
    destinations: EndCells[int]
    numbers: Positions
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
    """Positions for what is said of many pairs, where most pairs share what is said; it comes word by word.

    `numbers[i]` is the place in `known` of what is said of pair i so far.
    """

    numbers: Positions
    known: list[Words]

    def add(self, key: tuple[int, int], words: Table) -> None:
        """One word for each pair. Cost: a sort of those that are not zero."""
        at = np.flatnonzero(words)
        distinct, which = np.unique(words[at], return_inverse=True)
        pairs, numbers = np.unique(self.numbers[at] * len(distinct) + which, return_inverse=True)
        self.numbers[at] = numbers + len(self.known)
        for before, word in (divmod(pair, len(distinct)) for pair in pairs.tolist()):
            self.known.append((*self.known[before], (key, int(distinct[word]))))

    def numbered(self, value: Callable[[Words], Value]) -> tuple[Positions, tuple[Value, ...]]:
        """The numbers of all pairs, and the values that they stand for, each once; that of no words is number 0."""
        numbered: dict[Value, int] = {value(()): 0}
        used, which = np.unique(self.numbers, return_inverse=True)
        meant = [numbered.setdefault(value(self.known[at]), len(numbered)) for at in used.tolist()]
        return np.array(meant, dtype=np.intp)[which], tuple(numbered)


def _ports(part: Slice, words: Words, count: int) -> tuple[Allowed, IntervalSet]:
    tables = np.zeros((3, count), dtype=np.uint64)
    for key, word in words:
        tables[key] = word
    can, open_, denied = (part.ports_of(from_words(table)) for table in tables)
    return Allowed(ports=can, open=open_), denied
