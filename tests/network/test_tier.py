"""Tiers in whatever form: what changing the form keeps, and what leaving policies out drops."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from reachproof.engines.assembly import programs
from reachproof.network.policy import Direction, PodSet, Rule, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import DirectedPolicy, Tier, TierOf, all_rules, directed
from tests.strategies.snapshots import snapshots

TIER = TierOf(name=TierName.ADMIN, chains=((("a", "b"), ("c",)), (("d",),)), isolating=("b",), isolation=(1, 2))


def test_policies_and_groups_are_in_order() -> None:
    assert TIER.policies == ("a", "b", "c", "d")
    assert TIER.groups == (("a", "b"), ("c",), ("d",))


def test_another_form_has_the_same_places() -> None:
    found = TIER.map(str.upper, lambda rule: rule * 10)
    chains = ((("A", "B"), ("C",)), (("D",),))
    assert found == TierOf(name=TierName.ADMIN, chains=chains, isolating=("B",), isolation=(10, 20))


@pytest.mark.parametrize(
    ("kept", "chains"),
    [
        ("abcd", ((("a", "b"), ("c",)), (("d",),))),
        ("bd", ((("b",),), (("d",),))),
        ("c", ((("c",),),)),
        ("", ()),
    ],
)
def test_groups_and_chains_without_policies_go(kept: str, chains: object) -> None:
    found = TIER.filter(lambda policy: policy in kept)
    assert found.chains == chains
    assert found.isolating == (("b",) if "b" in kept else ())
    assert (found.name, found.isolation) == (TIER.name, TIER.isolation)


def as_written(tier: Tier, direction: Direction) -> TierOf[DirectedPolicy[PodSet, Rule], Rule]:
    return directed(
        tier, direction, lambda policy, rules: DirectedPolicy(policy, policy.subject, rules), lambda rule: rule
    )


@given(snapshots())
def test_a_directed_tier_has_the_rules_of_its_direction(snapshot: Snapshot) -> None:
    for direction in Direction:
        for tier in programs(snapshot).tiers(direction):
            found = as_written(tier, direction)
            assert [each.policy for each in found.policies] == list(tier.policies)
            assert [each.subjects for each in found.policies] == [policy.subject for policy in tier.policies]
            rules = [rule for policy in tier.policies for rule in policy.rules(direction)]
            assert list(all_rules(found)) == [*rules, *tier.isolation]


@given(snapshots())
def test_policies_isolate_where_the_tier_has_rules_for_it(snapshot: Snapshot) -> None:
    for direction in Direction:
        for tier in programs(snapshot).tiers(direction):
            isolating = [policy for policy in tier.policies if tier.isolation and direction in policy.isolates]
            found = as_written(tier, direction)
            assert found.isolating == tuple(DirectedPolicy(each, each.subject, ()) for each in isolating)
            assert as_written(replace(tier, isolation=()), direction).isolating == ()


@given(snapshots())
def test_a_directed_policy_keeps_its_policy_in_another_form(snapshot: Snapshot) -> None:
    for tier in programs(snapshot).ingress:
        for each in as_written(tier, Direction.INGRESS).policies:
            found = each.map(repr, repr)
            rules = tuple(map(repr, each.rules))
            assert found == DirectedPolicy(each.policy, repr(each.subjects), rules)
