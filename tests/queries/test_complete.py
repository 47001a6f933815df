"""Completion with the names of a snapshot: none that the grammar refuses or the binder does not know."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.documents.completion import Fault, SentenceState, Suggestion
from reachproof.grammar.engine import stop
from reachproof.grammar.format import format_query
from reachproof.grammar.parse import parse
from reachproof.manifests import load, load_text
from reachproof.queries.ask import Session
from reachproof.queries.complete import complete, suggestions
from tests.grammar.strategies import queries
from tests.grammar.test_complete import begins_a_sentence
from tests.house.places import ROOT

# Names that are words of the language, or that it would read as something else without quotes.
ODD = """\
apiVersion: v1
kind: Namespace
metadata: {name: all, labels: {tenant: any, "can": "reach", "example.com/in": ""}}
---
apiVersion: v1
kind: Namespace
metadata: {name: to, labels: {tenant: 10.0.0.1}}
---
apiVersion: v1
kind: Node
metadata: {name: except, labels: {node: "the"}}
---
apiVersion: v1
kind: Pod
metadata: {name: or.and, namespace: all, labels: {app: "on", "labelled": x, "80": "1-2"}}
spec:
  serviceAccountName: "a"
  containers: [{name: c, image: i, ports: [{containerPort: 80, name: "1-a"}, {containerPort: 81, name: udp}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "every", namespace: to}
spec:
  selector: {matchLabels: {app: to}}
  template:
    metadata: {labels: {app: to}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Service
metadata: {name: which, namespace: to}
spec: {selector: {app: to}, ports: [{port: 53, protocol: UDP}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: namespace, namespace: to}
spec: {podSelector: {}}
"""


@cache
def tenants() -> Session:
    """The example."""
    return Session(load(ROOT / "queries" / "examples" / "tenants"))


@cache
def odd() -> Session:
    """A cluster of names that need care."""
    session = Session(load_text(ODD, name="odd"))
    return session.since({"today": session, "is": session, "two words": session})


def texts(prefix: str, kind: str, session: Session) -> list[str]:
    """The suggestions of one kind."""
    return [each.text for each in suggestions(prefix, session) if each.kind == kind]


@pytest.mark.heavy
@given(queries.map(format_query), st.data())
def test_a_suggestion_that_is_accepted_is_never_refused(sentence: str, data: st.DataObject) -> None:
    prefix = sentence[: data.draw(st.integers(0, len(sentence)))]
    for suggestion in suggestions(prefix, odd()):
        text = prefix[: suggestion.start] + suggestion.text
        assert begins_a_sentence(text), text


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("can pods in namespace ", " reach nodes", 2),
        ("can pods in tenant ", " reach nodes", 2),
        ("can pod ", " reach nodes", 2),
        ("can deployment ", " reach nodes", 1),
        ("can service ", " reach nodes", 1),
        ("can node ", " reach pods", 1),
        ("can pods with service account ", " reach pods", 2),
        ("can pods labelled ", " reach pods", 4),
        ("can pods in namespaces labelled ", " reach pods", 6),
        ("can nodes labelled ", " reach pods", 1),
        ("can pods reach pods on port ", "", 2),
        ("can pods reach pods on ", "", 3),
        ("without networkpolicy ", ": can pods reach pods", 1),
        ("nothing changed since snapshot ", "", 3),
    ],
)
def test_every_name_that_is_suggested_can_be_asked_about(before: str, after: str, count: int) -> None:
    offered = [each for each in suggestions(before, odd()) if each.kind != "word"]
    assert len(offered) == count
    for each in offered:
        odd().question(before[: each.start] + each.text + after)


def test_names_that_begin_like_what_is_typed_come_first_and_others_contain_it() -> None:
    assert texts("can pods reach pod acme-shop/", "pod", tenants())[0] == "acme-shop/db-0"
    assert texts("can pods reach pod orders", "pod", tenants()) == ["acme-shop/orders-5b6f8"]
    assert texts("can pods in namespace KUBE", "namespace", tenants()) == ["kube-system"]
    assert texts("can pods in namespace s", "namespace", tenants()) == ["acme-jobs", "acme-shop", "kube-system"]
    assert texts("can pods reach pods on tcp/5", "port", tenants()) == ["tcp/53", "tcp/5432"]
    assert texts("can pods labelled app=f", "pod label", tenants()) == ["app=front"]


def test_only_what_is_of_the_kind_is_suggested() -> None:
    assert texts("without anp ", "policy", tenants()) == ["no-direct-database"]
    assert texts("without networkpolicy ", "policy", tenants()) == [
        "acme-shop/db",
        "acme-shop/front",
        "acme-shop/orders",
    ]
    assert texts("can statefulset ", "workload", odd()) == []
    assert texts("can workload ", "workload", odd()) == ["to/every"]
    assert texts("for every tenant T: no pod in tenant ", "tenant", tenants()) == ["T", "A", "B"]
    assert texts("for every namespace ", "new name", tenants()) == ["N"]


def test_without_a_snapshot_there_are_words() -> None:
    assert {each.kind for each in suggestions("can pods in namespace ", None)} == {"word"}


def test_suggestions_are_bounded() -> None:
    found = complete("can pod ", 8, tenants(), most=2)
    assert found.suggestions == (
        Suggestion(start=8, text="acme-jobs/report-28113", kind="pod"),
        Suggestion(start=8, text="acme-shop/db-0", kind="pod"),
    )
    assert not found.complete


def test_a_mistake_has_its_span_what_was_found_and_what_was_expected() -> None:
    found = complete("can pods rech nodes", 19, tenants())
    assert found.state is SentenceState.WRONG
    (fault,) = found.errors
    assert (fault.start, fault.end, fault.found) == (9, 13, "rech")
    assert fault.message.endswith("; did you mean `reach`?")
    assert "reach" in fault.expected


def test_a_name_that_does_not_exist_is_a_mistake_with_the_names_there_are() -> None:
    text = "can tenant C reach tenant A?"
    fault = Fault(start=11, end=12, found="C", message="no tenant C in the snapshot; it has A, B", expected=("A", "B"))
    assert complete(text, 0, tenants()).errors == (fault,)
    assert complete(text, 0, None).errors == ()


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", SentenceState.BEGUN),
        ("can pods", SentenceState.BEGUN),
        ("can pods rea", SentenceState.BEGUN),
        ("can pods reach pod acme", SentenceState.BEGUN),
        ("can pods in namespace acme-sh", SentenceState.BEGUN),
        ("can pods reach namespace acme-sh", SentenceState.BEGUN),
        ("can pods reach pods on ", SentenceState.BEGUN),
        ("can pods in namespace acme-shop reach nodes", SentenceState.WHOLE),
        ("can pods rech", SentenceState.WRONG),
        ("can pods reach namespace shop?", SentenceState.WRONG),
        ("can pods reach namespace zzz", SentenceState.WRONG),
    ],
)
def test_whether_a_text_is_whole_begun_or_wrong(text: str, state: SentenceState) -> None:
    assert complete(text, len(text), tenants()).state is state


def test_completing_reads_no_further_than_the_cursor() -> None:
    text = "can po reach nodes"
    assert [each.text for each in complete(text, 6, tenants()).suggestions] == ["pods", "possible", "pod"]
    assert parse("can pods reach nodes")
    assert stop(text, "query").position == 4


def test_many_mistakes_are_told_in_part() -> None:
    text = "can pods in namespaces " + ", ".join(f"n{number}" for number in range(100)) + " reach pods"
    found = complete(text, len(text), tenants())
    assert [fault.found for fault in found.errors] == [f"n{number}" for number in range(10)]
