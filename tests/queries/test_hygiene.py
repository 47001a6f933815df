"""Questions about the policies themselves, and what `lint` finds: a readable case of each kind, and its opposite."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity, Verdict
from reachproof.manifests import load_text
from reachproof.network.errors import InputError, InternalError
from reachproof.network.options import DEFAULT_OPTIONS, Cni
from reachproof.network.snapshot import Snapshot
from reachproof.queries import hygiene, redundant_policies
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.findings import Finding, ordered
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.nondeterminism import Ambiguity, Cause
from reachproof.solver.redundancy import Redundancy
from reachproof.solver.z3_backend import Prover
from tests.agreement.engines import asked, prover
from tests.strategies.flows import flows
from tests.strategies.snapshots import snapshots

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{name: sql, containerPort: 5432}]}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
"""
DNS = """
---
apiVersion: v1
kind: Pod
metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.3}
"""
NODE = """
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
"""


def network_policy(name: str, app: str, rest: str) -> str:
    return f"""
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: {app}}}}}
  {rest}
"""


def admin_policy(name: str, priority: int, *rules: str) -> str:
    listed = "\n".join(f"    - {rule}" for rule in rules)
    return f"""
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: {name}}}
spec:
  priority: {priority}
  subject: {{namespaces: {{}}}}
  ingress:
{listed}
"""


ALLOW_ALL = "{action: Allow, from: [{namespaces: {}}]}"
DENY_ALL = "{action: Deny, from: [{namespaces: {}}]}"
DENY_WEB = (
    "{name: no-web, action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}]}"
)


def snapshot(*texts: str) -> Snapshot:
    return load_text(CLUSTER + "".join(texts), name="all.yaml")


def ask(question: str, *texts: str) -> Answer:
    return Session(snapshot(*texts)).ask(question)


def found(code: Code, *texts: str) -> list[tuple[FindingSeverity, str]]:
    return [(each.severity, each.text) for each in linted(snapshot(*texts)) if each.code is code]


def linted(of: Snapshot) -> tuple[Finding, ...]:
    found, undecided = hygiene.all_findings(prepare(of), Budget(), prover())
    assert undecided == []
    return ordered(found)


# ---------------------------------------------------------------- questions and claims


def test_shadowed_rules_are_listed_with_what_takes_their_flows() -> None:
    answer = ask("which rules are shadowed?", admin_policy("a", 1, ALLOW_ALL, DENY_WEB))
    assert (answer.verdict, answer.form, answer.vacuous) == (Verdict.LISTED, "which", False)
    assert answer.columns == ("rule", "action", "by", "origin")
    assert answer.rows == (
        {
            "rule": 'AdminNetworkPolicy a ingress rule 1 "no-web"',
            "action": "deny",
            "by": ("AdminNetworkPolicy a rule 0 (allow)",),
            "origin": "all.yaml:27",
        },
    )


@pytest.mark.parametrize(
    ("claim", "verdict", "texts"),
    [
        ("no rule is shadowed", Verdict.VIOLATED, (admin_policy("a", 1, ALLOW_ALL, DENY_WEB),)),
        ("no rule is shadowed", Verdict.HOLDS, (admin_policy("a", 1, DENY_WEB, ALLOW_ALL),)),
        ("no policy is redundant", Verdict.VIOLATED, (admin_policy("a", 1, ALLOW_ALL),)),
        ("no policy is redundant", Verdict.HOLDS, (admin_policy("a", 1, DENY_WEB),)),
        ("no selector matches nothing", Verdict.VIOLATED, (network_policy("np", "typo", "ingress: []"),)),
        ("no selector matches nothing", Verdict.HOLDS, (network_policy("np", "db", "ingress: []"),)),
        (
            "no verdict is ambiguous",
            Verdict.VIOLATED,
            (admin_policy("a", 1, DENY_WEB), admin_policy("b", 1, ALLOW_ALL)),
        ),
        ("no verdict is ambiguous", Verdict.HOLDS, (admin_policy("a", 1, DENY_WEB), admin_policy("b", 2, ALLOW_ALL))),
    ],
)
def test_a_claim_holds_exactly_when_there_is_nothing_to_list(
    claim: str, verdict: Verdict, texts: tuple[str, ...]
) -> None:
    answer = ask(claim, *texts)
    assert (answer.verdict, answer.form, bool(answer.rows)) == (verdict, "no", verdict is Verdict.VIOLATED)


