"""Questions about a cluster with Cilium's policies: native names, what stays open, and what lint says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reachproof.manifests.load import load_text
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.findings import Code
from reachproof.queries.hygiene import lint
from reachproof.queries.plan import Verdict
from reachproof.solver.budget import Budget
from reachproof.solver.ground import prepare
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


def snapshot(*texts: str) -> Snapshot:
    return load_text(CLUSTER + "".join(texts), options=Options(cni=Cni.CILIUM))


def ask(text: str, *texts: str) -> Answer:
    return Session(snapshot(*texts)).ask(text)


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
    assert [notice.text for notice in found.assumptions] == [
        "Cilium asks the baseline tier before it isolates: it decides ingress although NetworkPolicy ct/k isolates; "
        "the text of ClusterNetworkPolicy means otherwise"
    ]
    assert ask("can pod ct/client2 reach pod ct/echo on tcp/80?", KUBERNETES, BASELINE).assumptions == ()


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
