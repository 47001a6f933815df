"""Policies about domain names: of which lint does not say that they, or their rules, change nothing."""

from __future__ import annotations

import pytest

from reachproof.documents.findings import Code
from reachproof.documents.words import Verdict
from reachproof.manifests import load_text
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries import hygiene
from reachproof.queries.ask import Session
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from tests.agreement.engines import prover

PODS = """
apiVersion: v1
kind: Pod
metadata: {name: w, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x}]}
status: {podIP: 10.0.0.1}
"""
DNS = 'toPorts: [{ports: [{port: "53", protocol: ANY}], rules: {dns: [{matchPattern: "*"}]}}]'


def cilium(name: str, egress: str) -> str:
    return f"""---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  endpointSelector: {{}}
  egress: [{egress}]
"""


def admin(name: str, priority: int, rule: str) -> str:
    return f"""---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: {name}}}
spec:
  priority: {priority}
  subject: {{namespaces: {{}}}}
  egress: [{rule}]
"""


ONE = cilium("one", "{toFQDNs: [{matchName: one.example}]}")
TWO = cilium("two", "{toFQDNs: [{matchName: two.example}]}")


def snapshot(*texts: str, cni: Cni) -> Snapshot:
    return load_text(PODS + "".join(texts), name="all.yaml", options=Options(cni=cni))


def called_needless(of: Snapshot) -> list[str]:
    found, undecided = hygiene.all_findings(prepare(of), Budget(), prover())
    assert undecided == []
    codes = (Code.REDUNDANT_POLICY, Code.SHADOWED_RULE, Code.OVERRIDDEN_RULE)
    return [f"{each.code} {each.subject}" for each in found if each.code in codes]


@pytest.mark.parametrize("peer", ["toEntities: [world]", "toEndpoints: [{matchLabels: {k8s-app: kube-dns}}]"])
def test_names_of_other_policies_rest_on_a_policy_with_dns_rules(peer: str) -> None:
    of = snapshot(cilium("dns", f"{{{peer}, {DNS}}}"), ONE, TWO, cni=Cni.CILIUM)
    assert called_needless(of) == []
    assert Session(of).ask("no policy is redundant").verdict is Verdict.HOLDS


def test_names_of_other_policies_rest_on_a_dns_rule_whose_flows_are_allowed_anyway() -> None:
    every = cilium("every", '{toEntities: [world], toPorts: [{ports: [{port: "53", protocol: ANY}]}]}')
    dns = cilium("dns", f"{{toEntities: [world], {DNS}}}")
    assert called_needless(snapshot(every, dns, ONE, cni=Cni.CILIUM)) == []


def test_a_name_that_may_be_meant_is_not_needless_beside_another_that_may_be() -> None:
    first = admin("first", 1, "{action: Allow, to: [{domainNames: [one.example]}]}")
    second = admin("second", 2, "{action: Allow, to: [{domainNames: [two.example]}]}")
    deny = admin("deny", 3, "{action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}")
    assert called_needless(snapshot(first, second, deny, cni=Cni.SPEC)) == []


def test_a_name_is_needless_where_another_policy_decides_before_it() -> None:
    deny = admin("deny", 1, "{action: Deny, to: [{networks: [0.0.0.0/0, '::/0']}]}")
    second = admin("second", 2, "{action: Allow, to: [{domainNames: [two.example]}]}")
    assert called_needless(snapshot(deny, second, cni=Cni.SPEC)) == [
        "SHADOWED_RULE AdminNetworkPolicy second egress rule 0",
        "REDUNDANT_POLICY AdminNetworkPolicy second",
    ]