@pytest.mark.parametrize("what", ["rule is shadowed", "policy is redundant", "selector matches nothing"])
def test_a_claim_about_no_policy_at_all_is_vacuous(what: str) -> None:
    answer = ask(f"no {what}")
    assert (answer.verdict, answer.vacuous) == (Verdict.HOLDS, True)


def test_a_redundant_policy_is_listed_with_whether_z3_agrees() -> None:
    answer = ask("which policies are redundant?", admin_policy("a", 1, ALLOW_ALL))
    assert answer.rows == (
        {
            "policy": "AdminNetworkPolicy a",
            "why": "removing it changes nothing today",
            "confirmed": "yes",
            "origin": "all.yaml:19",
        },
    )
    assert answer.evidence.cross_checked


def test_an_ambiguous_verdict_is_shown_by_a_flow_that_the_evaluator_finds_so_too() -> None:
    answer = ask("no verdict is ambiguous", admin_policy("a", 1, DENY_WEB), admin_policy("b", 1, ALLOW_ALL))
    assert answer.witness is not None
    assert answer.witness.trace.truth is Truth.EITHER
    assert answer.rows == (
        {
            "cause": "tie",
            "policies": ("AdminNetworkPolicy a", "AdminNetworkPolicy b"),
            "direction": "ingress",
            "example": "pod shop/web (10.0.0.2) -> pod shop/db (10.0.0.1) on tcp/5432",
            "why": "AdminNetworkPolicy a and AdminNetworkPolicy b have equal priority 1 and disagree; which one "
            "applies is not defined",
        },
    )


def test_the_prefix_without_takes_policies_out_of_the_question() -> None:
    texts = (admin_policy("a", 1, ALLOW_ALL), admin_policy("b", 2, DENY_WEB))
    assert ask("no rule is shadowed", *texts).verdict is Verdict.VIOLATED
    assert ask("without adminnetworkpolicy a: no rule is shadowed", *texts).verdict is Verdict.HOLDS


def test_a_restricted_world_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        ask("assuming no pod in namespace shop is labelled app=x: no rule is shadowed", admin_policy("a", 1, ALLOW_ALL))
    assert [problem.message for problem in caught.value.problems] == [
        "`assuming no ...` restricts flows, but a question about the policies themselves is about all"
    ]


def test_a_question_without_time_is_unknown() -> None:
    late = Budget(seconds=1, clock=iter((0.0, *([2.0] * 1000))).__next__)
    answer = Session(snapshot(admin_policy("a", 1, ALLOW_ALL))).ask("which rules are shadowed?", late)
    assert (answer.verdict, answer.reason) == (Verdict.UNKNOWN, "time limit of 1 s reached")


# ---------------------------------------------------------------- findings


def test_a_deny_below_an_allow_is_an_error() -> None:
    assert found(Code.SHADOWED_RULE, admin_policy("a", 1, ALLOW_ALL, DENY_WEB)) == [
        (
            FindingSeverity.ERROR,
            'AdminNetworkPolicy a ingress rule 1 "no-web" (deny) never decides: all of its flows are decided before '
            "it, by AdminNetworkPolicy a rule 0 (allow)",
        )
    ]


def test_a_deny_below_a_wider_deny_is_a_warning() -> None:
    ((severity, _),) = found(Code.SHADOWED_RULE, admin_policy("a", 1, DENY_ALL, DENY_WEB))
    assert severity is FindingSeverity.WARNING


