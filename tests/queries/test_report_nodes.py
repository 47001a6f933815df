"""The CIDRs of external ends: few, disjoint, and over nothing but the end's own addresses and those that are held."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.address import ALL_ADDRESSES, ALL_V4, ALL_V6, parse_cidrs
from reachproof.network.intervals import IntervalSet
from reachproof.queries.report_nodes import outside_ends


def cidrs(*sets: IntervalSet, held: IntervalSet) -> list[tuple[str, ...]]:
    return [end.cidrs for end in outside_ends(sets, held)]


def test_addresses_that_are_held_make_no_holes() -> None:
    held = parse_cidrs(("10.0.0.7/32", "10.9.0.0/30", "fd00::1/128"))
    assert cidrs(ALL_ADDRESSES - held, held=held) == [("0.0.0.0/0", "::/0")]


def test_held_addresses_at_the_ends_of_a_family_belong_to_the_end_beside_them() -> None:
    held = parse_cidrs(("0.0.0.0/32", "255.255.255.255/32", "::/128"))
    assert cidrs(ALL_V4 - held, ALL_V6 - held, held=held) == [("0.0.0.0/0",), ("::/0",)]


def test_a_border_within_held_addresses_is_where_it_costs_the_fewest_cidrs() -> None:
    held = parse_cidrs(("10.0.0.252/30", "10.0.1.0/29"))
    low, high = parse_cidrs(("10.0.0.0/24",)) - held, parse_cidrs(("10.0.1.0/24",)) - held
    assert cidrs(low, high, held=held) == [("10.0.0.0/24",), ("10.0.1.0/24",)]


def test_what_is_neither_the_ends_nor_held_stays_out() -> None:
    held = parse_cidrs(("10.0.0.4/31",))
    asked = parse_cidrs(("10.0.0.0/30", "10.0.0.8/29"))
    assert cidrs(asked, held=held) == [("10.0.0.0/30", "10.0.0.8/29")]


LINE = st.integers(0, 255) | st.integers(ALL_V6.first, ALL_V6.first + 63)
SOME = st.lists(st.tuples(LINE, st.integers(0, 9)), max_size=8).map(
    lambda spans: IntervalSet.of((low, low + length) for low, length in spans) & ALL_ADDRESSES
)


@given(st.lists(SOME, max_size=4), SOME)
def test_cidrs_are_disjoint_and_hold_an_ends_own_addresses(sets: list[IntervalSet], held: IntervalSet) -> None:
    rest, own = ALL_ADDRESSES - held, []
    for each in sets:
        own.append(each & rest)
        rest = rest - each
    own = [each for each in own if each]
    shown = [parse_cidrs(each) for each in cidrs(*own, held=held)]
    for at, (addresses, runs_over) in enumerate(zip(own, shown, strict=True)):
        assert addresses <= runs_over
        assert runs_over - addresses <= held
        assert not any(runs_over & other for other in shown[at + 1 :])
