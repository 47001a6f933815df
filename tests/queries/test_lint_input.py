"""Ports, addresses, lists, order and names in policies: a readable case of each finding, and its opposite."""

from __future__ import annotations

import pytest

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.network.options import Cni
from reachproof.network.snapshot import Snapshot
from tests.queries.lint_given import CLUSTER, FOR_DB, NODE, findings, pod, policy, snapshot
from tests.queries.test_lint_selectors import calico

ERROR, WARNING, INFO = FindingSeverity
TO_WEB = "to: [{podSelector: {matchLabels: {app: web}}}]"


def to_web(ports: str) -> Snapshot:
    return snapshot(CLUSTER, policy("np", f"{FOR_DB}, policyTypes: [Egress], egress: [{{{TO_WEB}, ports: [{ports}]}}]"))


def test_the_port_of_a_service_in_the_place_of_its_pods_port_is_found() -> None:
    assert findings(to_web("{port: 80}"), Code.SERVICE_PORT, Code.UNDECLARED_PORT) == [
        (
            WARNING,
            "NetworkPolicy shop/np egress rule 0 names tcp/80, the port of Service shop/web, which leads to tcp/8080 "
            "of its pods; policies see the port of the pods",
        )
    ]
    assert findings(to_web("{port: 80}, {port: 8080}"), Code.SERVICE_PORT, Code.UNDECLARED_PORT) == []


def test_the_port_of_a_service_is_no_mistake_where_a_pod_listens_on_it_too() -> None:
    also = pod("web-2", 5, label="app: web", ports="{containerPort: 80}")
    np = policy("np", "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}]}]")
    assert findings(snapshot(CLUSTER, also, np), Code.SERVICE_PORT) == []
    assert len(findings(snapshot(CLUSTER, np), Code.SERVICE_PORT)) == 1


def test_a_number_that_no_pod_declares_is_information_where_all_of_them_declare_some() -> None:
    assert findings(to_web("{port: 9090}"), Code.UNDECLARED_PORT) == [
        (INFO, "NetworkPolicy shop/np egress rule 0 names tcp/9090, which none of the pods declares that it is about")
    ]
    assert findings(to_web("{port: 9090, protocol: UDP}"), Code.UNDECLARED_PORT) == []
    assert findings(to_web("{port: 8000, endPort: 9000}"), Code.UNDECLARED_PORT) == []


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            "egress: []",
            "there is no policyTypes, so an empty list here does not isolate the pods for egress; the policy isolates "
            "them for ingress",
        ),
        (
            "policyTypes: [Ingress], egress: []",
            "policyTypes leaves egress out, so an empty list here does not isolate the pods for egress; the policy "
            "isolates them for ingress",
        ),
        ("policyTypes: [Egress], egress: []", ""),
        ("policyTypes: [Ingress]", ""),
    ],
)
def test_an_empty_list_that_isolates_nothing_is_found(spec: str, told: str) -> None:
    expected = [(WARNING, f"NetworkPolicy shop/np spec.egress: {told}")] if told else []
    assert findings(snapshot(CLUSTER, policy("np", f"{FOR_DB}, {spec}")), Code.DIRECTION_NOT_ISOLATED) == expected


def test_rules_of_a_direction_that_is_left_out_are_an_error_where_they_do_nothing() -> None:
    np = policy("np", f"{FOR_DB}, policyTypes: [Ingress], egress: [{{{TO_WEB}}}]")
    assert findings(snapshot(CLUSTER, np), Code.RULES_IGNORED) == [
        (
            ERROR,
            "NetworkPolicy shop/np spec.egress: policyTypes leaves egress out, so these rules have no effect",
        )
    ]
    assert findings(snapshot(CLUSTER, np, cni=Cni.CILIUM), Code.RULES_IGNORED) == []
    assert findings(snapshot(CLUSTER, np.replace("[Ingress]", "[Egress]")), Code.RULES_IGNORED) == []


@pytest.mark.parametrize(
    ("rule", "path", "every"),
    [
        ("{from: []}", "from", "everybody"),
        ("{from: null, ports: [{port: 80}]}", "from", "everybody"),
        ("{from: [{podSelector: {}}], ports: []}", "ports", "all ports"),
        ("{from: [{podSelector: {}}]}", "", ""),
        ("{}", "", ""),
    ],
)
def test_an_empty_list_that_stands_for_everything_is_found(rule: str, path: str, every: str) -> None:
    text = f"NetworkPolicy shop/np spec.ingress[0].{path}: an empty list stands for {every}"
    found = findings(snapshot(CLUSTER, policy("np", f"{FOR_DB}, ingress: [{rule}]")), Code.EMPTY_LIST_ALLOWS_ALL)
    assert found == ([(WARNING, text)] if path else [])


def from_block(block: str) -> Snapshot:
    return snapshot(CLUSTER, policy("np", f"{FOR_DB}, ingress: [{{from: [{{ipBlock: {{{block}}}}}]}}]"))


def test_a_block_that_holds_pods_is_found_unless_it_is_large() -> None:
    assert findings(from_block("cidr: 10.0.0.0/16"), Code.CIDR_HOLDS_PODS) == [
        (
            WARNING,
            "NetworkPolicy shop/np names the addresses 10.0.0.0/16, among which is pod shop/db; addresses of pods "
            "change, and implementations differ in what a CIDR matches of them",
        )
    ]
    for other in ("10.0.0.0/8", "10.0.0.0/16, except: [10.0.0.0/24]", "203.0.113.0/24"):
        assert findings(from_block(f"cidr: {other}"), Code.CIDR_HOLDS_PODS) == []


