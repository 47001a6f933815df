"""The shipped packs: each holds on a cluster that keeps it and is violated by one change, or it is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reachproof.documents.report import CheckReport
from reachproof.documents.words import Verdict
from reachproof.grammar.parse import parse_pack
from reachproof.manifests import load_text
from reachproof.queries.packs import PackText, check, library

NAMES = {
    "admin-policies-unambiguous",
    "baseline-policies-unambiguous",
    "baseline-default-deny",
    "database-only-from-its-app",
    "dns-reachable",
    "kube-system-protected",
    "metadata-endpoint-blocked",
    "no-internet-egress",
    "tenant-isolation",
}


def namespace(name: str, labels: str = "") -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}"


def pod(namespace: str, name: str, address: str, labels: str = "") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}\n"
        f"spec: {{containers: [{{name: c, image: i}}]}}\nstatus: {{phase: Running, podIP: {address}}}"
    )


def policy(namespace: str, name: str, spec: str) -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}"
    )


PODS = [
    namespace("kube-system"),
    namespace("shop", "tenant: a"),
    namespace("web", "tenant: b"),
    pod("kube-system", "dns", "10.0.0.1", "k8s-app: kube-dns"),
    pod("shop", "api", "10.0.0.2"),
    pod("shop", "db", "10.0.0.3", "app.kubernetes.io/component: database"),
    pod("web", "site", "10.0.0.4"),
    "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\n"
    "spec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}]}",
]
BASELINE = """apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject: {namespaces: {matchExpressions: [{key: tenant, operator: Exists}]}}
  egress:
    - action: Allow
      to:
        - pods:
            namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
            podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports: [{portNumber: {protocol: UDP, port: 53}}, {portNumber: {protocol: TCP, port: 53}}]
    - {action: Deny, to: [{namespaces: {}}]}
    - {action: Deny, to: [{networks: [0.0.0.0/0, "::/0"]}]}
  ingress:
    - {action: Deny, from: [{namespaces: {}}]}"""
DATABASE = policy(
    "shop",
    "db",
    "podSelector: {matchLabels: {app.kubernetes.io/component: database}}, "
    "policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]",
)
ADMIN = """apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: no-metadata}
spec: {priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [192.0.2.0/24]}]}]}"""
GOOD = [*PODS, BASELINE, DATABASE, ADMIN]
OPEN_EGRESS = "podSelector: {}, policyTypes: [Egress], egress: [{}]"
OPEN_INGRESS = "podSelector: {}, policyTypes: [Ingress], ingress: [{}]"


def tied(kind: str, version: str, spec: str) -> list[str]:
    """Two policies of one priority, of which one denies what the other allows."""
    allow, deny = ("Accept", "Deny") if kind == "ClusterNetworkPolicy" else ("Allow", "Deny")
    return [
        f"apiVersion: policy.networking.k8s.io/{version}\nkind: {kind}\nmetadata: {{name: {action.lower()}}}\n"
        f"spec: {{{spec}priority: 7, subject: {{namespaces: {{}}}}, ingress: [{{action: {action}, "
        "from: [{namespaces: {matchLabels: {tenant: b}}}]}]}"
        for action in (allow, deny)
    ]


BROKEN = {
    "admin-policies-unambiguous": [*GOOD, *tied("AdminNetworkPolicy", "v1alpha1", "")],
    "baseline-policies-unambiguous": [*GOOD, *tied("ClusterNetworkPolicy", "v1alpha2", "tier: Baseline, ")],
    "baseline-default-deny": [*PODS, DATABASE],
    "database-only-from-its-app": [*GOOD, policy("shop", "all", OPEN_INGRESS)],
    "dns-reachable": [*GOOD, policy("web", "shut", "podSelector: {}, policyTypes: [Egress]")],
    "kube-system-protected": [
        *GOOD,
        policy(
            "web",
            "out",
            "podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: "
            "{matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}]",
        ),
    ],
    "metadata-endpoint-blocked": [
        *GOOD,
        policy(
            "web",
            "out",
            "podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 169.254.0.0/16}}]}]",
        ),
    ],
    "no-internet-egress": [
        *GOOD,
        policy(
            "web",
            "out",
            "podSelector: {}, policyTypes: [Egress], egress: "
            "[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.0.0/16, 10.0.0.0/8]}}]}]",
        ),
    ],
    "tenant-isolation": [*GOOD, policy("web", "out", OPEN_EGRESS), policy("shop", "in", OPEN_INGRESS)],
}


def checked(documents: list[str]) -> CheckReport:
    return check(load_text("\n---\n".join(documents), name="cluster.yaml"), library())


def test_all_of_the_library_holds_on_a_cluster_that_keeps_it() -> None:
    report = checked(GOOD)
    assert {each.statement.name: each.answer.verdict for each in report.results} == dict.fromkeys(NAMES, Verdict.HOLDS)
    assert (report.verdict, report.skipped) == (Verdict.HOLDS, ())


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_is_violated_by_one_change(name: str) -> None:
    found = {each.statement.name: each.answer.verdict for each in checked(BROKEN[name]).results}
    assert found[name] is Verdict.VIOLATED


def test_what_a_cluster_does_not_have_is_left_out_with_the_reason() -> None:
    report = checked([namespace("shop"), pod("shop", "api", "10.0.0.2")])
    assert [(each.statement.name, each.reason) for each in report.skipped] == [
        ("admin-policies-unambiguous", "nothing to check in this snapshot"),
        ("baseline-policies-unambiguous", "nothing to check in this snapshot"),
        (
            "baseline-default-deny",
            "'pods in any tenant' matches nothing in this snapshot; 'pods labelled k8s-app=kube-dns in namespaces "
            "labelled kubernetes.io/metadata.name=kube-system' matches nothing in this snapshot",
        ),
        (
            "database-only-from-its-app",
            "'pods labelled app.kubernetes.io/component=database' matches nothing in this snapshot",
        ),
        ("dns-reachable", "no service kube-system/kube-dns in the snapshot; the snapshot has no service at all"),
        (
            "kube-system-protected",
            "'pods in namespaces labelled kubernetes.io/metadata.name=kube-system' matches nothing in this snapshot; "
            "'pods labelled k8s-app=kube-dns' matches nothing in this snapshot",
        ),
        ("tenant-isolation", "'pods in any tenant' matches nothing in this snapshot"),
    ]


def test_the_same_statement_in_a_pack_of_ones_own_is_an_error_or_undecided_instead() -> None:
    own = [each for each in library() if each.name == "library/tenants.reach"]
    snapshot = load_text("\n---\n".join([namespace("shop"), pod("shop", "api", "10.0.0.2")]), name="cluster.yaml")
    report = check(snapshot, [replace(own[0], shipped=False)])
    assert report.skipped == () and report.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("pack", library(), ids=lambda pack: pack.name)
def test_each_shipped_pack_says_why_and_what(pack: PackText) -> None:
    assert pack.text.startswith("# ")
    assert all(each.text for each in parse_pack(pack.text).checks)
