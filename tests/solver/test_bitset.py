"""Sets of small integers as bits, against plain Python sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reachproof.solver.bitset import flags, from_flags, from_positions, ones, partition, position_list, positions
from reachproof.solver.table import word_count, words

MEMBERS = st.sets(st.integers(0, 200))


@given(MEMBERS)
def test_positions_are_the_members_ascending(members: set[int]) -> None:
    bits = from_positions(members)
    assert list(positions(bits)) == sorted(members)
    assert position_list(bits, 201) == sorted(members)


@given(MEMBERS, st.integers(0, 250))
def test_flags_are_membership(members: set[int], count: int) -> None:
    bits = from_positions(each for each in members if each < count)
    assert flags(bits, count).tolist() == [each in members for each in range(count)]
    assert from_flags(flags(bits, count)) == bits


@given(st.integers(0, 200))
def test_ones_are_all_below(count: int) -> None:
    assert list(positions(ones(count))) == list(range(count))


@given(MEMBERS)
def test_words_hold_the_same_bits_least_first(members: set[int]) -> None:
    bits = from_positions(members)
    count = word_count(201)
    assert sum(int(word) << 64 * place for place, word in enumerate(words(bits, count))) == bits


def test_there_is_at_least_one_word_and_64_bits_fill_one() -> None:
    assert [word_count(bits) for bits in (0, 1, 64, 65, 128, 129)] == [1, 1, 1, 2, 2, 3]


@given(st.lists(st.sets(st.integers(0, 9_000), max_size=12), max_size=20))
def test_a_partition_groups_members_by_the_sets_that_they_are_in(sets: list[set[int]]) -> None:
    signatures: dict[tuple[bool, ...], set[int]] = {}
    for member in sorted(set().union(*sets)):
        signatures.setdefault(tuple(member in each for each in sets), set()).add(member)
    members, groups_of = partition([from_positions(each) for each in sets], 9_001)
    assert [set(positions(each)) for each in members] == list(signatures.values())
    inside = [[number for number, key in enumerate(signatures) if key[place]] for place in range(len(sets))]
    assert [list(positions(each)) for each in groups_of] == inside
