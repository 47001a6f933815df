"""The mesh of Istio three ways: an oracle that reads manifests, the evaluator, and the solver's two engines."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.engines.own_tiers import MESH
from reachproof.manifests.load import load_objects
from reachproof.network.flow import Flow
from reachproof.network.options import AmbientPort
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import Wanted
from tests.agreement.engines import all_flows_of, asked, looked_up, possible
from tests.agreement.istio_oracle import Mesh
from tests.strategies.flows import all_flows
from tests.strategies.istio import inputs
from tests.strategies.vocabulary import Manifest


def some_of(snapshot: Snapshot, count: int, seed: int) -> list[Flow]:
    flows = [flow for flow in all_flows(snapshot) if asked(flow)]
    return random.Random(seed).sample(flows, min(len(flows), count))


def without_mesh(snapshot: Snapshot) -> Snapshot:
    """The same policies of the network, which sees every flow as it is."""
    plain = replace(snapshot.options, ambient_port=AmbientPort.ORIGINAL)
    policies = (each for each in snapshot.policies if each.tier != MESH)
    return snapshot.with_policies(tuple(policies)).with_options(plain)


def by_network(network: Snapshot, mesh: Mesh, flow: Flow) -> Truth:
    """The truth of the network by what it may see of the flow."""
    seen = [replace(flow, port=15008) if each == "hbone" else flow for each in sorted(mesh.seen(flow))]
    found = {truth(network, each) for each in seen}
    return found.pop() if len(found) == 1 else Truth.EITHER


def both(mesh: frozenset[bool], network: Truth) -> Truth:
    """The truth of two programs that must both allow."""
    allow = True in mesh and network is not Truth.DENIED
    deny = False in mesh or network is not Truth.ALLOWED
    return Truth.EITHER if allow and deny else Truth.ALLOWED if allow else Truth.DENIED


@pytest.mark.heavy
@settings(max_examples=settings().max_examples * 6 // 10)
@given(inputs(), st.integers(0, 2**32))
def test_the_verdict_is_that_of_the_mesh_and_of_the_network_together(objects: list[Manifest], seed: int) -> None:
    snapshot = load_objects(objects)
    network, mesh = without_mesh(snapshot), Mesh(objects)
    for flow in some_of(snapshot, 100, seed):
        found = truth(snapshot, flow)
        if mesh.by_waypoint(flow):
            assert found is Truth.EITHER, str(flow)
            continue
        rest, mesh_alone = by_network(network, mesh, flow), mesh.outcomes(flow, one_choice=False)
        if len(mesh.seen(flow)) > 1 and found is Truth.EITHER:
            continue  # each rule may see what it likes, so that more may be open
        assert found is both(mesh_alone, rest), str(flow)
        # With one choice for all rules of a flow less may be open, and never anything else.
        assert found in (Truth.EITHER, both(mesh.outcomes(flow, one_choice=True), rest)), str(flow)


@pytest.mark.heavy
@settings(max_examples=settings().max_examples * 4 // 10)
@given(inputs(), st.integers(0, 2**32))
def test_the_sets_engine_and_the_evaluator_agree(objects: list[Manifest], seed: int) -> None:
    snapshot = load_objects(objects)
    part, tables = all_flows_of(prepare(snapshot))
    for flow in some_of(snapshot, 120, seed):
        found = truth(snapshot, flow)
        assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)


@settings(max_examples=settings().max_examples // 5)
@given(inputs(), st.integers(0, 2**32))
def test_z3_and_the_evaluator_agree(objects: list[Manifest], seed: int) -> None:
    snapshot = load_objects(objects)
    encoding = prepare(snapshot)
    for flow in some_of(snapshot, 3, seed):
        found = truth(snapshot, flow)
        assert possible(encoding, flow, Wanted.CAN_ALLOW) is (found is not Truth.DENIED), str(flow)
        assert possible(encoding, flow, Wanted.CAN_DENY) is (found is not Truth.ALLOWED), str(flow)
