"""`which` and `show` list exactly what the evaluator allows, flow by flow."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from reachproof.documents.words import Verdict
from reachproof.grammar import ast
from reachproof.manifests import load_text
from reachproof.network.cluster import Pod
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.queries import lists
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.ask import answer as answer_to
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from tests.agreement.engines import asked
from tests.strategies.flows import all_flows
from tests.strategies.snapshots import snapshots

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tenant: a}}
---
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {tenant: b}}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{name: sql, containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: site, namespace: web, labels: {app: site}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.3}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: 10.96.0.1, selector: {app: db}, ports: [{name: sql, port: 15432, targetPort: sql}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from: [{podSelector: {matchLabels: {app: api}}}]
      ports: [{port: sql}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: site, namespace: web}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}], ports: [{port: 443}]}]
"""


def ask(text: str) -> Answer:
    return Session(load_text(CLUSTER)).ask(text)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        (
            "which pods can reach pods labelled app=db?",
            [{"pods": ("shop/api",), "ports": "tcp/5432", "depends": ""}],
        ),
        (
            "which namespaces can reach service shop/db on tcp/15432?",
            [{"namespaces": ("shop",), "ports": "tcp/5432", "depends": ""}],
        ),
        (
            "which tenants can reach pod shop/api?",
            [{"tenants": ("a",), "ports": "any port", "depends": ""}],
        ),
        (
            "which addresses can pods in namespace web reach?",
            [{"addresses": ("203.0.113.0/25",), "ports": "tcp/443", "depends": ""}],
        ),
        (
            "which services can pod shop/api reach?",
            [{"services": ("shop/db",), "ports": "tcp/15432", "depends": ""}],
        ),
        ("which services can pod web/site reach?", []),
        (
            "on which ports can pod shop/api reach pod shop/db?",
            [{"ports": "tcp/5432", "depends": ""}],
        ),
        (
            "show reachability between namespaces",
            [
                {"from": "shop", "to": "shop", "ports": "any port", "depends": ""},
                {"from": "shop", "to": "web", "ports": "any port", "depends": ""},
            ],
        ),
        (
            "which policies decide pod shop/api to pod shop/db on tcp/5432?",
            [
                {
                    "policy": "NetworkPolicy shop/db",
                    "rule": "0",
                    "direction": "ingress",
                    "action": "allow",
                    "origin": "<text>:39",
                }
            ],
        ),
    ],
)
def test_a_list_has_every_row_and_no_other(question: str, rows: list[dict[str, object]]) -> None:
    answer = ask(question)
    assert answer.verdict is Verdict.LISTED
    assert [dict(row) for row in answer.rows] == rows


def test_a_list_that_needs_too_large_a_table_is_unknown_and_not_shortened() -> None:
    answer = Session(load_text(CLUSTER)).ask("which pods can reach pod shop/api?", Budget(table_words=1))
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason == "memory limit reached: a table of 2 words is needed, 1 are allowed"


def allowed_by_pod(snapshot: Snapshot, source: bool) -> dict[str, set[int]]:
    """For every pod that can reach (or be reached by) some other pod: the sampled ports."""
    found: dict[str, set[int]] = {}
    for flow in all_flows(snapshot):
        ends = flow.source, flow.destination
        if asked(flow) and all(isinstance(end, Pod) for end in ends) and truth(snapshot, flow) is not Truth.DENIED:
            found.setdefault(str(ends[0 if source else 1]), set()).add(place(flow.protocol, flow.port))
    return found


@pytest.mark.heavy
@settings(max_examples=150)
@given(snapshots())
def test_which_pods_is_what_the_evaluator_allows(snapshot: Snapshot) -> None:
    # Flows between replicas of one workload need two addresses of one region; the enumeration has one of each.
    assume(not any(pod.repeated for pod in snapshot.pods))
    session = Session(snapshot)
    for source in (True, False):
        query = ast.Which(
            listed=ast.Listed.PODS,
            source=None if source else ast.Pods(),
            destination=ast.Pods() if source else None,
        )
        answer = answer_to(session.bound(ast.Query(query), "drawn"))
        expected = allowed_by_pod(snapshot, source)
        listed = {name: row["ports"] for row in answer.rows for name in row["pods"]}
        assert sorted(listed) == sorted(expected)


def test_a_list_of_deciding_policies_over_too_many_kinds_of_flow_is_unknown_and_not_a_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lists, "_DECIDING_SAMPLES", 3)
    answer = ask("which policies decide pods to pods?")
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason == "the question is about 10 kinds of flow, more than 3; narrow it down"
