"""Answers about an input with objects that are not read: unknown where one could change them, with its name."""

from __future__ import annotations

import pytest

from reachproof.documents.words import Relation, Verdict
from reachproof.manifests.load import load_text
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity
from reachproof.queries.difference import difference
from reachproof.queries.explain import explain
from reachproof.queries.hygiene import lint
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.z3_backend import Prover
from tests.queries.report_rows import rows_of

CLUSTER = """\
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: other}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {podIP: 10.0.0.1, phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
status: {podIP: 10.0.0.2, phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: x, namespace: other, labels: {app: x}}
status: {podIP: 10.0.0.3, phase: Running}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
"""
FIREWALL = """\
---
apiVersion: k8s.ovn.org/v1
kind: EgressFirewall
metadata: {name: default, namespace: shop}
spec: {egress: [{type: Deny, to: {cidrSelector: 0.0.0.0/0}}]}
"""
SERVER = """\
---
apiVersion: policy.linkerd.io/v1beta3
kind: Server
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}}
"""
ELSEWHERE = SERVER.replace("app: db", "app: none")
ANTREA = """\
---
apiVersion: crd.antrea.io/v1beta1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec: {priority: 5}
"""
BUDGET = Budget()


def snapshot(*more: str) -> Snapshot:
    return load_text("".join((CLUSTER, *more)), name="given")


OPEN = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{namespaceSelector: {}}]}]}
"""


def ask(text: str, *more: str) -> Answer:
    return Session(snapshot(*more)).ask(text)


def test_an_answer_that_rests_on_an_object_is_unknown_and_names_it() -> None:
    answer = ask("can pod shop/web reach pod shop/db on tcp/80?", SERVER)
    assert (answer.verdict, answer.witness) == (Verdict.UNKNOWN, None)
    assert answer.reason == (
        "pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/80 can be allowed and can be denied: "
        "Server.policy.linkerd.io shop/db is not read, and may deny it"
    )
    (notice,) = answer.assumptions
    assert (notice.code, notice.text) == (
        "OBJECT_NOT_READ",
        "Server.policy.linkerd.io shop/db is not read, and may deny it",
    )


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("can pod other/x reach pod shop/db on tcp/80?", "unreachable"),
        ("can pod other/x reach 8.8.8.8 on tcp/80?", "reachable"),
        ("can pod shop/web reach pod other/x on tcp/80?", "reachable"),
        ("no pod in namespace other can reach pod shop/db", "holds"),
        ("no pod in namespace shop can reach 8.8.8.8", "unknown"),
        ("every pod in namespace other can reach any pod in namespace shop on tcp/80", "holds"),
        ("every pod in namespace shop can reach any pod in namespace shop on tcp/80", "unknown"),
        ("no possible pod in namespace shop can reach 8.8.8.8", "unknown"),
        ("no possible pod in namespace other can reach pod shop/db", "holds"),
    ],
)
def test_answers_that_no_object_can_change_are_what_they_were(text: str, verdict: str) -> None:
    answer = ask(text, FIREWALL, SERVER)
    assert str(answer.verdict) == verdict
    if verdict != "unknown":
        assert answer.verdict is ask(text).verdict
        assert answer.assumptions == ask(text).assumptions


def test_a_statement_with_quantifiers_names_what_it_depends_on() -> None:
    answer = ask("every pod in namespace shop can reach any pod in namespace shop on tcp/80", SERVER, FIREWALL)
    assert answer.reason == (
        "it depends on what is not read: Server.policy.linkerd.io shop/db is not read, and may deny it"
    )


def test_an_object_can_be_taken_away_in_a_sentence() -> None:
    asked = "can pod shop/web reach pod shop/db on tcp/80?"
    assert ask(f"with only the network policies: {asked}", SERVER).verdict is Verdict.REACHABLE


def test_an_object_may_isolate_as_a_network_policy_does() -> None:
    assert ask("every pod in namespace shop is selected by a network policy for ingress", ANTREA).reason.endswith(
        "NetworkPolicy.crd.antrea.io shop/all is not read, and may allow or deny it"
    )
    assert ask("every pod in namespace other is selected by a network policy", ANTREA).verdict is Verdict.VIOLATED


REDUNDANT = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: again, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
"""


def test_lint_calls_redundant_what_is_so_whatever_the_object_says() -> None:
    def redundant(*more: str) -> list[str]:
        found = lint(prepare(snapshot(*more)), BUDGET, Prover())
        return [each.subject for each in found.findings if each.code == "REDUNDANT_POLICY"]

    assert redundant(ANTREA) == []  # all flows of its pods are open with it and without it
    # Its place among the tiers is not sure, so it may decide what is left without one of them.
    assert redundant(REDUNDANT, ANTREA) == redundant(REDUNDANT, SERVER) == []
    assert redundant(REDUNDANT, ELSEWHERE) == redundant(REDUNDANT)
    assert redundant(REDUNDANT) == ["NetworkPolicy shop/db", "NetworkPolicy shop/again"]


