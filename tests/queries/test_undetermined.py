"""Flows with two outcomes: reports, lists, `why` and explanations say so, and name everything it depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reachproof.documents.words import By
from reachproof.queries import interpretation_notices
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity, request
from reachproof.queries.connectivity_explain import explain_report, with_reasons
from reachproof.queries.explain import explain as explain_flow
from tests.queries.given import Manifest, admin_policy, namespace, network_policy, notice, pod, session
from tests.queries.report_rows import rows_of

CLUSTER_POLICY = "policy.networking.k8s.io/v1alpha2"


def cluster_policy(name: str, tier: str, **rules: list[Manifest]) -> Manifest:
    spec: Manifest = {"tier": tier, "priority": 7, "subject": {"namespaces": {}}} | rules
    return {"apiVersion": CLUSTER_POLICY, "kind": "ClusterNetworkPolicy", "metadata": {"name": name}, "spec": spec}


def anp(name: str, action: str, direction: str) -> Manifest:
    peer = "from" if direction == "ingress" else "to"
    return admin_policy(name, 7, **{direction: [{"action": action, peer: [{"namespaces": {}}]}]})


def cnp(name: str, action: str, direction: str, tier: str = "Admin") -> Manifest:
    peer = "from" if direction == "ingress" else "to"
    action = {"Allow": "Accept"}.get(action, action)
    return cluster_policy(name, tier, **{direction: [{"action": action, peer: [{"namespaces": {}}]}]})


TIES: dict[str, Callable[[str, str, str], Manifest]] = {
    "AdminNetworkPolicy": anp,
    "ClusterNetworkPolicy admin": cnp,
    "ClusterNetworkPolicy baseline": lambda name, action, direction: cnp(name, action, direction, "Baseline"),
}
V4, V6 = ("10.1.0.1", "10.1.0.2"), ("fd00::1", "fd00::2")


def tied(kind: str, direction: str, addresses: tuple[str, str]) -> Session:
    policies = [TIES[kind](name, action, direction) for name, action in (("one", "Allow"), ("two", "Deny"))]
    pods = [pod("a/p", addresses[0]), pod("a/q", addresses[1])]
    return session(namespace("a"), *pods, *policies, channel="experimental")


@pytest.mark.parametrize("kind", TIES)
@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.parametrize("addresses", [V4, V6], ids=["IPv4", "IPv6"])
def test_a_tie_is_named_with_both_policies_by_everything_that_shows_it(
    kind: str, direction: str, addresses: tuple[str, str]
) -> None:
    asked = tied(kind, direction, addresses)
    name = kind.partition(" ")[0]
    text = f"{name} one and {name} two have equal priority 7 and disagree; which one applies is not defined"
    answer = asked.ask("can pod a/p reach pod a/q?")
    assert notice(answer, "TIE") == text
    report = connectivity(asked, request(By.POD, "pod a/p", "pod a/q"))
    assert [row.access.open == row.access.ports for row in rows_of(report)] == [True]
    assert [each.text for each in report.assumptions if each.code == "TIE"] == [text]
    (explained,) = explain_report(report)
    assert {str(each.policy) for each in explained.because} == {f"{name} one", f"{name} two"}
    assert with_reasons(report, [explained]).assumptions == report.assumptions
    assert notice(asked.ask("which pods can reach pod a/q?"), "TIE") == text
    deciding = asked.ask("which policies decide pod a/p to pod a/q on tcp/80?")
    assert [row["policy"] for row in deciding.rows] == [f"{name} one", f"{name} two"]
    assert notice(explain_flow(asked, "pod a/p", "pod a/q", "80"), "TIE") == text
    shown = "can pod a/p reach pod a/q"
    for sentence in (f"why {shown}?", f"why {shown.replace('can', 'can not', 1)}?".replace("can not pod", "can't pod")):
        assert notice(asked.ask(sentence), "UNDETERMINED_FLOW").endswith(f"it depends on TIE ({text})")


DOMAIN = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumNetworkPolicy",
    "metadata": {"name": "out", "namespace": "a"},
    "spec": {
        "endpointSelector": {},
        "egress": [
            {"toFQDNs": [{"matchName": "api.example.com"}], "toPorts": [{"ports": [{"port": "443"}]}]},
            {"toCIDR": ["192.0.2.7/32"]},
            {"toEndpoints": [{}], "toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{"matchPattern": "*"}]}}]},
        ],
    },
}


def test_why_not_names_another_flow_that_can_and_never_the_explained_one() -> None:
    asked = session(namespace("a"), pod("a/p", "10.1.0.1"), DOMAIN, cni="cilium")
    alone = asked.ask("why can't pod a/p reach 192.0.2.9 on tcp/443?")
    assert [each.code for each in alone.warnings] == ["UNDETERMINED_FLOW"]
    assert notice(alone, "UNDETERMINED_FLOW") == (
        "pod a/p (10.1.0.1) -> 192.0.2.9 on tcp/443 is undetermined: policy may allow or deny it; it depends on "
        "DOMAIN_NAMES (CiliumNetworkPolicy a/out rule 0: whether api.example.com stands for 192.0.2.9 is not known)"
    )
    unsure = asked.ask("why can't pod a/p reach 192.0.2.9?")
    assert notice(unsure, "SOME_CAN") == (
        "some of these may, which is undetermined: pod a/p (10.1.0.1) -> 192.0.2.9 on tcp/443; "
        "the explanation is for pod a/p (10.1.0.1) -> 192.0.2.9 on tcp/80"
    )
    sure = asked.ask("why can't pod a/p reach 192.0.2.0/28 on tcp/443?")
    assert "some of these can: pod a/p (10.1.0.1) -> 192.0.2.7 on tcp/443;" in notice(sure, "SOME_CAN")


def test_where_not_all_reasons_were_looked_at_the_report_says_so() -> None:
    report = connectivity(tied("AdminNetworkPolicy", "ingress", V4))
    sample, *_ = report.matrix.sampled.open_samples
    found = interpretation_notices.reasons(report.snapshot, [sample], 3)
    assert [each.code for each in found] == ["TIE", "UNDETERMINED_IN_PART"]
    assert found[-1].text == (
        "3 kinds of flow are undetermined; the reasons are those of 1 of them, chosen by a fixed seed; ask about "
        "smaller sets for the others"
    )
    partly = replace(report, assumptions=(*report.assumptions, found[-1]))
    assert with_reasons(partly, explain_report(partly)).assumptions == report.assumptions


def test_what_is_certain_has_no_reasons() -> None:
    asked = session(namespace("a"), pod("a/p", "10.1.0.1"), pod("a/q", "10.1.0.2"), network_policy("a/shut"))
    report = connectivity(asked)
    assert report.matrix.sampled.open_kinds == 0 and report.matrix.sampled.open_samples == ()
    assert report.assumptions == ()
