"""What holds of every trace: it ends in what it claims, says what it rests on, and its blockers are all there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.engines.assembly import programs
from reachproof.network.options import DEFAULT_OPTIONS
from reachproof.network.policy import Action, Direction, Policy
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import blockers, evaluate, evaluate_direction, grants, tiers, truth
from reachproof.semantics.trace import Step, Truth
from tests.strategies.flows import flows, some_flows
from tests.strategies.snapshots import snapshots

CERTAIN = {Truth.ALLOWED: Action.ALLOW, Truth.DENIED: Action.DENY}


@given(snapshots(), st.sampled_from((Action.ALLOW, Action.DENY)))
def test_each_direction_ends_in_its_truth_or_in_what_was_preferred(snapshot: Snapshot, prefer: Action) -> None:
    for flow in some_flows(snapshot, 20):
        trace = evaluate(snapshot, flow, prefer=prefer)
        for side in (trace.egress, trace.ingress):
            assert side.decider.action is CERTAIN.get(side.truth, prefer)
            assert {step.action for step in side.steps[:-1]} <= {Action.PASS}


@given(snapshots())
def test_the_truth_is_the_same_with_and_without_a_trace(snapshot: Snapshot) -> None:
    for flow in some_flows(snapshot, 20):
        assert {evaluate(snapshot, flow, prefer=prefer).truth for prefer in (Action.ALLOW, Action.DENY)} == {
            truth(snapshot, flow)
        }


@given(snapshots())
def test_an_open_outcome_says_what_it_rests_on_and_a_certain_one_has_nothing_to_say(snapshot: Snapshot) -> None:
    for flow in some_flows(snapshot, 20):
        for prefer in (Action.ALLOW, Action.DENY):
            trace = evaluate(snapshot, flow, prefer=prefer)
            assert bool(trace.depends) == (trace.truth is Truth.EITHER)


@given(snapshots())
def test_policies_that_cannot_select_in_the_namespace_are_left_out_without_a_trace(snapshot: Snapshot) -> None:
    for flow in some_flows(snapshot, 20):
        for direction in Direction:
            if tiers(snapshot, flow, direction):
                every = programs(snapshot).tiers(direction)
                side = evaluate(snapshot, flow).side(direction)
                assert evaluate_direction(snapshot, flow, direction, program=every) == side


@given(snapshots(), st.data())
def test_blockers_are_there_exactly_where_something_may_block(snapshot: Snapshot, data: st.DataObject) -> None:
    flow = data.draw(flows(snapshot))
    for direction in Direction:
        found = blockers(snapshot, flow, direction)
        assert bool(found) == (evaluate(snapshot, flow).side(direction).truth is not Truth.ALLOWED)
        assert {step.action for step in found} <= {Action.DENY}
        assert len({step.text for step in found}) == len(found)


@pytest.mark.heavy
@given(snapshots())
def test_every_step_names_both_ends_and_the_policies_it_is_due_to(snapshot: Snapshot) -> None:
    for flow in some_flows(snapshot, 20):
        for step in evaluate(snapshot, flow).steps:
            assert all(ref.name in step.text for ref in step.policies)
            assert str(step.direction) in step.text or "its own address" in step.text


def lacking(snapshot: Snapshot, direction: Direction, steps: Iterable[Step]) -> Snapshot:
    """The snapshot without the rules of these steps."""
    gone = {(step.policy, step.rule_index) for step in steps}

    def spared(policy: Policy) -> Policy:
        kept = tuple(rule for rule in policy.rules(direction) if (policy.ref, rule.index) not in gone)
        return replace(policy, egress=kept) if direction is Direction.EGRESS else replace(policy, ingress=kept)

    return snapshot.with_policies(tuple(map(spared, snapshot.policies)))


@pytest.mark.heavy
@given(snapshots(options=st.just(DEFAULT_OPTIONS)))
def test_each_rule_that_allows_does_so_alone_and_without_all_of_them_no_rule_does(snapshot: Snapshot) -> None:
    for flow in some_flows(snapshot, 20):
        for direction in Direction:
            if evaluate(snapshot, flow).side(direction).truth is not Truth.ALLOWED:
                continue
            found = grants(snapshot, flow, direction)
            for kept in found:
                alone = lacking(snapshot, direction, (step for step in found if step is not kept))
                side = evaluate_direction(alone, flow, direction)
                assert (side.truth, side.decider.policy, side.decider.rule_index) == (
                    Truth.ALLOWED,
                    kept.policy,
                    kept.rule_index,
                )
            side = evaluate_direction(lacking(snapshot, direction, found), flow, direction)
            assert side.truth is Truth.DENIED or side.decider.rule_index is None
