"""Policies that may or may not isolate: those that tenants could write, and those that may select a stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.queries.given import Manifest, namespace, network_policy, node, notice, pod, session, texts

WEB, JOB = pod("shop/web", "10.1.0.1"), pod("bank/job", "10.1.0.2")
ASSUMED = "assuming whatever network policies pods in namespace bank writes: "
CALICO: Manifest = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "GlobalNetworkPolicy",
    "metadata": {"name": "late"},
    "spec": {
        "order": 2000,
        "namespaceSelector": "kubernetes.io/metadata.name == 'bank'",
        "types": ["Egress"],
        "egress": [{"action": "Allow", "protocol": "TCP", "destination": {"ports": [80]}}],
    },
}
CILIUM: Manifest = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumClusterwideNetworkPolicy",
    "metadata": {"name": "wide"},
    "spec": {
        "endpointSelector": {"matchLabels": {"io.kubernetes.pod.namespace": "bank"}},
        "egress": [{"toEntities": ["all"], "toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}],
    },
}


@pytest.mark.parametrize(("cni", "policy"), [("calico", CALICO), ("cilium", CILIUM)])
def test_no_network_policy_takes_away_what_another_policy_of_its_tier_allows(cni: str, policy: Manifest) -> None:
    asked = session(namespace("bank"), WEB, JOB, policy, cni=cni)
    assert asked.ask(f"{ASSUMED}every pod in namespace bank can reach pod shop/web on tcp/80").verdict == "holds"
    other = asked.ask(f"{ASSUMED}every pod in namespace bank can reach pod shop/web on tcp/81")
    assert other.verdict == "violated"
    assert asked.ask(f"{ASSUMED}can pod bank/job reach pod shop/web on tcp/81?").verdict == "reachable"


@pytest.mark.parametrize("cni", ["spec", "antrea", "ovn-kubernetes", "kube-network-policies"])
def test_elsewhere_a_network_policy_may_take_away_everything(cni: str) -> None:
    asked = session(namespace("bank"), WEB, JOB, cni=cni)
    answer = asked.ask(f"{ASSUMED}every pod in namespace bank can reach pod shop/web on tcp/80")
    assert answer.verdict == "violated"
    assert [each.text for each in answer.assumptions if each.code == "MAY_MATCH"] == [
        "whether NetworkPolicy (any that could be written) rule 0 matches is not known",
        "whether NetworkPolicy (any that could be written) isolates pod bank/job is not known",
    ]


def edge(selector: str) -> Manifest:
    spec = {"selector": selector, "types": ["Egress"], "egress": [{"action": "Allow", "protocol": "UDP"}]}
    metadata = {"name": "edge"}
    return {"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy", "metadata": metadata, "spec": spec}


BY_LABEL: Manifest = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumClusterwideNetworkPolicy",
    "metadata": {"name": "edge"},
    "spec": {"endpointSelector": {"matchLabels": {"role": "edge"}}, "egress": [{"toEntities": ["world"]}]},
}
MAY_SELECT: dict[str, tuple[str, Manifest]] = {
    "spec": ("spec", network_policy("edge/edge", policyTypes=["Egress"])),
    "calico": ("calico", edge("role == 'edge'")),
    "calico with or": ("calico", edge("role == 'edge' || role == 'front'")),
    "cilium": ("cilium", BY_LABEL),
}


@pytest.mark.parametrize("what", MAY_SELECT)
def test_an_ingress_controller_that_may_be_isolated_may_be_denied_and_allowed(what: str) -> None:
    cni, policy = MAY_SELECT[what]
    options: dict[str, Any] = {"cni": cni}
    given = [WEB, policy] if what == "spec" else [namespace("shop"), WEB, policy]
    asked = session(*given, **options)
    can = asked.ask("can the ingress controller reach pod shop/web on tcp/80?")
    assert can.verdict == "reachable"
    assert notice(can, "MAY_MATCH").endswith("isolates pod (ingress)/controller is not known")
    why = asked.ask("why can't the ingress controller reach pod shop/web on tcp/80?")
    assert why.verdict == "explained"
    assert "may isolate pod (ingress)/controller for egress, and none of its rules allows egress" in texts(why)[0]


def test_a_tier_by_name_leaves_the_mesh_out() -> None:
    mesh: Manifest = {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "shut", "namespace": "shop"},
        "spec": {},
    }
    asked = session(namespace("shop"), namespace("bank"), WEB, JOB, edge("app == 'job'"), mesh, cni="calico")
    answer = asked.ask("with only the tier default: can pod bank/job reach pod shop/web on tcp/80?")
    assert answer.verdict == "unreachable"


def test_a_policy_of_the_mesh_that_may_select_an_ingress_controller_may_shut_it_off() -> None:
    shut: Manifest = {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "shut", "namespace": "edge"},
        "spec": {
            "selector": {"matchLabels": {"role": "edge"}},
            "rules": [{"from": [{"source": {"namespaces": ["x"]}}]}],
        },
    }
    asked = session(namespace("shop"), namespace("edge"), WEB, shut)
    assert asked.ask("can pod shop/web reach the ingress controller on tcp/80?").verdict == "reachable"
    assert asked.ask("every pod shop/web can reach the ingress controller on tcp/80").verdict == "violated"


def test_in_the_mode_always_an_ingress_controller_may_accept_its_own_node() -> None:
    """It does where the policy selects it, and is isolated in any case."""
    shut: Manifest = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": {"name": "edge"},
        "spec": {"endpointSelector": {"matchLabels": {"role": "edge"}}, "ingress": [{}]},
    }
    asked = session(namespace("shop"), WEB, node("n1", "192.168.0.1"), shut, cni="cilium", enforcement="always")
    assert asked.ask("can node n1 reach the ingress controller on tcp/80?").verdict == "reachable"
    assert asked.ask("every node n1 can reach the ingress controller on tcp/80").verdict == "violated"
    assert asked.ask("can pod shop/web reach the ingress controller on tcp/80?").verdict == "unreachable"
