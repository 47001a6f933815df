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
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reachproof.network.flow import External
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bits import position_list, positions
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Sample, samples
from reachproof.solver.goal import Formula, Side
from reachproof.solver.ground import Encoding
from reachproof.solver.sets import verdicts
from reachproof.solver.slice import Slice, cut
from reachproof.solver.table import Table, one_family, region
from reachproof.solver.universe import sole_key

Numbers = NDArray[np.intp]
SAMPLES = 64
_SEVERAL = ""
"""In place of the key of a party: there are several, so that each has another one to speak with."""


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

    `outside`: the addresses of the latter, disjoint, ascending by first address; each end behaves as no other does,
    and has at least one access. `accesses[0]` is nothing. `samples` are flows of the region with what the engine says
    of them, `kinds` is how many kinds of flow were told apart.
    """

    groups: int
    outside: tuple[IntervalSet, ...]
    accesses: tuple[Access, ...]
    samples: tuple[Sample, ...]
    kinds: int
    numbers: Numbers = field(repr=False)
    rows: Numbers = field(repr=False)
    columns: Numbers = field(repr=False)
    own: dict[int, int] = field(repr=False)

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
    encoding: Encoding, formula: Formula, group_of: Sequence[int], budget: Budget, *, limit: int = SAMPLES
) -> Matrix:
    """What the region of the formula allows. Raises OutOfBudget.

    `group_of[i]` is the group of point i of the universe, counted from 1; 0 leaves it out, and points outside the
    cluster are never asked for. No party reaches itself; two pods of one group may reach each other, and so may two
    replicas that one abstract pod stands for. `limit`: how many samples at the most.
    """
    part = cut(encoding, (formula,), budget)
    exists = _exists(part) & region(part, formula)
    tables = verdicts(part, budget)
    can = exists & tables.can_allow
    stacked = np.concatenate([can, can & tables.can_deny, exists & ~can], axis=2)
    groups = max(group_of, default=0)
    sides = [_Lines.of(part, side, group_of, groups) for side in Side]
    budget.check_table(len(sides[0].cells) * len(sides[1].cells) * stacked.shape[2])
    between = _united(stacked, sides[0].cells, sides[1].cells)
    own = _own(stacked, sides, groups)
    budget.check()
    found, accesses = _numbered(part, np.concatenate([between.reshape(-1, stacked.shape[2]), *own.values()]))
    count = between.shape[0] * between.shape[1]
    numbers = np.pad(found[:count].reshape(between.shape[:2]), ((0, 1), (0, 1)))
    outside, ends = _outside(part, sides, numbers, groups)
    return Matrix(
        groups=groups,
        outside=outside,
        accesses=accesses,
        samples=samples(part, exists, tables, limit),
        kinds=int(np.bitwise_count(exists).sum()),
        numbers=numbers,
        rows=np.array([sides[0].line_of.get(end, -1) for end in ends], dtype=np.intp),
        columns=np.array([sides[1].line_of.get(end, -1) for end in ends], dtype=np.intp),
        own=dict(zip(own, found[count:].tolist(), strict=True)),
    )


def _exists(part: Slice) -> Table:
    """Pairs of cells of one family. Of these, cells with one party only have no flow, which `_own` sees to, and two
    points outside have none, which `Matrix` sees to: a cell may hold both pods and addresses outside."""
    pairs = one_family(part)
    outside = [np.array([cell.external for cell in part.cells(side)], dtype=np.bool_) for side in Side]
    pairs[outside[0][:, None] & outside[1][None, :]] = 0
    return pairs


@dataclass(frozen=True, slots=True)
class _Lines:
    """One side: the distinct lists of cells that ends lie in, and which list each end has.

    `parties[end]` maps each cell to the party that the end has there, or _SEVERAL.
    """

    cells: tuple[tuple[int, ...], ...]
    line_of: dict[int, int]
    parties: dict[int, dict[int, str]]

    @staticmethod
    def of(part: Slice, side: Side, group_of: Sequence[int], groups: int) -> _Lines:
        parties: dict[int, dict[int, str]] = defaultdict(dict)
        for number, cell in enumerate(part.cells(side)):
            for index in position_list(cell.points, len(part.view.points)):
                point = part.view.points[index]
                if isinstance(point.party, External):
                    parties[groups + index][number] = _SEVERAL
                elif group := group_of[part.view.parent(index)]:
                    key = sole_key(point) or _SEVERAL
                    known = parties[group - 1].setdefault(number, key)
                    if known != key:
                        parties[group - 1][number] = _SEVERAL
        lines: dict[tuple[int, ...], int] = {}
        line_of = {end: lines.setdefault(tuple(parties[end]), len(lines)) for end in sorted(parties)}
        return _Lines(tuple(lines), line_of, parties)


def _united(table: Table, rows: Sequence[tuple[int, ...]], columns: Sequence[tuple[int, ...]]) -> Table:
    """For each pair of lists of cells the union of the table over them. Shape (rows, columns, words)."""
    if not rows or not columns:
        return np.zeros((len(rows), len(columns), table.shape[2]), dtype=np.uint64)
    chosen = [np.array([cell for line in lines for cell in line], dtype=np.intp) for lines in (rows, columns)]
    starts = [np.cumsum([0, *(len(line) for line in lines[:-1])]) for lines in (rows, columns)]
    by_row = np.bitwise_or.reduceat(table[chosen[0]], starts[0], axis=0)
    found: Table = np.bitwise_or.reduceat(by_row[:, chosen[1]], starts[1], axis=1)
    return found


def _own(stacked: Table, sides: Sequence[_Lines], groups: int) -> dict[int, Table]:
    """For each group with flows from one party of it to another the union over these. Shape (1, words) each."""
    found: dict[int, Table] = {}
    for end, sources in sides[0].parties.items():
        destinations = sides[1].parties.get(end)
        if end >= groups or destinations is None:
            continue
        keys = {*sources.values(), *destinations.values()}
        if len(keys) == 1 and keys != {_SEVERAL}:
            continue
        pairs = np.array(
            [[first == _SEVERAL or first != second for second in destinations.values()] for first in sources.values()]
        )
        block = stacked[np.ix_(list(sources), list(destinations))][pairs]
        found[end] = np.bitwise_or.reduce(block, axis=0)[None, :]
    return found


def _numbered(part: Slice, stacked: Table) -> tuple[Numbers, tuple[Access, ...]]:
    """The accesses that occur, nothing first, and the number of each line's. Lines are (can, open, lacking) words."""
    count = stacked.shape[1] // 3
    lines = np.concatenate([np.zeros((1, stacked.shape[1]), dtype=np.uint64), stacked])
    lines[:, 2 * count :] &= lines[:, :count]
    first, numbers = _distinct(lines)
    accesses = tuple(
        Access(
            ports=_ports(part, line[:count]),
            open=_ports(part, line[count : 2 * count]),
            partial=_ports(part, line[2 * count :]),
        )
        for line in lines[first]
    )
    return numbers[1:], accesses


