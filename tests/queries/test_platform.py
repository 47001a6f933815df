"""A cluster with what a platform team installs beside Kubernetes: what is still decided, and what is not is named."""

from __future__ import annotations

from functools import cache
from itertools import product

from reachproof.documents.words import Verdict
from reachproof.engines.not_read import apart
from reachproof.manifests.load import load_text
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.packs import check, library
from tests.house.places import ROOT
from tests.laws.test_not_read_laws import each_case

INPUTS = ROOT / "tests" / "inputs"
POD_GROUPS = """\
apiVersion: vpcresources.k8s.aws/v1beta1
kind: SecurityGroupPolicy
metadata: {name: etl, namespace: meadow-data}
spec: {podSelector: {matchLabels: {app: etl}}, securityGroups: {groupIds: [sg-2]}}
"""
BARE = (INPUTS / "platform.yaml").read_text(encoding="utf-8")
INSTALLED = (INPUTS / "platform-installed.yaml").read_text(encoding="utf-8")
SHARE = 0.9
ASKED = (
    "no pod in namespace {} can reach pods in namespace {}",
    "every pod in namespace {} can reach every pod in namespace {} on tcp/8080",
    "can any pod in namespace {} reach any pod in namespace {} on tcp/8080",
)


@cache
def snapshot(*parts: str) -> Snapshot:
    return load_text("\n---\n".join(parts), name="platform")


@cache
def packs(*parts: str) -> dict[str, Verdict]:
    return verdicts(snapshot(*parts))


def verdicts(found: Snapshot) -> dict[str, Verdict]:
    """Verdicts of the shipped library by name."""
    return {each.statement.name: each.answer.verdict for each in check(found, library()).results}


def decided(found: dict[str, Verdict]) -> list[str]:
    return [name for name, verdict in found.items() if verdict is not Verdict.UNKNOWN]


def test_the_shipped_packs_decide_what_they_decide_without_what_is_installed() -> None:
    before, after = packs(BARE), packs(BARE, INSTALLED)
    assert len(decided(before)) == 9
    assert len(decided(after)) >= SHARE * len(decided(before))
    assert after == before


def test_statements_about_two_namespaces_are_decided_but_for_few() -> None:
    bare, session = Session(snapshot(BARE)), Session(snapshot(BARE, INSTALLED))
    names = [each.name for each in bare.snapshot.namespaces]
    texts = [text.format(*pair) for text in ASKED for pair in product(names, names)]
    before = [text for text in texts if bare.ask(text).verdict is not Verdict.UNKNOWN]
    answers = {text: session.ask(text) for text in before}
    unknown = [answer for answer in answers.values() if answer.verdict is Verdict.UNKNOWN]
    assert (len(before), len(unknown)) == (243, 13)
    assert len(before) - len(unknown) >= SHARE * len(before)
    refs = {str(policy.ref) for policy in apart(session.snapshot.policies)[1]}
    for answer in unknown:
        assert any(f"{ref} is not read" in answer.reason for ref in refs), answer.reason


def test_security_groups_of_single_pods_leave_open_what_every_pod_must_reach() -> None:
    """Where the VPC CNI enforces network policies, which its PolicyEndpoints show, security groups only filter."""
    found = packs(BARE, INSTALLED, POD_GROUPS)
    assert sorted(set(found) - set(decided(found))) == ["dns-reachable"]
    reason = "SecurityGroupPolicy.vpcresources.k8s.aws meadow-data/etl is not read, and may deny it"
    report = check(snapshot(BARE, INSTALLED, POD_GROUPS), library())
    for each in report.results:
        assert each.answer.verdict is not Verdict.UNKNOWN or each.answer.reason.endswith(reason)


def test_statements_about_two_namespaces_are_decided_but_for_few_beside_security_groups() -> None:
    session = Session(snapshot(BARE, INSTALLED, POD_GROUPS))
    bare = Session(snapshot(BARE))
    names = [each.name for each in bare.snapshot.namespaces]
    texts = [text.format(*pair) for text in ASKED for pair in product(names, names)]
    before = [text for text in texts if bare.ask(text).verdict is not Verdict.UNKNOWN]
    unknown = [text for text in before if session.ask(text).verdict is Verdict.UNKNOWN]
    assert (len(before), len(unknown)) == (243, 16)
    assert len(before) - len(unknown) >= SHARE * len(before)


def test_what_the_packs_decide_is_so_whatever_the_objects_are() -> None:
    found = packs(BARE, INSTALLED, POD_GROUPS)
    for case, other in each_case(snapshot(BARE, INSTALLED, POD_GROUPS)):
        told = verdicts(other)
        assert {name: told[name] for name in decided(found)} == {name: found[name] for name in decided(found)}, case
