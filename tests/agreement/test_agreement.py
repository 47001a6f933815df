"""Evaluator, sets engine and Z3 agree on every flow of drawn snapshots over all four policy kinds."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.network.flow import Flow
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import Wanted
from tests.agreement.engines import all_flows_of, asked, looked_up, possible
from tests.strategies.flows import all_flows
from tests.strategies.snapshots import snapshots

FLOWS_PER_DRAW = 120
PROOFS_PER_DRAW = 3


def expected(snapshot: Snapshot, flow: Flow) -> tuple[bool, bool]:
    """(can be allowed, can be denied) by the evaluator."""
    found = truth(snapshot, flow)
    return found is not Truth.DENIED, found is not Truth.ALLOWED


def some_of(snapshot: Snapshot, count: int, seed: int) -> list[Flow]:
    flows = [flow for flow in all_flows(snapshot) if asked(flow)]
    return random.Random(seed).sample(flows, min(len(flows), count))


@pytest.mark.heavy
@settings(max_examples=max(2_000, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_sets_engine_and_evaluator_agree_on_every_kind_of_flow(snapshot: Snapshot, seed: int) -> None:
    part, tables = all_flows_of(prepare(snapshot))
    for flow in some_of(snapshot, FLOWS_PER_DRAW, seed):
        assert looked_up(part, tables, flow) == expected(snapshot, flow), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(400, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_z3_and_evaluator_agree_on_single_flows(snapshot: Snapshot, seed: int) -> None:
    encoding = prepare(snapshot)
    for flow in some_of(snapshot, PROOFS_PER_DRAW, seed):
        can_allow, can_deny = expected(snapshot, flow)
        assert possible(encoding, flow, Wanted.CAN_ALLOW) is can_allow, str(flow)
        assert possible(encoding, flow, Wanted.CAN_DENY) is can_deny, str(flow)
        assert possible(encoding, flow, Wanted.MUST_ALLOW) is not can_deny, str(flow)
        assert possible(encoding, flow, Wanted.MUST_DENY) is not can_allow, str(flow)
