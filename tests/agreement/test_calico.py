"""Calico: the evaluator says what an oracle over the manifests says, and both engines say what the evaluator says."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.flow import Flow
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import Wanted
from tests.agreement.calico_oracle import Calico
from tests.agreement.engines import all_flows_of, asked, looked_up, possible
from tests.strategies.calico import inputs
from tests.strategies.flows import all_flows
from tests.strategies.vocabulary import Manifest

OPTIONS = Options(cni=Cni.CALICO)


def loaded(objects: list[Manifest]) -> Snapshot:
    return load_objects(objects, options=OPTIONS)


def some_of(snapshot: Snapshot, count: int, seed: int) -> list[Flow]:
    flows = [flow for flow in all_flows(snapshot) if asked(flow)]
    return random.Random(seed).sample(flows, min(len(flows), count))


@pytest.mark.heavy
@settings(max_examples=settings().max_examples * 6 // 10)
@given(inputs(), st.integers(0, 2**32))
def test_the_evaluator_and_an_oracle_over_the_manifests_agree(objects: list[Manifest], seed: int) -> None:
    snapshot = loaded(objects)
    oracle = Calico(objects, snapshot)
    for flow in some_of(snapshot, 100, seed):
        expected = oracle.allows(flow)
        found = truth(snapshot, flow)
        assert expected is None or found is (Truth.ALLOWED if expected else Truth.DENIED), str(flow)


@pytest.mark.heavy
@settings(max_examples=settings().max_examples * 6 // 10)
@given(inputs(doubtful=True), st.integers(0, 2**32))
def test_the_sets_engine_and_the_evaluator_agree(objects: list[Manifest], seed: int) -> None:
    snapshot = loaded(objects)
    part, tables = all_flows_of(prepare(snapshot))
    for flow in some_of(snapshot, 120, seed):
        found = truth(snapshot, flow)
        assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)


@pytest.mark.heavy
@settings(max_examples=settings().max_examples // 4)
@given(inputs(doubtful=True), st.integers(0, 2**32))
def test_z3_and_the_evaluator_agree(objects: list[Manifest], seed: int) -> None:
    snapshot = loaded(objects)
    encoding = prepare(snapshot)
    for flow in some_of(snapshot, 3, seed):
        found = truth(snapshot, flow)
        assert possible(encoding, flow, Wanted.CAN_ALLOW) is (found is not Truth.DENIED), str(flow)
        assert possible(encoding, flow, Wanted.CAN_DENY) is (found is not Truth.ALLOWED), str(flow)
