"""Everything that blocks a flow is listed, and taking it all away is enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reachproof.engines.calico.placement import CalicoPolicy, Placement
from reachproof.engines.own_tiers import MESH, calico_tier
from reachproof.network.labels import Selector
from reachproof.network.options import Cni, Options
from reachproof.network.policy import Action, AnyPeer, Direction, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import blockers
from tests.semantics.stage import DB, N2, PODS, WEB, WORLD, admin_policy, flow, network_policy, rule, snapshot

CLOSED = network_policy("closed", Selector(), isolates=tuple(Direction))
ALSO = network_policy("also", Selector.equal("app", "db"))
DENIES = admin_policy(
    "a",
    ingress=(rule(Action.DENY, PODS), rule(Action.PASS, PODS, index=1), rule(Action.DENY, PODS, index=2)),
    egress=(rule(Action.DENY, AnyPeer()),),
)


def test_an_allowed_flow_has_no_blockers() -> None:
    assert blockers(snapshot(), flow(WEB, DB), Direction.INGRESS) == ()


def test_every_tier_that_blocks_is_listed_in_order() -> None:
    found = blockers(snapshot(ALSO, CLOSED, DENIES), flow(WEB, DB), Direction.INGRESS)
    assert [step.text for step in found] == [
        "AdminNetworkPolicy a rule 0 denies ingress from pod shop/web to pod shop/db on tcp/5432",
        "NetworkPolicies shop/also and shop/closed isolate pod shop/db for ingress and none of their rules allows"
        " ingress from pod shop/web to pod shop/db on tcp/5432",
    ]


def test_a_deny_below_a_pass_does_not_block() -> None:
    found = blockers(snapshot(DENIES), flow(WEB, DB), Direction.INGRESS)
    assert [step.rule_index for step in found] == [0]


def test_several_rules_of_one_policy_block_one_after_the_other() -> None:
    twice = admin_policy("a", ingress=(rule(Action.DENY, PODS), rule(Action.DENY, AnyPeer(), index=1)))
    found = blockers(snapshot(twice), flow(WEB, DB), Direction.INGRESS)
    assert [step.rule_index for step in found] == [0, 1]


def test_the_baseline_blocks_after_the_isolation_is_gone() -> None:
    found = blockers(snapshot(CLOSED, DENIES), flow(WEB, WORLD), Direction.EGRESS)
    assert [step.tier for step in found] == ["admin", "networkpolicy"]


def in_tier(name: str, order: float, ends: Action, *rules: Rule) -> Policy:
    """A policy of Calico in a tier of this name, that selects every pod for ingress."""
    bare = network_policy(f"{name}.p", Selector(), isolates=(Direction.INGRESS,))
    placement = Placement(tier=name, order=order, ends=ends)
    return replace(bare, tier=calico_tier(name), extension=CalicoPolicy(placement=placement), ingress=rules)


def test_every_tier_of_calico_that_ends_in_deny_blocks_by_itself() -> None:
    under: Snapshot = snapshot(
        in_tier("first", 1, Action.DENY),
        in_tier("passing", 2, Action.PASS),
        in_tier("networkpolicy", 3, Action.DENY, rule(Action.DENY, PODS), rule(Action.PASS, AnyPeer(), index=1)),
        in_tier("istio", 4, Action.DENY),
        ALSO,
        options=Options(cni=Cni.CALICO),
    )
    found = blockers(under, flow(WEB, DB), Direction.INGRESS)
    assert [(step.tier, step.rule_index) for step in found] == [
        (calico_tier("first"), None),
        (calico_tier("networkpolicy"), 0),
        (calico_tier("istio"), None),
        (calico_tier("default"), None),
    ]


def test_the_end_of_a_tier_and_a_mesh_of_its_name_block_one_by_one() -> None:
    mesh = network_policy("mesh", Selector.equal("app", "db"))
    refusing = replace(mesh, tier=MESH, priority=2, isolates=frozenset(), ingress=(rule(Action.DENY, PODS),))
    under = snapshot(refusing, in_tier("istio", 1, Action.DENY), options=Options(cni=Cni.CALICO))
    found = blockers(under, flow(WEB, DB), Direction.INGRESS)
    assert [step.tier for step in found] == [MESH, calico_tier("istio")]


def test_what_may_block_is_listed_with_what_it_rests_on() -> None:
    found = blockers(snapshot(CLOSED), flow(DB, N2), Direction.EGRESS)
    assert [[notice.code for notice in step.depends] for step in found] == [["OWN_NODE_EGRESS"]]


def test_blockers_refuse_a_flow_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="is no address of"):
        blockers(snapshot(), flow(WEB, DB, at=("10.0.0.9", "10.0.0.2")), Direction.INGRESS)
