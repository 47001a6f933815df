"""Implementations that the input of two compared snapshots shows."""

from __future__ import annotations

import pytest

import reachproof as rp
from reachproof.network.errors import InputError
from tests.strategies.vocabulary import Manifest

CLUSTER: list[Manifest] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}},
]
CALICO = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "GlobalNetworkPolicy",
    "metadata": {"name": "nothing-out"},
    "spec": {"types": ["Egress"]},
}
TOLD = "calico@3.32 in the earlier snapshot, but spec in the later one; set the option cni"


def test_a_cluster_that_loses_its_last_policy_of_calico_is_not_taken_for_one_without_calico() -> None:
    before, after = rp.load([*CLUSTER, CALICO], cni="auto"), rp.load(CLUSTER)
    for compare in (
        lambda: rp.diff(before, after),
        lambda: after.ask("nothing is newly allowed since snapshot main", since={"main": before}),
        lambda: after.ask("what changed since snapshot main?", since={"main": before}),
    ):
        with pytest.raises(InputError) as error:
            compare()
        assert [(each.path, each.message) for each in error.value.problems] == [("cni", TOLD)]


def test_told_which_it_is_they_are_compared() -> None:
    before, after = rp.load([*CLUSTER, CALICO], cni="auto"), rp.load(CLUSTER, cni="calico")
    assert rp.diff(before, after).relation == "looser"


def test_two_implementations_that_were_asked_for_are_compared() -> None:
    assert rp.diff(rp.load(CLUSTER, cni="calico"), rp.load(CLUSTER, cni="cilium")).relation == "equivalent"


def agent(image: str) -> Manifest:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "cilium-agent", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "cilium", "namespace": "kube-system"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }


def test_clusters_with_agents_of_two_releases_are_not_compared_unasked() -> None:
    older, newer = ([*CLUSTER, agent(f"cilium:v{each}")] for each in ("1.18.3", "1.19.0"))
    for cni in ("auto", "cilium"):
        with pytest.raises(InputError) as error:
            rp.diff(rp.load(older, cni=cni), rp.load(newer, cni=cni))
        told = "cilium@1.18 in the earlier snapshot, but cilium@1.19 in the later one; set the option cni"
        assert [(each.path, each.message) for each in error.value.problems] == [("cni", told)]
    asked = rp.diff(rp.load(older, cni="cilium@1.18"), rp.load(newer, cni="cilium@1.19"))
    assert asked.relation == "equivalent"
