"""Questions about a cluster with Cilium's policies: native names, what stays open, and what lint says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reachproof.documents.findings import Code
from reachproof.documents.words import Verdict
from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_text
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.hygiene import lint
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from tests.agreement.engines import prover

CASES = Path(__file__).resolve().parents[1] / "cases" / "cilium.yaml"
CLUSTER = yaml.safe_load(CASES.read_text(encoding="utf-8"))[0]["cluster"]
POLICY = """
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: ct, name: p}
spec:
  endpointSelector: {matchLabels: {kind: echo}}
"""
KUBERNETES = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: ct, name: k}
spec: {podSelector: {matchLabels: {kind: echo}}, ingress: [{from: [{podSelector: {matchLabels: {name: client2}}}]}]}
"""
REQUESTS = '  ingress: [{toPorts: [{ports: [{port: "8080"}], rules: {http: [{path: /ok}]}}]}]\n'
CLIENT_DENIED = "  ingressDeny: [{fromEndpoints: [{matchLabels: {name: client}}]}]\n"


def snapshot(*texts: str, release: str = "") -> Snapshot:
    return load_text(CLUSTER + "".join(texts), options=Options(cni=Cni.CILIUM, release=release))


def ask(text: str, *texts: str, release: str = "") -> Answer:
    return Session(snapshot(*texts, release=release)).ask(text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("can pod ct/client reach pod ct/echo on tcp/8080?", Verdict.REACHABLE),
        ("every pod labelled name=client can reach every pod labelled kind=echo on tcp/8080", Verdict.VIOLATED),
        ("no pod can reach pod ct/echo on tcp/8080", Verdict.VIOLATED),
    ],
)
def test_what_requests_decide_is_neither_proved_nor_ruled_out(text: str, verdict: Verdict) -> None:
    found = ask(text, POLICY, REQUESTS)
    assert found.verdict is verdict
    assert "REQUEST_RULES" in [notice.code for notice in found.assumptions]


def test_a_port_that_no_rule_opens_is_proved_closed_whatever_the_requests() -> None:
    found = ask("no pod can reach pod ct/echo on tcp/81", POLICY, REQUESTS)
    assert (found.verdict, [notice.code for notice in found.assumptions]) == (Verdict.HOLDS, [])


def test_all_policies_that_isolate_are_named_with_their_kinds() -> None:
    found = ask("why can't pod other/stranger reach pod ct/echo on tcp/80?", POLICY, CLIENT_DENIED, KUBERNETES)
    assert found.witness is not None
    assert found.witness.trace.ingress.decider.text == (
        "CiliumNetworkPolicy ct/p and NetworkPolicy ct/k isolate pod ct/echo for ingress and none of their rules "
        "allows ingress from pod other/stranger to pod ct/echo on tcp/80"
    )


def test_a_deny_is_named_by_its_place() -> None:
    found = ask("why can't pod ct/client reach pod ct/echo on tcp/80?", POLICY, CLIENT_DENIED)
    assert found.witness is not None
    assert found.witness.trace.ingress.decider.text == (
        'CiliumNetworkPolicy ct/p rule 0 "ingressDeny[0]" denies ingress from pod ct/client to pod ct/echo on tcp/80'
    )


def test_the_own_node_is_accepted_in_words() -> None:
    found = ask("can node n1 reach pod ct/echo on tcp/80?", POLICY, CLIENT_DENIED)
    assert found.witness is not None
    assert found.witness.trace.ingress.decider.text == (
        "CiliumNetworkPolicy ct/p isolates pod ct/echo for ingress, but a pod accepts its own node "
        "where no rule denies it"
    )


BASELINE = """
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: floor}
spec:
  tier: Baseline
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Accept, from: [{pods: {podSelector: {matchLabels: {name: client}}}}]}]
"""


def test_that_the_baseline_tier_comes_before_isolation_is_told() -> None:
    found = ask("can pod ct/client reach pod ct/echo on tcp/80?", KUBERNETES, BASELINE)
    assert found.verdict is Verdict.REACHABLE
    told, release = sorted(notice.text for notice in found.assumptions)
    assert release.startswith("cilium@1.20 is assumed")
    assert [told] == [
        "Cilium asks the baseline tier before it isolates: it decides ingress although NetworkPolicy ct/k isolates; "
        "the text of ClusterNetworkPolicy means otherwise"
    ]
    other = ask("can pod ct/client2 reach pod ct/echo on tcp/80?", KUBERNETES, BASELINE)
    assert [notice.text for notice in other.assumptions] == [release]


