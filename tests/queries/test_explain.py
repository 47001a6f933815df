"""`explain SOURCE DESTINATION PORT`: each kind of flow with its trace and all that blocks it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings

from reachproof.documents.words import Verdict
from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Pod
from reachproof.network.errors import InputError
from reachproof.network.flow import External, Party
from reachproof.network.policy import Direction
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.explain import explain
from reachproof.semantics.evaluate import blockers, truth
from reachproof.semantics.trace import Step, Truth
from reachproof.solver.budget import Budget
from tests.agreement.engines import asked
from tests.queries.given import (
    DENY_PODS_IN,
    Manifest,
    admin_policy,
    baseline,
    codes,
    deployment,
    network_policy,
    notice,
    pod,
    service,
    session,
    texts,
)
from tests.strategies.flows import some_flows
from tests.strategies.snapshots import snapshots

NO_WEB: Manifest = {
    "name": "none",
    "action": "Deny",
    "from": [{"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}}],
}
SHOP = session(
    pod("shop/web", "10.0.0.1"),
    pod("shop/db", "10.0.0.2", ports=[("sql", 5432)]),
    pod("shop/api", "10.0.0.3"),
    pod("shop/jobs", "10.0.0.4"),
    deployment("shop/cart"),
    service("shop/data", {"app": "db"}, {"port": 80, "targetPort": "sql"}),
    network_policy("shop/closed", {"app": "web"}, policyTypes=["Egress"]),
    network_policy("shop/db", {"app": "db"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}]),
    admin_policy("no", 5, ingress=[NO_WEB]),
    baseline(ingress=[DENY_PODS_IN]),
)
WEB_DB = "from pod shop/web to pod shop/db on tcp/5432"


def kinds(answer: Answer) -> list[tuple[str, str]]:
    return [(each.access, str(each.witness.flow)) for each in answer.flows]


def problems(source: str, destination: str, ports: str) -> list[str]:
    with pytest.raises(InputError) as error:
        explain(SHOP, source, destination, ports)
    return [f"{each.column}: {each.message.splitlines()[0]}" for each in error.value.problems]


def test_a_flow_that_is_denied_has_both_sides_and_all_blockers() -> None:
    answer = explain(SHOP, "shop/web", "shop/db", "tcp/5432")
    assert (answer.verdict, answer.form, answer.vacuous) == (Verdict.EXPLAINED, "explain", False)
    (only,) = answer.flows
    assert only.access == "denied"
    assert [(step.direction, step.action) for step in only.witness.steps] == [("egress", "deny"), ("ingress", "deny")]
    assert [each.text for each in only.because] == [
        f"NetworkPolicy shop/closed isolates pod shop/web for egress and none of its rules allows egress {WEB_DB}",
        f'AdminNetworkPolicy no rule 0 "none" denies ingress {WEB_DB}',
        f"NetworkPolicy shop/db isolates pod shop/db for ingress and none of its rules allows ingress {WEB_DB}",
        f"BaselineAdminNetworkPolicy default rule 0 denies ingress {WEB_DB}",
    ]
    assert (answer.witness, answer.because) == (only.witness, only.because)


def test_a_flow_that_is_allowed_has_what_lets_it_through() -> None:
    answer = explain(SHOP, "shop/api", "shop/db", "tcp/5432")
    assert kinds(answer) == [("allowed", "pod shop/api (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432")]
    assert texts(answer) == ["NetworkPolicy shop/db rule 0 allows ingress from pod shop/api to pod shop/db on tcp/5432"]
    assert (answer.evidence.replayed, answer.evidence.cross_checked) == (True, True)


def test_each_kind_of_pair_is_explained_once_those_that_are_denied_first() -> None:
    assert kinds(explain(SHOP, "pod shop/web, pod shop/api or pod shop/jobs", "shop/db", "tcp/5432")) == [
        ("denied", "pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.2) on tcp/5432"),
        ("denied", "pod shop/jobs (10.0.0.4) -> pod shop/db (10.0.0.2) on tcp/5432"),
        ("allowed", "pod shop/api (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432"),
    ]


@pytest.mark.parametrize("allowed", ["api", "web"])
def test_those_that_are_denied_come_first_whatever_the_order_of_their_names(allowed: str) -> None:
    asking = session(
        pod("shop/api", "10.0.0.1"),
        pod("shop/web", "10.0.0.2"),
        pod("shop/db", "10.0.0.3"),
        network_policy(
            "shop/db", {"app": "db"}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": allowed}}}]}]
        ),
    )
    assert [each.access for each in explain(asking, "pods", "shop/db", "80").flows] == ["denied", "allowed"]


def test_a_bare_name_is_a_pod_else_a_workload_else_a_service() -> None:
    assert explain(SHOP, "shop/cart", "shop/data", "80").normalized == (
        "explain pod shop/cart to service shop/data on tcp/80"
    )
    others = session(pod("shop/web-1", "10.0.0.1"), service("shop/web-1", {"app": "web-1"}, {"port": 80}))
    assert explain(others, "shop/web-1", "shop/web-1", "80").normalized.startswith("explain pod shop/web-1 to pod")


def test_the_pods_of_a_workload_are_found_by_its_bare_name() -> None:
    owned = pod("shop/web-1", "10.0.0.1")
    owned["metadata"]["ownerReferences"] = [{"kind": "StatefulSet", "name": "web", "controller": True}]
    answer = explain(session(owned, pod("shop/db", "10.0.0.2")), "shop/web", "shop/db", "80")
    assert answer.normalized == "explain workload shop/web to pod shop/db on tcp/80"


def test_a_bare_port_is_a_number_of_tcp_or_the_name_of_a_container_port() -> None:
    assert explain(SHOP, "shop/api", "shop/db", "5432").normalized.endswith("on tcp/5432")
    named = explain(SHOP, "shop/api", "shop/db", "sql")
    assert named.normalized.endswith("on port sql")
    assert kinds(named) == [("allowed", "pod shop/api (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432")]


def test_through_a_service_the_flow_goes_to_the_port_behind_it() -> None:
    answer = explain(SHOP, "shop/api", "service shop/data", "80")
    assert kinds(answer) == [("allowed", "pod shop/api (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432")]
    assert str(answer.flows[0].witness.via) == "shop/data"


def test_an_address_is_explained_as_what_holds_it() -> None:
    assert kinds(explain(SHOP, "10.0.0.3", "10.0.0.2", "5432")) == [
        ("allowed", "pod shop/api (10.0.0.3) -> pod shop/db (10.0.0.2) on tcp/5432")
    ]


def test_a_flow_with_two_outcomes_depends_and_says_on_what() -> None:
    rules: dict[str, list[Manifest]] = {
        action: [{"action": action, "from": [{"namespaces": {}}]}] for action in ("Allow", "Deny")
    }
    tied = session(
        pod("shop/web", "10.0.0.1"),
        pod("shop/db", "10.0.0.2"),
        admin_policy("a", 5, ingress=rules["Allow"]),
        admin_policy("b", 5, ingress=rules["Deny"]),
    )
    answer = explain(tied, "shop/web", "shop/db", "80")
    assert [each.access for each in answer.flows] == ["depends"]
    assert codes(answer) == ["TIE"]
    assert texts(answer) == ["AdminNetworkPolicy b rule 0 denies ingress from pod shop/web to pod shop/db on tcp/80"]


def test_a_pair_without_a_flow_is_vacuous() -> None:
    answer = explain(SHOP, "shop/web", "shop/web", "80")
    assert (answer.verdict, answer.vacuous, answer.flows) == (Verdict.UNREACHABLE, True, ())
    typo = explain(SHOP, "pods labelled app=typo", "shop/db", "80")
    assert (typo.vacuous, codes(typo)) == (True, ["EMPTY_SET"])


def test_more_kinds_of_flow_than_are_looked_at_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reachproof.queries.explain.MOST_FLOWS", 2)
    answer = explain(SHOP, "pods", "pods", "tcp/5432")
    assert len(answer.flows) <= 2
    assert notice(answer, "EXPLAINED_IN_PART") == (
        "policies and question tell 6 flows apart here; 2 of them, chosen by a fixed seed, are explained; ask about "
        "smaller sets for the others"
    )


def test_too_large_a_table_is_unknown() -> None:
    answer = explain(SHOP, "pods", "pods", "tcp/5432", Budget(table_words=1))
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.reason == "memory limit reached: a table of 6 words is needed, 1 are allowed"


def test_the_problems_of_all_three_are_told_with_their_places() -> None:
    assert problems("every pod", "shop", "tcp/0") == [
        "9: `every` has no meaning here; write `any` or leave it out",
        "19: found `shop`, expected a set such as `pods`, `namespace NAME` or `10.0.0.0/8`",
        "24: port 0 is out of range; ports are 1 to 65535",
    ]
    assert problems("", " ", "") == [
        "9: missing; expected a set such as pods",
        "10: missing; expected a set such as pods",
        "12: missing; expected a port such as tcp/80",
    ]


def test_names_that_do_not_exist_are_told_with_near_ones() -> None:
    assert problems("shop/wep", "namespace shp", "80") == [
        "13: no pod shop/wep in the snapshot; did you mean `shop/web` or `shop/api` or `shop/db`?",
        "32: no namespace shp in the snapshot; did you mean `shop`?",
    ]


def test_pods_that_do_not_exist_yet_cannot_be_explained() -> None:
    assert problems("possible pods in namespace shop", "shop/db", "80") == [
        "9: possible pods cannot be explained; ask with `can` or `no`"
    ]


def test_a_rule_that_names_the_domain_that_is_asked_for_matches_for_certain() -> None:
    named: list[Manifest] = [{"action": "Allow", "to": [{"domainNames": ["api.example.com"]}]}]
    deny: list[Manifest] = [{"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]}]
    asking = session(pod("shop/web", "10.0.0.1"), admin_policy("out", 5, egress=[*named, *deny]))
    answer = explain(asking, "shop/web", "domain api.example.com", "443")
    assert ([each.access for each in answer.flows], codes(answer)) == (["allowed"], ["DOMAIN_ADDRESSES"])
    other = explain(asking, "shop/web", "domain other.example.com", "443")
    assert [each.access for each in other.flows] == ["depends"]


# ---------------------------------------------------------------- laws


def words(party: Party, address: int) -> str:
    match party:
        case Pod():
            return f"pod {party}"
        case Node(name=name):
            return f"node {name}"
        case External():
            return format_address(address)


def rules_of(blocked: Iterable[Step]) -> set[tuple[str, Direction, int | None]]:
    return {(str(ref), each.direction, each.rule_index) for each in blocked for ref in each.policies}


@pytest.mark.heavy
@settings(max_examples=60)
@given(snapshots())
def test_an_explanation_is_the_evaluators_truth_with_all_its_blockers(snapshot: Snapshot) -> None:
    asking = Session(snapshot)
    for flow in some_flows(snapshot, 6):
        if not asked(flow):
            continue
        source, destination = words(flow.source, flow.source_address), words(flow.destination, flow.destination_address)
        answer = explain(asking, source, destination, f"{flow.protocol.lower()}/{flow.port}")
        expected = truth(snapshot, flow)
        assert expected in {each.truth for each in answer.flows}, str(flow)
        for each in answer.flows:
            assert each.truth is truth(snapshot, each.witness.flow)
            if each.truth is not Truth.ALLOWED:
                blocked = [b for side in Direction for b in blockers(snapshot, each.witness.flow, side)]
                found = {(str(because.policy), because.direction, because.rule_index) for because in each.because}
                assert found == rules_of(blocked), str(each.witness.flow)