def test_a_block_that_holds_a_node_is_information() -> None:
    assert findings(from_block("cidr: 192.168.0.1/32"), Code.CIDR_HOLDS_NODES) == [
        (
            INFO,
            "NetworkPolicy shop/np names the addresses 192.168.0.1/32, among which is that of node n1; it stands for "
            "every pod on the host network there too",
        )
    ]
    assert findings(from_block("cidr: 192.168.0.2/32"), Code.CIDR_HOLDS_NODES) == []


def test_a_block_that_holds_addresses_of_services_is_found() -> None:
    assert findings(from_block("cidr: 10.96.0.0/16"), Code.SERVICE_CIDR_MATCH) == [
        (
            WARNING,
            "NetworkPolicy shop/np: 10.96.0.0/16 includes Service IPs; policies see pod IPs after translation",
        )
    ]
    assert findings(from_block("cidr: 10.97.0.0/16"), Code.SERVICE_CIDR_MATCH) == []


def admin(name: str, priority: int, action: str, app: str) -> str:
    return f"""
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: {name}}}
spec:
  priority: {priority}
  subject: {{pods: {{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: {app}}}}}}}}}
  ingress: [{{action: {action}, from: [{{namespaces: {{}}}}]}}]
"""


def test_admin_policies_of_one_priority_that_do_different_things_are_found_also_where_they_meet_nowhere() -> None:
    tied = snapshot(CLUSTER, admin("a", 5, "Deny", "db"), admin("b", 5, "Allow", "web"))
    assert findings(tied, Code.TIED_ORDER, Code.AMBIGUOUS_VERDICT) == [
        (
            WARNING,
            "AdminNetworkPolicy a and AdminNetworkPolicy b have equal priority 5 and rules that do different things; "
            "where both match, which one applies is not defined",
        )
    ]
    apart = snapshot(CLUSTER, admin("a", 5, "Deny", "db"), admin("b", 6, "Allow", "web"))
    assert findings(apart, Code.TIED_ORDER) == []


def test_a_policy_of_calico_without_an_order_that_denies_is_information_beside_network_policies() -> None:
    deny = "selector: app == 'db', types: [Ingress], ingress: [{action: Deny}]"
    np = policy("np", f"{FOR_DB}, ingress: [{{}}]")
    assert findings(snapshot(CLUSTER, np, calico("GlobalNetworkPolicy", deny), cni=Cni.CALICO), Code.NO_ORDER) == [
        (
            INFO,
            "GlobalNetworkPolicy c has no order, so its rules come after those of every policy in the tier default "
            "that has one; NetworkPolicies have 1000 there",
        )
    ]
    for other in (f"order: 10, {deny}", deny.replace("db", "web")):
        assert (
            findings(snapshot(CLUSTER, np, calico("GlobalNetworkPolicy", other), cni=Cni.CALICO), Code.NO_ORDER) == []
        )


def test_an_allow_below_a_deny_of_calico_never_decides() -> None:
    deny = "order: 1, selector: app == 'db', types: [Ingress], ingress: [{action: Deny}]"
    np = policy("np", f"{FOR_DB}, ingress: [{{}}]")
    assert findings(snapshot(CLUSTER, np, calico("GlobalNetworkPolicy", deny), cni=Cni.CALICO), Code.SHADOWED_RULE) == [
        (
            ERROR,
            "NetworkPolicy shop/np ingress rule 0 (allow) never decides: all of its flows are decided before it, by "
            "GlobalNetworkPolicy c rule 0 (deny)",
        )
    ]


DNS = pod("dns", 53, home="tools", label="k8s-app: kube-dns")


def asking(*ports: str) -> str:
    rule = "{ports: [" + ", ".join(f"{{port: 53, protocol: {each}}}" for each in ports) + "]}"
    return policy("np", f"{FOR_DB}, policyTypes: [Egress], egress: [{rule}]")


def test_a_pod_that_asks_for_names_over_udp_alone_is_found() -> None:
    codes = (Code.DNS_TCP_BLOCKED, Code.DNS_BLOCKED)
    assert findings(snapshot(CLUSTER, DNS, asking("UDP")), *codes) == [
        (
            WARNING,
            "pod shop/db cannot reach any pod labelled k8s-app=kube-dns on tcp/53, only on udp/53: NetworkPolicy "
            "shop/np isolates pod shop/db for egress and none of its rules allows egress from pod shop/db to pod "
            "tools/dns on tcp/53",
        )
    ]
    assert findings(snapshot(CLUSTER, DNS, asking("UDP", "TCP")), *codes) == []


def test_names_that_no_agent_of_cilium_learns_are_found() -> None:
    rules = "{toFQDNs: [{matchName: example.com}]}"
    text = f"""
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: out, namespace: shop}}
spec: {{endpointSelector: {{matchLabels: {{app: db}}}}, egress: [{rules}]}}
"""
    assert findings(snapshot(CLUSTER, text, cni=Cni.CILIUM), Code.NAME_NEVER_LEARNED) == [
        (
            WARNING,
            "CiliumNetworkPolicy shop/out allows example.com, but no policy has rules.dns that let requests for it "
            "through, so no agent learns its addresses and the rule matches nothing",
        )
    ]


def test_an_ambiguity_that_every_cluster_has_is_said_once() -> None:
    egress = [
        policy(app, f"podSelector: {{matchLabels: {{app: {app}}}}}, policyTypes: [Egress]") for app in ("db", "web")
    ]
    other = pod("there", 8, home="tools")
    assert len(findings(snapshot(CLUSTER, other, *egress), Code.AMBIGUOUS_VERDICT)) == 1
    assert NODE in CLUSTER
