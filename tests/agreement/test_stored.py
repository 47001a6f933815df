"""Evaluator, sets engine and Z3 agree where policies say what API servers store though nobody should write it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.options import Cni, Options
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import Wanted
from tests.agreement.engines import all_flows_of, looked_up, possible
from tests.agreement.test_agreement import expected, some_of
from tests.strategies.stored import odd_manifests
from tests.strategies.vocabulary import Manifest

PROFILES = st.sampled_from([each for each in Cni if each is not Cni.AUTO])


def loaded(objects: list[Manifest], cni: Cni) -> Snapshot:
    return load_objects(objects, options=Options(cni=cni))


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(odd_manifests(), PROFILES, st.integers(0, 2**32))
def test_the_engines_agree_on_what_is_stored(objects: list[Manifest], cni: Cni, seed: int) -> None:
    snapshot = loaded(objects, cni)
    encoding = prepare(snapshot)
    part, tables = all_flows_of(encoding)
    flows = some_of(snapshot, 60, seed)
    for flow in flows:
        assert looked_up(part, tables, flow) == expected(snapshot, flow), str(flow)
    for flow in flows[:1]:
        can_allow, can_deny = expected(snapshot, flow)
        assert possible(encoding, flow, Wanted.CAN_ALLOW) is can_allow, str(flow)
        assert possible(encoding, flow, Wanted.CAN_DENY) is can_deny, str(flow)


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(odd_manifests(), st.integers(0, 2**32))
def test_what_is_certain_holds_with_and_without_the_doubted_policies(objects: list[Manifest], seed: int) -> None:
    """What is certain is true with such policies away, and as one implementation is known to read them."""
    snapshot = loaded(objects, Cni.SPEC)
    doubted = {
        policy.ref
        for policy in snapshot.policies
        if any(rule.reason_code == "MAYBE_NOT_PROGRAMMED" for rule in (*policy.ingress, *policy.egress))
    }
    without = snapshot.with_policies(tuple(each for each in snapshot.policies if each.ref not in doubted))
    literal = loaded(objects, Cni.KUBE_NETWORK_POLICIES)
    literal = snapshot.with_policies(literal.policies)
    for flow in some_of(snapshot, 60, seed):
        certain = truth(snapshot, flow)
        if certain is not Truth.EITHER:
            assert truth(without, flow) is certain, str(flow)
            assert truth(literal, flow) is certain, str(flow)
