"""What pods that could be created may do with the ends of a report."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reachproof.documents.connectivity import ports_of
from reachproof.grammar.parse import parse_set
from reachproof.manifests.load import load_objects
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import AddressPeer, Direction
from reachproof.network.ports import format_ports
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity import EVERYTHING, Connectivity, Request, connectivity
from reachproof.queries.exposure import exposure, potentials
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.z3_backend import Prover
from tests.agreement.engines import prover
from tests.queries.report_rows import between, rows_of
from tests.queries.test_connectivity import DB, PEER_WEB, WEB, pod, policy
from tests.strategies.snapshots import snapshots

NO_OTHER = ", with no other label that a policy asks for"
ONLY_WEB = policy(
    "shop/db", {"app": "db"}, ingress=[{"from": [PEER_WEB], "ports": [{"protocol": "TCP", "port": 5432}]}]
)


def report(*objects: dict[str, Any], request: Request = EVERYTHING) -> Connectivity:
    return connectivity(prepare(load_objects([*WEB, DB, *objects])), request)


def told(found: Connectivity, name: str, direction: Direction = Direction.INGRESS) -> list[tuple[str, str]] | None:
    exposures, notices = exposure(found, Budget(), Prover())
    assert notices == ()
    facing = next(each.facing(direction) for each in exposures if str(each.end) == name)
    assert facing is not None
    return (
        None
        if facing.possible_pods is None
        else [(format_ports(ports_of(each.connections)), each.pod) for each in facing.possible_pods]
    )


def test_a_rule_for_labels_lets_in_any_pod_that_has_them() -> None:
    assert told(report(ONLY_WEB), "shop/db") == [("tcp/5432", f"any pod in namespace shop labelled app=web{NO_OTHER}")]


def test_a_rule_whose_labels_no_pod_has_lets_in_those_that_could_have_them() -> None:
    none = {"podSelector": {"matchLabels": {"app": "none"}}, "namespaceSelector": {"matchLabels": {"team": "x"}}}
    found = report(policy("shop/db", {"app": "db"}, ingress=[{"from": [none], "ports": [{"port": 80}]}]))
    assert [row.src for row in rows_of(found) if str(row.dst) == "shop/db"] == []
    [(ports, words)] = told(found, "shop/db") or []
    assert ports == "tcp/80"
    assert words.startswith("any pod in a new namespace") and words.endswith(f"labelled app=none{NO_OTHER}")


def test_a_shut_pod_is_exposed_to_nobody() -> None:
    assert told(report(policy("shop/db", {"app": "db"}, ingress=[])), "shop/db") == []


def test_different_rules_are_found_one_after_the_other() -> None:
    rules = [
        {"from": [PEER_WEB], "ports": [{"port": 80}]},
        {"from": [{"podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"port": 81, "endPort": 90}]},
    ]
    found = told(report(policy("shop/db", {"app": "db"}, ingress=rules)), "shop/db") or []
    assert sorted(ports for ports, _ in found) == ["tcp/80", "tcp/81-90"]


def test_a_port_by_name_is_any_number_at_a_pod_that_could_be_created() -> None:
    out = policy(
        "shop/db", {"app": "db"}, policyTypes=["Egress"], egress=[{"to": [PEER_WEB], "ports": [{"port": "http"}]}]
    )
    [(ports, words)] = told(report(out), "shop/db", Direction.EGRESS) or []
    assert ports == "tcp"
    assert words == f"any pod that names the port http in namespace shop labelled app=web{NO_OTHER}"


def test_a_side_that_the_report_narrows_is_not_looked_at() -> None:
    narrowed = Request(source=parse_set("pods in namespace shop"))
    assert told(report(request=narrowed), "shop/db") is None
    assert told(report(request=narrowed), "shop/db", Direction.EGRESS) == [
        ("any port", "any pod in namespace shop with no label that a policy asks for")
    ]


def test_where_time_ends_a_notice_says_of_how_many_ends() -> None:
    found = report()
    ticks = iter(range(1_000_000))
    late = Budget(seconds=1, clock=lambda: float(next(ticks)))
    exposures, [notice] = exposure(found, late, Prover())
    assert notice.code == "EXPOSURE_UNFINISHED"
    assert notice.text.endswith("what possible pods may do is not known of 2 of 2 ends")
    assert all(each.ingress and each.ingress.possible_pods is None for each in exposures)


@settings(max_examples=max(25, settings().max_examples // 40))
@given(snapshots(most_pods=3), st.sampled_from(Direction))
def test_what_a_pod_may_do_some_possible_pod_may_do(snapshot: Snapshot, direction: Direction) -> None:
    assume(not any(_by_address(snapshot)))
    found = connectivity(prepare(snapshot))
    for end in (each for each in found.ends if each.pods and not each.pods[0].host_network):
        mine = potentials(found.encoding, end, direction, Budget(), prover())
        ports = IntervalSet.of(span for each in mine for span in ports_of(each.connections))
        for other in (each for each in found.ends if each.pods and not any(p.host_network for p in each.pods)):
            pair = (other, end) if direction is Direction.INGRESS else (end, other)
            assert between(found, *pair).ports <= ports, f"{pair[0]} => {pair[1]}"


def _by_address(snapshot: Snapshot) -> list[bool]:
    """For each peer whether it goes by addresses: a pod that could be created has none outside the pod range."""
    return [
        isinstance(match.peer, AddressPeer)
        for policy in snapshot.policies
        for direction in Direction
        for rule in policy.rules(direction)
        for match in rule.matches
    ]


def test_the_pod_of_the_host_network_is_left_out() -> None:
    host = pod("shop/host", "10.0.0.50")
    host["spec"]["hostNetwork"] = True
    found = report(host)
    assert told(found, "shop/host") == []