def test_a_rule_that_another_network_policy_makes_superfluous_is_information() -> None:
    narrow = network_policy("narrow", "db", "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]")
    wide = network_policy("wide", "db", "ingress: [{}]")
    assert found(Code.SHADOWED_RULE, narrow, wide) == [
        (
            FindingSeverity.INFO,
            "NetworkPolicy shop/narrow ingress rule 0 (allow) adds nothing: all of its flows are allowed by "
            "NetworkPolicy shop/wide rule 0 (allow)",
        )
    ]


def test_an_allow_that_the_admin_tier_denies_is_overridden() -> None:
    allow = network_policy("allow-web", "db", "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]")
    assert found(Code.OVERRIDDEN_RULE, admin_policy("a", 1, DENY_WEB), allow) == [
        (
            FindingSeverity.WARNING,
            "NetworkPolicy shop/allow-web ingress rule 0 (allow) never comes to decide: earlier tiers decide all of "
            'its flows, by AdminNetworkPolicy a rule 0 "no-web" (deny)',
        )
    ]


def test_selectors_that_could_never_select_anything_are_errors() -> None:
    never = "[{key: team, operator: In, values: [x]}, {key: team, operator: DoesNotExist}]"
    nameless = "[{key: kubernetes.io/metadata.name, operator: DoesNotExist}]"
    peers = f"{{podSelector: {{matchExpressions: {never}}}}}, {{namespaceSelector: {{matchExpressions: {nameless}}}}}"
    assert found(Code.NEVER_SELECTS, network_policy("peer", "db", f"ingress: [{{from: [{peers}]}}]")) == [
        (
            FindingSeverity.ERROR,
            "NetworkPolicy shop/peer ingress rule 0 selects pods in namespaces labelled !kubernetes.io/metadata.name; "
            "no pod can ever be selected",
        ),
        (
            FindingSeverity.ERROR,
            "NetworkPolicy shop/peer ingress rule 0 selects pods labelled !team,team=x in namespace shop; no pod can "
            "ever be selected",
        ),
    ]


def test_selectors_of_subjects_and_peers_that_select_nothing_are_found() -> None:
    peer = network_policy("peer", "db", "ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}]}]")
    assert found(Code.SELECTS_NOTHING, network_policy("subject", "typo", "ingress: []"), peer) == [
        (
            FindingSeverity.WARNING,
            "NetworkPolicy shop/subject selects pods labelled app=typo in namespace shop; no pod in the snapshot is "
            "selected",
        ),
        (
            FindingSeverity.WARNING,
            "NetworkPolicy shop/peer ingress rule 0 selects pods in namespaces labelled team=x; no pod in the snapshot "
            "is selected",
        ),
    ]


def test_peers_that_are_nodes_and_select_none_are_found() -> None:
    def to_nodes(selector: str) -> str:
        return admin_policy("a", 1).replace("  ingress:", f"  egress: [{{action: Deny, to: [{{nodes: {selector}}}]}}]")

    assert found(Code.SELECTS_NOTHING, to_nodes("{matchLabels: {zone: x}}"), NODE) == [
        (
            FindingSeverity.WARNING,
            "AdminNetworkPolicy a egress rule 0 selects nodes labelled zone=x; no node in the snapshot is selected",
        )
    ]
    assert found(Code.SELECTS_NOTHING, to_nodes("{}")) == [
        (
            FindingSeverity.WARNING,
            "AdminNetworkPolicy a egress rule 0 selects nodes; no node in the snapshot is selected",
        )
    ]
    assert found(Code.SELECTS_NOTHING, to_nodes("{}"), NODE) == []


@pytest.mark.parametrize(
    ("known", "severity"), [("", FindingSeverity.ERROR), ("{port: sql}, ", FindingSeverity.WARNING)]
)
def test_a_port_name_that_no_destination_declares_is_an_error_unless_another_fits(
    known: str, severity: FindingSeverity
) -> None:
    policy = network_policy(
        "ports", "db", f"ingress: [{{ports: [{known}{{port: http}}, {{port: sql, protocol: UDP}}]}}]"
    )
    assert found(Code.UNKNOWN_PORT_NAME, policy) == [
        (
            severity,
            f"NetworkPolicy shop/ports ingress rule 0 names the port {name}, which no destination pod that it selects "
            "declares",
        )
        for name in ("http of tcp", "sql of udp")
    ]


