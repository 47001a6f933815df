"""How policies are arranged: tiers, chains and groups under each profile and option, one readable line per tier."""

from __future__ import annotations

import pytest

from reachproof.engines.assembly import assemble
from reachproof.engines.namespace_programs import NamespacePrograms
from reachproof.engines.registry import PROFILES
from reachproof.network.address import parse_cidr
from reachproof.network.cluster import Namespace
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.options import CidrMatches, Cni, Enforcement, HostNetworkPods, Options
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    Match,
    PartyKind,
    Peer,
    PodSet,
    Policy,
    PolicyRef,
    Rule,
    TierName,
)
from reachproof.network.tier import Tier

HERE = Origin(file="program.yaml")
EGRESS, INGRESS = Direction.EGRESS, Direction.INGRESS
BOTH = (EGRESS, INGRESS)
SHOP = Namespace(name="shop", labels={NAMESPACE_NAME: "shop"}, origin=HERE)
PODS = PodSet(EVERYTHING, EVERYTHING)
BLOCK = AddressPeer(parse_cidr("10.0.0.0/8"))
KINDS = {
    "np": ("NetworkPolicy", TierName.NETWORK_POLICY),
    "anp": ("AdminNetworkPolicy", TierName.ADMIN),
    "banp": ("BaselineAdminNetworkPolicy", TierName.BASELINE),
    "cnp": ("ClusterNetworkPolicy", TierName.ADMIN),
    "bcnp": ("ClusterNetworkPolicy", TierName.BASELINE),
}


def policy(
    kind: str,
    name: str = "p",
    priority: int = 0,
    *,
    ruled: tuple[Direction, ...] = BOTH,
    isolates: tuple[Direction, ...] = (),
    peer: Peer = BLOCK,
    namespace: str = "",
) -> Policy:
    kind_name, tier = KINDS[kind]
    rule = Rule(action=Action.ALLOW, matches=(Match(peer),), origin=HERE)
    spaces = Selector.equal(NAMESPACE_NAME, namespace) if namespace else EVERYTHING
    return Policy(
        ref=PolicyRef(kind=kind_name, namespace=namespace, name=name),
        tier=tier,
        priority=priority,
        subject=PodSet(spaces, EVERYTHING),
        egress=(rule,) if EGRESS in ruled else (),
        ingress=(rule,) if INGRESS in ruled else (),
        isolates=frozenset(isolates),
        origin=HERE,
    )


def line(tier: Tier) -> str:
    """`tier: a b > c | d, then x`: a and b are tied before c, d is a chain of its own, x are the rules of isolation.

    Calico's names of the admin and the baseline tier are shown without their `kube-`.
    """
    chains = [" > ".join(" ".join(p.ref.name for p in group) for group in chain) for chain in tier.chains]
    isolation = "".join(f", then {rule.name}{'?' if rule.may else ''}" for rule in tier.isolation)
    return f"{str(tier.name).removeprefix('kube-')}: {' | '.join(chains)}{isolation}"


def egress(*policies: Policy, **options: object) -> list[str]:
    return [line(tier) for tier in assemble(policies, Options(**options)).egress]  # type: ignore[arg-type]


def ingress(*policies: Policy, **options: object) -> list[str]:
    return [line(tier) for tier in assemble(policies, Options(**options)).ingress]  # type: ignore[arg-type]


OWN_NODE = "default: node exemption"
# Cilium arranges policies in its own way (test_cilium.py), and kube-router reads one kind alone.
PLAIN = [cni for cni in Cni if cni not in (Cni.CILIUM, Cni.KUBE_ROUTER)]


class TestTiers:
    def test_they_stand_in_the_order_of_evaluation_whatever_the_order_of_the_input(self) -> None:
        given = [policy("banp", "floor"), policy("np", "shop", isolates=BOTH), policy("anp", "top")]
        expected = ["admin: top", "networkpolicy: shop, then own node?, then isolation", "baseline: floor"]
        assert egress(*given) == expected
        assert egress(*reversed(given)) == expected

    def test_ingress_begins_with_the_exemption_of_the_own_node_and_its_isolation_has_none(self) -> None:
        given = [policy("banp", "floor"), policy("np", "shop", isolates=BOTH), policy("anp", "top")]
        expected = [OWN_NODE, "admin: top", "networkpolicy: shop, then isolation", "baseline: floor"]
        assert ingress(*given) == expected

    def test_no_policies_leave_nothing_but_the_exemption(self) -> None:
        assert (egress(), ingress()) == ([], [OWN_NODE])

    def test_a_policy_without_rules_in_a_direction_is_left_out_of_it(self) -> None:
        assert egress(policy("anp", ruled=(INGRESS,))) == []
        assert ingress(policy("anp", ruled=(EGRESS,))) == [OWN_NODE]

    def test_a_policy_without_rules_that_isolates_stays(self) -> None:
        closed = policy("np", "closed", ruled=(), isolates=(EGRESS,))
        assert egress(closed) == ["networkpolicy: closed, then own node?, then isolation"]
        assert ingress(closed) == [OWN_NODE]


