"""Tables of flows: one bit per (source cell, destination cell, atom of ports), packed in 64-bit words."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from reachproof.solver.bitset import Flags
from reachproof.solver.goal import All, At, Formula, InPorts, Not, Same, Side, Some
from reachproof.solver.slice import Slice

Table = NDArray[np.uint64]
FULL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


def word_count(atoms: int) -> int:
    """Number of words that hold so many bits, at least one."""
    return max(1, (atoms + 63) // 64)


def words(atoms: int, count: int) -> Table:
    """A set of atoms as words, least first."""
    return np.frombuffer(atoms.to_bytes(8 * count, "little"), dtype="<u8").astype(np.uint64)


def pairs_with(table: Table) -> Flags:
    """Pairs of cells with at least one flow in the table. Shape (sources, destinations)."""
    found: Flags = np.bitwise_or.reduce(table, axis=2) != 0
    return found


def one_family(part: Slice) -> Table:
    """Pairs of cells of one address family, and all atoms. Shape (sources, destinations, words)."""
    v6 = [np.array([cell.v6 for cell in part.cells(side)], dtype=np.bool_) for side in Side]
    pairs = np.where(v6[0][:, None] == v6[1][None, :], FULL, np.uint64(0))
    return pairs[:, :, None] & words((1 << len(part.atoms)) - 1, word_count(len(part.atoms)))


def not_both_outside(part: Slice) -> Table:
    """Pairs of cells of one family that are not both outside, and all atoms. Shape (sources, destinations, words).

    Cells with one and the same party have flows here, to itself.
    """
    pairs = one_family(part)
    outside = [np.array([cell.external for cell in part.cells(side)], dtype=np.bool_) for side in Side]
    pairs[outside[0][:, None] & outside[1][None, :]] = 0
    return pairs


def everything(part: Slice) -> Table:
    """Every flow that exists: pairs that can have flows, and all atoms. Shape (sources, destinations, words)."""
    pairs = not_both_outside(part)
    homes: dict[str, list[int]] = {}
    for index, cell in enumerate(part.destinations):
        if cell.party is not None:
            homes.setdefault(cell.party, []).append(index)
    for index, cell in enumerate(part.sources):
        if cell.party is not None and cell.party in homes:
            pairs[index, homes[cell.party]] = 0
    return pairs


def region(part: Slice, formula: Formula) -> Table:
    """The flows of a formula, broadcastable to the shape of `everything`; existence of flows is not looked at."""
    match formula:
        case At(side=side):
            column = np.where(np.array(part.flags(formula), dtype=np.bool_), FULL, np.uint64(0))
            return column[:, None, None] if side is Side.SOURCE else column[None, :, None]
        case InPorts(ports):
            return words(part.atoms_in(ports), word_count(len(part.atoms)))[None, None, :]
        case Same():
            groups = [np.array(part.groups(formula, side), dtype=np.intp) for side in Side]
            equal = (groups[0][:, None] == groups[1][None, :]) & (groups[0][:, None] != 0)
            return np.where(equal, FULL, np.uint64(0))[:, :, None]
        case Not(item):
            return ~region(part, item)
        case All(items):
            found = np.full((1, 1, 1), FULL)
            for item in items:
                found = found & region(part, item)
            return found
        case Some(items):
            found = np.zeros((1, 1, 1), dtype=np.uint64)
            for item in items:
                found = found | region(part, item)
            return found
        case _:
            assert_never(formula)
