"""Sets of integers as sorted, disjoint, inclusive spans: the ground under address sets and port sets.

Trusted by every verdict; checked by the laws in tests/network/test_intervals.py against plain Python sets.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
_LOOK_UPS = 16
"""To look for one span in many is as much work as a walk along so many of them."""


@dataclass(frozen=True, slots=True)
class IntervalSet:
    """A set of non-negative integers.

    `spans` is canonical: ascending, inclusive at both ends, with a gap of at least one between neighbours, so
    equality of values is equality of sets. Build one with `IntervalSet.of`.
    """

    spans: tuple[Span, ...] = ()

    @staticmethod
    def of(spans: Iterable[Span]) -> IntervalSet:
        """The union of inclusive spans given in any order; an empty span (low > high) adds nothing."""
        merged: list[Span] = []
        for low, high in sorted(span for span in spans if span[0] <= span[1]):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], high))
            else:
                merged.append((low, high))
        return IntervalSet(tuple(merged))

    @staticmethod
    def single(value: int) -> IntervalSet:
        """The set of one integer."""
        return IntervalSet(((value, value),))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, value: int) -> bool:
        position = bisect_right(self.spans, value, key=lambda span: span[0]) - 1
        return position >= 0 and value <= self.spans[position][1]

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet.of((*self.spans, *other.spans))

    def __and__(self, other: IntervalSet) -> IntervalSet:
        if len(other.spans) == 1:
            return self._within(*other.spans[0])
        if len(self.spans) == 1:
            return other._within(*self.spans[0])
        few, many = (self, other) if len(self.spans) < len(other.spans) else (other, self)
        if len(few.spans) * _LOOK_UPS < len(many.spans):
            return IntervalSet(tuple(span for low, high in few.spans for span in many._within(low, high).spans))
        found: list[Span] = []
        left, right = iter(self.spans), iter(other.spans)
        a, b = next(left, None), next(right, None)
        while a is not None and b is not None:
            low, high = max(a[0], b[0]), min(a[1], b[1])
            if low <= high:
                found.append((low, high))
            if a[1] < b[1]:
                a = next(left, None)
            else:
                b = next(right, None)
        return IntervalSet(tuple(found))

    def _within(self, low: int, high: int) -> IntervalSet:
        """The members from `low` to `high`; quick, since most sets that others are cut with are one span."""
        begin = bisect_left(self.spans, low, key=lambda span: span[1])
        end = bisect_right(self.spans, high, key=lambda span: span[0])
        if begin >= end:
            return EMPTY
        first, last = self.spans[begin], self.spans[end - 1]
        if first[0] >= low and last[1] <= high:
            return IntervalSet(self.spans[begin:end])
        if end - begin == 1:
            return IntervalSet(((max(first[0], low), min(first[1], high)),))
        return IntervalSet(
            ((max(first[0], low), first[1]), *self.spans[begin + 1 : end - 1], (last[0], min(last[1], high)))
        )

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        kept: list[Span] = []
        cuts = other.spans
        for low, high in self.spans:
            start = low
            first = max(0, bisect_right(cuts, low, key=lambda span: span[0]) - 1)
            for cut_low, cut_high in cuts[first:]:
                if cut_low > high:
                    break
                if cut_high < start:
                    continue
                if cut_low > start:
                    kept.append((start, cut_low - 1))
                start = cut_high + 1
            if start <= high:
                kept.append((start, high))
        return IntervalSet(tuple(kept))

    def __le__(self, other: IntervalSet) -> bool:
        return not self - other

    @property
    def first(self) -> int:
        """The least member; raises IndexError on the empty set."""
        return self.spans[0][0]

    @property
    def size(self) -> int:
        """Number of integers in the set."""
        return sum(high - low + 1 for low, high in self.spans)


EMPTY = IntervalSet()


def atoms(universe: IntervalSet, sets: Iterable[IntervalSet]) -> tuple[Span, ...]:
    """The universe cut at every boundary of `sets`: ascending spans, each inside or outside each set as a whole.

    Cost: O(n log n) in the number of spans.
    """
    starts = {low for low, _ in universe.spans}
    for each in sets:
        for low, high in each.spans:
            starts.add(low)
            starts.add(high + 1)
    ordered = sorted(starts)
    pieces: list[Span] = []
    for low, high in universe.spans:
        cuts = ordered[bisect_right(ordered, low - 1) : bisect_right(ordered, high)]
        ends = [cut - 1 for cut in cuts[1:]] + [high]
        pieces.extend(zip(cuts, ends, strict=True))
    return tuple(pieces)