def test_without_a_policy_its_parts_are_all_gone() -> None:
    text = "without ciliumnetworkpolicy ct/p: can pod other/stranger reach pod ct/echo on tcp/80?"
    specs = "".join(f"- {{endpointSelector: {{}}, ingress: [{{}}], description: '{n}'}}\n" for n in range(2))
    policy = POLICY.partition("spec:")[0] + "specs:\n" + specs
    assert ask(text.partition(": ")[2], policy).verdict is Verdict.UNREACHABLE
    assert ask(text, policy).verdict is Verdict.REACHABLE


def test_lint_says_which_rules_see_nothing() -> None:
    text = (
        "  ingress: []\n"
        "  egress:\n"
        "  - toCIDR: [10.0.0.0/8]\n"
        "  - toEndpoints: []\n"
        "  - toEndpoints: [{matchLabels: {pod-template-hash: x}}]\n"
        "  - toCIDRSet: [{cidrGroupRef: g}]\n"
        "  - toCIDR: [0.0.0.0/0]\n"
    )
    report = lint(prepare(snapshot(POLICY, text)), Budget(), prover())
    found = {each.code for each in report.findings}
    assert found >= {
        Code.EMPTY_LIST,
        Code.EMPTY_PEERS,
        Code.LABEL_NOT_SEEN,
        Code.NEVER_SELECTS,
        Code.UNKNOWN_REFERENCE,
        Code.BLIND_CIDR,
    }
    (empty,) = (each.text for each in report.findings if each.code is Code.EMPTY_LIST)
    assert empty == (
        "CiliumNetworkPolicy ct/p spec.ingress: an empty list is no list: it isolates nothing; a list with an empty "
        "rule, [{}], isolates"
    )
    (blind,) = (each.text for each in report.findings if each.code is Code.BLIND_CIDR)
    assert blind == (
        "CiliumNetworkPolicy ct/p names the addresses 10.0.0.0/8, among which is pod ct/client; a CIDR "
        "matches no pods here"
    )


def test_a_cidr_of_everything_is_not_called_blind() -> None:
    report = lint(prepare(snapshot(POLICY, "  egress: [{toCIDR: [0.0.0.0/0]}]\n")), Budget(), prover())
    assert Code.BLIND_CIDR not in {each.code for each in report.findings}


def test_a_possible_pod_on_another_node_is_told_from_one_on_the_own_node() -> None:
    policy = POLICY + "  ingress: [{fromEntities: [remote-node]}]\n"
    wide = policy.replace("{matchLabels: {kind: echo}}", "{}").replace("CiliumNetwork", "CiliumClusterwideNetwork")
    wide = wide.replace("namespace: ct, ", "")
    on_first = "possible pods in namespace ct on node n1"
    assert ask(f"every node can reach every {on_first}", wide).verdict is Verdict.HOLDS
    assert ask(f"can any pod reach {on_first}?", wide).verdict is Verdict.UNREACHABLE


ROBOT = """
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: ct, name: robots}
spec:
  endpointSelector: {matchLabels: {kind: echo}}
  ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.serviceaccount: robot}}]}]
"""


def test_lint_names_service_accounts_as_cilium_does() -> None:
    report = lint(prepare(snapshot(ROBOT)), Budget(), prover())
    (nothing,) = (each.text for each in report.findings if each.code is Code.SELECTS_NOTHING)
    assert nothing == (
        "CiliumNetworkPolicy ct/robots ingress rule 0 selects pods in namespace ct with "
        "io.cilium.k8s.policy.serviceaccount == 'robot'; no pod in the snapshot is selected"
    )


def test_a_policy_that_asks_for_the_service_account_of_a_possible_pod_leaves_the_answer_unknown() -> None:
    answer = ask("can any possible pod in namespace ct reach pod ct/echo on tcp/80?", ROBOT)
    assert answer.verdict == "unknown"
    assert answer.reason == (
        "CiliumNetworkPolicy ct/robots asks for a service account, and those of possible pods are not modelled"
    )


