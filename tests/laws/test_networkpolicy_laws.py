"""What holds of NetworkPolicy whatever the cluster: it only ever adds up."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.options import Cni, Enforcement, Options
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Direction,
    Match,
    Policy,
    Rule,
    TierName,
)
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.laws.law import ANY, WRITTEN, assert_at_least, assert_same, with_rule
from tests.semantics.stage import DB, WEB, flow
from tests.semantics.stage import snapshot as stage
from tests.semantics.test_blockers import ALSO
from tests.strategies.clusters import clusters
from tests.strategies.flows import some_flows
from tests.strategies.policies import network_policy_rules
from tests.strategies.snapshots import manifests, snapshots
from tests.strategies.vocabulary import Manifest


def of_namespaces(snapshot: Snapshot) -> list[Policy]:
    return [policy for policy in snapshot.policies if policy.tier is TierName.NETWORK_POLICY]


def swapped(snapshot: Snapshot, policy: Policy, other: Policy) -> Snapshot:
    return snapshot.with_policies(tuple(other if each == policy else each for each in snapshot.policies))


@given(clusters(), st.lists(network_policy_rules("ingress"), max_size=2), network_policy_rules("ingress"))
def test_another_rule_removes_nothing(cluster: list[Manifest], rules: list[Manifest], added: Manifest) -> None:
    def load(ingress: list[Manifest]) -> Snapshot:
        spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}
        metadata = {"name": "np", "namespace": "shop"}
        policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
        return load_objects([*cluster, policy])

    assert_at_least(load(rules), load([*rules, added]))


@pytest.mark.heavy
@given(
    clusters(),
    st.sampled_from(("In", "NotIn")),
    st.lists(st.sampled_from(("web", "db", "api")), max_size=2, unique=True),
    st.sampled_from(("my web", "-", "x" * 64)),
    st.booleans(),
)
def test_a_value_that_no_object_can_have_changes_nothing_in_a_list(
    cluster: list[Manifest], operator: str, values: list[str], wrong: str, subject: bool
) -> None:
    """Under Calico, which compares values as text; other implementations may not take the policy."""

    def load(selector: Manifest) -> Snapshot:
        chosen, peer = (selector, {}) if subject else ({}, selector)
        spec = {"podSelector": chosen, "policyTypes": ["Ingress"], "ingress": [{"from": [{"podSelector": peer}]}]}
        metadata = {"name": "np", "namespace": "shop"}
        policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
        return load_objects([*cluster, policy], options=Options(cni=Cni.CALICO))

    assume(values or operator == "NotIn")
    plain = {"matchExpressions": [{"key": "app", "operator": operator, "values": values}] if values else []}
    odd = {"matchExpressions": [{"key": "app", "operator": operator, "values": [*values, wrong]}]}
    assert load(odd).policies[0].subject == load(plain).policies[0].subject
    assert_same(load(plain), load(odd))


@pytest.mark.heavy
@given(snapshots(), st.sampled_from(Direction), st.data())
def test_an_allowing_rule_of_an_isolating_policy_removes_nothing(
    snapshot: Snapshot, direction: Direction, data: st.DataObject
) -> None:
    isolating = [policy for policy in of_namespaces(snapshot) if direction in policy.isolates]
    assume(isolating)
    policy = data.draw(st.sampled_from(isolating))
    rule = Rule(action=Action.ALLOW, matches=ANY, origin=WRITTEN)
    assert_at_least(snapshot, swapped(snapshot, policy, with_rule(policy, direction, rule)))


@pytest.mark.heavy
@given(snapshots(), st.data())
def test_a_policy_given_twice_is_as_good_as_once(snapshot: Snapshot, data: st.DataObject) -> None:
    policies = of_namespaces(snapshot)
    assume(policies)
    policy = data.draw(st.sampled_from(policies))
    copy = replace(policy, ref=replace(policy.ref, name="copy"))
    assert_same(snapshot, snapshot.with_policies((*snapshot.policies, copy)))


@pytest.mark.heavy
@given(manifests(), st.randoms(use_true_random=False))
def test_the_order_of_objects_does_not_matter(objects: list[Manifest], chance: Random) -> None:
    shuffled = list(objects)
    chance.shuffle(shuffled)
    assert_same(load_objects(objects), load_objects(shuffled))


@pytest.mark.heavy
@given(snapshots(), st.data())
def test_the_order_of_rules_of_a_network_policy_does_not_matter(snapshot: Snapshot, data: st.DataObject) -> None:
    policies = of_namespaces(snapshot)
    assume(policies)
    policy = data.draw(st.sampled_from(policies))
    other = replace(policy, ingress=policy.ingress[::-1], egress=policy.egress[::-1])
    assert_same(snapshot, swapped(snapshot, policy, other))


@pytest.mark.heavy
@given(snapshots())
def test_a_block_cut_in_halves_is_the_same_block(snapshot: Snapshot) -> None:
    def halves(match: Match) -> tuple[Match, ...]:
        if not isinstance(match.peer, AddressPeer):
            return (match,)
        spans = match.peer.addresses.spans
        cut = [(low, (low + high) // 2) for low, high in spans], [((low + high) // 2 + 1, high) for low, high in spans]
        return tuple(
            replace(match, peer=replace(match.peer, addresses=type(match.peer.addresses).of(half))) for half in cut
        )

    def rules(given_rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(rule, matches=tuple(h for m in rule.matches for h in halves(m))) for rule in given_rules)

    cut = tuple(replace(p, egress=rules(p.egress), ingress=rules(p.ingress)) for p in snapshot.policies)
    assert_same(snapshot, snapshot.with_policies(cut))


@given(snapshots(options=st.just(Options(enforcement=Enforcement.NONE))))
def test_without_enforcement_everything_is_allowed(snapshot: Snapshot) -> None:
    assert {truth(snapshot, flow) for flow in some_flows(snapshot, 20)} <= {Truth.ALLOWED}


def test_the_first_policy_that_selects_a_pod_may_remove_something() -> None:
    assert truth(stage(), flow(WEB, DB)) is Truth.ALLOWED
    assert truth(stage(ALSO), flow(WEB, DB)) is Truth.DENIED