SHUT = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: other}
spec: {podSelector: {}, policyTypes: [Egress]}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: apart}
spec:
  priority: 5
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress: [{action: Deny, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]
"""


def test_what_an_object_could_let_through_at_the_other_end_is_not_redundant() -> None:
    def redundant(*more: str) -> bool:
        found = lint(prepare(snapshot(SHUT, *more)), BUDGET, Prover()).findings
        return any(each.code == "REDUNDANT_POLICY" and each.subject == "AdminNetworkPolicy apart" for each in found)

    assert redundant()
    assert redundant(ELSEWHERE)
    assert not redundant(SERVER)
    assert not redundant(ANTREA.replace("shop", "other"))


def test_an_object_is_no_network_policy_of_its_namespace() -> None:
    found = lint(prepare(snapshot(FIREWALL.replace("shop", "other"))), BUDGET, Prover()).findings
    assert [each.subject for each in found if each.code == "NAMESPACE_WITHOUT_POLICY"] == ["namespace other"]


def test_lint_shows_what_the_object_leaves_open() -> None:
    found = lint(prepare(snapshot(SERVER)), BUDGET, Prover())
    assert [each.text for each in found.findings if each.code == "AMBIGUOUS_VERDICT"] == [
        "ingress can be allowed and can be denied, as for pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/80: "
        "Server.policy.linkerd.io shop/db is not read, and may deny it"
    ]


def test_a_claim_about_policies_is_unknown_where_the_object_could_break_it() -> None:
    answer = ask("no policy is redundant", SERVER)
    assert (answer.verdict, answer.reason) == (
        Verdict.UNKNOWN,
        "it depends on what is not read: Server.policy.linkerd.io shop/db is not read, and may deny it",
    )
    assert ask("no policy is redundant").verdict is Verdict.HOLDS
    assert ask("no policy is redundant", SERVER, REDUNDANT).verdict is Verdict.UNKNOWN
    assert ask("no policy is redundant", ELSEWHERE, REDUNDANT).verdict is Verdict.VIOLATED


def test_why_not_names_the_object_among_what_blocks() -> None:
    answer = ask("why can't pod shop/web reach pod shop/db on tcp/80?", SERVER)
    assert [each.text for each in answer.because] == [
        "Server.policy.linkerd.io shop/db, which is not read, may deny ingress from pod shop/web to pod shop/db on "
        "tcp/80; here it does"
    ]


def test_explain_shows_both_outcomes() -> None:
    (flow,) = explain(Session(snapshot(FIREWALL)), "shop/web", "8.8.8.8", "80").flows
    assert str(flow.truth) == "either"
    assert [each.text for each in flow.because] == [
        "EgressFirewall.k8s.ovn.org shop/default, which is not read, may deny egress from pod shop/web to 8.8.8.8 on "
        "tcp/80; here it does"
    ]


def test_a_flow_that_is_denied_for_certain_is_explained_without_the_object() -> None:
    (flow,) = explain(Session(snapshot(SERVER)), "other/x", "shop/db", "80").flows
    assert str(flow.truth) == "denied"
    assert flow.witness.trace.ingress.decider.text.startswith("NetworkPolicy shop/db isolates pod shop/db")


def test_connectivity_marks_what_is_undetermined() -> None:
    found = connectivity(Session(snapshot(SERVER)))
    open_ = [(str(row.src), str(row.dst)) for row in rows_of(found) if row.access.open]
    assert open_ == [("shop/web", "shop/db")]
    assert [each.code for each in found.assumptions] == ["OBJECT_NOT_READ"]


# ---------------------------------------------------------------- two snapshots


def relation(before: Snapshot, after: Snapshot) -> tuple[Relation, list[str]]:
    found = difference(prepare(before), prepare(after), BUDGET, Prover())
    return found.relation, [f"{each.policy} {each.text}" for each in found.undetermined]


def test_snapshots_that_differ_in_an_object_are_undetermined() -> None:
    changed = FIREWALL.replace("Deny", "Allow")
    name = "EgressFirewall.k8s.ovn.org shop/default"
    assert relation(snapshot(), snapshot(FIREWALL)) == (
        Relation.UNDETERMINED,
        [f"{name} added with contents that are not read"],
    )
    assert relation(snapshot(FIREWALL), snapshot(changed)) == (
        Relation.UNDETERMINED,
        [f"{name} differs also in contents that are not read"],
    )
    assert relation(snapshot(FIREWALL), snapshot(FIREWALL)) == (Relation.EQUIVALENT, [])


ALLOW = """\
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: allow}
spec:
  priority: 5
  subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}
  ingress: [{action: Allow, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]
"""


def test_an_object_may_do_something_else_where_a_policy_before_it_is_gone() -> None:
    """Without the policy, which only allows what is allowed by default, an object behind it comes to decide."""
    server = SERVER.replace("app: db", "app: web")
    assert relation(snapshot(ALLOW), snapshot())[0] is Relation.EQUIVALENT
    assert relation(snapshot(ALLOW, ANTREA), snapshot(ANTREA))[0] is Relation.UNDETERMINED
    assert relation(snapshot(ALLOW, server), snapshot(server))[0] is Relation.EQUIVALENT


def test_an_object_about_no_pod_changes_nothing() -> None:
    nowhere = FIREWALL.replace("shop", "empty")
    assert relation(snapshot(), snapshot(nowhere)) == (Relation.EQUIVALENT, [])


@pytest.mark.parametrize(
    ("before", "after", "verdict", "reason"),
    [
        ((FIREWALL,), (FIREWALL,), "holds", ""),
        (
            (FIREWALL,),
            (),
            "unknown",
            "it depends on what is not read: EgressFirewall.k8s.ovn.org shop/default is not read, and may allow or "
            "deny it",
        ),
        (
            (FIREWALL,),
            (FIREWALL.replace("Deny", "Allow"),),
            "unknown",
            "it depends on what is not read: EgressFirewall.k8s.ovn.org shop/default is not read, and may allow or "
            "deny it",
        ),
        ((FIREWALL, OPEN), (FIREWALL,), "violated", ""),
    ],
)
def test_claims_about_two_snapshots(before: tuple[str, ...], after: tuple[str, ...], verdict: str, reason: str) -> None:
    session = Session(snapshot(*after), {"old": Session(snapshot(*before))})
    answer = session.ask("nothing changed since snapshot old")
    assert (str(answer.verdict), answer.reason) == (verdict, reason)
