"""Rows about what policies select: on a small cluster to be read, and against the verdicts of coverage claims."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.policy import Direction, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from tests.queries.given import deployment, namespace, network_policy, pod, refused, session
from tests.strategies.snapshots import snapshots

HERE = session(
    namespace("shop"),
    namespace("bank"),
    namespace("lab"),
    pod("shop/web", "10.0.0.1"),
    pod("shop/db", "10.0.0.2"),
    deployment("bank/api"),
    pod("lab/host", "192.168.0.1", host=True),
    network_policy("shop/web", {"app": "web"}, policyTypes=["Ingress", "Egress"]),
    network_policy("shop/typo", {"app": "wbe"}, policyTypes=["Ingress"]),
    network_policy("bank/out", policyTypes=["Egress"]),
    network_policy("lab/all", policyTypes=["Ingress"]),
)


def rows(sentence: str) -> list[tuple[object, ...]]:
    answer = HERE.ask(sentence)
    assert answer.verdict == "listed"
    return [tuple(row[name] for name in answer.columns if name != "origin") for row in answer.rows]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("which policies select pod shop/web?", [("NetworkPolicy shop/web", "ingress, egress", ("shop/web",), "")]),
        ("which policies select pod shop/db?", []),
        ("which policies select pod lab/host?", []),
        (
            "which policies select pods?",
            [
                ("NetworkPolicy bank/out", "egress", ("bank/api",), ""),
                ("NetworkPolicy shop/web", "ingress, egress", ("shop/web",), ""),
            ],
        ),
        ("without networkpolicy shop/web: which policies select namespace shop?", []),
        ("which pods are selected by no network policy?", [(("lab/host", "shop/db"), "")]),
        ("which pods are selected by no network policy for ingress?", [(("bank/api", "lab/host", "shop/db"), "")]),
        ("which workloads are selected by no network policy for ingress?", [
            (("deployment bank/api", "pod lab/host", "pod shop/db"), "")
        ]),
        ("which namespaces are selected by no network policy?", []),
        ("which namespaces are selected by no network policy for ingress?", [(("bank",), "")]),
        ("with only the admin tier: which namespaces are selected by no network policy?", [
            (("bank", "lab", "shop"), "")
        ]),
    ],
)  # fmt: skip
def test_the_rows_are(sentence: str, expected: list[tuple[object, ...]]) -> None:
    assert rows(sentence) == expected


def test_a_set_without_pods_of_its_own_is_refused() -> None:
    text = "1: policies select pods; ask about pods, workloads, namespaces or tenants"
    for wrong in ("10.0.0.0/8", "the internet", "pods in a different namespace", "pods or nodes"):
        assert [each.partition(": ")[2] for each in refused(HERE, f"which policies select {wrong}?")] == [
            text.partition(": ")[2]
        ]


@given(snapshots(), st.sampled_from(Direction))
def test_a_pod_that_no_policy_selects_is_not_covered(drawn: Snapshot, direction: Direction) -> None:
    """Under NetworkPolicy alone that is all there is to it; kinds of an implementation may select and not isolate."""
    asked = Session(drawn)
    answer = asked.ask(f"which pods are selected by no network policy for {direction}?")
    listed = {name for row in answer.rows if not row["depends"] for name in row["pods"]}
    alone = all(policy.tier is TierName.NETWORK_POLICY for policy in drawn.policies) and drawn.options.cni == "spec"
    for each in drawn.pods:
        claim = asked.ask(f"every pod {each} is selected by a network policy for {direction}")
        if each.host_network or claim.vacuous or claim.verdict == "unknown":
            continue
        if alone or str(each) in listed:
            assert (str(each) in listed) == (claim.verdict == "violated"), str(each)


STAGED = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "StagedNetworkPolicy",
    "metadata": {"namespace": "shop", "name": "next"},
    "spec": {"selector": "app == 'db'", "types": ["Ingress"], "ingress": [{"action": "Deny"}]},
}


@pytest.mark.parametrize("with_staged", [False, True])
def test_a_staged_policy_selects_pods_only_where_it_is_enforced(with_staged: bool) -> None:
    asking = session(pod("shop/db", "10.0.0.2"), STAGED, cni="calico", withStaged=with_staged)
    selecting = asking.ask("which policies select namespace shop?").rows
    assert [row["policy"] for row in selecting] == (["StagedNetworkPolicy shop/next"] if with_staged else [])
    bare = asking.ask("which pods are selected by no network policy?").rows
    assert [row["pods"] for row in bare] == ([] if with_staged else [("shop/db",)])


def test_a_staged_deletion_takes_its_policy_away() -> None:
    applied = STAGED | {"kind": "NetworkPolicy"}
    deletion = STAGED | {"spec": {"stagedAction": "Delete"}}
    asking = session(pod("shop/db", "10.0.0.2"), applied, deletion, cni="calico", withStaged=True)
    assert asking.ask("which policies select namespace shop?").rows == ()
