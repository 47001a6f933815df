"""`reachproof check`: what it writes in every form, and the codes it ends with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

import pytest

from reachproof.cli.main import main
from reachproof.network.errors import InternalError
from reachproof.queries import ask

MANIFESTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: web}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: site, namespace: web}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: [{namespaceSelector: {}}]
      ports: [{port: 5432}]
"""
PACK = """\
# shop.reach
invariant db-shut (critical) "only port 5432": no pod can reach namespace shop on tcp/80
invariant db-private (high) "100%, really": no pod in namespace web can reach namespace shop on tcp/5432
expect unreachable "web, alone": can namespace shop reach namespace web on tcp/80?
invariant typo (low): no pods labelled app=typo can reach namespace shop
"""
GOOD = "invariant db-shut: no pod can reach namespace shop on tcp/80\n"
RULE = "NetworkPolicy shop/db rule 0 allows ingress from pod web/site to pod shop/db on tcp/5432"
TEXT = """\
PASS  db-shut (critical): only port 5432
FAIL  db-private (high): 100%, really
  VIOLATED  no pod in namespace web can reach pods in namespace shop on tcp/5432
    pod web/site (10.0.0.2) -> pod shop/db (10.0.0.1) on tcp/5432
      egress  allow no policy decides egress from pod web/site to pod shop/db on tcp/5432; it is allowed by default
      ingress allow NetworkPolicy shop/db rule 0 allows ingress from pod web/site to pod shop/db on tcp/5432  [cluster.yaml:28]
FAIL  web, alone (medium)
  expected unreachable
  REACHABLE  can pods in namespace shop reach pods in namespace web on tcp/80
    pod shop/db (10.0.0.1) -> pod web/site (10.0.0.2) on tcp/80
      egress  allow no policy decides egress from pod shop/db to pod web/site on tcp/80; it is allowed by default
      ingress allow no policy decides ingress from pod shop/db to pod web/site on tcp/80; it is allowed by default
OPEN  typo (low)
  HOLDS  no pod labelled app=typo can reach pods in namespace shop  (nothing to check: 'pods labelled app=typo' matches nothing in this snapshot)

1 passed, 2 failed, 1 undecided
"""  # noqa: E501
GITHUB = """\
::error file=cluster.yaml,line=28,title=db-private (high)::violated: no pod in namespace web can reach pods in namespace shop on tcp/5432%0Apod web/site (10.0.0.2) -> pod shop/db (10.0.0.1) on tcp/5432%0Ano policy decides egress from pod web/site to pod shop/db on tcp/5432; it is allowed by default%0ANetworkPolicy shop/db rule 0 allows ingress from pod web/site to pod shop/db on tcp/5432
::error file=shop.reach,line=4,title=web%2C alone (medium)::expected unreachable, got reachable: can pods in namespace shop reach pods in namespace web on tcp/80%0Apod shop/db (10.0.0.1) -> pod web/site (10.0.0.2) on tcp/80%0Ano policy decides egress from pod shop/db to pod web/site on tcp/80; it is allowed by default%0Ano policy decides ingress from pod shop/db to pod web/site on tcp/80; it is allowed by default
::warning file=shop.reach,line=5,title=typo (low)::nothing to check: no pod labelled app=typo can reach pods in namespace shop%0A'pods labelled app=typo' matches nothing in this snapshot
1 passed, 2 failed, 1 undecided
"""  # noqa: E501


class Place:
    """A folder with manifests and packs, and a way to run the command in it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.write("cluster.yaml", MANIFESTS)
        self.write("shop.reach", PACK)
        self.write("good.reach", GOOD)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def check(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, stdout and stderr."""
        with pytest.raises(SystemExit) as ended:
            main(["check", "-f", "cluster.yaml", *arguments])
        assert isinstance(ended.value.code, int)
        out, err = self._capsys.readouterr()
        return int(ended.value.code), out, err


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, capsys)


# ---------------------------------------------------------------- exit codes


