"""IntervalIndex: the sets that it finds are those that have an address in common."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.address import ALL_ADDRESSES, parse_cidrs
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.universe import IntervalIndex

SPANS = st.tuples(st.integers(0, 24), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))
SETS = st.lists(SPANS, max_size=4).map(IntervalSet.of)


@given(st.lists(SETS, max_size=6), SETS)
def test_it_finds_the_sets_that_meet_by_a_look_at_each(sets: list[IntervalSet], asked: IntervalSet) -> None:
    expected = sum(1 << number for number, each in enumerate(sets) if each & asked)
    assert IntervalIndex.of(sets).meeting(asked) == expected


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_long_range_finds_what_lies_in_it(low: int, high: int) -> None:
    sets = [IntervalSet.single(2 * number) for number in range(200)]
    expected = sum(1 << number for number in range(200) if low <= 2 * number <= high)
    assert IntervalIndex.of(sets).meeting(IntervalSet.of([(low, high)])) == expected


def test_neighbours_and_families_are_told_apart() -> None:
    blocks = [parse_cidrs((text,)) for text in ("10.0.0.0/25", "10.0.0.128/25", "10.0.0.0/24", "::/0", "0.0.0.0/0")]
    overlap = IntervalIndex.of(blocks)
    assert overlap.meeting(parse_cidrs(("10.0.0.127/32",))) == 0b10101
    assert overlap.meeting(parse_cidrs(("10.0.0.128/32",))) == 0b10110
    assert overlap.meeting(parse_cidrs(("10.0.1.0/24",))) == 0b10000
    assert overlap.meeting(ALL_ADDRESSES) == 0b11111
    assert overlap.meeting(EMPTY) == 0
    assert IntervalIndex.of([]).meeting(ALL_ADDRESSES) == 0
