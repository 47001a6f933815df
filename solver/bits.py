"""Sets of small integers as bits of a Python int, and their way into numpy.

Bit i set = i is a member. A Python int of 10,000 bits is ANDed in about 0.1 microseconds, which is why sets of points
and of classes are kept in this form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

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


def from_flags(members: Flags) -> int:
    """The set of the positions that are true."""
    return int.from_bytes(np.packbits(members, bitorder="little").tobytes(), "little")


def position_list(bits: int, count: int) -> list[int]:
    """The members, ascending; quicker than `positions` where there are many."""
    found: list[int] = np.nonzero(flags(bits, count))[0].tolist()
    return found


def partition(sets: Sequence[int], count: int) -> tuple[tuple[int, ...], list[int]]:
    """The members of any of the sets, grouped by the sets that they are in; and each set as groups (bits).

    Groups are in order of their first member. `count` is above all members. Cost: linear in the sizes of the sets.
    """
    signatures: dict[int, list[int]] = defaultdict(list)
    for number, members in enumerate(sets):
        for member in position_list(members, count):
            signatures[member].append(number)
    grouped: dict[tuple[int, ...], list[int]] = {}
    for member in sorted(signatures):
        grouped.setdefault(tuple(signatures[member]), []).append(member)
    groups_of = [0] * len(sets)
    for group, signature in enumerate(grouped):
        for number in signature:
            groups_of[number] |= 1 << group
    return tuple(_packed(members, count) for members in grouped.values()), groups_of


def _packed(members: list[int], count: int) -> int:
    raw = bytearray((count + 7) // 8)
    for member in members:
        raw[member >> 3] |= 1 << (member & 7)
    return int.from_bytes(raw, "little")