class TestChains:
    def test_lower_priority_comes_first_and_equal_priorities_are_tied(self) -> None:
        given = [policy("anp", "late", 20), policy("anp", "b", 10), policy("anp", "a", 10), policy("anp", "first", 0)]
        assert egress(*given) == ["admin: first > a b > late"]

    def test_the_two_apis_are_not_ordered_against_each_other(self) -> None:
        given = [policy("anp", "anp", 1), policy("cnp", "cnp", 5), policy("cnp", "cnp-2", 0)]
        assert egress(*given) == ["admin: cnp-2 > cnp | anp"]

    def test_baselines_of_both_apis_are_two_chains(self) -> None:
        assert egress(policy("banp", "default"), policy("bcnp", "low", 7)) == ["baseline: low | default"]

    def test_network_policies_are_one_group_whatever_their_namespace(self) -> None:
        given = [policy("np", "a", namespace="shop"), policy("np", "z", namespace="bank")]
        assert egress(*given) == ["networkpolicy: z a, then own node?, then isolation"]


class TestProfiles:
    TIED = (policy("anp", "b", 10), policy("anp", "a", 10))
    TIED_CLUSTER = (policy("cnp", "b", 10), policy("cnp", "a", 10))
    APIS = (policy("anp", "anp", 1), policy("cnp", "cnp", 5))
    MIXED = (policy("np", "in", ruled=(INGRESS,), isolates=(INGRESS,)), policy("banp", "floor"))

    @pytest.mark.parametrize("cni", PLAIN)
    def test_ties_are_broken_by_name_only_where_the_profile_says_so(self, cni: Cni) -> None:
        by_name = cni in (Cni.CALICO, Cni.KUBE_NETWORK_POLICIES)
        for tied in (self.TIED, self.TIED_CLUSTER)[cni is Cni.CALICO :]:
            assert egress(*tied, cni=cni) == (["admin: a > b"] if by_name else ["admin: a b"])

    @pytest.mark.parametrize("cni", PLAIN)
    def test_cluster_policies_come_first_under_antrea_only(self, cni: Cni) -> None:
        found = {Cni.ANTREA: ["admin: cnp", "admin: anp"], Cni.CALICO: ["admin: cnp"]}
        assert egress(*self.APIS, cni=cni) == found.get(cni, ["admin: cnp | anp"])

    @pytest.mark.parametrize("cni", PLAIN)
    def test_egress_to_the_own_node_is_open_unless_the_profile_settles_it(self, cni: Cni) -> None:
        doubt = "" if cni is Cni.KUBE_NETWORK_POLICIES else "?"
        (tier,) = egress(policy("np", isolates=BOTH), cni=cni)[:1]
        if cni is Cni.CALICO:
            assert tier == "default: p, then end of tier"
            return
        assert tier == f"networkpolicy: p, then own node{doubt}, then isolation"

    @pytest.mark.parametrize("cni", PLAIN)
    def test_selection_in_the_other_direction_ends_the_baseline_in_one_profile_only(self, cni: Cni) -> None:
        ends, read = cni is Cni.KUBE_NETWORK_POLICIES, cni is not Cni.CALICO
        expected = [*(["networkpolicy: in"] if ends else []), *(["baseline: floor"] if read else [])]
        assert egress(*self.MIXED, cni=cni) == expected

    @pytest.mark.parametrize("cni", PLAIN)
    def test_admin_policies_above_priority_99_are_not_programmed_by_ovn_kubernetes(self, cni: Cni) -> None:
        inert = cni is Cni.OVN_KUBERNETES
        given = (policy("anp", "99", 99), policy("anp", "100", 100))
        if cni is not Cni.CALICO:  # which reads no AdminNetworkPolicy
            assert egress(*given, cni=cni) == (["admin: 99"] if inert else ["admin: 99 > 100"])
        assert egress(policy("cnp", "cnp", 100), cni=cni) == ["admin: cnp"]

    @pytest.mark.parametrize("cni", Cni)
    def test_cidrs_match_everything_but_under_cilium_only_the_world(self, cni: Cni) -> None:
        world = frozenset((PartyKind.EXTERNAL,))
        assert parties(cni=cni) == (world if cni is Cni.CILIUM else frozenset(PartyKind))

    def test_every_implementation_has_a_profile(self) -> None:
        assert list(PROFILES) == list(Cni)


