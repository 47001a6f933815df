"""Everything that a region allows, for all pairs of ends at once: the sets engine over one slice.

    group  = points that stand for one thing in the answer (a pod, a workload, a namespace, ...)
    end    = a group, or addresses outside the cluster that behave alike
    row    = sources that lie in the same cells; column = destinations that do
    access = what is allowed from one end to another, numbered; most pairs share a few

Trusted: the slice and the sets engine. Checked by the evaluator on `samples` of every report, and by tests/agreement,
which compares whole reports with the evaluator flow by flow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reachproof.network.flow import External, Flow
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bits import Flags, from_positions, positions
from reachproof.solver.budget import Budget
from reachproof.solver.cells import Cell
from reachproof.solver.goal import Formula, Side
from reachproof.solver.ground import Encoding
from reachproof.solver.lines import Inside, Lines, united
from reachproof.solver.samples import Sample, samples
from reachproof.solver.sets import Verdicts, verdicts
from reachproof.solver.slice import Slice, cut
from reachproof.solver.table import Table, one_family, region
from reachproof.solver.witness import flow_of

Numbers = NDArray[np.intp]
SAMPLES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is allowed between two ends.

    `ports`: allowed for some pair of their points, in some outcome of what is left open. Of these, `open` are the
    ones that some such pair has only in some outcomes, and `partial` those that some other pair of their points does
    not have.
    """

    ports: IntervalSet = EMPTY
    open: IntervalSet = EMPTY
    partial: IntervalSet = EMPTY

    def __bool__(self) -> bool:
        return bool(self.ports)