EGRESS_NAME = POLICY + "  egress: [{toPorts: [{ports: [{port: web, protocol: TCP}]}]}]\n"


def test_a_port_name_that_a_possible_pod_may_change_leaves_the_answer_unknown_before_1_20() -> None:
    text = "can pods labelled kind=echo reach any possible pod in namespace other on tcp/9999?"
    answer = ask(text, EGRESS_NAME, release="1.19")
    assert answer.verdict == "unknown"
    assert answer.reason == (
        "CiliumNetworkPolicy ct/p names a port in an egress rule, which cilium@1.19 looks up among the pods of the "
        "whole cluster, and those of possible pods are not modelled"
    )
    assert ask(text, EGRESS_NAME, release="1.20").verdict == "reachable"
    unselected = "can pods labelled name=client reach any possible pod in namespace other on tcp/9999?"
    assert ask(unselected, EGRESS_NAME, release="1.19").verdict == "reachable"


def test_a_policy_of_cilium_is_one_of_its_namespace() -> None:
    def without(given: Snapshot) -> list[str]:
        report = lint(prepare(given), Budget(), prover())
        return [each.text for each in report.findings if each.code is Code.NAMESPACE_WITHOUT_POLICY]

    other = "namespace other has 1 pod and no NetworkPolicy"
    assert without(snapshot()) == ["namespace ct has 4 pods and no NetworkPolicy", other]
    assert without(snapshot(ROBOT)) == [other]


# ---------------------------------------------------------------- prefixes and claims about network policies

ADMIN_DENIES = """
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: top}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""
FROM_CLIENT = "  ingress: [{fromEndpoints: [{matchLabels: {name: client}}]}]\n"


@pytest.mark.parametrize(
    ("prefix", "source", "verdict"),
    [
        ("", "ct/client", Verdict.UNREACHABLE),
        ("with only network policies: ", "ct/client", Verdict.REACHABLE),
        ("with only network policies: ", "ct/client2", Verdict.REACHABLE),
        ("with only network policies: ", "other/stranger", Verdict.UNREACHABLE),
        ("with only the admin tier: ", "ct/client", Verdict.UNREACHABLE),
        ("with only the baseline tier: ", "other/stranger", Verdict.REACHABLE),
    ],
)
def test_network_policies_are_those_of_cilium_too(prefix: str, source: str, verdict: Verdict) -> None:
    found = ask(f"{prefix}can pod {source} reach pod ct/echo on tcp/80?", POLICY, FROM_CLIENT, KUBERNETES, ADMIN_DENIES)
    assert found.verdict is verdict


def test_a_pod_that_a_policy_of_cilium_isolates_is_selected_by_a_network_policy() -> None:
    assert ask("pod ct/echo is selected by a network policy for ingress", POLICY, FROM_CLIENT).verdict is Verdict.HOLDS
    claim = "every pod is selected by a network policy for ingress"
    assert ask(claim, POLICY, FROM_CLIENT).verdict is Verdict.VIOLATED


# ---------------------------------------------------------------- the name of the cluster


def test_what_is_taken_for_the_name_of_the_cluster_is_said() -> None:
    mine = "  ingress: [{fromEndpoints: [{matchLabels: {io.cilium.k8s.policy.cluster: default}}]}]\n"
    found = ask("can pod ct/client reach pod ct/echo on tcp/80?", POLICY, mine)
    assert found.verdict is Verdict.REACHABLE
    assert [str(each.text) for each in found.assumptions] == [
        "CiliumNetworkPolicy ct/p spec.ingress[0].fromEndpoints[0].matchLabels.io.cilium.k8s.policy.cluster: the name "
        "of this cluster is taken to be default; the ConfigMap cilium-config shows it"
    ]


def test_agents_can_be_told_not_to_ask_for_the_own_cluster() -> None:
    ruled_out = """
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: ct, name: far}
spec:
  endpointSelector: {matchLabels: {kind: echo}}
  ingress:
    - fromEndpoints:
        - matchExpressions: [{key: "k8s:io.kubernetes.pod.namespace", operator: NotIn, values: [x]}]
