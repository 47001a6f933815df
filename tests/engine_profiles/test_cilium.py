"""How policies are arranged under Cilium: deny before allow in each rank, isolation after the baseline tier."""

from __future__ import annotations

import pytest

from reachproof.engines.assembly import assemble
from reachproof.engines.cilium.tiers import filtered
from reachproof.engines.own_tiers import NORMAL
from reachproof.network.errors import InputError
from reachproof.network.labels import EVERYTHING, Operator, Requirement, Selector
from reachproof.network.options import Cni, Enforcement, Options
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    Match,
    NodePeer,
    Peer,
    PodSet,
    Policy,
    PolicyRef,
    Rule,
    TierId,
    TierName,
)
from reachproof.network.tier import Tier

HERE = Origin(file="cilium.yaml", line=3)
KINDS: dict[str, tuple[str, TierId]] = {
    "np": ("NetworkPolicy", TierName.NETWORK_POLICY),
    "cnp": ("CiliumNetworkPolicy", NORMAL),
    "top": ("ClusterNetworkPolicy", TierName.ADMIN),
    "floor": ("ClusterNetworkPolicy", TierName.BASELINE),
    "anp": ("AdminNetworkPolicy", TierName.ADMIN),
}
ACTIONS = {"a": Action.ALLOW, "d": Action.DENY, "p": Action.PASS}
CILIUM = Options(cni=Cni.CILIUM)


def policy(
    kind: str,
    name: str,
    rules: str,
    priority: int = 0,
    *,
    isolates: bool = False,
    peer: Peer | None = None,
    subject: Selector = EVERYTHING,
) -> Policy:
    """A policy with the same rules in both directions: one letter each."""
    kind_name, tier = KINDS[kind]
    matches = (Match(peer or AnyPeer()),)
    made = tuple(Rule(action=ACTIONS[letter], matches=matches, index=n, origin=HERE) for n, letter in enumerate(rules))
    return Policy(
        ref=PolicyRef(kind=kind_name, namespace="", name=name),
        tier=tier,
        priority=priority,
        subject=PodSet(EVERYTHING, subject),
        egress=made,
        ingress=made,
        isolates=frozenset(Direction) if isolates else frozenset(),
        origin=HERE,
    )


def line(tier: Tier) -> str:
    """`tier: p(a0) q(a0) > p(d1), then x`: the rules of each policy by action and index."""

    def words(each: Policy) -> str:
        rules = each.egress or each.ingress
        shown = "".join(f"{rule.action[0]}{rule.index}{'?' if rule.may else ''}" for rule in rules)
        return f"{each.ref.name}({shown})" if shown else each.ref.name

    chains = [" > ".join(" ".join(map(words, group)) for group in chain) for chain in tier.chains]
    isolation = "".join(f", then {rule.name}{'?' if rule.may else ''}" for rule in tier.isolation)
    return f"{tier.name}: {' | '.join(chains)}{isolation}"


def ingress(*policies: Policy, options: Options = CILIUM) -> list[str]:
    return [line(tier) for tier in assemble(policies, options).ingress]


def egress(*policies: Policy, options: Options = CILIUM) -> list[str]:
    return [line(tier) for tier in assemble(policies, options).egress]


def test_the_normal_tier_holds_both_kinds_deny_before_allow_and_isolation_comes_last() -> None:
    given = [
        policy("floor", "floor", "a"),
        policy("np", "np", "a", isolates=True),
        policy("cnp", "cnp", "ad", isolates=True),
        policy("top", "top", "d"),
    ]
    expected = ["admin: top(d0)", "normal: cnp(d1) > cnp(a0) np(a0)", "baseline: floor(a0)"]
    assert ingress(*given) == [*expected, "default: cnp np, then local host, then isolation"]
    assert egress(*given) == [*expected, "default: cnp np, then isolation"]
    assert egress(*reversed(given)) == egress(*given)