NOTHING = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What a region allows between ends. Ends 0 .. groups-1 are the groups, then come those outside the cluster.

    `outside`: the addresses of the latter, disjoint, ascending by first address; each end behaves as no other does.
    All but one have at least one access; the one without is there only if it was asked for. `accesses[0]` is nothing.
    `samples` are flows of the region with what the engine says of them, `kinds` is how many kinds of flow were told
    apart; `open_samples` and `open_kinds` are the same of the flows with two outcomes.
    """

    groups: int
    outside: tuple[IntervalSet, ...]
    accesses: tuple[Access, ...]
    samples: tuple[Sample, ...]
    kinds: int
    open_samples: tuple[Sample, ...]
    open_kinds: int
    part: Slice = field(repr=False)
    exists: Table = field(repr=False)
    members: tuple[int, ...] = field(repr=False)
    numbers: Numbers = field(repr=False)
    rows: Numbers = field(repr=False)
    columns: Numbers = field(repr=False)
    own: dict[int, int] = field(repr=False)

    @property
    def lines(self) -> list[list[int]]:
        """The numbers of accesses by row and column: ends that lie in the same cells share a row, or a column.

        The access of an end to itself is in `own`, and two ends outside have none, whatever stands here.
        """
        found: list[list[int]] = self.numbers[:-1, :-1].tolist()
        return found

    @property
    def row_numbers(self) -> list[int]:
        """The row of each end as a source, -1 for ends that are not asked for there."""
        found: list[int] = self.rows.tolist()
        return found

    @property
    def column_numbers(self) -> list[int]:
        """The column of each end as a destination, -1 for ends that are not asked for there."""
        found: list[int] = self.columns.tolist()
        return found

    @property
    def sources(self) -> list[int]:
        """The ends that the region has flows from, or may have."""
        found: list[int] = np.flatnonzero(self.rows >= 0).tolist()
        return found

    @property
    def destinations(self) -> list[int]:
        """The ends that the region has flows to, or may have."""
        found: list[int] = np.flatnonzero(self.columns >= 0).tolist()
        return found

    def access(self, source: int, destination: int) -> Access:
        """What is allowed from one end to another."""
        if source >= self.groups and destination >= self.groups:
            return NOTHING
        if source == destination:
            return self.accesses[self.own.get(source, 0)]
        return self.accesses[int(self.numbers[self.rows[source], self.columns[destination]])]

    def row(self, source: int) -> list[int]:
        """The numbers of the accesses from one end to every end, in order of ends. Cost: linear in the ends."""
        found: list[int] = self.numbers[self.rows[source]][self.columns].tolist()
        if source < self.groups:
            found[source] = self.own.get(source, 0)
        else:
            found[self.groups :] = [0] * len(self.outside)
        return found


def matrix(
    encoding: Encoding,
    formula: Formula,
    group_of: Sequence[int],
    budget: Budget,
    *,
    certain: Formula | None = None,
    limit: int = SAMPLES,
    silent: bool = False,
) -> Matrix:
    """What the region of the formula allows. Raises OutOfBudget.

    `certain`: where it is left open what the region is, the part that belongs to it for sure; the rest is open.
    `group_of[i]` is the group of point i of the universe, counted from 1; 0 leaves it out, and points outside the
    cluster are never asked for. No party reaches itself; two pods of one group may reach each other, and so may two
    replicas that one abstract pod stands for. `limit`: how many samples at the most, of either sort. `silent`: the
    addresses outside with no access at all are an end too.
    """
    part = cut(encoding, (formula,) if certain is None else (formula, certain), budget)
    groups = max(group_of, default=0)
    sides = [Lines.of(part, side, group_of, groups) for side in Side]
    inside = Inside.of(sides, groups, len(part.destinations))
    shape = len(sides[0].cells), len(sides[1].cells)
    budget.check_table(shape[0] * shape[1])
    exists = _exists(part) & region(part, formula)
    sure = exists if certain is None else exists & region(part, certain)
    tables = verdicts(part, budget)
    found = _Numbering.of(shape[0] * shape[1] + len(inside.groups))
    for word in range(exists.shape[2]):
        there = exists[:, :, word]
        can = there & tables.can_allow[:, :, word]
        open_ = can & (tables.can_deny[:, :, word] | ~sure[:, :, word])
        for kind, table in ((_CAN, can), (_OPEN, open_), (_LACKING, there & ~can)):
            budget.check()
            wide = united(table, sides[0].cells, sides[1].cells)
            found.add((kind, word), np.concatenate([wide.reshape(-1), inside.united(table)]))
    every, accesses = found.accesses(part)
    between, own = every[: shape[0] * shape[1]], every[shape[0] * shape[1] :]
    numbers = np.pad(between.reshape(shape), ((0, 1), (0, 1)))
    alike = _alike(part, sides, numbers, groups, _speaking(sides, exists) if silent else frozenset())
    undetermined = _undetermined(exists, tables) if any(each.open for each in accesses) else exists[:0]
    ends = [*range(groups), *(outside[0] for outside in alike)]
    members = (*_grouped(part, group_of, groups), *(from_positions(end - groups for end in ends) for ends in alike))
    return Matrix(
        groups=groups,
        outside=tuple(_addresses(part, (end - groups for end in ends)) for ends in alike),
        accesses=accesses,
        samples=samples(part, exists, tables, limit),
        kinds=int(np.bitwise_count(exists).sum()),
        open_samples=samples(part, undetermined, tables, limit),
        open_kinds=int(np.bitwise_count(undetermined).sum()),
        part=part,
        exists=exists,
        members=members,
        numbers=numbers,
        rows=np.array([sides[0].line_of.get(end, -1) for end in ends], dtype=np.intp),
        columns=np.array([sides[1].line_of.get(end, -1) for end in ends], dtype=np.intp),
        own=dict(zip(inside.groups, own.tolist(), strict=True)),
    )


def _exists(part: Slice) -> Table:
    """Pairs of cells of one family. Of these, cells with one party only have no flow, which `Inside` sees to, and two
    points outside have none, which `Matrix` sees to: a cell may hold both pods and addresses outside."""
    pairs = one_family(part)
    outside = [np.array([cell.external for cell in part.cells(side)], dtype=np.bool_) for side in Side]
    pairs[outside[0][:, None] & outside[1][None, :]] = 0
    return pairs


def _undetermined(exists: Table, tables: Verdicts) -> Table:
    """The flows with two outcomes."""
    found: Table = exists & tables.can_allow
    found &= tables.can_deny
    return found


_CAN, _OPEN, _LACKING = "can", "open", "lacking"


@dataclass(slots=True)
class _Numbering:
    """Numbers for what is said of many pairs, where most pairs share what is said; it comes word by word.

    `numbers[i]` is the place in `known` of what is said of pair i so far: words that are not zero, by kind and place.
    """

    numbers: Numbers
    known: list[tuple[tuple[tuple[str, int], int], ...]]

    @staticmethod
    def of(count: int) -> _Numbering:
        return _Numbering(np.zeros(count, dtype=np.intp), [()])

    def add(self, key: tuple[str, int], words: Table) -> None:
        """One word for each pair. Cost: a sort of those that are not zero."""
        at = np.flatnonzero(words)
        distinct, which = np.unique(words[at], return_inverse=True)
        pairs, numbers = np.unique(self.numbers[at] * len(distinct) + which, return_inverse=True)
        self.numbers[at] = numbers + len(self.known)
        for before, word in (divmod(pair, len(distinct)) for pair in pairs.tolist()):
            self.known.append((*self.known[before], (key, int(distinct[word]))))

    def accesses(self, part: Slice) -> tuple[Numbers, tuple[Access, ...]]:
        """The numbers of all pairs, and the accesses that they stand for, each once; nothing is number 0."""
        numbered: dict[Access, int] = {NOTHING: 0}
        used, which = np.unique(self.numbers, return_inverse=True)
        meant = [numbered.setdefault(_access(part, dict(self.known[at])), len(numbered)) for at in used.tolist()]
        return np.array(meant, dtype=np.intp)[which], tuple(numbered)


def _access(part: Slice, said: dict[tuple[str, int], int]) -> Access:
    """What the words say; what is lacking matters only where something can be allowed."""
    bits = {
        kind: sum(word << 64 * at for (of, at), word in said.items() if of == kind) for kind in (_CAN, _OPEN, _LACKING)
    }
    return Access(
        ports=_ports(part, bits[_CAN]),
        open=_ports(part, bits[_OPEN]),
        partial=_ports(part, bits[_LACKING] & bits[_CAN]),
    )


def _ports(part: Slice, bits: int) -> IntervalSet:
    return IntervalSet.of(span for atom in positions(bits) for span in part.atoms[atom])


def _speaking(sides: Sequence[Lines], exists: Table) -> frozenset[int]:
    """The ends that have flows in the region, allowed or not."""
    there: Flags = exists.astype(np.bool_).max(axis=2, initial=False)
    found: set[int] = set()
    for side, flags in zip(sides, (there, there.T), strict=True):
        lines = [bool(flags[list(cells)].any()) for cells in side.cells]
        found |= {end for end, line in side.line_of.items() if lines[line]}
    return frozenset(found)


def _alike(
    part: Slice, sides: Sequence[Lines], numbers: Numbers, groups: int, silent: frozenset[int]
) -> list[list[int]]:
    """The ends of `Lines` outside the cluster, those that behave alike together: with some access, or in `silent`."""
    inside = [sorted({line for end, line in side.line_of.items() if end < groups}) for side in sides]
    found: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for end in sorted({end for side in sides for end in side.line_of if end >= groups}):
        row, column = (side.line_of.get(end, -1) for side in sides)
        sent, received = numbers[row, inside[1]], numbers[inside[0], column]
        if sent.any() or received.any() or end in silent:
            found[sent.tobytes(), received.tobytes()].append(end)
    return sorted(found.values(), key=lambda ends: _addresses(part, (end - groups for end in ends)).first)


def _addresses(part: Slice, points: Iterable[int]) -> IntervalSet:
    return IntervalSet.of(span for point in points for span in part.view.points[point].addresses)


def _grouped(part: Slice, group_of: Sequence[int], groups: int) -> list[int]:
    """The points of the view that are in each group, as bits."""
    found: list[list[int]] = [[] for _ in range(groups)]
    for index, point in enumerate(part.view.points):
        group = 0 if isinstance(point.party, External) else group_of[part.view.parent(index)]
        if group:
            found[group - 1].append(index)
    return [from_positions(points) for points in found]


def flows(found: Matrix, source: int, destination: int) -> Iterator[tuple[IntervalSet, Flow]]:
    """A flow of every kind between two ends, with the ports of the kind: no rule tells the flows of one kind apart.

    Cost: one step for each pair of cells of the two and each set of ports that some rule tells from others.
    """
    if source >= found.groups and destination >= found.groups:
        return
    part = found.part
    columns = _within(part.destinations, found.members[destination])
    for row, sources in _within(part.sources, found.members[source]):
        for column, destinations in columns:
            for atom in positions(int.from_bytes(found.exists[row, column].tobytes(), "little")):
                flow = flow_of(part, sources, destinations, part.atoms[atom])
                if flow is not None:
                    yield part.atoms[atom], flow


def _within(cells: Sequence[Cell], points: int) -> list[tuple[int, int]]:
    """The numbers of the cells that hold some of the points, each with these."""
    return [(number, cell.points & points) for number, cell in enumerate(cells) if cell.points & points]
