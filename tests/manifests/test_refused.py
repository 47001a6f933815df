"""Every admission check refuses its fixture, and says what was found and what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reachproof.network.options import Channel, Cni, Options
from tests.manifests.given import manifest, policy, problems

FOLDER = Path(__file__).parent / "refused"
STANDARD = "_standard"
ADMIN_KINDS = ("adminnetworkpolicy", "baselineadminnetworkpolicy", "clusternetworkpolicy")


def _rows() -> list[Any]:
    return [
        pytest.param(path.stem, row["spec"], row["says"], id=f"{path.stem}: {row['claim']}")
        for path in sorted(FOLDER.glob("*.yaml"))
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("fixture", "spec", "expected"), _rows())
def test_is_refused(fixture: str, spec: str, expected: list[str]) -> None:
    channel = Channel.STANDARD if fixture.endswith(STANDARD) else Channel.EXPERIMENTAL
    cni = Cni.CILIUM if fixture.startswith("cilium") else Cni.SPEC
    options = Options(channel=channel, cni=cni, strict=True)
    found = problems(manifest(fixture.removesuffix(STANDARD), spec), options=options)
    assert [f"{problem.path}: {problem.message}" for problem in found] == expected
    assert {problem.line for problem in found} == {4}


def _many(text: str, count: int) -> str:
    return "[" + ", ".join([text] * count) + "]"


PEER = "{namespaces: {}}"
HEAD = {
    "adminnetworkpolicy": "priority: 1, subject: {namespaces: {}}",
    "baselineadminnetworkpolicy": "subject: {namespaces: {}}",
    "clusternetworkpolicy": "tier: Admin, priority: 1, subject: {namespaces: {}}",
}
MOST = {"adminnetworkpolicy": 100, "baselineadminnetworkpolicy": 100, "clusternetworkpolicy": 25}
PORTS = {
    "adminnetworkpolicy": ("ports", "{portNumber: {port: 80}}"),
    "baselineadminnetworkpolicy": ("ports", "{portNumber: {port: 80}}"),
    "clusternetworkpolicy": ("protocols", "{tcp: {destinationPort: {number: 80}}}"),
}


def _spec(kind: str, place: str, count: int) -> tuple[str, str]:
    """A spec with so many entries in one place, and the path of that place."""
    ports, entry = PORTS[kind]
    allow = "Accept" if kind == "clusternetworkpolicy" else "Allow"
    rules = {
        "ingress": _many(f"{{action: Deny, from: [{PEER}]}}", count),
        "egress": _many(f"{{action: Deny, to: [{PEER}]}}", count),
        "ingress[0].from": f"[{{action: Deny, from: {_many(PEER, count)}}}]",
        "egress[0].to": f"[{{action: Deny, to: {_many(PEER, count)}}}]",
        f"ingress[0].{ports}": f"[{{action: Deny, from: [{PEER}], {ports}: {_many(entry, count)}}}]",
        "egress[0].to[0].networks": f"[{{action: Deny, to: [{{networks: {_many('10.0.0.0/8', count)}}}]}}]",
        "egress[0].to[0].domainNames": f"[{{action: {allow}, to: [{{domainNames: {_many('a.example', count)}}}]}}]",
        "ingress[0].name": f"[{{name: {'n' * count}, action: Deny, from: [{PEER}]}}]",
    }
    place = place.replace("PORTS", ports)
    return f"{{{HEAD[kind]}, {place.partition('[')[0]}: {rules[place]}}}", f"spec.{place}"


COUNTED = [
    *((kind, place, 0, MOST[kind]) for kind in ADMIN_KINDS for place in ("ingress", "egress")),
    *((kind, place, 1, MOST[kind]) for kind in ADMIN_KINDS for place in ("ingress[0].from", "egress[0].to")),
    *((kind, "ingress[0].PORTS", 1, MOST[kind]) for kind in ADMIN_KINDS),
    *((kind, "egress[0].to[0].networks", 1, 25) for kind in ADMIN_KINDS),
    *((kind, "egress[0].to[0].domainNames", 1, 25) for kind in ADMIN_KINDS if kind != "baselineadminnetworkpolicy"),
]


@pytest.mark.parametrize(("kind", "place", "low", "high"), COUNTED)
def test_a_list_has_so_many_entries_and_no_more(kind: str, place: str, low: int, high: int) -> None:
    spec, path = _spec(kind, place, high + 1)
    (problem,) = problems(manifest(kind, spec))
    assert (problem.path, problem.message) == (path, f"too many entries ({high + 1}; the limit is {high})")
    fits, _ = _spec(kind, place, high)
    assert_accepted(kind, fits)


@pytest.mark.parametrize("kind", ADMIN_KINDS)
def test_a_rule_name_has_at_most_100_characters(kind: str) -> None:
    spec, path = _spec(kind, "ingress[0].name", 101)
    (problem,) = problems(manifest(kind, spec))
    assert (problem.path, problem.message) == (path, "too long (101 characters; the limit is 100)")
    assert_accepted(kind, _spec(kind, "ingress[0].name", 100)[0])


def assert_accepted(kind: str, spec: str) -> None:
    assert policy(kind, spec).ref.kind.lower() == kind


def test_every_problem_of_every_document_is_listed_in_order_of_place() -> None:
    text = (
        manifest("networkpolicy", "{podSelector: {}, policyTypes: [ingress], ingress: [{ports: [{port: 0}]}]}")
        + "---\n"
        + manifest("clusternetworkpolicy", "{tier: Admin, subject: {}}")
    )
    assert [str(problem) for problem in problems(text)] == [
        "f.yaml:4 NetworkPolicy shop/p spec.ingress[0].ports[0].port: found 0, expected a port number from 1 to 65535",
        'f.yaml:4 NetworkPolicy shop/p spec.policyTypes[0]: found "ingress", expected Ingress or Egress; '
        "did you mean `Ingress`?",
        "f.yaml:9 ClusterNetworkPolicy p spec.priority: missing; expected a whole number from 0 to 1000",
        "f.yaml:9 ClusterNetworkPolicy p spec.subject: found an empty object, "
        "expected exactly one of namespaces and pods",
    ]
