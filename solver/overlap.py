"""Which of many sets of addresses meet a given one, without a look at each of them.

Trusted by both engines, as points by addresses rest on it; checked by tests/solver/test_overlap.py against a look at
each set.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from operator import xor

from reachproof.network.intervals import IntervalSet


@dataclass(frozen=True, slots=True)
class Overlap:
    """Sets of addresses, numbered from 0; they may have addresses in common.

    `starts` is ascending; `holders[i]` are the sets (bits) that have the addresses from `starts[i]` up to the next one.
    """

    starts: tuple[int, ...]
    holders: tuple[int, ...]

    @staticmethod
    def of(sets: Iterable[IntervalSet]) -> Overlap:
        """The overlap of these sets. Cost: O(n log n) in the number of their spans."""
        changes: dict[int, int] = defaultdict(int)
        for number, addresses in enumerate(sets):
            for low, high in addresses:
                changes[low] ^= 1 << number
                changes[high + 1] ^= 1 << number
        starts = sorted(changes)
        return Overlap(tuple(starts), tuple(accumulate((changes[start] for start in starts), xor)))

    def meeting(self, addresses: IntervalSet) -> int:
        """The sets that have an address in common with this one, as bits. Cost: linear in the spans that it touches."""
        bits = 0
        for low, high in addresses:
            first = max(0, bisect_right(self.starts, low) - 1)
            for holders in self.holders[first : bisect_right(self.starts, high)]:
                bits |= holders
        return bits
