"""Everything that a region allows, for questions that ask for a list: the sets engine alone, over all flows at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reachproof.network.flow import External, Party
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bits import position_list, positions
from reachproof.solver.budget import Budget
from reachproof.solver.goal import All, Formula, Not, Same, Side, Some
from reachproof.solver.ground import Encoding
from reachproof.solver.samples import SAMPLES, Sample, samples
from reachproof.solver.sets import verdicts
from reachproof.solver.slice import Slice, cut
from reachproof.solver.table import Table, everything, region
from reachproof.solver.universe import sole_key

OPEN_SAMPLES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Ports that can be allowed, and of these the ones that depend on what is left open."""

    ports: IntervalSet = EMPTY
    open: IntervalSet = EMPTY

    def __bool__(self) -> bool:
        return bool(self.ports)

    def __or__(self, other: Allowed) -> Allowed:
        return Allowed(ports=self.ports | other.ports, open=self.open | other.open)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a region allows. `kinds`: how many kinds of flow it has, each of which nothing in question tells apart.

    `samples` are flows for a second opinion by the evaluator, one of every kind where these are few; `open_samples`
    and `open_kinds` are the same of the flows with two outcomes.
    """

    part: Slice
    can: Table
    must: Table
    samples: tuple[Sample, ...]
    kinds: int
    open_samples: tuple[Sample, ...]
    open_kinds: int

    def ends(self, side: Side) -> Iterator[tuple[Party, IntervalSet, Allowed]]:
        """Each party at a side that some flow is allowed for, with its addresses, and on which ports."""
        axis = 0 if side is Side.SOURCE else 1
        others = self.part.cells(Side.DESTINATION if side is Side.SOURCE else Side.SOURCE)
        alone = {cell.party: index for index, cell in enumerate(others) if cell.party is not None}
        for index, cell in enumerate(self.part.cells(side)):
            can, must = np.take(self.can, index, axis), np.take(self.must, index, axis)
            allowed = self._allowed(can, must)
            if allowed:
                for at in position_list(cell.points, len(self.part.view.points)):
                    point = self.part.view.points[at]
                    key = sole_key(point)
                    if cell.party is None and key in alone and not isinstance(point.party, External):
                        keep = np.array([other.party != key for other in others], dtype=np.bool_)
                        mine = self._allowed(can[keep], must[keep])
                    else:
                        mine = allowed
                    if mine:
                        yield point.party, point.addresses, mine

    def total(self) -> Allowed:
        """All ports on which any flow of the region is allowed."""
        return self._allowed(self.can.reshape(-1, self.can.shape[2]), self.must.reshape(-1, self.must.shape[2]))

    def between(self, same: Same) -> Iterator[tuple[int, int, Allowed]]:
        """For each pair of groups (numbers of the relation, in order) with allowed flows: on which ports."""
        rows, columns = (np.array(self.part.groups(same, side), dtype=np.intp) for side in Side)
        for first in np.unique(rows[rows > 0]).tolist():
            can, must = self.can[rows == first], self.must[rows == first]
            for second in np.unique(columns[columns > 0]).tolist():
                inside = columns == second
                count = self.can.shape[2]
                allowed = self._allowed(can[:, inside].reshape(-1, count), must[:, inside].reshape(-1, count))
                if allowed:
                    yield first, second, allowed

    def _allowed(self, can: Table, must: Table) -> Allowed:
        """The atoms set in any of the rows; what only can be allowed in some row is open."""
        if not len(can):
            return Allowed()
        return Allowed(
            ports=self._ports(np.bitwise_or.reduce(can, axis=0)),
            open=self._ports(np.bitwise_or.reduce(can & ~must, axis=0)),
        )

    def _ports(self, words: Table) -> IntervalSet:
        bits = int.from_bytes(words.tobytes(), "little")
        return IntervalSet.of(span for atom in positions(bits) for span in self.part.atoms[atom])


def listing(
    encoding: Encoding,
    formula: Formula,
    budget: Budget,
    *,
    certain: Formula | None = None,
    groups: Same | None = None,
    limit: int | None = None,
) -> Listing:
    """What the region of the formula allows. Raises OutOfBudget.

    `certain`: where it is left open what the region is, the part that belongs to it for sure; the rest is open. With
    `groups`, cells respect that relation. `limit`: how many samples at the most; all cells when they are fewer.
    """
    respecting = formula if groups is None else All((formula, Some((groups, Not(groups)))))
    part = cut(encoding, (respecting,) if certain is None else (respecting, certain), budget)
    inside = everything(part) & region(part, formula)
    sure = inside if certain is None else inside & region(part, certain)
    tables = verdicts(part, budget)
    can, must = inside & tables.can_allow, sure & ~tables.can_deny
    undetermined = can & tables.can_deny
    return Listing(
        part=part,
        can=can,
        must=must,
        samples=samples(part, inside, tables, limit or SAMPLES),
        kinds=int(np.bitwise_count(inside).sum()),
        open_samples=samples(part, undetermined, tables, OPEN_SAMPLES),
        open_kinds=int(np.bitwise_count(undetermined).sum()),
    )
