"""Packs on a snapshot: what passes, what fails, what is refused, and which tenants there are."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from reachproof.documents.answer import Answer, Evidence
from reachproof.documents.json import plain, viewed
from reachproof.documents.report import CheckReport, Result
from reachproof.documents.words import Severity, Status, Verdict
from reachproof.manifests import load_text
from reachproof.manifests.load import load_objects
from reachproof.network.errors import InputError, InternalError
from reachproof.queries import ask
from reachproof.queries.ask import Session
from reachproof.queries.packs import Allowed, PackText, check, read_packs
from reachproof.solver.budget import Budget
from tests.queries.given import network_policy
from tests.queries.given import pod as pod_object

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {tenant: a, team: acme, zone: x}}
---
apiVersion: v1
kind: Namespace
metadata: {name: jobs, labels: {tenant: b, team: acme}}
---
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {tenant: b}}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: job, namespace: jobs}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: site, namespace: web}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.0.0.3}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
SNAPSHOT = load_text(CLUSTER, name="cluster.yaml")


def checked(text: str, *, allow_vacuous: bool = False) -> CheckReport:
    return check(SNAPSHOT, [PackText(name="a.reach", text=text)], allowed=Allowed(vacuous=allow_vacuous))


def refused(*texts: str) -> str:
    with pytest.raises(InputError) as caught:
        check(SNAPSHOT, [PackText(name=f"{number}.reach", text=text) for number, text in enumerate(texts, start=1)])
    return str(caught.value)


def outcomes(report: CheckReport) -> list[tuple[str, str, Status]]:
    return [(each.answer.name, str(each.answer.verdict), each.status) for each in report.results]


def test_each_statement_has_its_name_its_verdict_and_whether_it_passed() -> None:
    report = checked(
        'invariant closed (critical) "nobody comes in": no pod in namespace web can reach namespace shop\n'
        "invariant open: no pod in namespace shop can reach namespace web\n"
        'expect reachable "shop calls web": can namespace shop reach namespace web on tcp/80?\n'
        "expect unreachable: can namespace shop reach namespace web on tcp/80?\n"
    )
    assert outcomes(report) == [
        ("closed", "holds", Status.PASSED),
        ("open", "violated", Status.FAILED),
        ("shop calls web", "reachable", Status.PASSED),
        ("can pods in namespace shop reach pods in namespace web on tcp/80", "reachable", Status.FAILED),
    ]
    assert [each.answer.severity for each in report.results] == [Severity.CRITICAL, *[Severity.MEDIUM] * 3]
    assert [each.statement.line for each in report.results] == [1, 2, 3, 4]
    assert report.verdict is Verdict.VIOLATED


def test_the_json_has_the_fields_of_an_answer_and_those_of_the_pack() -> None:
    document: Any = plain(checked("invariant shut (high): no pod in namespace web can reach namespace shop\n").document)
    [answer] = document["answers"]
    assert document["verdict"] == "holds" and document["skipped"] == []
    assert {key: answer[key] for key in ("query", "name", "severity", "expected", "verdict", "status")} == {
        "query": "no pod in namespace web can reach namespace shop",
        "name": "shut",
        "severity": "high",
        "expected": "holds",
        "verdict": "holds",
        "status": "passed",
    }


def test_a_statement_about_no_flow_is_undecided_unless_that_is_allowed() -> None:
    text = "invariant none: no pods labelled app=typo can reach namespace shop"
    assert (outcomes(checked(text)), checked(text).verdict) == (
        [("none", "holds", Status.UNDECIDED)],
        Verdict.UNKNOWN,
    )
    allowed = checked(text, allow_vacuous=True)
    assert (outcomes(allowed), allowed.verdict) == ([("none", "holds", Status.PASSED)], Verdict.HOLDS)


def test_a_statement_that_runs_out_of_its_budget_is_undecided_and_does_not_hide_a_failure() -> None:
    pack = PackText(name="a.reach", text="invariant open: no pod in namespace shop can reach namespace web")
    report = check(SNAPSHOT, [pack], budget=Budget(seconds=1, clock=iter(range(1_000_000)).__next__))
    assert outcomes(report) == [("open", "unknown", Status.UNDECIDED)]
    assert report.verdict is Verdict.UNKNOWN
    failed = replace(report, results=(*report.results, *checked(pack.text).results))
    assert failed.verdict is Verdict.VIOLATED


def test_a_pack_without_statements_proves_nothing() -> None:
    assert checked("# nothing yet\n").verdict is Verdict.UNKNOWN


# ---------------------------------------------------------------- what is refused


def test_names_that_do_not_exist_are_listed_for_all_packs_with_their_places() -> None:
    assert refused(
        "# shop\ninvariant a:\n  no pod in namespace shoop can reach tenant c\n",
        "expect reachable: can pod shop/apl reach namespace web?",
    ) == (
        "1.reach:3: no namespace shoop in the snapshot; did you mean `shop`?\n"
        "      no pod in namespace shoop can reach tenant c\n"
        "                          ^^^^^\n"
        "1.reach:3: no tenant c in the snapshot; it has a, b\n"
        "      no pod in namespace shoop can reach tenant c\n"
        "                                                 ^\n"
        "2.reach:1: no pod shop/apl in the snapshot; did you mean `shop/api`?\n"
        "    expect reachable: can pod shop/apl reach namespace web?\n"
        "                              ^^^^^^^^"
    )


def test_mistakes_of_syntax_are_listed_for_all_packs() -> None:
    assert refused("invariant a: no pod can reech nodes", "invariant b: can pods reach nodes?") == (
        "1.reach:1: found `reech`, expected `reach`; did you mean `reach`?\n"
        "    invariant a: no pod can reech nodes\n"
        "                            ^^^^^\n"
        "  write\n"
        "    no pod can reach nodes\n"
        "    no pod jobs/job can reach pod shop/api\n"
        "    can pod jobs/job reach pod shop/api\n"
        "2.reach:1: an invariant is a claim, not a question (understood as `can pods reach nodes`)\n"
        "    invariant b: can pods reach nodes?\n"
        "                 ^^^^^^^^^^^^^^^^^^^^^"
    )


def test_packs_that_cannot_be_read_are_all_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.reach"
    latin.write_bytes(b"# caf\xe9\n")
    missing = tmp_path / "missing.reach"
    with pytest.raises(InputError) as caught:
        read_packs([str(missing), str(latin)])
    assert str(caught.value) == (
        f"{missing}: cannot be read: No such file or directory\n{latin}: not valid UTF-8 (byte 0xe9 at offset 5)"
    )


def test_a_pack_of_a_windows_editor_is_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "a.reach"
    path.write_bytes(b"\xef\xbb\xbfinvariant a:\r\n  all tenants are isolated\r\n")
    assert [each.text for each in read_packs([str(path)])] == ["invariant a:\n  all tenants are isolated\n"]


# ---------------------------------------------------------------- tenants


def test_a_pack_can_take_another_label_for_its_tenants() -> None:
    shared = "invariant a: no pod in a different tenant can reach pods in any tenant\n"
    first, second = (
        check(SNAPSHOT, [PackText(name="a", text=text)]).results[0].answer.witness
        for text in (shared, f"define tenants by label zone\n{shared}expect reachable: can tenant x reach nodes?")
    )
    assert first is not None and second is None


def test_declared_tenants_are_the_only_ones() -> None:
    pack = "define tenant acme as namespaces labelled team=acme\n"
    assert refused(pack + "invariant a: no pod in tenant acme can reach tenant b") == (
        "1.reach:2: no tenant b in the snapshot; it has acme\n"
        "    invariant a: no pod in tenant acme can reach tenant b\n"
        "                                                        ^"
    )
    report = checked(f"{pack}expect reachable: can pods in the same tenant reach pods in tenant acme?")
    witness = report.results[0].answer.witness
    assert witness is not None and str(witness).startswith("pod shop/api (10.0.0.1) -> pod jobs/job (10.0.0.2)")


def test_with_a_label_as_well_the_other_namespaces_go_by_it() -> None:
    report = checked(
        "define tenants by label tenant\n"
        "define tenant acme as namespaces labelled team=acme\n"
        "invariant a: no pod in tenant acme can reach tenant b\n"
    )
    witness = report.results[0].answer.witness
    assert witness is not None and witness.destination.title == "web/site"
    whole: Any = plain(report.document)
    document = whole["answers"][0]["witness"]
    assert (document["source"]["tenant"], document["destination"]["tenant"]) == ("acme", "b")


def test_packs_with_different_tenants_do_not_see_each_other() -> None:
    packs = [
        PackText(name="1", text="define tenants by label team\ninvariant a: no pod in tenant acme can reach 10.0.0.9"),
        PackText(name="2", text="invariant a: no pod in tenant b can reach tenant a"),
    ]
    assert [each.answer.verdict for each in check(SNAPSHOT, packs).results] == [Verdict.VIOLATED, Verdict.HOLDS]


def test_a_declared_tenant_without_namespaces_makes_a_claim_vacuous() -> None:
    report = checked(
        "define tenant none as namespaces labelled team=none\n"
        "invariant a: no pod in tenant none can reach namespace web\n"
    )
    assert outcomes(report) == [("a", "holds", Status.UNDECIDED)]


def test_definitions_that_contradict_each_other_are_refused() -> None:
    assert refused(
        "define tenants by label team\ndefine tenants by label zone\n"
        "define tenant acme as namespaces labelled team=acme\n"
        "define tenant x as namespaces labelled zone=x\n"
        "define tenant acme as namespaces labelled team=other\n"
        "invariant a: all tenants are isolated\n"
    ) == (
        "1.reach: tenants are defined by label team and by label zone; use one label\n"
        "1.reach:4: namespace shop is in tenant acme and in tenant x; a namespace has at most one tenant\n"
        "    define tenant x as namespaces labelled zone=x\n"
        "                  ^\n"
        "1.reach:5: tenant acme is defined above\n"
        "    define tenant acme as namespaces labelled team=other\n"
        "                  ^^^^"
    )


# ---------------------------------------------------------------- several processes


def test_the_results_do_not_depend_on_the_number_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    packs = [
        PackText(
            name="a",
            text="invariant a: no pod in namespace shop can reach namespace web\ninvariant b: all tenants are isolated",
        ),
        PackText(
            name="b", text="define tenants by label team\nexpect unreachable: can tenant acme reach namespace web?"
        ),
    ]
    names: list[str] = []
    alone = check(SNAPSHOT, packs, jobs=1, progress=lambda done, total, name: names.append(f"{done}/{total} {name}"))
    monkeypatch.setattr(ask, "WORTH_PROCESSES", 0)
    together = check(SNAPSHOT, packs, jobs=2)
    assert names[:2] == ["0/3 a", "1/3 b"]
    assert list(map(timeless, alone.results)) == list(map(timeless, together.results))
    assert all(each.answer.evidence.snapshot == SNAPSHOT.digest for each in together.results)


def timeless(result: Result) -> Result:
    evidence = viewed(Evidence, result.answer.evidence, solver_ms=0.0, total_ms=0.0)
    return replace(result, answer=viewed(Answer, result.answer, evidence=evidence))


def test_a_process_that_ends_is_a_bug_and_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_arguments: object, **_options: object) -> NoReturn:
        raise BrokenProcessPool

    monkeypatch.setattr(ask, "WORTH_PROCESSES", 0)
    monkeypatch.setattr(ProcessPoolExecutor, "submit", ended)
    text = "invariant a: all tenants are isolated\ninvariant b: all namespaces are isolated"
    with pytest.raises(InternalError) as caught:
        check(SNAPSHOT, [PackText(name="a", text=text)], jobs=2)
    assert str(caught.value) == ("a worker process ended, perhaps out of memory; no verdict is given; try --jobs 1")


def test_a_session_brings_what_is_prepared_and_the_report_is_that_of_its_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "invariant x: no pod in namespace web can reach pods in namespace shop"
    packs = [
        PackText(name="plain", text=text),
        PackText(
            name="named",
            text=f"define tenants by label team\n{text}\ninvariant y: no pod in tenant acme can reach nodes",
        ),
    ]
    session = Session(SNAPSHOT)
    expected = check(SNAPSHOT, packs)
    for _ in range(2):
        assert list(map(timeless, check(session, packs).results)) == list(map(timeless, expected.results))

    def again(*_arguments: object) -> NoReturn:
        raise AssertionError("something was prepared again")

    monkeypatch.setattr("reachproof.queries.claims.prepare", again)
    check(session, packs[:1])


NOTHING_ENFORCED = (pod_object("shop/web", "10.0.0.1"), pod_object("shop/db", "10.0.0.2"))
OPEN = PackText(name="open.reach", text="invariant open: every pod can reach every pod\n")


def test_a_pack_about_input_without_policies_is_undecided() -> None:
    bare = load_objects(NOTHING_ENFORCED)
    assert check(bare, [OPEN]).verdict is Verdict.UNKNOWN
    assert check(bare, [OPEN], allowed=Allowed(no_policies=True)).verdict is Verdict.HOLDS
    violated = PackText(name="closed.reach", text="invariant closed: no pod can reach any pod\n")
    assert check(bare, [violated]).verdict is Verdict.VIOLATED


def test_a_pack_about_input_with_any_policy_is_decided() -> None:
    policy = network_policy("shop/open", ingress=[{}])
    assert check(load_objects([*NOTHING_ENFORCED, policy]), [OPEN]).verdict is Verdict.HOLDS
