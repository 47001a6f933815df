"""A connectivity report says of every pair of ends what the evaluator says of all flows between them."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.documents.words import By
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import Connectivity, Request, connectivity
from reachproof.queries.report_nodes import End
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.agreement.engines import asked
from tests.queries.report_rows import between, rows_of
from tests.strategies.flows import all_flows
from tests.strategies.snapshots import snapshots

Place = tuple[End | None, End | None, int]


def end_of(report: Connectivity, party: Party, address: int) -> End | None:
    """The end that a party belongs to; None for an address outside that no row is about."""
    match party:
        case Pod():
            return next(end for end in report.ends if party in end.pods)
        case Node():
            return next(end for end in report.ends if end.node == party)
        case External():
            return next((end for end in report.ends if address in end.addresses), None)


def by_evaluator(report: Connectivity) -> dict[Place, set[Truth]]:
    """For every two ends and port the truths of the flows between them; nodes are not asked about."""
    found: dict[Place, set[Truth]] = defaultdict(set)
    for flow in all_flows(report.snapshot):
        if asked(flow) and not isinstance(flow.source, Node) and not isinstance(flow.destination, Node):
            source = end_of(report, flow.source, flow.source_address)
            destination = end_of(report, flow.destination, flow.destination_address)
            found[source, destination, place(flow.protocol, flow.port)].add(truth(report.snapshot, flow))
    return found


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples // 10))
@given(snapshots(most_pods=3), st.sampled_from(By))
def test_a_report_and_the_evaluator_agree_on_every_flow(snapshot: Snapshot, by: By) -> None:
    report = connectivity(Session(snapshot), Request(by=by))
    for (source, destination, port), truths in by_evaluator(report).items():
        can = truths != {Truth.DENIED}
        if source is None or destination is None:
            assert not can
            continue
        access = between(report, source, destination)
        where = f"{source} => {destination} on {port}"
        assert (port in access.ports) is can, where
        assert (port in access.open) is (Truth.EITHER in truths), where
        assert (port in access.partial) is (can and Truth.DENIED in truths), where


@pytest.mark.heavy
@given(snapshots(), st.sampled_from(By))
def test_rows_are_the_pairs_with_something_allowed_in_the_order_of_ends(snapshot: Snapshot, by: By) -> None:
    report = connectivity(Session(snapshot), Request(by=by))
    pairs = [(a, b) for a in report.ends for b in report.ends if between(report, a, b)]
    assert [(row.src, row.dst) for row in rows_of(report)] == pairs
    assert [row.access for row in rows_of(report)] == [between(report, a, b) for a, b in pairs]


@pytest.mark.heavy
@given(snapshots())
def test_external_ends_are_disjoint_and_behave_differently(snapshot: Snapshot) -> None:
    report = connectivity(Session(snapshot))
    outside = [end for end in report.ends if end.addresses]
    assert not any(row.src.addresses and row.dst.addresses for row in rows_of(report))
    for at, end in enumerate(outside):
        assert end.addresses & snapshot.held == IntervalSet()
        for other in outside[at + 1 :]:
            assert not end.addresses & other.addresses
            assert any(
                between(report, end, each) != between(report, other, each)
                or between(report, each, end) != between(report, each, other)
                for each in report.ends
            )
