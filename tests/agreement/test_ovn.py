"""Traffic of hosts under OVN-Kubernetes: an oracle of manifests, the evaluator, and both engines of the solver."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.flow import External, Flow
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import Wanted
from tests.agreement.engines import all_flows_of, looked_up, possible
from tests.agreement.ovn_oracle import Oracle, is_host
from tests.agreement.test_agreement import some_of
from tests.strategies.ovn import OPTIONS, inputs
from tests.strategies.vocabulary import Manifest

FLOWS = 150
PROOFS = 2


def of_hosts(snapshot: Snapshot, count: int, seed: int) -> list[Flow]:
    """Flows between a host and a pod on the pod network."""
    return [
        flow
        for flow in some_of(snapshot, count, seed)
        if is_host(flow.source) is not is_host(flow.destination)
        and not isinstance(flow.source, External)
        and not isinstance(flow.destination, External)
    ]


@pytest.mark.heavy
@settings(max_examples=max(300, settings().max_examples))
@given(inputs(), st.integers(0, 2**32))
def test_evaluator_and_sets_engine_say_of_hosts_what_the_manifests_say(objects: list[Manifest], seed: int) -> None:
    snapshot = load_objects(objects, options=OPTIONS)
    oracle = Oracle(snapshot, objects)
    part, tables = all_flows_of(prepare(snapshot))
    for flow in of_hosts(snapshot, FLOWS, seed):
        found = oracle.truth(flow)
        assert truth(snapshot, flow) is found, str(flow)
        assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(inputs(), st.integers(0, 2**32))
def test_z3_says_of_hosts_what_the_manifests_say(objects: list[Manifest], seed: int) -> None:
    snapshot = load_objects(objects, options=OPTIONS)
    oracle = Oracle(snapshot, objects)
    encoding = prepare(snapshot)
    for flow in of_hosts(snapshot, FLOWS, seed)[:PROOFS]:
        found = oracle.truth(flow)
        assert possible(encoding, flow, Wanted.CAN_ALLOW) is (found is not Truth.DENIED), str(flow)
        assert possible(encoding, flow, Wanted.CAN_DENY) is (found is not Truth.ALLOWED), str(flow)
