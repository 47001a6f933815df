"""Interval sets against plain Python sets, and the pieces that sets cut a whole into."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.intervals import EMPTY, IntervalSet, Span, atoms

TOP = 40
SPANS = st.lists(st.tuples(st.integers(0, TOP), st.integers(0, TOP)), max_size=6)
SETS = SPANS.map(IntervalSet.of)


def members(intervals: IntervalSet) -> set[int]:
    return {value for low, high in intervals.spans for value in range(low, high + 1)}


def canonical(intervals: IntervalSet) -> bool:
    gaps = pairwise(intervals.spans)
    return all(low <= high for low, high in intervals.spans) and all(a[1] + 1 < b[0] for a, b in gaps)


@given(SPANS)
def test_of_is_the_union_of_the_spans(spans: list[Span]) -> None:
    expected = {value for low, high in spans for value in range(low, high + 1)}
    assert members(IntervalSet.of(spans)) == expected


@given(SPANS)
def test_of_does_not_depend_on_the_order(spans: list[Span]) -> None:
    assert IntervalSet.of(reversed(spans)) == IntervalSet.of(spans)


@given(SETS, SETS)
def test_union_intersection_and_difference_are_those_of_sets(a: IntervalSet, b: IntervalSet) -> None:
    assert members(a | b) == members(a) | members(b)
    assert members(a & b) == members(a) & members(b)
    assert members(a - b) == members(a) - members(b)
    assert (a <= b) is (members(a) <= members(b))


@given(SETS, SETS)
def test_every_result_is_canonical_so_that_equal_sets_are_equal_values(a: IntervalSet, b: IntervalSet) -> None:
    assert all(map(canonical, (a, a | b, a & b, a - b)))
    assert (a == b) is (members(a) == members(b))


@given(SETS)
def test_membership_size_and_truth_are_those_of_sets(a: IntervalSet) -> None:
    assert {value for value in range(TOP + 2) if value in a} == members(a)
    assert a.size == len(members(a))
    assert bool(a) is bool(members(a))
    assert list(a) == list(a.spans)


@given(SETS.filter(bool))
def test_first_is_the_least(a: IntervalSet) -> None:
    assert a.first == min(members(a))


def test_the_empty_set_has_no_first() -> None:
    with pytest.raises(IndexError):
        _ = EMPTY.first


def test_neighbours_are_joined_and_a_gap_of_one_is_kept() -> None:
    assert IntervalSet.of([(1, 2), (3, 4)]).spans == ((1, 4),)
    assert IntervalSet.of([(1, 2), (4, 4)]).spans == ((1, 2), (4, 4))
    assert IntervalSet.single(7).spans == ((7, 7),)


def test_difference_cuts_at_both_ends_and_in_the_middle() -> None:
    whole = IntervalSet.of([(0, 9), (20, 29)])
    assert (whole - IntervalSet.of([(0, 0), (4, 5), (9, 20), (29, 99)])).spans == ((1, 3), (6, 8), (21, 28))


@given(SETS, st.lists(SETS, max_size=4))
def test_atoms_cover_the_whole_once_in_order(whole: IntervalSet, cuts: list[IntervalSet]) -> None:
    pieces = atoms(whole, cuts)
    assert [value for low, high in pieces for value in range(low, high + 1)] == sorted(members(whole))


@given(SETS, st.lists(SETS, max_size=4))
def test_each_atom_lies_inside_or_outside_each_cut(whole: IntervalSet, cuts: list[IntervalSet]) -> None:
    for low, high in atoms(whole, cuts):
        for cut in cuts:
            assert len({value in cut for value in range(low, high + 1)}) == 1


@given(SETS, st.lists(SETS, max_size=4))
def test_neighbouring_atoms_differ_in_some_cut_or_touch_its_border(whole: IntervalSet, cuts: list[IntervalSet]) -> None:
    """No more pieces than borders: two that touch are told apart by a border of a cut between them."""
    pieces = atoms(whole, cuts)
    borders = {border for cut in cuts for low, high in cut.spans for border in (low, high + 1)}
    touching = [b[0] for a, b in pairwise(pieces) if a[1] + 1 == b[0]]
    assert set(touching) <= borders


def test_atoms_of_nothing_are_none() -> None:
    assert atoms(EMPTY, [IntervalSet.of([(0, 9)])]) == ()
    assert atoms(IntervalSet.of([(0, 9)]), []) == ((0, 9),)
