"""What holds of the admin kinds whatever the cluster: first match, whole tiers, and nothing behind a decision."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reachproof.engines.registry import PROFILES
from reachproof.network.options import Cni, Options
from reachproof.network.policy import Action, Direction, DomainPeer, NodePeer, Policy, Rule, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate, truth
from reachproof.semantics.trace import Truth
from tests.laws.law import ANY, WRITTEN, assert_at_least, assert_same, for_all, with_rule
from tests.strategies.flows import some_flows
from tests.strategies.snapshots import snapshots

TIERS = st.sampled_from((TierName.ADMIN, TierName.BASELINE))
CLUSTER = "ClusterNetworkPolicy"


@pytest.mark.heavy
@given(snapshots(), TIERS)
def test_a_pass_at_the_end_of_a_tier_changes_nothing(snapshot: Snapshot, tier: TierName) -> None:
    kinds = {policy.ref.kind for policy in snapshot.policies if policy.tier is tier} or {CLUSTER}
    assume(len(kinds) == 1)  # nothing orders two kinds, so neither of them has an end
    passing = for_all(kinds.pop(), Action.PASS, tier=tier, priority=1001)
    assert_same(snapshot, snapshot.with_policies((*snapshot.policies, passing)))


@pytest.mark.heavy
@given(snapshots(options=st.just(Options())), st.sampled_from((Action.ALLOW, Action.DENY)))
def test_an_admin_tier_that_decides_everything_leaves_nothing_to_the_others(snapshot: Snapshot, action: Action) -> None:
    kept = [policy for policy in snapshot.policies if policy.ref.kind == CLUSTER and policy.tier is TierName.ADMIN]
    others = [policy for policy in snapshot.policies if policy.tier is not TierName.ADMIN]
    # A rule that passes would lead on to the other tiers.
    kept = [_without_pass(policy) for policy in kept]
    decided = for_all(CLUSTER, action, tier=TierName.ADMIN, priority=1001)
    assert_same(snapshot.with_policies((*kept, decided)), snapshot.with_policies((*kept, decided, *others)))


@pytest.mark.heavy
@given(snapshots(), st.sampled_from(Direction), st.data())
def test_another_deny_opens_nothing(snapshot: Snapshot, direction: Direction, data: st.DataObject) -> None:
    admin = [policy for policy in snapshot.policies if policy.tier is not TierName.NETWORK_POLICY]
    assume(admin)
    policy = data.draw(st.sampled_from(admin))
    place = data.draw(st.integers(0, len(policy.rules(direction))))
    denying = with_rule(policy, direction, Rule(action=Action.DENY, matches=ANY, origin=WRITTEN), place)
    changed = snapshot.with_policies(tuple(denying if each == policy else each for each in snapshot.policies))
    assert_at_least(changed, snapshot)


@pytest.mark.heavy
@given(snapshots())
def test_a_policy_of_its_own_priority_can_stand_anywhere_in_the_input(snapshot: Snapshot) -> None:
    distinct = tuple(replace(policy, priority=number) for number, policy in enumerate(snapshot.policies))
    assert_same(snapshot.with_policies(distinct), snapshot.with_policies(distinct[::-1]))


@given(snapshots(options=st.just(Options())), st.sampled_from((Cni.CALICO, Cni.ANTREA)))
def test_a_profile_that_orders_more_is_one_of_the_possible_worlds(snapshot: Snapshot, cni: Cni) -> None:
    unread = PROFILES[cni].kinds_not_read
    read = (policy for policy in snapshot.policies if policy.ref.kind not in unread)
    snapshot = snapshot.with_policies(tuple(filter(_programmable, read)))
    ordered = snapshot.with_options(Options(cni=cni))
    for flow in some_flows(snapshot, 40):
        possible, found = truth(snapshot, flow), truth(ordered, flow)
        assert possible in (Truth.EITHER, found), str(flow)


@given(snapshots(options=st.just(Options())))
def test_distinct_priorities_and_known_names_leave_ties_to_nobody(snapshot: Snapshot) -> None:
    distinct = tuple(replace(policy, priority=number) for number, policy in enumerate(snapshot.policies))
    spec = snapshot.with_policies(distinct)
    for flow in some_flows(spec, 40):
        assert "TIE" not in {notice.code for notice in evaluate(spec, flow).depends}, str(flow)


def _programmable(policy: Policy) -> bool:
    """Whether it has no peer that Calico cannot program: of those it makes something else than they say."""
    matches = (match for direction in Direction for rule in policy.rules(direction) for match in rule.matches)
    return not any(isinstance(match.peer, NodePeer | DomainPeer) for match in matches)


def _without_pass(policy: Policy) -> Policy:
    return replace(
        policy,
        egress=tuple(rule for rule in policy.egress if rule.action is not Action.PASS),
        ingress=tuple(rule for rule in policy.ingress if rule.action is not Action.PASS),
    )
