"""The truth table: from each pod (workload, namespace) to each, what is true of all flows between them."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import assume, given, settings

from reachproof.documents.words import Verdict
from reachproof.grammar.ast import Group
from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Pod
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.truth_table import truth_table
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from tests.agreement.engines import asked
from tests.queries.given import Manifest, admin_policy, codes, deployment, network_policy, notice, pod, service, session
from tests.strategies.flows import all_flows
from tests.strategies.snapshots import snapshots

ONLY_WEB = [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 80}]}]
SHOP = session(
    pod("shop/web", "10.0.0.1"),
    pod("shop/db", "10.0.0.2"),
    pod("bank/job", "10.1.0.1"),
    service("shop/db", {"app": "db"}, {"port": 5432, "targetPort": 80}),
    network_policy("shop/db", {"app": "db"}, ingress=ONLY_WEB),
)


def table(answer: Answer) -> dict[tuple[str, str], str]:
    return {(str(row["from"]), str(row["to"])): str(row["access"]) for row in answer.rows}


def test_each_pair_of_pods_has_one_word_and_a_pod_to_itself_is_left_out() -> None:
    answer = truth_table(SHOP, "80")
    assert (answer.verdict, answer.form, answer.columns) == (
        Verdict.LISTED,
        "explain",
        ("from", "to", "port", "access"),
    )
    assert table(answer) == {
        ("bank/job", "shop/db"): "denied",
        ("bank/job", "shop/web"): "allowed",
        ("shop/db", "bank/job"): "allowed",
        ("shop/db", "shop/web"): "allowed",
        ("shop/web", "bank/job"): "allowed",
        ("shop/web", "shop/db"): "allowed",
    }
    assert {row["port"] for row in answer.rows} == {"tcp/80"}
    assert answer.evidence.replayed


def test_by_namespace_a_pair_of_which_some_is_allowed_says_so() -> None:
    assert table(truth_table(SHOP, "80", by=Group.NAMESPACE)) == {
        ("bank", "shop"): "some",
        ("shop", "bank"): "allowed",
        ("shop", "shop"): "allowed",
    }


def test_of_several_ports_some_may_be_allowed() -> None:
    assert table(truth_table(SHOP, "tcp/80, tcp/81"))["shop/web", "shop/db"] == "some"


def test_the_ends_may_be_named_and_others_than_pods_are_left_out() -> None:
    assert table(truth_table(SHOP, "5432", source="namespace bank or 203.0.113.1", destination="service shop/db")) == {
        ("bank/job", "shop/db"): "denied"
    }


def test_what_a_tie_decides_depends() -> None:
    rules: dict[str, list[Manifest]] = {
        action: [{"action": action, "from": [{"namespaces": {}}]}] for action in ("Allow", "Deny")
    }
    tied = session(
        pod("shop/web", "10.0.0.1"),
        pod("shop/db", "10.0.0.2"),
        admin_policy("a", 5, ingress=rules["Allow"]),
        admin_policy("b", 5, ingress=rules["Deny"]),
    )
    assert set(table(truth_table(tied, "80")).values()) == {"depends"}


def test_what_an_unknown_address_decides_depends_too() -> None:
    half = [{"from": [{"ipBlock": {"cidr": "10.0.0.0/9"}}]}]
    asking = session(deployment("shop/web"), pod("shop/db", "10.0.0.2"), network_policy("shop/db", {}, ingress=half))
    answer = truth_table(asking, "80", destination="shop/db")
    assert table(answer) == {("shop/web", "shop/db"): "depends"}
    assert codes(answer) == ["POD_ADDRESS_UNKNOWN"]


def test_no_pods_are_a_vacuous_table() -> None:
    answer = truth_table(SHOP, "80", source="203.0.113.1")
    assert (answer.verdict, answer.vacuous, answer.rows) == (Verdict.LISTED, True, ())
    assert notice(truth_table(SHOP, "80", source="pods labelled a=b"), "EMPTY_SET")


@pytest.mark.parametrize(("allowed", "needed"), [(1, 4), (4, 9)], ids=["of kinds of flow", "of pairs of pods"])
def test_too_large_a_table_is_unknown_and_not_shortened(allowed: int, needed: int) -> None:
    answer = truth_table(SHOP, "80", budget=Budget(table_words=allowed))
    assert (answer.verdict, answer.columns) == (Verdict.UNKNOWN, ())
    assert answer.reason == f"memory limit reached: a table of {needed} words is needed, {allowed} are allowed"


def test_a_replica_reaches_another_of_its_workload() -> None:
    asking = Session(load_objects([{**deployment("shop/web", replicas=2)}], options=Options()))
    assert table(truth_table(asking, "80")) == {("shop/web", "shop/web"): "allowed"}


def expected(snapshot: Snapshot, by: Group) -> dict[tuple[str, str], set[Truth]]:
    """The truths of the flows on port 80 between pods or their namespaces."""
    found: dict[tuple[str, str], set[Truth]] = defaultdict(set)
    for flow in all_flows(snapshot):
        ends = flow.source, flow.destination
        if asked(flow) and (flow.protocol, flow.port) == ("TCP", 80) and all(isinstance(end, Pod) for end in ends):
            names = [str(end) if by is Group.POD else end.namespace for end in ends if isinstance(end, Pod)]
            found[names[0], names[1]].add(truth(snapshot, flow))
    return found


def word(truths: set[Truth], *, abstract: bool) -> str:
    if Truth.EITHER in truths:
        return "depends"
    if len(truths) == 2:
        return "depends" if abstract else "some"
    return str(truths.pop())


@pytest.mark.heavy
@settings(max_examples=120)
@given(snapshots())
def test_a_table_is_what_the_evaluator_says_of_every_flow(snapshot: Snapshot) -> None:
    # Flows between replicas of one workload need two addresses of one region; the enumeration has one of each.
    assume(not any(pod.repeated for pod in snapshot.pods))
    asking = Session(snapshot)
    free = {str(pod) for pod in snapshot.pods if pod.abstract}
    for by in (Group.POD, Group.NAMESPACE):
        truths = expected(snapshot, by)
        if not truths:
            continue  # no piece of the drawn ports begins at port 80
        assert table(truth_table(asking, "tcp/80", by=by)) == {
            pair: word(found, abstract=by is Group.POD and not free.isdisjoint(pair)) for pair, found in truths.items()
        }
