"""Laws of the host network under OVN-Kubernetes: what is certain is so whatever the host-network namespace is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.flow import Flow
from reachproof.network.options import Cni
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.agreement.ovn_oracle import is_host
from tests.laws.law import placed
from tests.strategies.clusters import namespace
from tests.strategies.flows import some_flows
from tests.strategies.ovn import HOST_NAMESPACES, OPTIONS, inputs
from tests.strategies.vocabulary import NAMESPACE_LABELS, Manifest

FLOWS = 80


def load(objects: list[Manifest]) -> Snapshot:
    return load_objects(objects, options=OPTIONS)


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(inputs(given=st.just(())), st.sampled_from(HOST_NAMESPACES), st.integers(0, 2**32))
def test_a_certain_truth_without_the_namespace_is_that_with_whatever_labels_it_has(
    objects: list[Manifest], name: str, seed: int
) -> None:
    snapshot = load(objects)
    others = [load([*objects, namespace(name, labels)]) for labels in NAMESPACE_LABELS]
    for flow in some_flows(snapshot, FLOWS, seed):
        found = truth(snapshot, flow)
        if found is not Truth.EITHER:
            assert {truth(each, placed(each, flow)) for each in others} == {found}, str(flow)


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(inputs(given=st.just(HOST_NAMESPACES)), st.integers(0, 2**32))
def test_a_certain_truth_with_both_namespaces_is_that_with_either(objects: list[Manifest], seed: int) -> None:
    snapshot = load(objects)
    others = [load([each for each in objects if each["metadata"]["name"] != name]) for name in HOST_NAMESPACES]
    for flow in some_flows(snapshot, FLOWS, seed):
        found = truth(snapshot, flow)
        if found is not Truth.EITHER:
            assert {truth(each, placed(each, flow)) for each in others} == {found}, str(flow)


def of_host(flow: Flow) -> bool:
    return is_host(flow.source) or is_host(flow.destination)


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(inputs(), st.integers(0, 2**32))
def test_traffic_without_hosts_is_as_under_the_specification(objects: list[Manifest], seed: int) -> None:
    snapshot = load(objects)
    plain = load_objects(objects, options=replace(OPTIONS, cni=Cni.SPEC))
    for flow in some_flows(snapshot, FLOWS, seed):
        if not of_host(flow):
            assert truth(snapshot, flow) is truth(plain, placed(plain, flow)), str(flow)
