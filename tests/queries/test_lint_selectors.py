"""Selectors that select nothing, with the reason: a case of each, and its opposite."""

from __future__ import annotations

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.network.options import Cni
from tests.queries.lint_given import CLUSTER, FOR_DB, findings, namespace, pod, policy, snapshot

WARNING, INFO = FindingSeverity.WARNING, FindingSeverity.INFO


def of_namespaces(labels: str) -> str:
    return policy("np", f"{FOR_DB}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{{labels}}}}}}}]}}]")


def test_pods_on_the_host_network_are_named_where_they_are_the_only_ones_with_the_labels() -> None:
    on_host = pod("exporter", 9, host=True)
    np = policy("np", "podSelector: {matchLabels: {app: exporter}}")
    assert findings(snapshot(CLUSTER, on_host, np), Code.HOST_NETWORK_PODS, Code.SELECTS_NOTHING) == [
        (
            WARNING,
            "NetworkPolicy shop/np selects pods labelled app=exporter in namespace shop; the only such pods are on the "
            "host network, where policies do not select them: pod shop/exporter",
        )
    ]
    both = pod("exporter-2", 8, label="app: exporter")
    assert findings(snapshot(CLUSTER, on_host, both, np), Code.HOST_NETWORK_PODS, Code.SELECTS_NOTHING) == []


def test_a_namespace_asked_for_by_a_label_that_it_does_not_have_is_named() -> None:
    assert findings(snapshot(CLUSTER, of_namespaces("name: tools")), Code.NAMESPACE_LABEL, Code.SELECTS_NOTHING) == [
        (
            WARNING,
            "NetworkPolicy shop/np ingress rule 0 selects pods in namespaces labelled name=tools; namespace tools does "
            "not have the label name, and no namespace is selected; kubernetes.io/metadata.name=tools selects it",
        )
    ]
    right = of_namespaces("kubernetes.io/metadata.name: tools")
    assert findings(snapshot(CLUSTER, right), Code.NAMESPACE_LABEL, Code.SELECTS_NOTHING) == []


def test_labels_of_a_namespace_that_the_input_does_not_give_leave_it_open() -> None:
    only_used = CLUSTER.replace(namespace("tools"), "")
    assert only_used != CLUSTER
    codes = (Code.NAMESPACE_LABEL, Code.SELECTS_NOTHING)
    assert findings(snapshot(only_used, of_namespaces("name: tools")), *codes) == [
        (
            INFO,
            "NetworkPolicy shop/np ingress rule 0 selects pods in namespaces labelled name=tools; no pod in the "
            "snapshot is selected, unless tools has these labels, which the input does not show",
        )
    ]


def test_a_policy_beside_its_pods_names_the_namespace_where_they_are() -> None:
    np = policy("np", FOR_DB, home="tools")
    assert findings(snapshot(CLUSTER, np), Code.OTHER_NAMESPACE, Code.SELECTS_NOTHING) == [
        (
            WARNING,
            "NetworkPolicy tools/np selects pods labelled app=db in namespace tools, which has none; pods labelled "
            "app=db are in namespace shop",
        )
    ]
    assert findings(snapshot(CLUSTER, policy("np", FOR_DB)), Code.OTHER_NAMESPACE, Code.SELECTS_NOTHING) == []


def split(pods: str) -> str:
    peers = f"{{namespaceSelector: {{matchLabels: {{team: x}}}}}}, {{podSelector: {{matchLabels: {{app: {pods}}}}}}}"
    return namespace("ops", "team: x") + policy("np", f"{FOR_DB}, ingress: [{{from: [{peers}]}}]")


def test_two_peers_where_one_was_meant_are_found_by_what_they_would_select_together() -> None:
    codes = (Code.PEERS_ARE_ALTERNATIVES, Code.SELECTS_NOTHING)
    together = pod("probe", 7, home="ops")
    assert findings(snapshot(CLUSTER, together, split("probe")), *codes) == [
        (
            WARNING,
            "NetworkPolicy shop/np ingress rule 0 selects pods labelled app=probe in namespace shop, of which there "
            "are none, or all pods in namespaces labelled team=x; as one peer, with both selectors in it, it would "
            "select pods labelled app=probe in namespaces labelled team=x",
        )
    ]
    here = pod("probe", 6, label="app: probe")
    ((severity, _),) = findings(snapshot(CLUSTER, together, here, split("probe")), *codes)
    assert severity is INFO
    assert findings(snapshot(CLUSTER, together, split("web")), *codes) == []


def calico(kind: str, spec: str) -> str:
    home = "" if kind.startswith("Global") else ", namespace: shop"
    return f"""
---
apiVersion: projectcalico.org/v3
kind: {kind}
metadata: {{name: c{home}}}
spec: {{{spec}}}
"""


def test_a_rule_about_other_pods_than_its_policy_is_found() -> None:
    rule = "{{action: Allow, protocol: TCP, destination: {{selector: app == '{}'}}}}"
    spec = f"selector: app == 'db', types: [Ingress], ingress: [{rule}]"
    other, same = (
        snapshot(CLUSTER, calico("NetworkPolicy", spec.format(app)), cni=Cni.CALICO) for app in ("web", "db")
    )
    assert findings(other, Code.RULE_WITHOUT_SUBJECT) == [
        (
            WARNING,
            "CalicoNetworkPolicy shop/c ingress rule 0 is about pods labelled app=web in namespace shop, of which "
            "CalicoNetworkPolicy shop/c selects none",
        )
    ]
    assert findings(same, Code.RULE_WITHOUT_SUBJECT) == []


def test_policies_without_any_pods_are_said_once_and_their_selectors_not_judged() -> None:
    np = of_namespaces("name: tools")
    every = findings(snapshot(np, policy("other", FOR_DB)), *Code)
    assert every == [(INFO, "the input has 2 policies and no pods, so what selectors and ports fit was not looked at")]
    contradiction = "matchExpressions: [{key: a, operator: Exists}, {key: a, operator: DoesNotExist}]"
    never = findings(snapshot(policy("np", f"podSelector: {{{contradiction}}}")), Code.NEVER_SELECTS)
    assert [severity for severity, _ in never] == [FindingSeverity.ERROR]
