"""Sets of small integers as bits of a Python int, and their way into numpy.

Bit i set = i is a member. A Python int of 10,000 bits is ANDed in about 0.1 microseconds, which is why sets of points
and of classes are kept in this form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


def ones(count: int) -> int:
    """The set {0, ..., count - 1}."""
    return (1 << count) - 1


def from_positions(positions: Iterable[int]) -> int:
    """The set of these integers."""
    bits = 0
    for position in positions:
        bits |= 1 << position
    return bits


def positions(bits: int) -> Iterator[int]:
    """The members, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def flags(bits: int, count: int) -> Flags:
    """Membership of 0 .. count - 1 as an array of booleans."""
    raw = np.frombuffer(bits.to_bytes((count + 7) // 8 or 1, "little"), dtype=np.uint8)
    return np.unpackbits(raw, count=count, bitorder="little").astype(np.bool_)


def position_list(bits: int, count: int) -> list[int]:
    """The members, ascending; quicker than `positions` where there are many."""
    found: list[int] = np.nonzero(flags(bits, count))[0].tolist()
    return found
