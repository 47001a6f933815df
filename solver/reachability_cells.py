"""All flows of a region at once, by cells: the sets engine over one slice, and lists made of its tables.

Trusted: the slice and the sets engine. Checked by the evaluator on `samples` of every answer, and by tests/agreement,
which compares whole answers with the evaluator flow by flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from reachproof.network.flow import External, Party
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.bitset import position_list
from reachproof.solver.bitset_engine import verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import Formula, Side
from reachproof.solver.slice import Slice, cut
from reachproof.solver.spot_checks import SAMPLES, SpotCheck, samples
from reachproof.solver.table import Table, everything, ports_of, region
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
        ports, depends = (ports_of(self.part, np.bitwise_or.reduce(table, axis=0)) for table in (can, open_))
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
