"""Questions about a cluster with Calico: its tiers by name, its policies, what decides, lint and differences."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.documents.words import By
from reachproof.manifests.load import load_objects
from reachproof.network.errors import InputError
from reachproof.network.options import CidrMatches, Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.queries.difference import difference
from reachproof.queries.errors import QueryError
from reachproof.queries.lint_input import static_findings
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import prepare
from reachproof.solver.universe import build
from tests.agreement.engines import prover

V3 = "projectcalico.org/v3"
CALICO = Options(cni=Cni.CALICO)


def pod(name: str, number: int, **labels: str) -> dict[str, Any]:
    address = f"10.0.0.{number}"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "a", "labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "status": {"podIP": address, "podIPs": [{"ip": address}]},
    }


def gnp(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": V3, "kind": "GlobalNetworkPolicy", "metadata": {"name": name}, "spec": spec}


CLUSTER: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
    pod("cli", 1, app="cli"),
    pod("srv", 2, app="srv"),
    {"apiVersion": V3, "kind": "Tier", "metadata": {"name": "security"}, "spec": {"order": 10}},
    gnp("lock", tier="security", order=5, selector="app == 'srv'", ingress=[{"action": "Deny", "protocol": "TCP"}]),
    gnp("late", order=5, selector="app == 'srv'", ingress=[{"action": "Allow"}]),
]


def snapshot(*more: dict[str, Any], cni: Cni = Cni.CALICO) -> Snapshot:
    return load_objects([*CLUSTER, *more], options=Options(cni=cni))


def verdict(text: str, *more: dict[str, Any]) -> str:
    return str(Session(snapshot(*more)).ask(text).verdict)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("can pod a/cli reach pod a/srv on tcp/80?", "unreachable"),
        ("can pod a/cli reach pod a/srv on udp/80?", "unreachable"),
        ("without globalnetworkpolicy lock: can pod a/cli reach pod a/srv on udp/80?", "reachable"),
        ("with only the tier default: can pod a/cli reach pod a/srv on tcp/80?", "reachable"),
        ("with only the tier security: can pod a/cli reach pod a/srv on tcp/80?", "unreachable"),
        ("the tier security enforces default deny for ingress for pods labelled app=srv", "holds"),
        ("the tier security enforces default deny for egress for pods labelled app=srv", "violated"),
        ("the tier default enforces default deny for ingress for pods labelled app=srv", "violated"),
        ("can any possible pod in namespace a labelled app=x reach pod a/srv on tcp/80?", "unreachable"),
        ("can pod a/srv reach any possible pod in namespace a labelled app=srv on tcp/80?", "unreachable"),
        ("can pod a/srv reach any possible pod in namespace a labelled app=x on tcp/80?", "reachable"),
    ],
)
def test_questions_about_tiers_and_policies(text: str, expected: str) -> None:
    assert verdict(text) == expected


def test_parts_of_labels_matter_to_possible_pods() -> None:
    only_c = gnp("c", order=1, tier="security", selector="app == 'srv'", ingress=[
        {"action": "Allow", "source": {"selector": "app starts with 'c' && !(app ends with 'z')"}},
    ])  # fmt: skip
    for labels, expected in (("app=cx", "reachable"), ("app=cz", "unreachable"), ("app=x", "unreachable")):
        asked = f"can any possible pod in namespace a labelled {labels} reach pod a/srv on tcp/80?"
        assert verdict(asked, only_c) == expected, labels
    assert (
        verdict("can any possible pod in namespace a labelled app!=cli reach pod a/srv on tcp/80?", only_c)
        == "reachable"
    )


def test_a_tier_that_nothing_is_in_is_told() -> None:
    with pytest.raises(QueryError) as caught:
        verdict("with only the tier secruity: can pod a/cli reach pod a/srv?")
    assert "no tier secruity in the snapshot; did you mean `security`?" in str(caught.value)


def test_tiers_by_name_are_calicos() -> None:
    given = load_objects(CLUSTER[:3])
    with pytest.raises(QueryError) as caught:
        Session(given).ask("with only the tier security: can pod a/cli reach pod a/srv?")
    assert "cni spec has no tier security; tiers by name need cni calico" in str(caught.value)


def test_what_decides_has_native_names() -> None:
    answer = Session(snapshot()).ask("why can pod a/cli not reach pod a/srv on udp/80?")
    assert answer.witness is not None
    assert answer.witness.trace.ingress.decider.text == (
        "GlobalNetworkPolicy lock (tier security, order 5) selects pod a/srv for ingress and no rule of the "
        "tier security decides ingress from pod a/cli to pod a/srv on udp/80; the tier ends in deny"
    )


def test_lint_tells_orders_that_tie_and_selectors_that_match_nothing() -> None:
    tied = gnp("tied", order=5, selector="app starts with 'q'", ingress=[{"action": "Deny"}])
    alone = gnp("alone", order=7, ingress=[{"action": "Allow", "protocol": "TCP"}, {"action": "Deny"}])
    found = {(each.code.value, each.text) for each in static_findings(build(snapshot(tied, alone)))}
    assert not any(code == "TIED_ORDER" and "alone" in text for code, text in found)
    assert (
        "TIED_ORDER",
        "GlobalNetworkPolicy late and GlobalNetworkPolicy tied have order 5 in the tier default and rules that do "
        "different things; their names decide",
    ) in found
    assert (
        "SELECTS_NOTHING",
        "GlobalNetworkPolicy tied selects pods with app starts with 'q'; no pod in the snapshot is selected",
    ) in found


def test_a_difference_says_of_a_tier_that_it_ends_in_deny() -> None:
    before, after = (prepare(each) for each in (snapshot(), load_objects(CLUSTER[:4], options=CALICO)))
    report = difference(before, after, Budget(), prover(), by=By.WORKLOAD)
    told = {cause.text for row in report.rows for cause in row.because}
    assert told == {
        "GlobalNetworkPolicy lock ingress rule 0 denies",
        "GlobalNetworkPolicy lock selects pods for ingress, and its tier security ends in deny",
    }


def test_a_proof_says_of_a_tier_that_it_ends_in_deny() -> None:
    answer = Session(snapshot()).ask("no pod can reach pod a/srv on udp/80")
    assert [each.text for each in answer.because] == [
        "GlobalNetworkPolicy lock selects pods for ingress, and its tier security ends in deny"
    ]


def test_a_port_name_that_is_left_out_matters_to_possible_pods() -> None:
    not_web = gnp("c", order=1, tier="security", ingress=[
        {"action": "Allow", "protocol": "TCP", "destination": {"notPorts": ["web"]}},
        {"action": "Deny"},
    ])  # fmt: skip
    for text, expected in (
        ("can pod a/cli reach any possible pod in namespace a on port web?", "unreachable"),
        ("can pod a/cli reach any possible pod in namespace a labelled app=x on tcp/80?", "reachable"),
        ("can any possible pod in namespace a reach pod a/srv on tcp/80?", "reachable"),
        ("can any possible pod in namespace a reach pod a/srv on udp/80?", "unreachable"),
    ):
        assert verdict(text, not_web) == expected, text


def test_every_policy_that_selects_is_told_where_a_tier_ends_in_deny() -> None:
    more = gnp("more", tier="security", order=6, selector="app == 'srv'")
    answer = Session(snapshot(more)).ask("why can pod a/cli not reach pod a/srv on udp/80?")
    assert [each.text for each in answer.because] == [
        "GlobalNetworkPolicy lock selects pod a/srv for ingress, and its tier security ends in deny",
        "GlobalNetworkPolicy more selects pod a/srv for ingress, and its tier security ends in deny",
    ]


# ---------------------------------------------------------------- claims about network policies

BOTH = {"types": ["Ingress", "Egress"]}
PASSING = {
    "apiVersion": V3,
    "kind": "Tier",
    "metadata": {"name": "open"},
    "spec": {"order": 1, "defaultAction": "Pass"},
}
SELECTED = "every pod is selected by a network policy"
DENIES = "network policies enforce default deny for every pod"


@pytest.mark.parametrize("claim", [SELECTED, DENIES])
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([gnp("all", **BOTH)], "holds"),
        ([gnp("all", **BOTH, ingress=[{"action": "Allow"}], egress=[{"action": "Log"}])], "holds"),
        ([gnp("all", types=["Ingress"])], "violated"),
        ([gnp("all", **BOTH, selector="app == 'srv'")], "violated"),
        ([PASSING, gnp("open.all", tier="open", **BOTH)], "violated"),
        ([gnp("all", **BOTH, egress=[{"action": "Pass"}])], "violated"),
        ([gnp("all", **BOTH, doNotTrack=True, applyOnForward=True)], "violated"),
    ],
    ids=["all", "rules", "one direction", "one pod", "a tier that passes", "a rule that passes", "hosts"],
)
def test_policies_of_calico_count_where_their_tier_ends_in_deny(
    claim: str, more: list[dict[str, Any]], expected: str
) -> None:
    assert verdict(claim, *more) == expected


def test_the_claim_says_which_kinds_count() -> None:
    found = Session(snapshot(gnp("all", **BOTH))).ask(SELECTED)
    (meaning,) = [each.text for each in found.assumptions if each.code == "DEFAULT_DENY_MEANING"]
    assert meaning == (
        "judged by isolation alone: what rules of NetworkPolicies allow is not looked at; policies of Calico's own "
        "kinds count too, unless their tier ends in pass or a rule passes"
    )


# ---------------------------------------------------------------- CIDRs


@pytest.mark.parametrize("matches", [CidrMatches.WORLD, CidrMatches.WORLD_AND_NODES, CidrMatches.WORLD_AND_PODS])
def test_what_a_cidr_matches_cannot_be_chosen(matches: CidrMatches) -> None:
    chosen = load_objects(CLUSTER, options=Options(cni=Cni.CALICO, cidr_matches=matches))
    with pytest.raises(InputError) as refused:
        Session(chosen).ask("can pod a/cli reach pod a/srv on tcp/80?")
    assert str(refused.value) == (
        f"options cidrMatches: {matches} is not possible with cni calico, which matches a CIDR with whatever has the "
        "address; leave the option out"
    )


def test_a_cidr_matches_everything_by_default_and_if_asked_for() -> None:
    for matches in (None, CidrMatches.ALL):
        chosen = load_objects(CLUSTER, options=Options(cni=Cni.CALICO, cidr_matches=matches))
        assert str(Session(chosen).ask("can pod a/cli reach pod a/srv on udp/80?").verdict) == "unreachable"
