"""`reachproof lint`: what it prints, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.main import main

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: a}
spec:
  priority: 1
  subject: {namespaces: {}}
  ingress:
"""
SHADOWED = CLUSTER + (
    "    - {action: Deny, from: [{namespaces: {}}]}\n    - {action: Allow, from: [{namespaces: {}}]}\n"
)
NARROW = CLUSTER + (
    "    - {action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: typo}}}}]}\n"
)
CLEAN = CLUSTER + "    - {action: Deny, from: [{namespaces: {}}]}\n"
NO_POLICY = "info: NAMESPACE_WITHOUT_POLICY: namespace shop has 2 pods and no NetworkPolicy"

ABOUT_NO_POLICY = [
    "",
    "NAMESPACE_WITHOUT_POLICY: 1 info",
    "  why   Pods that no policy selects accept and send everything.",
    "  mend  Add a default deny to the namespace.",
    "  see   docs/findings.md#namespace_without_policy, "
    "https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies",
]


def run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, *options: str
) -> tuple[int, str, str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["lint", "-f", "all.yaml", *options])
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


def test_each_finding_is_a_line_with_its_place_the_worst_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(tmp_path, capsys, monkeypatch, SHADOWED)
    assert out.splitlines() == [
        "all.yaml:26: error: SHADOWED_RULE: AdminNetworkPolicy a ingress rule 1 (allow) never decides: all of its "
        "flows are decided before it, by AdminNetworkPolicy a rule 0 (deny)",
        f"all.yaml:2: {NO_POLICY}",
        "",
        "SHADOWED_RULE: 1 error",
        "  why   Readers take the rule for a protection, or for an access, that is not there.",
        "  mend  Move the rule before those that decide its flows, or remove it.",
        "  see   docs/findings.md#shadowed_rule, https://network-policy-api.sigs.k8s.io/api-overview/",
        *ABOUT_NO_POLICY,
        "",
        "1 error, 0 warnings, 1 info",
    ]
    assert (code, err) == (ExitCode.REFUTED, "read 1 policy, 2 pods in 1 namespace\n")


@pytest.mark.parametrize(
    ("text", "fail_on", "code"),
    [
        (SHADOWED, "error", 1),
        (SHADOWED, "never", 0),
        (NARROW, "error", 0),
        (NARROW, "warning", 1),
        (CLEAN, "warning", 0),
        (CLEAN, "info", 1),
    ],
)
def test_fail_on_is_the_least_severity_that_fails(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    fail_on: str,
    code: int,
) -> None:
    assert run(tmp_path, capsys, monkeypatch, text, "--fail-on", fail_on)[0] == code


def test_json_is_one_document_with_the_same_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(tmp_path, capsys, monkeypatch, SHADOWED, "-o", "json")
    document = json.loads(out)
    first, second = document["findings"]
    assert code == ExitCode.REFUTED
    assert document["counts"] == {"error": 1, "warning": 0, "info": 1}
    assert (document["apiVersion"], document["undecided"]) == ("reachproof/v1", [])
    assert document["snapshot"].startswith("sha256:")
    assert {name: first[name] for name in ("code", "severity", "subject", "origin")} == {
        "code": "SHADOWED_RULE",
        "severity": "error",
        "subject": "AdminNetworkPolicy a ingress rule 1",
        "origin": {"file": "all.yaml", "line": 26, "path": "spec.ingress[1]"},
    }
    assert first["example"]["destination"]["kind"] == "pod"
    assert document["rules"][1] == {
        "code": "NAMESPACE_WITHOUT_POLICY",
        "what": "the namespace has pods and no NetworkPolicy, nor one of Cilium",
        "why": "Pods that no policy selects accept and send everything.",
        "mend": "Add a default deny to the namespace.",
        "docs": "docs/findings.md#namespace_without_policy",
        "reference": "https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies",
    }
    assert (second["code"], second["example"]) == ("NAMESPACE_WITHOUT_POLICY", None)


def test_sarif_has_a_result_with_its_place_for_each_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(tmp_path, capsys, monkeypatch, SHADOWED, "-o", "sarif")
    (log,) = json.loads(out)["runs"]
    assert code == ExitCode.REFUTED
    shadowed, without = log["tool"]["driver"]["rules"]
    assert without["id"] == "NAMESPACE_WITHOUT_POLICY"
    assert (shadowed["id"], shadowed["helpUri"], shadowed["help"]["text"]) == (
        "SHADOWED_RULE",
        "https://network-policy-api.sigs.k8s.io/api-overview/",
        "Readers take the rule for a protection, or for an access, that is not there. Move the rule before those that "
        "decide its flows, or remove it. (docs/findings.md#shadowed_rule)",
    )
    assert [(each["ruleId"], each["ruleIndex"], each["level"]) for each in log["results"]] == [
        ("SHADOWED_RULE", 0, "error"),
        ("NAMESPACE_WITHOUT_POLICY", 1, "note"),
    ]
    assert [each["locations"] for each in log["results"]] == [
        [{"physicalLocation": {"artifactLocation": {"uri": "all.yaml"}, "region": {"startLine": line}}}]
        for line in (26, 2)
    ]


def test_out_of_time_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(tmp_path, capsys, monkeypatch, CLEAN, "--timeout", "0.0000001")
    assert code == ExitCode.UNDECIDED
    assert out.splitlines() == [
        f"all.yaml:2: {NO_POLICY}",
        *(
            f"undecided: {name} were not looked for to the end: time limit of 1e-07 s reached"
            for name in ("shadowed and overridden rules", "redundant policies", "ambiguous verdicts")
        ),
        *ABOUT_NO_POLICY,
        "",
        "0 errors, 0 warnings, 1 info",
    ]


def test_input_that_cannot_be_read_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(tmp_path, capsys, monkeypatch, "kind: [\n")
    assert (code, out) == (ExitCode.BAD_INPUT, "")
    assert err.startswith("error: all.yaml")