"""
    config = """
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: %s}
data: {cluster-name: default, policy-default-local-cluster: "%s"}
"""
    asked = "can 8.8.8.8 reach pod ct/echo on tcp/80?"
    assert ask(asked, ruled_out, config % ("a", "true")).verdict is Verdict.UNREACHABLE
    assert ask(asked, ruled_out, config % ("a", "false")).verdict is Verdict.REACHABLE
    for said, verdict in (("True", Verdict.UNREACHABLE), ("False", Verdict.REACHABLE), ("0", Verdict.REACHABLE)):
        assert ask(asked, ruled_out, config % ("a", said)).verdict is verdict
    assert ask(asked, ruled_out, config % ("a", "true"), release="1.18").verdict is Verdict.UNREACHABLE
    assert ask(asked, ruled_out, config % ("a", "not a flag"), release="1.18").verdict is Verdict.REACHABLE
    assert snapshot(ruled_out, config % ("a", "true")).digest != snapshot(ruled_out, config % ("a", "false")).digest
    with pytest.raises(ManifestError) as refused:
        snapshot(config % ("a", "true"), config % ("b", "false"))
    (problem,) = refused.value.problems
    assert (problem.path, problem.message) == (
        "data.policy-default-local-cluster",
        "another cilium-config says otherwise",
    )


def test_rules_outside_policy_types_are_said_to_apply() -> None:
    outside = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: ct, name: k}
spec: {podSelector: {matchLabels: {kind: echo}}, policyTypes: [Ingress], egress: [{}]}
"""
    found = ask("can pod ct/echo reach 8.8.8.8 on tcp/80?", outside)
    assert [each.text for each in found.assumptions if each.code == "RULES_OUTSIDE_TYPES"] == [
        "NetworkPolicy ct/k spec.egress: policyTypes leaves egress out; Cilium applies these rules all the same and "
        "isolates the pods for it, where NetworkPolicy says that neither happens"
    ]
    elsewhere = load_text(CLUSTER + outside, options=Options(cni=Cni.CALICO))
    assert [each.code for each in elsewhere.assumptions] == []


# ---------------------------------------------------------------- names

NAMED = """
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: ct, name: out}
spec:
  endpointSelector: {matchLabels: {kind: client}}
  egress:
  - toFQDNs: [{matchName: api.example.net}]
    toPorts: [{ports: [{port: "443", protocol: TCP}]}]
"""
LOOKED_UP = """
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {namespace: ct, name: dns}
spec:
  endpointSelector: {matchLabels: {name: WHO}}
  egress: [{toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*.example.net"}]}}]}]
"""
TO_NAME = "can pod ct/client reach domain api.example.net on tcp/443?"
NEVER = (
    "CiliumNetworkPolicy ct/out allows api.example.net, but no policy has rules.dns that let requests for it through, "
    "so no agent learns its addresses and the rule matches nothing"
)


def test_a_name_is_reached_where_the_own_requests_are_let_through() -> None:
    assert ask(TO_NAME, NAMED).verdict is Verdict.UNREACHABLE
    assert ask(TO_NAME, NAMED, LOOKED_UP.replace("WHO", "client")).verdict is Verdict.REACHABLE
    claim = "no pod can reach domain api.example.net on tcp/443"
    others = ask(claim, NAMED, LOOKED_UP.replace("WHO", "client2"))
    assert others.verdict is Verdict.VIOLATED


def test_a_name_that_only_other_pods_look_up_is_undetermined() -> None:
    other = LOOKED_UP.replace("WHO", "client2")
    found = ask(TO_NAME, NAMED, other)
    assert found.witness is not None
    assert [each.code for each in found.witness.trace.depends] == ["DNS_NOT_SEEN"]
    every = "every pod labelled name=client can reach domain api.example.net on tcp/443"
    assert ask(every, NAMED, other).verdict is Verdict.VIOLATED


def test_without_the_policy_of_dns_the_name_is_not_known() -> None:
    text = f"without ciliumnetworkpolicy ct/dns: {TO_NAME}"
    assert ask(text, NAMED, LOOKED_UP.replace("WHO", "client")).verdict is Verdict.UNREACHABLE


def test_a_name_that_nobody_looks_up_is_warned_about() -> None:
    assert [each.text for each in snapshot(NAMED).warnings if each.code == "NAME_NEVER_LEARNED"] == [NEVER]
    quiet = snapshot(NAMED, LOOKED_UP.replace("WHO", "client2"))
    assert [each.code for each in quiet.warnings] == []
