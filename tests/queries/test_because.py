"""What an explanation rests on: one entry per policy, each with its own place."""

from __future__ import annotations

from reachproof.manifests import load_text
from reachproof.queries.ask import Session

TWO_THAT_ISOLATE = """\
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
"""


def test_each_of_several_policies_that_isolate_is_told_with_its_own_line() -> None:
    session = Session(load_text(TWO_THAT_ISOLATE, name="given"))
    answer = session.ask("why can't 192.0.2.1/32 reach pod shop/db on tcp/80?")
    assert [(str(each.origin), each.text) for each in answer.because] == [
        ("given:6", "NetworkPolicy shop/all isolates pod shop/db for ingress and none of its rules allows this flow"),
        ("given:11", "NetworkPolicy shop/db isolates pod shop/db for ingress and none of its rules allows this flow"),
    ]
