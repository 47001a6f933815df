"""Sets of small integers as bits of a Python int, and their way into numpy.

Bit i set = i is a member. A Python int of 10,000 bits is ANDed in about 0.1 microseconds, which is why sets of points
and of classes are kept in this form.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Positions = NDArray[np.intp]
_AT_ONCE = 32
"""Bytes of each set that are looked at side by side, so that what is needed on the way stays small."""


def ones(count: int) -> int:
    """The set {0, ..., count - 1}."""
    return (1 << count) - 1


def from_positions(positions: Iterable[int]) -> int:
    """The set of these integers."""
    members = list(positions)
    raw = bytearray((max(members, default=0) >> 3) + 1)
    for member in members:
        raw[member >> 3] |= 1 << (member & 7)
    return int.from_bytes(raw, "little")


def positions(bits: int) -> Iterator[int]:
    """The members, ascending."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def flags(bits: int, count: int) -> Flags:
    """Membership of 0 .. count - 1 as an array of booleans."""
    raw = np.frombuffer(bits.to_bytes((count + 7) // 8 or 1, "little"), dtype=np.uint8)
    return np.unpackbits(raw, count=count, bitorder="little").view(np.bool_)


def from_flags(members: Flags) -> int:
    """The set of the positions that are true."""
    return int.from_bytes(np.packbits(members, bitorder="little").tobytes(), "little")


def from_words(words: NDArray[np.uint64]) -> int:
    """The set whose members are the bits of these words, least first."""
    return int.from_bytes(words.tobytes(), "little")


def position_list(bits: int, count: int) -> list[int]:
    """The members, ascending; quicker than `positions` where there are many."""
    found: list[int] = np.nonzero(flags(bits, count))[0].tolist()
    return found


def partition(sets: Sequence[int], count: int) -> tuple[tuple[int, ...], list[int]]:
    """The members of any of the sets, grouped by the sets that they are in; and each set as groups (bits).

    Groups are in order of their first member. `count` is above all members. Cost: `count` times the number of sets, in
    bits.
    """
    if not sets:
        return (), []
    width = (count + 7) // 8
    rows = np.frombuffer(b"".join(each.to_bytes(width, "little") for each in sets), dtype=np.uint8)
    rows = rows.reshape(len(sets), width)
    size = (len(sets) + 7) // 8
    grouped: dict[bytes, list[int]] = {}
    for start in range(0, width, _AT_ONCE):
        block = np.unpackbits(rows[:, start : start + _AT_ONCE], axis=1, bitorder="little")
        raw = np.packbits(np.ascontiguousarray(block.T), axis=1, bitorder="little").tobytes()
        for member, at in enumerate(range(0, len(raw), size), 8 * start):
            grouped.setdefault(raw[at : at + size], []).append(member)
    grouped.pop(bytes(size), None)
    return tuple(map(from_positions, grouped.values())), _transposed(list(grouped), len(sets))


def _transposed(signatures: list[bytes], count: int) -> list[int]:
    """For each of `count` sets the groups that are in it, by the sets that each group is in."""
    packed = np.frombuffer(b"".join(signatures), dtype=np.uint8).reshape(len(signatures), (count + 7) // 8)
    inside = np.unpackbits(packed, axis=1, count=count, bitorder="little").T
    return [from_flags(row.view(np.bool_)) for row in np.ascontiguousarray(inside)]