@pytest.mark.parametrize(
    ("pack", "code"),
    [
        (GOOD, 0),
        (PACK, 1),
        ("expect reachable: can namespace web reach namespace shop on tcp/5432?", 0),
        ("expect reachable: can namespace web reach namespace shop on tcp/80?", 1),
        ("invariant typo: no pods labelled app=typo can reach namespace shop", 3),
        (GOOD + "invariant typo: no pods labelled app=typo can reach namespace shop", 3),
        ("# nothing\n", 3),
        ("invariant a: no pod in namespace shoop can reach nodes", 2),
        ("invariant a: no pod can reech nodes", 2),
    ],
)
def test_the_exit_code_is_the_worst_of_the_pack(place: Place, pack: str, code: int) -> None:
    place.write("a.reach", pack)
    assert place.check("a.reach", "-q")[0] == code


def test_allow_vacuous_makes_a_pass_of_a_statement_about_no_flow(place: Place) -> None:
    place.write("a.reach", "invariant typo: no pods labelled app=typo can reach namespace shop")
    assert place.check("a.reach", "--allow-vacuous", "-q") == (0, "PASS  typo (medium)\n\n1 passed\n", "")


def test_a_claim_without_the_kind_that_it_needs_is_open(place: Place) -> None:
    policy = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1}
