"""The face, and everything behind it, on tiers that users name as they like, also as built-in ones are named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

import reachproof as rp
from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.face.service import Service, asked
from reachproof.manifests import load_objects
from reachproof.network.options import Cni, Options
from tests.face.test_remote import URL, Inside
from tests.strategies.vocabulary import Manifest

NAMES = ("security", "normal", "istio", "admin", "networkpolicy", "calico", "baseline")
OUTSIDE = "can 203.0.113.8 reach pod shop/web on tcp/80?"
CLAIM = "no pod can reach pod shop/web"
WHY = "why can't 203.0.113.8 reach pod shop/web on tcp/80?"


def _calico(kind: str, name: str, spec: Manifest) -> Manifest:
    return {"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _pod(name: str, address: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
        "status": {"phase": "Running", "podIP": address},
    }


def cluster(tier: str, *rules: Manifest) -> list[Manifest]:
    """Two pods, and a tier of this name in which a policy has these rules for ingress."""
    policy = {"tier": tier, "types": ["Ingress"], "ingress": list(rules)}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        _pod("web", "10.244.0.5"),
        _pod("db", "10.244.0.6"),
        _calico("Tier", tier, {"order": 10}),
        _calico("GlobalNetworkPolicy", f"{tier}.guard", policy),
    ]


DENY_OUTSIDE = ({"action": "Deny", "source": {"notNets": ["10.0.0.0/8"]}}, {"action": "Allow"})


@pytest.fixture(params=NAMES)
def tier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(tier: str) -> Iterator[Service]:
    """A service that was started with the cluster."""
    snapshot = load_objects(cluster(tier, *DENY_OUTSIDE), options=Options(cni=Cni.CALICO))
    app = create_app(Settings(database_url=SecretStr("sqlite://")), snapshot)
    with Inside(app, base_url=URL, raise_server_exceptions=False) as http:
        assert isinstance(http, TestClient)
        yield asked(URL, http)


def test_a_witness_has_the_name_of_the_tier(tier: str) -> None:
    answer = rp.load(cluster(tier, {"action": "Allow"}), cni="calico").ask(OUTSIDE)
    assert answer.verdict is rp.Verdict.REACHABLE and answer.witness is not None
    (decided,) = answer.witness.trace.side("ingress")
    assert (decided.tier, str(decided.policy)) == (tier, f"GlobalNetworkPolicy {tier}.guard")
    assert tier in str(answer.witness.trace.html())
    assert list(answer.witness.trace.frame()["tier"]) == ["default", tier]


def test_a_violation_a_proof_and_a_reason_are_values(tier: str) -> None:
    snapshot = rp.load(cluster(tier, *DENY_OUTSIDE), cni="calico")
    assert snapshot.ask(OUTSIDE).verdict is rp.Verdict.UNREACHABLE
    broken = snapshot.ask(CLAIM)
    assert broken.verdict is rp.Verdict.VIOLATED and broken.witness is not None
    assert [step.tier for step in broken.witness.trace.side("ingress")] == [tier]
    why = snapshot.ask(WHY)
    assert [str(each.policy) for each in why.because] == [f"GlobalNetworkPolicy {tier}.guard"]


def test_the_end_of_the_tier_is_explained(tier: str) -> None:
    snapshot = rp.load(cluster(tier), cni="calico")
    (flow,) = snapshot.explain("shop/db", "shop/web", "80").flows
    steps = flow.witness.trace.side("ingress")
    assert (flow.access, [step.tier for step in steps]) == ("denied", [tier])
    assert steps[-1].text == (
        f"GlobalNetworkPolicy {tier}.guard (tier {tier}, no order) selects pod shop/web for ingress and no rule of the "
        f"tier {tier} decides ingress from pod shop/db to pod shop/web on tcp/80; the tier ends in deny"
    )


def test_reports_differences_findings_and_packs_are_values(tier: str) -> None:
    before, after = (rp.load(cluster(tier, *rules), cni="calico") for rules in (DENY_OUTSIDE, ({"action": "Pass"},)))
    assert [str(row.dst) for row in before.connectivity(by="workload", dst="pods", ports="tcp")] != []
    changed = rp.diff(before, after)
    assert (changed.differs, changed.relation) == (True, "looser")
    assert before.lint().undecided == ()
    assert after.ask("nothing is newly allowed since snapshot main", since={"main": before}).verdict == "violated"


def test_a_service_gives_the_same(tier: str, service: Service) -> None:
    here = rp.load(cluster(tier, *DENY_OUTSIDE), cni="calico")
    for text in (OUTSIDE, CLAIM, WHY):
        local, remote = here.ask(text), service.ask(text)
        assert (remote.verdict, remote.because, remote.witness) == (
            local.verdict,
            local.because,
            local.witness,
        )