def test_a_namespace_with_pods_and_without_a_network_policy_is_information() -> None:
    assert found(Code.NAMESPACE_WITHOUT_POLICY) == [
        (FindingSeverity.INFO, "namespace shop has 2 pods and no NetworkPolicy")
    ]
    assert found(Code.NAMESPACE_WITHOUT_POLICY, network_policy("np", "db", "ingress: []")) == []


def test_a_pod_that_cannot_ask_for_names_is_found_where_there_is_a_server() -> None:
    shut = network_policy("shut", "web", "policyTypes: [Egress]")
    assert found(Code.DNS_BLOCKED, shut) == []
    assert found(Code.DNS_BLOCKED, shut, DNS) == [
        (
            FindingSeverity.WARNING,
            "pod shop/web cannot reach any pod labelled k8s-app=kube-dns on udp/53: NetworkPolicy shop/shut isolates "
            "pod shop/web for egress and none of its rules allows egress from pod shop/web to pod kube-system/kube-dns "
            "on udp/53",
        )
    ]


def test_a_tie_is_an_error_and_settled_by_a_profile() -> None:
    texts = (admin_policy("a", 1, DENY_WEB), admin_policy("b", 1, ALLOW_ALL))
    ((severity, _),) = found(Code.AMBIGUOUS_VERDICT, *texts)
    assert severity is FindingSeverity.ERROR
    calico = snapshot(*texts).with_options(replace(DEFAULT_OPTIONS, cni=Cni.CALICO))
    assert [each for each in linted(calico) if each.code is Code.AMBIGUOUS_VERDICT] == []


def test_what_a_pod_sends_to_its_own_node_is_information() -> None:
    shut = network_policy("shut", "web", "policyTypes: [Egress]")
    assert found(Code.AMBIGUOUS_VERDICT, shut, NODE) == [
        (
            FindingSeverity.INFO,
            "egress can be allowed and can be denied, as for pod shop/web (10.0.0.2) -> node n1 (192.168.0.1) on tcp/80"
            ": whether pod shop/web and node n1 are on the same node is not known",
        )
    ]


def test_a_policy_that_selects_nothing_is_not_called_redundant_as_well() -> None:
    texts = (network_policy("np", "typo", "ingress: [{}]"), network_policy("all", "typo", "policyTypes: [Ingress]"))
    assert found(Code.REDUNDANT_POLICY, *texts) == []
    rows = ask("which policies are redundant?", *texts).rows
    assert [row["policy"] for row in rows] == ["NetworkPolicy shop/np"]


ALL = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        ((ALL, network_policy("db", "db", "ingress: []")), ["NetworkPolicy shop/db"]),
        ((ALL, network_policy("db", "db", "policyTypes: [Ingress, Egress]")), []),
        ((ALL, ALL.replace("name: all", "name: too")), ["NetworkPolicy shop/all", "NetworkPolicy shop/too"]),
        ((network_policy("db", "db", "ingress: []"), network_policy("web", "web", "ingress: []")), []),
        ((ALL, ALL.replace("name: all", "name: too").replace("policy", "ingress: [{ports: [{port: 1}]}], policy")), []),
    ],
)
def test_what_denies_by_default_is_redundant_only_beside_what_denies_all_its_pods_to_come(
    texts: tuple[str, ...], names: list[str]
) -> None:
    by_both = [network_policy(f"{app}-too", app, "ingress: []") for app in ("db", "web")]
    assert [text.split(" is")[0] for _, text in found(Code.REDUNDANT_POLICY, *texts)] == names
    listed = ask("which policies are redundant?", *texts, *by_both).rows
    assert ("NetworkPolicy shop/all" in {row["policy"] for row in listed}) is (len(names) == 2)