"""
    place.write("cluster.yaml", policy)
    place.write("a.reach", "invariant closed: network policies enforce default deny for every namespace")
    code, out, err = place.check("a.reach", "-o", "github")
    text = "the question is about default deny, and the input has no Namespace; add `kubectl get namespaces -o yaml`"
    assert code == 3
    assert out.startswith(
        "::warning file=cluster.yaml,line=1,title=closed (medium)::holds, but the input lacks objects that the "
        "statement needs: network policies enforce default deny for every pod"
    )
    assert out.endswith(f"%0A{text}\n1 undecided\n")
    assert f"warning: KIND_MISSING: {text}\n" in err
    assert place.check("a.reach", "-q", "--allow-no-policies") == (0, "PASS  closed (medium)\n\n1 passed\n", "")


def test_nothing_passes_beside_a_skipped_file_that_may_hold_a_policy(place: Place) -> None:
    place.write("np.tpl.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ .meta }}\n")
    code, out, err = place.check("good.reach", "-o", "github", "-f", ".")
    text = "./np.tpl.yaml is a template that is not rendered, and may hold policies; it is skipped"
    assert code == 3
    assert "::holds, but a file was skipped that may hold policies: " in out
    assert f"%0A{text}\n" in out
    assert "; 1 file without Kubernetes objects skipped: ./np.tpl.yaml\n" in err
    assert place.check("good.reach", "-q", "-f", ".", "--allow-skipped")[0] == 0


def test_a_bug_of_ours_is_no_verdict(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> NoReturn:
        raise InternalError("the engines disagree")

    monkeypatch.setattr(ask, "answer", fail)
    code, out, err = place.check("shop.reach")
    assert (code, out) == (70, "")
    assert err.startswith("internal error: the engines disagree\n")


def test_bad_packs_are_refused_with_every_problem_and_nothing_is_decided(place: Place) -> None:
    place.write("a.reach", "invariant a: no pod in namespace shoop can reach namespace web")
    place.write("b.reach", "expect reachable: can pod web/sight reach namespace shop?")
    assert place.check("a.reach", "b.reach") == (
        2,
        "",
        "error: a.reach:1: no namespace shoop in the snapshot; did you mean `shop`?\n"
        "    invariant a: no pod in namespace shoop can reach namespace web\n"
        "                                     ^^^^^\n"
        "error: b.reach:1: no pod web/sight in the snapshot; did you mean `web/site`?\n"
        "    expect reachable: can pod web/sight reach namespace shop?\n"
        "                              ^^^^^^^^^\n",
    )


def test_a_pack_that_is_not_there_is_bad_input(place: Place) -> None:
    assert place.check("missing.reach") == (2, "", "error: missing.reach: cannot be read: No such file or directory\n")


# ---------------------------------------------------------------- text and JSON


def test_the_text_says_what_passed_and_shows_what_did_not(place: Place) -> None:
    code, out, err = place.check("shop.reach")
    assert (code, out) == (1, TEXT)
    assert err == (
        "warning: EMPTY_SET: 'pods labelled app=typo' matches nothing in this snapshot\n"
        "read 1 policy, 2 pods in 2 namespaces\n"
    )


def test_without_a_pack_the_library_is_checked_as_far_as_it_applies(place: Place) -> None:
    code, out, _ = place.check("-q")
    lines = [line for line in out.splitlines() if line[:4] in ("PASS", "FAIL", "SKIP", "OPEN")]
    assert code == 1
    assert lines == [
        "FAIL  no-internet-egress (low): no workload can reach the internet",
        "FAIL  metadata-endpoint-blocked (critical): no workload can ask for the node's credentials",
        *lines[2:],
    ]
    assert [line.split()[1] for line in lines[2:]] == [
        "admin-policies-unambiguous",
        "baseline-policies-unambiguous",
        "baseline-default-deny",
        "database-only-from-its-app",
        "dns-reachable",
        "kube-system-protected",
        "tenant-isolation",
    ]
    assert lines[-1] == "SKIP  tenant-isolation (critical): 'pods in any tenant' matches nothing in this snapshot"
    assert out.endswith("\n\n2 failed, 7 skipped\n")


def test_the_json_is_one_document_with_every_answer(place: Place) -> None:
    code, out, _ = place.check("shop.reach", "-o", "json")
    document = json.loads(out)
    assert (code, document["verdict"], document["skipped"]) == (1, "violated", [])
    assert [
        (each["name"], each["severity"], each["expected"], each["verdict"], each["status"])
        for each in document["answers"]
    ] == [
        ("db-shut", "critical", "holds", "holds", "passed"),
        ("db-private", "high", "holds", "violated", "failed"),
        ("web, alone", "medium", "unreachable", "reachable", "failed"),
        ("typo", "low", "holds", "holds", "undecided"),
    ]


# ---------------------------------------------------------------- build servers


def test_github_gets_an_annotation_at_the_rule_that_is_at_fault(place: Place) -> None:
    code, out, _ = place.check("shop.reach", "-o", "github")
    assert code == 1
    assert out == GITHUB


def test_github_gets_names_with_their_marks_escaped(place: Place) -> None:
    place.write("a.reach", 'expect reachable "50%: a, b": can namespace web reach namespace shop on tcp/80?')
    assert "title=50%25%3A a%2C b (medium)::" in place.check("a.reach", "-o", "github")[1]


def test_junit_counts_failures_and_what_is_not_decided(place: Place) -> None:
    _, out, _ = place.check("shop.reach", "good.reach", "-o", "junit")
    suites = ElementTree.fromstring(out)
    assert suites.attrib == {"name": "reachproof", "tests": "5", "failures": "2", "errors": "1", "skipped": "0"}
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("good.reach", "1", "0"),
        ("shop.reach", "4", "2"),
    ]
    cases = {case.get("name"): case for case in suites.iter("testcase")}
    failure = cases["db-private"].find("failure")
    assert failure is not None and failure.text is not None
    assert (failure.get("message"), failure.get("type")) == ("violated", "violated")
    assert failure.text.endswith(f"\nat cluster.yaml:28: {RULE}")
    error = cases["typo"].find("error")
    assert error is not None and error.get("message") == "nothing to check"
    assert list(cases["db-shut"]) == []


def test_junit_says_what_was_left_out(place: Place) -> None:
    suites = ElementTree.fromstring(place.check("-o", "junit")[1])
    assert suites.get("skipped") == "7"
    [skipped] = [case.find("skipped") for case in suites.iter("testcase") if case.get("name") == "tenant-isolation"]
    assert skipped is not None
    assert skipped.get("message") == "'pods in any tenant' matches nothing in this snapshot"


def demand(value: Any, *required: str) -> dict[str, Any]:
    assert isinstance(value, dict) and set(required) <= set(value), (required, value)
    return value


def check_sarif(document: Any) -> None:
    """The properties that SARIF 2.1.0 requires of what we write, and the values that it allows."""
    demand(document, "version", "runs")
    assert document["version"] == "2.1.0" and document["$schema"].endswith("/sarif-schema-2.1.0.json")
    for run in document["runs"]:
        driver = demand(demand(demand(run, "tool")["tool"], "driver")["driver"], "name", "rules")
        ids = [demand(rule, "id")["id"] for rule in driver["rules"]]
        assert len(set(ids)) == len(ids)
        for rule in driver["rules"]:
            demand(rule["shortDescription"], "text")
            assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
            assert 0 < float(rule["properties"]["security-severity"]) <= 10
        for invocation in run["invocations"]:
            assert demand(invocation, "executionSuccessful")["executionSuccessful"] is True
            for notification in invocation["toolExecutionNotifications"]:
                demand(demand(notification, "message")["message"], "text")
        for result in run["results"]:
            check_sarif_result(demand(result, "message", "ruleId", "ruleIndex"), ids)


def check_sarif_result(result: dict[str, Any], ids: list[str]) -> None:
    assert ids[result["ruleIndex"]] == result["ruleId"]
    demand(result["message"], "text")
    assert result["kind"] in ("fail", "open")
    assert result["level"] in ({"fail": ("note", "warning", "error"), "open": ("none",)}[result["kind"]])
    assert len(result["locations"]) == 1
    for location in (*result["locations"], *result.get("relatedLocations", [])):
        physical = demand(demand(location, "physicalLocation")["physicalLocation"], "artifactLocation", "region")
        assert " " not in demand(physical["artifactLocation"], "uri")["uri"]
        assert demand(physical["region"], "startLine")["startLine"] >= 1
    assert all(isinstance(each, str) for each in result["partialFingerprints"].values())


def test_sarif_has_what_the_standard_requires(place: Place) -> None:
    for arguments in (("shop.reach",), ("good.reach",), ()):
        check_sarif(json.loads(place.check(*arguments, "-o", "sarif")[1]))


def test_sarif_points_to_the_rule_that_is_at_fault(place: Place) -> None:
    [run] = json.loads(place.check("shop.reach", "-o", "sarif")[1])["runs"]
    found = [
        (
            each["ruleId"],
            each["kind"],
            each["level"],
            each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            each["locations"][0]["physicalLocation"]["region"]["startLine"],
        )
        for each in run["results"]
    ]
    assert found == [
        ("db-private", "fail", "error", "cluster.yaml", 28),
        ("web, alone", "fail", "warning", "shop.reach", 4),
        ("typo", "open", "none", "shop.reach", 5),
    ]


def test_of_a_denied_flow_the_rule_that_denies_is_at_fault(place: Place) -> None:
    out = "podSelector: {}, policyTypes: [Egress], egress: [{}]"
    kind = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    place.write("cluster.yaml", f"{MANIFESTS}---\n{kind}metadata: {{name: out, namespace: web}}\nspec: {{{out}}}\n")
    place.write("a.reach", "invariant open: every pod in namespace web can reach namespace shop on tcp/80")
    [run] = json.loads(place.check("a.reach", "-o", "sarif")[1])["runs"]
    [result] = run["results"]
    places = [each["message"]["text"] for each in (*result["locations"], *result["relatedLocations"])]
    assert places == [
        "NetworkPolicy shop/db isolates pod shop/db for ingress and none of its rules allows ingress from pod web/site "
        "to pod shop/db on tcp/80",
        "the statement",
    ]


def test_a_fingerprint_stays_when_lines_move_and_changes_with_the_rule(place: Place) -> None:
    def fingerprint() -> str:
        [run] = json.loads(place.check("shop.reach", "-o", "sarif")[1])["runs"]
        return str(run["results"][0]["partialFingerprints"]["reachproof/v1"])

    before = fingerprint()
    place.write("cluster.yaml", "# a comment\n\n" + MANIFESTS)
    place.write("shop.reach", "\n\n" + PACK)
    assert fingerprint() == before
    place.write("cluster.yaml", MANIFESTS.replace("    - from", "    - ports: [{port: 9}]\n    - from"))
    assert fingerprint() != before
