"""Questions that need Namespaces or Nodes, about input that has none: the answer says so, and a pack does not pass."""

from __future__ import annotations

import pytest

from reachproof.documents.words import Status, Verdict
from reachproof.manifests.load import load_objects
from reachproof.queries.ask import Session
from reachproof.queries.model_options import model_options
from reachproof.queries.packs import Allowed, PackText, check, library
from tests.queries.given import ADMIN, DENY_ALL, DENY_PODS_IN, Manifest, namespace, network_policy, node, pod

PODS = (pod("shop/web", "10.0.0.1"), pod("bank/db", "10.0.0.2"))
BASELINE: Manifest = {
    "apiVersion": ADMIN,
    "kind": "BaselineAdminNetworkPolicy",
    "metadata": {"name": "default"},
    "spec": {"subject": {"namespaces": {}}, "ingress": [DENY_PODS_IN], "egress": [DENY_ALL]},
}
CLOSED = tuple(network_policy(f"{home}/closed", ingress=[], egress=[]) for home in ("shop", "bank"))
FLOOR = "BANP enforces default deny for every tenant"
NAMESPACES = "the question is about {}, and the input has no Namespace; add `kubectl get namespaces -o yaml`"


def told(sentence: str, *objects: Manifest, **options: str) -> list[tuple[str, str]]:
    """The codes and texts of what an answer says of kinds that are missing."""
    answer = Session(load_objects(objects, options=model_options(options))).ask(sentence)
    return [(each.code, each.text) for each in answer.warnings if each.code in ("KIND_MISSING", "NO_TENANTS")]


@pytest.mark.parametrize(
    ("sentence", "about"),
    [
        (FLOOR, "default deny and tenants"),
        ("BANP enforces default deny for every namespace", "default deny"),
        ("BANP enforces default deny for namespace shop", "default deny"),
        ("network policies enforce default deny for every namespace", "default deny"),
        ("the cluster enforces default deny for pod shop/web", "default deny"),
        ("every pod is selected by a network policy", "default deny"),
        ("all tenants are isolated", "tenants"),
        ("no pod can reach pods in a different tenant", "tenants"),
        ("which tenants can reach pod shop/web?", "tenants"),
        ("can pods in namespaces labelled env=prod reach pod shop/web?", "labels of namespaces"),
    ],
)
def test_a_question_that_needs_namespaces_says_that_there_are_none(sentence: str, about: str) -> None:
    text = NAMESPACES.format(about)
    assert told(sentence, *PODS, *CLOSED, BASELINE) == [("KIND_MISSING", text)]
    given = (namespace("shop", tenant="a"), namespace("bank", tenant="b"))
    assert told(sentence, *PODS, *CLOSED, BASELINE, *given) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "can pod shop/web reach pod bank/db?",
        "no pod can reach pods in a different namespace",
        "all namespaces are isolated",
        "network policies enforce default deny for namespace shop",
        "network policies enforce default deny for pod shop/web",
        "every pod in namespace shop is selected by a network policy",
        "no pod in namespaces labelled kubernetes.io/metadata.name!=kube-system can reach the internet",
        "which pods can reach pod bank/db?",
        "no possible pod in possible namespaces can reach pod bank/db",
    ],
)
def test_a_question_about_pods_and_names_needs_no_namespace(sentence: str) -> None:
    assert told(sentence, *PODS, *CLOSED) == []


def test_a_question_about_nodes_says_that_there_are_none() -> None:
    text = "the question is about nodes, and the input has no Node; add `kubectl get nodes -o yaml`"
    for sentence in ("can nodes reach pod shop/web?", "which nodes can reach pod shop/web?"):
        assert told(sentence, *PODS) == [("KIND_MISSING", text)]
        assert told(sentence, *PODS, node("n1", "192.168.0.1")) == []


def test_namespaces_without_the_label_are_told_apart_from_none() -> None:
    text = (
        "no namespace has the label `team`; name the label that tells tenants with the option "
        "tenantLabel (--tenant-label)"
    )
    given = (*PODS, BASELINE, namespace("shop", tenant="a"))
    assert told(FLOOR, *given, tenantLabel="team") == [("NO_TENANTS", text)]
    assert told(FLOOR, *given, tenantLabel="tenant") == []


def test_tenants_declared_by_name_need_no_namespace() -> None:
    by_name = "define tenant a as namespaces labelled kubernetes.io/metadata.name=shop\n"
    by_label = "define tenant a as namespaces labelled team=acme\n"
    for definition, code in ((by_name, None), (by_label, "KIND_MISSING")):
        pack = PackText(name="a.reach", text=f"{definition}invariant x: no pod in tenant a can reach pod bank/db\n")
        (result,) = check(load_objects([*PODS, *CLOSED]), [pack], allowed=Allowed(vacuous=True)).results
        missing = [each.code for each in result.answer.warnings if each.code == "KIND_MISSING"]
        assert missing == ([code] if code else [])
        assert result.status is (Status.UNDECIDED if code else Status.PASSED)


def test_a_pack_that_needs_namespaces_does_not_pass_without_any() -> None:
    pack = PackText(name="a.reach", text="invariant floor: BANP enforces default deny for every pod\n")
    bare = load_objects([*PODS, BASELINE])
    assert Session(bare).ask("BANP enforces default deny for every pod").verdict is Verdict.HOLDS
    assert check(bare, [pack]).verdict is Verdict.UNKNOWN
    assert check(bare, [pack], allowed=Allowed(no_policies=True)).verdict is Verdict.HOLDS
    assert check(load_objects([*PODS, BASELINE, namespace("shop")]), [pack]).verdict is Verdict.HOLDS


def test_a_shipped_statement_is_skipped_only_where_it_is_known_not_to_apply() -> None:
    bare, given = load_objects([*PODS, *CLOSED]), load_objects([*PODS, *CLOSED, namespace("shop"), namespace("bank")])
    tenancy = {"baseline-default-deny", "tenant-isolation"}

    def undecided(name: str) -> bool:
        report = check(bare if name == "bare" else given, library(), allowed=Allowed(no_policies=name == "allowed"))
        return tenancy <= {each.statement.name for each in report.results if each.status is Status.UNDECIDED}

    assert undecided("bare")
    skipped = {each.statement.name: each.reason for each in check(given, library()).skipped}
    assert tenancy <= skipped.keys()
    report = check(bare, library(), allowed=Allowed(no_policies=True))
    allowed = {each.statement.name: each.reason for each in report.skipped}
    assert allowed["tenant-isolation"].startswith(NAMESPACES.format("tenants"))
