"""Points: every end with every address that it may have, and the sets of them that selectors and CIDRs stand for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.network.address import ALL_ADDRESSES, parse_cidr, parse_cidrs
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import positions
from reachproof.solver.goal import InAddresses
from reachproof.solver.universe import build, regions_of, sole_key
from reachproof.solver.view import View
from tests.queries.given import deployment, node, pod, session
from tests.strategies.snapshots import snapshots

KEYS = st.sampled_from(("app", "tier", "team", "kubernetes.io/metadata.name"))
VALUES = st.sampled_from(("", "web", "db", "a", "red", "blue", "shop", "bank"))
REQUIREMENTS = st.one_of(
    st.builds(
        lambda key, operator, values: Requirement(key, operator, tuple(sorted(values))),
        KEYS,
        st.sampled_from((Operator.IN, Operator.NOT_IN)),
        st.sets(VALUES, min_size=1, max_size=3),
    ),
    st.builds(Requirement, KEYS, st.sampled_from((Operator.EXISTS, Operator.DOES_NOT_EXIST))),
)
SELECTORS = st.lists(REQUIREMENTS, max_size=2).map(lambda parts: Selector.of(*parts))
CIDRS = st.sampled_from(
    ("10.0.0.0/29", "10.0.0.2/31", "192.168.0.0/24", "0.0.0.0/0", "fd00::/126", "::/0", "203.0.113.0/25")
)
BLOCKS = st.lists(CIDRS, min_size=1, max_size=3).map(parse_cidrs)
SOME = settings(max_examples=max(150, settings().max_examples))


@pytest.mark.heavy
@SOME
@given(snapshots(), SELECTORS)
def test_labels_and_namespaces_select_the_points_of_the_pods_that_match(snapshot: Snapshot, selector: Selector) -> None:
    universe = build(snapshot)
    by_label, by_namespace = universe.labelled(selector), universe.in_namespaces(selector)
    for index, point in enumerate(universe.points):
        pod = point.party
        matches = isinstance(pod, Pod) and selector.matches(pod.labels)
        home = isinstance(pod, Pod) and selector.matches(snapshot.namespace_of[pod.namespace].labels)
        assert bool(by_label >> index & 1) is matches
        assert bool(by_namespace >> index & 1) is home


@pytest.mark.heavy
@SOME
@given(snapshots(), BLOCKS)
def test_points_by_addresses_are_those_that_a_look_at_each_finds(snapshot: Snapshot, block: IntervalSet) -> None:
    universe = build(snapshot)
    meeting = [index for index, point in enumerate(universe.points) if point.addresses & block]
    assert list(positions(universe.with_addresses(block))) == meeting
    assert list(positions(universe.free_meeting(block))) == [index for index in meeting if index >= universe.fixed]


@SOME
@given(snapshots(), st.lists(BLOCKS, max_size=2))
def test_a_view_cuts_every_point_by_the_addresses_in_question(snapshot: Snapshot, cuts: list[IntervalSet]) -> None:
    view = View.of(build(snapshot), cuts)
    for cut in cuts:
        inside = view.points_of(InAddresses(cut))
        for index in positions(view.everything):
            addresses = view.points[index].addresses
            assert (addresses <= cut) is bool(inside >> index & 1)
            assert addresses <= cut or not addresses & cut


@SOME
@given(snapshots(), st.lists(BLOCKS, max_size=2))
def test_the_points_of_a_party_are_all_its_addresses_once(snapshot: Snapshot, cuts: list[IntervalSet]) -> None:
    view = View.of(build(snapshot), cuts)
    parties = [(pod, pod.addresses) for pod in snapshot.pods if pod.addresses]
    expected = {str(pod): IntervalSet.of((a, a) for a in addresses) for pod, addresses in parties}
    expected |= {str(pod): snapshot.free_range(pod) for pod in snapshot.pods if pod.abstract}
    expected |= {f"node {n.name}": IntervalSet.of((a, a) for a in n.addresses) for n in snapshot.nodes}
    expected["external"] = ALL_ADDRESSES - snapshot.held
    found: dict[str, list[IntervalSet]] = {}
    for index in positions(view.everything):
        party = view.points[index].party
        name = f"node {party.name}" if isinstance(party, Node) else str(party)
        found.setdefault(name, []).append(view.points[index].addresses)
    for name, pieces in found.items():
        assert IntervalSet.of(span for piece in pieces for span in piece) == expected[name]
        assert sum(piece.size for piece in pieces) == expected[name].size
    assert found.keys() == {name for name, addresses in expected.items() if addresses}


@given(BLOCKS, st.lists(BLOCKS, max_size=3))
def test_regions_are_the_whole_by_which_cuts_hold_it(whole: IntervalSet, cuts: list[IntervalSet]) -> None:
    regions = regions_of(whole, cuts)
    assert IntervalSet.of(span for region in regions for span in region) == whole
    assert sum(region.size for region in regions) == whole.size
    kinds = [(region.first >> 128, *(region <= cut for cut in cuts)) for region in regions]
    assert all(region <= cut or not region & cut for region in regions for cut in cuts)
    assert len(kinds) == len(set(kinds))


def test_fixed_points_come_first_ascending_so_that_a_range_is_a_run() -> None:
    snapshot = session(
        deployment("shop/d", 2),
        node("n", "192.168.0.1"),
        pod("shop/b", "10.0.0.9", "fd00::1"),
        pod("shop/a", "10.0.0.1"),
    ).snapshot
    universe = build(snapshot)
    fixed = [point.addresses.first for point in universe.points[: universe.fixed]]
    assert fixed == sorted(fixed)
    assert [type(point.party) for point in universe.points[universe.fixed :]].count(External) == 2
    assert universe.with_addresses(parse_cidr("10.0.0.0/28")) & (1 << universe.fixed) - 1 == 0b11


def test_only_several_replicas_at_several_addresses_can_reach_themselves() -> None:
    snapshot = session(
        pod("shop/a", "10.1.0.1"), deployment("shop/one", 1), deployment("shop/two", 2), podCidr="10.0.0.0/24"
    ).snapshot
    view = View.of(build(snapshot), [parse_cidr("10.0.0.3/32")])
    keys = {sole_key(view.points[index]) for index in positions(view.everything & ~view.lift(view.universe.external))}
    at = parse_cidr("10.0.0.3/32").first
    assert keys == {"pod shop/a", "pod shop/one", None, f"pod shop/two at {at}"}
