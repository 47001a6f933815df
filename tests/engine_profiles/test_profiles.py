"""Profiles: one per release, what options they refuse, and what a snapshot keeps of what is made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reachproof.engines.assembly import assemble, programs, programs_in
from reachproof.engines.calico.placement import DEFAULT, CalicoPolicy, Staged
from reachproof.engines.cilium.dns import dns_rule
from reachproof.engines.istio.mutual_tls import Level, MutualTls
from reachproof.engines.own_tiers import (
    MESH,
    NORMAL,
    between_admin_and_baseline,
    calico_tier,
    with_network_policies,
)
from reachproof.engines.policies import in_force, others_rest_on
from reachproof.engines.registry import PROFILES, RELEASES
from reachproof.network.cluster import Namespace
from reachproof.network.errors import InputError
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME
from reachproof.network.options import CidrMatches, Cni, Enforcement, Options
from reachproof.network.origin import Origin
from reachproof.network.policy import Action, AnyPeer, Match, PodSet, Policy, PolicyRef, Rule, TierId, TierName
from reachproof.network.snapshot import Snapshot

HERE = Origin(file="profiles.yaml", line=3)
RULE = Rule(action=Action.ALLOW, matches=(Match(AnyPeer()),), origin=HERE)


def policy(tier: TierId = TierName.NETWORK_POLICY, kind: str = "NetworkPolicy") -> Policy:
    ref = PolicyRef(kind=kind, namespace="shop", name="p")
    return Policy(ref=ref, tier=tier, subject=PodSet(EVERYTHING, EVERYTHING), ingress=(RULE,), origin=HERE)


def test_a_profile_is_known_by_its_name_and_its_release() -> None:
    assert {cni: str(profile) for cni, profile in PROFILES.items()} == {
        Cni.SPEC: "spec",
        Cni.CALICO: "calico@3.32",
        Cni.CILIUM: "cilium@1.20",
        Cni.OVN_KUBERNETES: "ovn-kubernetes",
        Cni.ANTREA: "antrea",
        Cni.KUBE_NETWORK_POLICIES: "kube-network-policies",
        Cni.KUBE_ROUTER: "kube-router",
        Cni.AUTO: "auto",
    }


@pytest.mark.parametrize("cni", Cni)
def test_the_newest_release_is_taken_and_no_two_are_the_same(cni: Cni) -> None:
    releases = RELEASES[cni]
    assert PROFILES[cni] is releases[-1]
    assert len({release.version for release in releases}) == len(releases)
    assert {release.name for release in releases} == {cni}


def test_no_two_implementations_have_a_sign_in_common() -> None:
    for signs in ([each.api_groups for each in PROFILES.values()], [each.agents for each in PROFILES.values()]):
        assert sum(map(len, signs)) == len(frozenset().union(*signs))


@pytest.mark.parametrize("cni", [each for each in Cni if each is not Cni.CILIUM])
def test_isolation_of_every_pod_is_refused_without_cilium(cni: Cni) -> None:
    with pytest.raises(InputError) as raised:
        assemble([], Options(cni=cni, enforcement=Enforcement.ALWAYS))
    message = f"options enforcement: always needs the option cni cilium (got {cni})"
    assert [str(problem) for problem in raised.value.problems] == [message]


def test_calico_matches_a_cidr_with_whatever_has_the_address() -> None:
    with pytest.raises(InputError) as raised:
        assemble([], Options(cni=Cni.CALICO, cidr_matches=CidrMatches.WORLD))
    assert [str(problem) for problem in raised.value.problems] == [
        "options cidrMatches: world is not possible with cni calico, which matches a CIDR with whatever has the "
        "address; leave the option out"
    ]


@pytest.mark.parametrize(
    ("foreign", "title"),
    [
        (policy(NORMAL, "CiliumNetworkPolicy"), "Cilium"),
        (policy(calico_tier("normal"), "CalicoNetworkPolicy"), "Calico"),
    ],
)
def test_a_policy_of_another_implementation_is_refused(foreign: Policy, title: str) -> None:
    with pytest.raises(InputError) as raised:
        assemble([foreign], Options())
    assert [str(problem) for problem in raised.value.problems] == [
        f"profiles.yaml:3 {foreign.ref}: a policy of {title} needs the option cni {title.lower()} (got spec)"
    ]


def test_a_name_does_not_make_a_tier_another_one() -> None:
    tiers: list[TierId] = [calico_tier("normal"), calico_tier("istio"), calico_tier("admin")]
    assert not {*tiers} & {NORMAL, MESH, TierName.ADMIN}
    assert [str(tier) for tier in tiers] == ["normal", "istio", "admin"]


def test_what_sentences_count_as_network_policies() -> None:
    every: list[TierId] = [*TierName, NORMAL, MESH, calico_tier("default")]
    assert list(filter(with_network_policies, every)) == [TierName.NETWORK_POLICY, NORMAL]
    assert list(filter(between_admin_and_baseline, every)) == [TierName.NETWORK_POLICY, NORMAL, calico_tier("default")]


def test_a_staged_policy_is_in_force_only_if_the_options_say_so() -> None:
    placed = replace(policy(calico_tier("default")), extension=CalicoPolicy(placement=DEFAULT))
    staged = replace(placed, extension=CalicoPolicy(placement=DEFAULT, staged=Staged.SET))
    for options in (Options(), Options(with_staged=True)):
        assert (in_force(placed, options), in_force(policy(), options)) == (True, True)
        assert in_force(staged, options) is options.with_staged


def test_rules_of_others_rest_on_a_peer_authentication_and_on_dns_rules_alone() -> None:
    assert others_rest_on(replace(policy(MESH), extension=MutualTls(level=Level.MESH)))
    assert not others_rest_on(policy(MESH))
    for extension, expected in ((dns_rule(resolves=("*",)), True), (dns_rule(needs="a.example"), False), (None, False)):
        assert others_rest_on(replace(policy(NORMAL), egress=(replace(RULE, extension=extension),))) is expected


def test_programs_are_made_once_for_a_snapshot_and_anew_for_another() -> None:
    shop = Namespace(name="shop", labels={NAMESPACE_NAME: "shop"}, origin=HERE)
    one = Snapshot(namespaces=(shop,), policies=(policy(),))
    assert programs(one) is programs(one)
    assert programs_in(one, "shop") is programs_in(one, "shop")
    other = one.with_policies(())
    assert programs(other) == assemble((), Options())
    assert programs(one) == assemble((policy(),), Options()) != programs(other)
