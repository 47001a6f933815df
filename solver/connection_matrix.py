"""The reachability matrix of a report: connections between all pairs of groups, and with the outside in few parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from reachproof.network.flow import External, Flow
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bitset import Flags, Positions, from_positions, from_words, positions
from reachproof.solver.budget import Budget
from reachproof.solver.cells import Cell
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import Formula
from reachproof.solver.reachability_matrix import Allowed, Matrix, Reachability, Sampled, matrix, reachability
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table, not_both_outside
from reachproof.solver.witness import flow_of

SAMPLES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Access(Allowed):
    """Ports that are allowed between two ends.

    `ports`: allowed for some pair of their points, in some outcome of what is left open. Of these, `open` are the
    ones that some such pair has only in some outcomes, and `partial` those that some other pair of their points does
    not have.
    """

    partial: IntervalSet = EMPTY


NOTHING = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionMatrix:
    """Ports that a region allows between ends. Ends 0 .. groups-1 are the groups, then come those outside the cluster.

    `outside`: the addresses of the latter, disjoint, ascending by first address; each end behaves as no other does.
    All but one have at least one access; the one without is there only if it was asked for. `accesses[0]` is nothing.
    `sampled`: flows of the region with what the engine says of them.
    """

    groups: int
    outside: tuple[IntervalSet, ...]
    accesses: tuple[Access, ...]
    sampled: Sampled
    part: Slice = field(repr=False)
    exists: Table = field(repr=False)
    members: tuple[int, ...] = field(repr=False)
    numbers: Positions = field(repr=False)
    rows: Positions = field(repr=False)
    columns: Positions = field(repr=False)
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
        """The access from one end to another."""
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

    def flows(self, source: int, destination: int) -> Iterator[tuple[IntervalSet, Flow]]:
        """A flow of every kind between two ends, with the ports of the kind: no rule tells the flows of one kind apart.

        Cost: one step for each pair of cells of the two and each set of ports that some rule tells from others.
        """
        if source >= self.groups and destination >= self.groups:
            return
        columns = _within(self.part.destinations, self.members[destination])
        for row, sources in _within(self.part.sources, self.members[source]):
            for column, destinations in columns:
                for atom in positions(from_words(self.exists[row, column])):
                    flow = flow_of(self.part, sources, destinations, self.part.atoms[atom])
                    if flow is not None:
                        yield self.part.atoms[atom], flow


def connection_matrix(
    encoding: Encoding,
    formula: Formula,
    group_of: Sequence[int],
    budget: Budget,
    *,
    certain: Formula | None = None,
    silent: bool = False,
) -> ConnectionMatrix:
    """The flows that the region of the formula allows. Raises OutOfBudget.

    `certain`: where it is left open what the region is, the part that belongs to it for sure; the rest is open.
    `group_of`: as `matrix` takes it. `silent`: the addresses outside with no access at all are an end too.
    """
    # Between ends `matrix` sees to it that no party reaches itself, and `ConnectionMatrix` that the outside does not.
    flows = reachability(encoding, formula, budget, certain=certain, limit=SAMPLES, pairs=not_both_outside)
    part = flows.part
    found = matrix(flows, group_of, budget, _access)
    numbers = np.pad(found.numbers, ((0, 1), (0, 1)))
    alike = _alike(part, found, numbers, _speaking(found, flows) if silent else frozenset())
    ends = [*range(found.groups), *(outside[0] for outside in alike)]
    outside = [[end - found.groups for end in ends] for ends in alike]
    return ConnectionMatrix(
        groups=found.groups,
        outside=tuple(_addresses(part, points) for points in outside),
        accesses=found.values,
        sampled=flows.sampled if any(each.open for each in found.values) else replace(flows.sampled, open_kinds=0),
        part=part,
        exists=flows.exists,
        members=(*_grouped(part, group_of, found.groups), *map(from_positions, outside)),
        numbers=numbers,
        rows=np.array([found.sources.line_of.get(end, -1) for end in ends], dtype=np.intp),
        columns=np.array([found.destinations.line_of.get(end, -1) for end in ends], dtype=np.intp),
        own=found.own,
    )


def _access(allowed: Allowed, denied: IntervalSet) -> Access:
    """The access of a word; what is denied matters only where something can be allowed."""
    return Access(ports=allowed.ports, open=allowed.open, partial=denied & allowed.ports)


def _speaking(found: Matrix[Access], flows: Reachability) -> frozenset[int]:
    """The ends that have flows in the region, allowed or not."""
    there: Flags = flows.exists.astype(np.bool_).max(axis=2, initial=False)
    ends: set[int] = set()
    for side, flags in ((found.sources, there), (found.destinations, there.T)):
        lines = [bool(flags[list(cells)].any()) for cells in side.cells]
        ends |= {end for end, line in side.line_of.items() if lines[line]}
    return frozenset(ends)


def _alike(part: Slice, found: Matrix[Access], numbers: Positions, silent: frozenset[int]) -> list[list[int]]:
    """The ends of the matrix outside, those that behave alike together: with some access, or in `silent`."""
    sides = found.sources.line_of, found.destinations.line_of
    rows, columns = (sorted({line for end, line in side.items() if end < found.groups}) for side in sides)
    alike: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for end in sorted({end for side in sides for end in side if end >= found.groups}):
        row, column = (side.get(end, -1) for side in sides)
        sent, received = numbers[row, columns], numbers[rows, column]
        if sent.any() or received.any() or end in silent:
            alike[sent.tobytes(), received.tobytes()].append(end)
    return sorted(alike.values(), key=lambda ends: _addresses(part, (end - found.groups for end in ends)).first)


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


def _within(cells: Sequence[Cell], points: int) -> list[tuple[int, int]]:
    """The numbers of the cells that hold some of the points, each with these."""
    return [(number, cell.points & points) for number, cell in enumerate(cells) if cell.points & points]
