"""Flows of a region with what the engines say of them, for a second opinion by the evaluator."""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.flow import Flow
from reachproof.solver import witness
from reachproof.solver.bitset_engine import Verdicts
from reachproof.solver.slice import Slice
from reachproof.solver.table import Table

SAMPLES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotCheck:
    """A flow, and what the engines say of it: whether some outcome allows it, and whether some outcome denies it."""

    flow: Flow
    can_allow: bool
    can_deny: bool


def samples(part: Slice, inside: Table, tables: Verdicts, limit: int = SAMPLES) -> tuple[SpotCheck, ...]:
    """Flows of a region with the engines' verdicts: of every cell where these are few, else a seeded choice."""
    return tuple(
        SpotCheck(
            flow=flow,
            can_allow=bit(tables.can_allow, (source, destination, atom)),
            can_deny=bit(tables.can_deny, (source, destination, atom)),
        )
        for source, destination, atom, flow in witness.sample(part, inside, limit)
    )


def bit(table: Table, cell: tuple[int, ...]) -> bool:
    """True if the flow of a (source cell, destination cell, atom) is set in a table."""
    source, destination, atom = cell
    return bool(int(table[source, destination, atom >> 6]) >> (atom & 63) & 1)
