"""Questions about a cluster with a mesh: both programs in a trace, what stays open, and names in sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reachproof.documents.findings import Code
from reachproof.documents.words import Verdict
from reachproof.manifests.load import load_text
from reachproof.network.errors import InputError
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.hygiene import lint
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from tests.agreement.engines import prover

CASES = Path(__file__).resolve().parents[1] / "cases" / "istio.yaml"
CLUSTER = yaml.safe_load(CASES.read_text(encoding="utf-8"))[0]["cluster"]
STRICT = """
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {namespace: s, name: default}
spec: {mtls: {mode: STRICT}}
"""
NAMED = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {namespace: s, name: db}
spec: {selector: {matchLabels: {app: w}}, rules: [{from: [{source: {principals: [cluster.local/ns/s/sa/client]}}]}]}
"""
NETWORK = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: s, name: np}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]}
"""
NOBODY = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {namespace: out, name: alone}
spec: {}
"""


def snapshot(*texts: str) -> Snapshot:
    return load_text(CLUSTER + "".join(texts))


def ask(text: str, *texts: str) -> Answer:
    return Session(snapshot(*texts)).ask(text)


def codes(answer: Answer) -> list[str]:
    return [notice.code for notice in answer.assumptions]


@pytest.mark.parametrize(
    ("text", "permissive", "strict"),
    [
        ("can pod s/c reach pod s/w on tcp/80?", Verdict.REACHABLE, Verdict.REACHABLE),
        ("every pod in namespace s can reach pod s/w on tcp/80", Verdict.VIOLATED, Verdict.HOLDS),
        ("only pods in namespace s can reach pod s/w on tcp/1-15019", Verdict.HOLDS, Verdict.HOLDS),
        ("no pod in namespace out can reach pod s/c on tcp/1-15019", Verdict.VIOLATED, Verdict.HOLDS),
        # Ports of the sidecar itself, which answers there whoever asks.
        ("only pods in namespace s can reach pod s/w on tcp", Verdict.VIOLATED, Verdict.VIOLATED),
        ("no pod in namespace out can reach pod s/c on tcp/15021", Verdict.VIOLATED, Verdict.VIOLATED),
    ],
)
def test_what_a_claim_about_names_needs_is_that_names_are_proved(
    text: str, permissive: Verdict, strict: Verdict
) -> None:
    assert ask(text, NAMED).verdict is permissive
    assert ask(text, NAMED, STRICT).verdict is strict


def test_whoever_may_label_a_pod_may_put_it_into_the_mesh() -> None:
    claim = "no possible pod in namespace out can reach pod s/c on tcp"
    found = ask(claim, STRICT)
    assert found.verdict is Verdict.VIOLATED
    assert found.witness is not None
    assert ask(f"assuming no pod is labelled sidecar.istio.io/inject: {claim}", STRICT).verdict is Verdict.VIOLATED


def test_an_answer_that_rests_on_a_proof_of_names_says_so() -> None:
    assert codes(ask("can pod s/c reach pod s/w on tcp/80?", NAMED)) == ["MESH_ASSUMED", "MUTUAL_TLS"]
    assert codes(ask("can pod s/c reach pod s/w on tcp/80?", NAMED, STRICT)) == ["MESH_ASSUMED"]


WAYPOINT = """
---
{apiVersion: v1, kind: Service, metadata: {namespace: s, name: w, labels: {istio.io/use-waypoint: way}},
 spec: {selector: {app: w}, ports: [{port: 80}]}}
"""


@pytest.mark.parametrize(
    "text",
    [
        "can pod s/c reach service s/w on tcp/80?",
        "no pod in namespace s can reach pod s/w on tcp/80",
        "every pod in namespace s can reach pod s/w on tcp/80",
        "only pods in namespace out can reach pod s/w on tcp/80",
        "no pod in namespace b can reach pod s/w on tcp",
    ],
)
def test_what_a_waypoint_decides_is_not_decided_here(text: str) -> None:
    found = ask(text, WAYPOINT, DENY_ALL)
    assert (found.verdict, found.witness) == (Verdict.UNKNOWN, None)
    assert found.reason.endswith(
        "can be allowed and can be denied: whether a waypoint stands between, and lets it through, is not known"
    )
    assert "WAYPOINT_IN_USE" in codes(found)


DENY_ALL = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {namespace: s, name: none}
spec: {}
"""


def test_a_certain_witness_comes_before_what_a_waypoint_may_do() -> None:
    assert ask("no pod can reach pod s/w on tcp/80", WAYPOINT).verdict is Verdict.VIOLATED
    assert ask("can pod out/p reach pod s/w on tcp/80?", WAYPOINT).verdict is Verdict.REACHABLE
    assert ask("no pod in namespace out can reach pod s/w on tcp/80", WAYPOINT, DENY_ALL).verdict is Verdict.HOLDS


OPEN_80 = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: a, name: np}
spec: {podSelector: {}, ingress: [{ports: [{port: 80}]}]}
"""


