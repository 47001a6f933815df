"""Explanations and exposure of a connectivity report."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from reachproof.documents.connectivity import Facing, ports_of
from reachproof.documents.words import Truth
from reachproof.manifests.load import load_objects
from reachproof.network.errors import InputError
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import format_ports
from reachproof.network.snapshot import Snapshot
from reachproof.queries import connectivity_explain
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity
from reachproof.queries.connectivity_explain import explain_pair, explain_report
from reachproof.queries.exposure import known_exposure
from tests.queries.report_rows import between
from tests.queries.test_connectivity import DB, PEER_WEB, WEB, block, pod, policy
from tests.strategies.snapshots import snapshots

ONLY_WEB = policy(
    "shop/db", {"app": "db"}, ingress=[{"from": [PEER_WEB], "ports": [{"protocol": "TCP", "port": 5432}]}]
)


def snapshot(*objects: dict[str, Any]) -> Snapshot:
    return load_objects([*WEB, DB, *objects])


def test_a_connection_is_explained_by_the_rules_that_allow_it_and_the_rest_by_what_denies() -> None:
    report = connectivity(Session(snapshot(ONLY_WEB)))
    assert [str(end) for end in report.ends[:2]] == ["shop/db", "shop/web[StatefulSet]"]
    found = explain_pair(report, 1, 0)
    assert [(format_ports(each.ports), each.truth) for each in found.stretches] == [
        ("tcp/5432", Truth.ALLOWED),
        ("tcp/1-5431, tcp/5433-65535, udp, sctp", Truth.DENIED),
    ]
    assert [because.text for because in found.because] == [
        "NetworkPolicy shop/db rule 0 allows ingress from pod shop/web-1 to pod shop/db on tcp/5432"
    ]


def test_an_absent_pair_is_explained_by_all_that_blocks_it() -> None:
    shut = policy("shop/shut", {"app": "web"}, policyTypes=["Egress"])
    report = connectivity(Session(snapshot(ONLY_WEB, shut)))
    db, web, _ = report.ends
    assert not between(report, web, db)
    assert [str(because.policy) for because in explain_pair(report, 1, 0).because] == [
        "NetworkPolicy shop/shut",
        "NetworkPolicy shop/db",
    ]


def test_an_absent_pair_has_the_rules_that_came_nearest_on_the_port_where_they_lack_least() -> None:
    misspelt = {"podSelector": {"matchLabels": {"app": "wep"}}}
    rule = {"from": [misspelt], "ports": [{"protocol": "TCP", "port": 5432}]}
    report = connectivity(Session(snapshot(policy("shop/db", {"app": "db"}, ingress=[rule]))))
    (near,) = explain_pair(report, 1, 0, near=True).near
    assert (
        near.text == "NetworkPolicy shop/db ingress rule 0 allows tcp/5432 from pods labelled app=wep in namespace shop"
    )
    assert [each.text for each in near.failing] == [
        "the source has app=web, not app=wep; no pod has app=wep; did you mean app=web?"
    ]
    assert explain_pair(report, 1, 0).near == explain_pair(report, 0, 1, near=True).near == ()


def test_rules_that_came_nearest_are_looked_for_in_reports_of_few_pairs() -> None:
    report = connectivity(Session(snapshot(ONLY_WEB)))
    pairs = len(report.matrix.sources) * len(report.matrix.destinations)
    asked = {most: [bool(each.near) for each in explain_report(report, near=most)] for most in (pairs, pairs - 1)}
    assert (any(asked[pairs]), any(asked[pairs - 1])) == (True, False)


def test_a_pod_and_itself_have_nothing_to_explain() -> None:
    report = connectivity(Session(snapshot()))
    assert len(report.ends) == 3 and report.ends[2].addresses
    assert explain_pair(report, 0, 0).stretches == ()
    assert explain_pair(report, 2, 2).stretches == ()


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectivity_explain, "MOST_PAIRS", 8)
    with pytest.raises(InputError) as caught:
        explain_report(connectivity(Session(snapshot())))
    assert [problem.message for problem in caught.value.problems] == [
        "too many pairs to explain (9, from 3 sources and 3 destinations; the limit is 8); narrow "
        "the report with src, dst or by"
    ]


@pytest.mark.heavy
@settings(max_examples=60)
@given(snapshots(most_pods=3))
def test_stretches_say_what_the_rows_say(snapshot: Snapshot) -> None:
    report = connectivity(Session(snapshot))
    for each in explain_report(report):
        access = report.matrix.access(each.src, each.dst)
        allowed = [stretch.ports for stretch in each.stretches if stretch.truth is not Truth.DENIED]
        open_ = [stretch.ports for stretch in each.stretches if stretch.truth is Truth.EITHER]
        assert IntervalSet.of(span for ports in allowed for span in ports) == access.ports
        assert IntervalSet.of(span for ports in open_ for span in ports) == access.open


def facings(given_snapshot: Snapshot) -> dict[str, tuple[Facing, Facing]]:
    """Ingress and egress of each end of a report about everything."""
    found = list(known_exposure(connectivity(Session(given_snapshot))))
    return {str(each.end): (each.ingress, each.egress) for each in found if each.ingress and each.egress}


def test_exposure_is_the_outside_and_what_holds_everywhere() -> None:
    inside = policy("shop/web", {"app": "web"}, ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}])
    outside = policy("shop/db", {"app": "db"}, ingress=[{"from": [block("192.0.2.0/24")]}])
    found = facings(snapshot(inside, outside))
    db, web = found["shop/db"][0], found["shop/web[StatefulSet]"][0]
    received = [(str(each.end), format_ports(ports_of(each.connections))) for each in db.outside or ()]
    assert received == [("192.0.2.0/24", "any port")]
    assert not ports_of(db.entire_cluster)
    assert web.outside == () and format_ports(ports_of(web.entire_cluster)) == "tcp/80"


def test_what_only_some_pods_take_is_no_exposure_to_all() -> None:
    other = pod("bank/api", "10.0.1.1", app="api")
    same = policy("shop/web", {"app": "web"}, ingress=[{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}])
    found = facings(snapshot(same, other))
    assert not ports_of(found["shop/web[StatefulSet]"][0].entire_cluster)
    assert format_ports(ports_of(found["shop/db"][0].entire_cluster)) == "any port"