def test_a_rank_has_the_rules_of_its_direction_alone() -> None:
    made = assemble((policy("cnp", "cnp", "ad"),), CILIUM)
    sent = [each for tier in made.egress for each in tier.policies]
    assert [(each.ingress, [rule.index for rule in each.egress]) for each in sent] == [((), [1]), ((), [0])]
    come = [each for tier in made.ingress for each in tier.policies]
    assert [(each.egress, [rule.index for rule in each.ingress]) for each in come] == [((), [1]), ((), [0])]


def test_a_policy_that_does_not_isolate_is_no_entry_of_the_default_tier() -> None:
    assert egress(policy("cnp", "open", "d")) == ["normal: open(d0)"]


def test_a_policy_without_rules_that_isolates_is_there_alone() -> None:
    assert egress(policy("np", "closed", "", isolates=True)) == ["default: closed, then isolation"]


def test_rules_of_equal_priority_are_mixed_by_index_with_deny_first() -> None:
    given = (policy("top", "b", "ap", 10), policy("top", "a", "pd", 10), policy("top", "late", "d", 20))
    assert egress(*given) == ["admin: b(a0) > a(p0) > a(d1) > b(p1) > late(d0)"]


def test_kinds_that_cilium_does_not_read_are_left_out() -> None:
    assert egress(policy("anp", "gone", "d")) == []


def test_a_nodes_peer_may_be_dropped_where_it_allows_and_be_everyone_where_it_does_not() -> None:
    nodes = NodePeer(EVERYTHING)
    given = (policy("top", "a", "a", 1, peer=nodes), policy("top", "b", "p", 2, peer=nodes))
    assert egress(*given) == ["admin: a(a0?) > b(d0?) > b(p0?)"]


def test_under_always_every_pod_is_isolated_and_entries_accept_their_own_node() -> None:
    always = Options(cni=Cni.CILIUM, enforcement=Enforcement.ALWAYS)
    given = (policy("cnp", "open", "a"), policy("top", "top", "p"))
    last = "default: enforcement mode always, then isolation"
    entries = "default: open, then local host, then isolation"
    assert ingress(*given, options=always)[2:] == [entries, "default: top, then local host?", last]
    assert egress(*given, options=always)[2:] == ["default: open, then isolation", last]


def test_without_enforcement_there_is_nothing() -> None:
    never = Options(cni=Cni.CILIUM, enforcement=Enforcement.NONE)
    assert ingress(policy("cnp", "cnp", "d", isolates=True), options=never) == []


@pytest.mark.parametrize(
    ("key", "gone"),
    [
        ("app", False),
        ("app.kubernetes.io/name", False),
        ("topology.kubernetes.io/zone", False),
        ("kubernetes.io/arch", True),
        ("pod-template-hash", True),
        ("statefulset.kubernetes.io/pod-name", True),
        ("batch.kubernetes.io/job-name", False),
        ("io.cilium.k8s.something", True),
    ],
)
def test_labels_that_are_no_part_of_an_identity_are_seen_by_no_selector(key: str, gone: bool) -> None:
    assert filtered(key) is gone
    needs, excludes = Requirement(key, Operator.EXISTS), Requirement(key, Operator.NOT_IN, ("x",))
    seen = [
        assemble([policy("np", "np", "a", subject=Selector((need,)))], CILIUM).egress[0].policies[0].subject.pods
        for need in (needs, excludes)
    ]
    never = Selector((Requirement(key, Operator.IN, ()),))
    assert seen == ([never, EVERYTHING] if gone else [Selector((needs,)), Selector((excludes,))])


@pytest.mark.parametrize("cni", [cni for cni in Cni if cni is not Cni.CILIUM])
def test_without_the_profile_its_policies_and_its_mode_are_refused(cni: Cni) -> None:
    needed = f"needs the option cni cilium (got {cni})"
    with pytest.raises(InputError) as refusal:
        assemble([policy("cnp", "p", "a")], Options(cni=cni))
    assert str(refusal.value) == f"cilium.yaml:3 CiliumNetworkPolicy p: a policy of Cilium {needed}"
    with pytest.raises(InputError) as refusal:
        assemble([], Options(cni=cni, enforcement=Enforcement.ALWAYS))
    assert str(refusal.value) == f"options enforcement: always {needed}"