def test_findings_are_ordered_by_severity_then_by_place() -> None:
    texts = (network_policy("np", "typo", "ingress: []"), admin_policy("a", 1, ALLOW_ALL, DENY_WEB))
    order = [(each.severity, each.origin.line) for each in linted(snapshot(*texts))]
    assert order == sorted(order, key=lambda each: (tuple(FindingSeverity).index(each[0]), each[1]))


def test_what_there_was_no_time_for_is_said() -> None:
    ticks = iter(range(0, 10_000, 100))
    late = Budget(seconds=1, clock=lambda: float(next(ticks)))
    report = hygiene.lint(prepare(snapshot(admin_policy("a", 1, ALLOW_ALL, DENY_WEB), DNS)), late, Prover())
    assert [notice.text for notice in report.undecided] == [
        f"{name} were not looked for to the end: time limit of 1 s reached"
        for name in ("shadowed and overridden rules", "redundant policies", "ambiguous verdicts", "pods without DNS")
    ]


# ---------------------------------------------------------------- the evaluator has the last word


def test_a_redundancy_that_the_evaluator_denies_is_our_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    of = snapshot(admin_policy("a", 1, DENY_WEB))
    (policy,) = of.policies
    flow = ask("can pod shop/web reach pod shop/db on tcp/80?").witness
    assert flow is not None
    wrong = Redundancy(policy=policy, selects=True, confirmed=True, samples=(flow.flow,))
    monkeypatch.setattr(redundant_policies, "redundancy", lambda *_: wrong)
    with pytest.raises(InternalError, match=r"is denied with it and allowed without it; this is a bug of reachproof"):
        list(redundant_policies.redundant(prepare(of), Budget(), Prover()))


def test_an_ambiguity_that_the_evaluator_denies_is_our_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    of = snapshot(admin_policy("a", 1, DENY_WEB))
    flow = ask("can pod shop/web reach pod shop/db on tcp/80?").witness
    assert flow is not None
    direction = flow.trace.ingress.direction
    wrong = Ambiguity(cause=Cause.TIE, direction=direction, policies=of.policies, rule=None, example=flow.flow)
    monkeypatch.setattr(hygiene, "ambiguities", lambda *_: (wrong,))
    with pytest.raises(InternalError, match=r"can go both ways, the evaluator that it is denied; this is a bug"):
        hygiene.ambiguous(prepare(of), Budget())


@pytest.mark.heavy
@settings(max_examples=max(100, settings().max_examples))
@given(snapshots(), st.data())
def test_lint_finds_something_to_say_about_any_snapshot_without_contradicting_the_evaluator(
    of: Snapshot, data: st.DataObject
) -> None:
    findings = linted(of)
    for each in findings:
        if each.code is Code.AMBIGUOUS_VERDICT:
            assert each.example is not None and truth(of, each.example) is Truth.EITHER
        if each.code is Code.DNS_BLOCKED:
            assert each.example is not None and truth(of, each.example) is Truth.DENIED
    flow = data.draw(flows(of))
    if asked(flow) and truth(of, flow) is Truth.EITHER:
        assert any(each.code is Code.AMBIGUOUS_VERDICT for each in findings), str(flow)


def test_of_many_rules_that_take_the_flows_of_one_the_first_are_named_and_the_others_counted() -> None:
    rules = [
        DENY_WEB.replace("no-web", f"r{number}").replace(
            "}]}", f"}}], ports: [{{portNumber: {{protocol: TCP, port: {number}}}}}]}}"
        )
        for number in range(1, 9)
    ]
    ports = ", ".join(f"{{portNumber: {{protocol: TCP, port: {number}}}}}" for number in range(1, 9))
    last = DENY_WEB.replace("no-web", "last").replace("}]}", f"}}], ports: [{ports}]}}")
    ((_, text),) = found(Code.SHADOWED_RULE, admin_policy("a", 1, *rules, last))
    names = [f'AdminNetworkPolicy a rule {number} "r{number + 1}" (deny)' for number in range(5)]
    assert text.endswith(f"by {', '.join(names)} and 3 more")
