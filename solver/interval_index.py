"""An index of sets of addresses: those that meet a given one, without a look at each.

Trusted by both engines, as points by addresses rest on it; checked by tests/solver/test_overlap.py against a look at
each set.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import or_, xor

from reachproof.network.intervals import IntervalSet

_RUN = 64


@dataclass(frozen=True, slots=True)
class IntervalIndex:
    """Sets of addresses, numbered from 0; they may have addresses in common.

    `starts` is ascending; `holders[i]` are the sets (bits) that have the addresses from `starts[i]` up to the next one.
    `runs` are the holders of `_RUN` starts together.
    """

    starts: tuple[int, ...]
    holders: tuple[int, ...]
    runs: tuple[int, ...]

    @staticmethod
    def of(sets: Iterable[IntervalSet]) -> IntervalIndex:
        """The overlap of these sets. Cost: O(n log n) in the number of their spans."""
        changes: dict[int, int] = defaultdict(int)
        for number, addresses in enumerate(sets):
            for low, high in addresses:
                changes[low] ^= 1 << number
                changes[high + 1] ^= 1 << number
        starts = sorted(changes)
        holders = tuple(accumulate((changes[start] for start in starts), xor))
        runs = (reduce(or_, holders[at : at + _RUN]) for at in range(0, len(holders), _RUN))
        return IntervalIndex(tuple(starts), holders, tuple(runs))

    def meeting(self, addresses: IntervalSet) -> int:
        """The sets that have an address in common with this one, as bits. Cost: linear in runs that it touches."""
        bits = 0
        for low, high in addresses:
            bits |= self._any(max(0, bisect_right(self.starts, low) - 1), bisect_right(self.starts, high))
        return bits

    def _any(self, first: int, end: int) -> int:
        """The holders from one place up to another."""
        start, stop = -(-first // _RUN), end // _RUN
        if start >= stop:
            return reduce(or_, self.holders[first:end], 0)
        whole = reduce(or_, self.runs[start:stop])
        rest = (*self.holders[first : start * _RUN], *self.holders[stop * _RUN : end])
        return reduce(or_, rest, whole)
