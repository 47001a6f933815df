"""Laws of near misses: their conditions are those of the rule, what is said to fail fails, and mending helps."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.documents.near import UnmetCode
from reachproof.manifests.load import load_objects
from reachproof.network.flow import Flow
from reachproof.network.options import Cni, Options
from reachproof.network.policy import Direction, Policy, PolicyRef, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.queries.near_misses import misses
from reachproof.queries.near_policies import out_of_force
from reachproof.queries.near_words import Miss, failing
from reachproof.queries.rule_conditions import About, alternatives
from reachproof.semantics.evaluate import evaluate, tiers
from reachproof.semantics.match import Matched, any_match
from reachproof.semantics.trace import Truth
from tests.laws.law import placed
from tests.laws.mending import World, mended
from tests.strategies import calico, cilium
from tests.strategies.flows import some_flows
from tests.strategies.snapshots import manifests, snapshots
from tests.strategies.vocabulary import Manifest

FLOWS = 12
EXAMPLES = settings().max_examples // 4
OF_CALICO = calico.inputs().map(lambda objects: load_objects(objects, options=Options(cni=Cni.CALICO)))
EVERY = st.one_of(snapshots(), OF_CALICO, cilium.mixed_snapshots())


BOTH = {"Ingress", "Egress"}


def rules(snapshot: Snapshot, flow: Flow, direction: Direction) -> Iterator[tuple[Policy, Rule]]:
    for tier in tiers(snapshot, flow, direction):
        for policy in tier.policies:
            yield from ((policy, rule) for rule in policy.rules(direction))


def found_in(snapshot: Snapshot) -> Iterator[Miss]:
    for flow in some_flows(snapshot, FLOWS):
        for direction in Direction:
            yield from misses(snapshot, flow, direction)


def matched(miss: Miss, world: World, *, alone: bool = False) -> Matched:
    """The evaluator's word on the rule, or on its nearest match alone, in a world."""
    matches = (miss.nearest.match,) if alone else miss.rule.matches
    host = miss.policy.subject.host_network
    return any_match(world.snapshot, matches, world.flow, miss.direction, host_network=host)


@pytest.mark.heavy
@settings(max_examples=EXAMPLES)
@given(EVERY)
def test_the_conditions_of_a_rule_together_say_what_the_evaluator_says_of_it(snapshot: Snapshot) -> None:
    for flow in some_flows(snapshot, FLOWS):
        for direction in Direction:
            for policy, rule in rules(snapshot, flow, direction):
                every = list(alternatives(snapshot, policy, rule, flow, direction))
                together = (
                    min(
                        (c.holds for c in each.conditions if rule.matches == () or c.about is not About.RULE), default=2
                    )
                    for each in every
                )
                host = policy.subject.host_network
                expected = any_match(snapshot, rule.matches, flow, direction, host_network=host)
                assert max(together) == expected, f"{policy.ref} {rule.index} {flow}"


@pytest.mark.heavy
@settings(max_examples=EXAMPLES)
@given(EVERY)
def test_a_rule_that_matches_is_no_near_miss_and_each_near_miss_says_why(snapshot: Snapshot) -> None:
    for miss in found_in(snapshot):
        now = matched(miss, World(snapshot, miss.flow))
        assert now is not Matched.YES or miss.rule.may
        assert len(failing(miss)) == len(miss.nearest.unmet) > 0
        assert any(not each.undetermined for each in failing(miss)) == (now is Matched.NO)


@pytest.mark.heavy
@settings(max_examples=EXAMPLES)
@given(EVERY)
def test_near_misses_are_of_what_is_or_may_be_denied(snapshot: Snapshot) -> None:
    for flow in some_flows(snapshot, FLOWS):
        for direction in Direction:
            if evaluate(snapshot, flow).side(direction).truth is Truth.ALLOWED:
                assert misses(snapshot, flow, direction) == ()


@pytest.mark.heavy
@settings(max_examples=EXAMPLES)
@given(EVERY)
def test_where_all_that_is_named_is_mended_the_rule_matches_and_where_any_is_left_its_match_does_not(
    snapshot: Snapshot,
) -> None:
    for miss in found_in(snapshot):
        world, unmet = World(snapshot, miss.flow), miss.nearest.unmet
        whole = mended(world, miss.direction, miss.nearest, unmet)
        if whole is None:
            continue
        assert matched(miss, whole) is Matched.YES, f"{miss.policy.ref} {failing(miss)}"
        for left in unmet:
            part = mended(world, miss.direction, miss.nearest, [each for each in unmet if each is not left])
            assert part is not None
            assert matched(miss, part, alone=True) is not Matched.YES, f"{miss.policy.ref} {left}"


def with_types(objects: list[Manifest], policy: PolicyRef, types: set[str]) -> list[Manifest]:
    found = deepcopy(objects)
    for each in found:
        key = each["metadata"].get("namespace"), each["metadata"]["name"]
        if each["kind"] == "NetworkPolicy" and key == (policy.namespace, policy.name):
            each["spec"]["policyTypes"] = sorted(types)
    return found


@pytest.mark.heavy
@settings(max_examples=EXAMPLES)
@given(manifests())
def test_with_policy_types_as_they_should_be_the_direction_is_allowed(objects: list[Manifest]) -> None:
    snapshot = load_objects(objects)
    for flow in some_flows(snapshot, FLOWS):
        for direction in Direction:
            if evaluate(snapshot, flow).side(direction).truth is Truth.ALLOWED:
                continue
            for found in out_of_force(snapshot, flow, direction):
                types = {each.capitalize() for each in found.policy.isolates}
                if found.code is UnmetCode.POLICY_TYPES:
                    types.add(direction.capitalize())
                elif found.code is UnmetCode.ISOLATES_WITHOUT_RULE:
                    types = BOTH - {direction.capitalize()}
                else:
                    continue
                mended = load_objects(with_types(objects, found.policy.ref, types))
                assert evaluate(mended, placed(mended, flow)).side(direction).truth is Truth.ALLOWED