def parties(kind: str = "np", **options: object) -> frozenset[PartyKind]:
    """What the block of the only policy can match."""
    first = assemble([policy(kind)], Options(**options)).egress[0]  # type: ignore[arg-type]
    (found,) = first.policies
    peer = found.egress[0].matches[0].peer
    assert isinstance(peer, AddressPeer)
    assert peer.addresses == BLOCK.addresses
    return peer.parties


class TestOptions:
    @pytest.mark.parametrize(
        ("matches", "kinds"),
        [
            (CidrMatches.ALL, set(PartyKind)),
            (CidrMatches.WORLD_AND_NODES, {PartyKind.NODE, PartyKind.EXTERNAL}),
            (CidrMatches.WORLD_AND_PODS, {PartyKind.POD, PartyKind.EXTERNAL}),
            (CidrMatches.WORLD, {PartyKind.EXTERNAL}),
        ],
    )
    @pytest.mark.parametrize("cni", [Cni.SPEC, Cni.CILIUM])
    def test_cidr_matches_goes_before_the_profile(self, matches: CidrMatches, kinds: set[PartyKind], cni: Cni) -> None:
        assert parties(cni=cni, cidr_matches=matches) == kinds
        assert parties("cnp", cni=cni, cidr_matches=matches) == kinds

    @pytest.mark.parametrize(
        ("enforcement", "tiers"),
        [
            (Enforcement.ALL, ["admin: a", "networkpolicy: n, then own node?, then isolation", "baseline: b"]),
            (Enforcement.NETWORK_POLICY, ["networkpolicy: n, then own node?, then isolation"]),
            (Enforcement.NONE, []),
        ],
    )
    def test_enforcement_leaves_out_what_the_network_does_not_know(
        self, enforcement: Enforcement, tiers: list[str]
    ) -> None:
        given = (policy("anp", "a"), policy("np", "n", isolates=BOTH), policy("bcnp", "b"))
        assert egress(*given, enforcement=enforcement) == tiers

    @pytest.mark.parametrize(("kind", "seen"), [("np", True), ("anp", False), ("banp", False), ("cnp", False)])
    def test_host_network_pods_are_pods_to_network_policy_only(self, kind: str, seen: bool) -> None:
        given = policy(kind, peer=PODS)
        assert [seen_by(given, each) for each in HostNetworkPods] == [(False, False), (seen, seen)]

    def test_no_option_changes_the_policies_that_were_given(self) -> None:
        given = policy("np")
        assemble([given], Options(cni=Cni.CILIUM, host_network_pods=HostNetworkPods.PODS))
        assert given == policy("np")


def seen_by(given: Policy, host_network_pods: HostNetworkPods) -> tuple[bool, bool]:
    """Whether host-network pods are subjects of the policy, and peers of its rules."""
    programs = assemble([given], Options(host_network_pods=host_network_pods))
    (found,) = programs.egress[0].policies
    peer = found.egress[0].matches[0].peer
    assert isinstance(peer, PodSet)
    return found.subject.host_network, peer.host_network


class TestNamespacePrograms:
    def test_policies_that_select_no_pod_of_the_namespace_are_gone_and_empty_chains_with_them(self) -> None:
        given = [policy("np", "shop", namespace="shop"), policy("np", "bank", namespace="bank"), policy("anp", "top")]
        programs = NamespacePrograms(assemble(given, Options())).of(SHOP)
        expected = ["admin: top", "networkpolicy: shop, then own node?, then isolation"]
        assert [line(tier) for tier in programs.egress] == expected

    def test_the_exemption_stays_for_every_namespace(self) -> None:
        programs = NamespacePrograms(assemble([], Options())).of(SHOP)
        assert [line(tier) for tier in programs.ingress] == [OWN_NODE]


def test_the_peer_any_is_not_touched_by_what_cidrs_may_match() -> None:
    (tier,) = assemble([policy("np", peer=AnyPeer())], Options(cidr_matches=CidrMatches.WORLD)).egress
    assert tier.policies[0].egress[0].matches[0].peer == AnyPeer()