def test_what_ambient_pods_send_is_judged_by_the_port_of_hbone() -> None:
    found = ask("why can't pod b/c reach pod a/w on tcp/80?", OPEN_80)
    assert [each.text for each in found.because] == [
        "NetworkPolicy a/np isolates pod a/w for ingress and none of its rules allows ingress from pod b/c to pod a/w "
        "on tcp/80, which the network sees as tcp/15008 (HBONE)"
    ]
    assert ask("no pod in namespace b can reach namespace a on tcp/80", OPEN_80).verdict is Verdict.HOLDS
    by_sidecar = ask("can pod s/c reach pod a/w on tcp/80?", OPEN_80)
    assert (by_sidecar.verdict, by_sidecar.reason) == (
        Verdict.UNKNOWN,
        "pod s/c (10.244.3.2) -> pod a/w (10.244.1.1) on tcp/80 can be allowed and can be denied: NetworkPolicy a/np "
        "rule 0: whether the network sees the pod's own port or tcp/15008 (HBONE) is not known",
    )


def test_the_mesh_sees_the_port_that_was_asked_for() -> None:
    found = ask("why can't pod b/c reach pod a/w on tcp/80?", NOBODY.replace("namespace: out", "namespace: a"))
    assert [each.text for each in found.because] == [
        "AuthorizationPolicy a/alone isolates pod a/w for ingress and none of its rules allows ingress from pod b/c to "
        "pod a/w on tcp/80"
    ]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (
            "no possible pod in namespace b labelled istio.io/dataplane-mode=ambient can reach pod a/w on tcp/80",
            "unknown",
        ),
        ("no possible pod in namespace out can reach pod a/w on tcp/80", "violated"),
        ("can any possible pod in namespace b reach pod a/w on tcp/81?", "unreachable"),
    ],
)
def test_pods_that_are_not_there_yet_are_ambient_by_labels(text: str, verdict: str) -> None:
    assert ask(text, OPEN_80).verdict == verdict


def test_a_trace_has_the_mesh_before_the_network() -> None:
    found = ask("can pod s/c reach pod s/w on tcp/80?", NAMED, STRICT, NETWORK)
    assert found.witness is not None
    assert [(str(step.tier), step.action, step.text) for step in found.witness.trace.ingress.steps] == [
        (
            "istio",
            "pass",
            "AuthorizationPolicy s/db rule 0 lets ingress from pod s/c to pod s/w on tcp/80 through to the network's "
            "policies",
        ),
        ("networkpolicy", "allow", "NetworkPolicy s/np rule 0 allows ingress from pod s/c to pod s/w on tcp/80"),
    ]


def test_a_proof_names_the_program_that_denies() -> None:
    by_mesh = ask("no pod in namespace out can reach pod s/w on tcp/80", NAMED, STRICT, NETWORK)
    assert [str(each.policy) for each in by_mesh.because] == ["PeerAuthentication s/default"]
    by_network = ask("no pod in namespace s can reach pod s/w on tcp/81", NAMED, STRICT, NETWORK)
    assert [str(each.policy) for each in by_network.because] == ["NetworkPolicy s/np"]


def test_policies_of_the_mesh_can_be_named_in_a_sentence() -> None:
    without = "without authorizationpolicy s/db, peerauthentication s/default: can pod out/p reach pod s/w on tcp/80?"
    assert ask(without, NAMED, STRICT).verdict is Verdict.REACHABLE
    with pytest.raises(InputError, match=r"no authorizationpolicy s/d in the snapshot; did you mean `s/db`\?"):
        ask("without authorizationpolicy s/d: can pod out/p reach pod s/w on tcp/80?", NAMED)


def test_service_accounts_of_possible_pods_are_not_known() -> None:
    answer = ask("no possible pod in namespace out can reach pod s/w on tcp/80", NAMED)
    assert answer.verdict == "unknown"
    assert answer.reason == (
        "AuthorizationPolicy s/db asks for a service account, and those of possible pods are not modelled"
    )


def findings(*texts: str) -> list[tuple[str, str]]:
    encoding = prepare(snapshot(*texts))
    return [(each.code, each.text) for each in lint(encoding, Budget(), prover()).findings]


def test_lint_finds_what_selects_no_pod_in_the_mesh() -> None:
    nowhere = NOBODY.replace("spec: {}", "spec: {rules: [{from: [{source: {namespaces: [nowhere]}}]}]}")
    assert [text for code, text in findings(nowhere) if code is Code.SELECTS_NOTHING] == [
        "AuthorizationPolicy out/alone selects pods in namespace out in the mesh; no pod in the snapshot is selected",
        "AuthorizationPolicy out/alone ingress rule 0 selects pods in the mesh with namespace == 'nowhere'; no pod in "
        "the snapshot is selected",
    ]


def test_a_mode_is_not_called_redundant_and_a_rule_is_idle_as_a_whole_only() -> None:
    assert not [text for _, text in findings(NAMED, STRICT) if "redundant" in text]
    # The second rule adds those with a sidecar, which perhaps have a name; the first has all others of the second.
    of_ambient = (
        NAMED.replace("namespace: s", "namespace: a")
        .replace("cluster.local/ns/s/sa/client]}}]", "'*']}}]")
        .replace("rules: [", "rules: [{from: [{source: {namespaces: [a, b]}}]}, ")
    )
    idle = [text for code, text in findings(of_ambient) if code in (Code.SHADOWED_RULE, Code.OVERRIDDEN_RULE)]
    assert idle == []
    twice = NAMED.replace("rules: [", "rules: [{}, ")
    idle = [text for code, text in findings(twice) if code in (Code.SHADOWED_RULE, Code.OVERRIDDEN_RULE)]
    assert idle == [
        "AuthorizationPolicy s/db ingress rule 1 (pass) never decides: all of its flows are decided before it, by "
        "AuthorizationPolicy s/db rule 0 (pass)"
    ]