def _distinct(lines: Table) -> tuple[Numbers, Numbers]:
    """Where each distinct line occurs first, and the number of each line's; the line of zeros has number 0.

    Lines are told apart by a hash of 64 bits, which is then verified; sorting whole lines takes ten times as long.
    """
    factors = np.array(
        [pow(0x9E3779B97F4A7C15, power + 1, 1 << 64) for power in range(lines.shape[1])], dtype=np.uint64
    )
    mixed = lines ^ (lines >> np.uint64(31))
    hashes = np.bitwise_xor.reduce(mixed * factors, axis=1)
    _, first, numbers = np.unique(hashes, return_index=True, return_inverse=True)
    if not np.array_equal(lines[first[numbers]], lines):
        _, first, numbers = np.unique(lines, axis=0, return_index=True, return_inverse=True)
    return first, numbers.reshape(-1)


def _ports(part: Slice, words: Table) -> IntervalSet:
    bits = int.from_bytes(words.tobytes(), "little")
    return IntervalSet.of(span for atom in positions(bits) for span in part.atoms[atom])


def _outside(
    part: Slice, sides: Sequence[_Lines], numbers: Numbers, groups: int
) -> tuple[tuple[IntervalSet, ...], list[int]]:
    """The addresses of each end outside, and for every end of the matrix one of the `_Lines` that behaves like it."""
    inside = [sorted({line for end, line in side.line_of.items() if end < groups}) for side in sides]
    alike: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for end in sorted({end for side in sides for end in side.line_of if end >= groups}):
        row, column = (side.line_of.get(end, -1) for side in sides)
        sent, received = numbers[row, inside[1]], numbers[inside[0], column]
        if sent.any() or received.any():
            alike[sent.tobytes(), received.tobytes()].append(end)
    united = [
        (IntervalSet.of(span for end in ends for span in part.view.points[end - groups].addresses), ends[0])
        for ends in alike.values()
    ]
    united.sort(key=lambda each: each[0].first)
    return tuple(addresses for addresses, _ in united), [*range(groups), *(end for _, end in united)]
