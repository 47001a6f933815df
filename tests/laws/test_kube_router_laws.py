"""Laws of kube-router: what is certain is what is specified, and of plain policies everything is certain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.address import family
from reachproof.network.flow import Flow
from reachproof.network.options import Cni, Options
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from tests.agreement.engines import all_flows_of, asked, looked_up
from tests.laws.law import placed
from tests.strategies.clusters import clusters
from tests.strategies.flows import some_flows
from tests.strategies.policies import draw_network_policy
from tests.strategies.vocabulary import Manifest

FLOWS = 100


@st.composite
def inputs(draw: st.DrawFn) -> list[Manifest]:
    policies = [draw_network_policy(draw, f"np{number}") for number in range(draw(st.integers(1, 3)))]
    return draw(clusters()) + policies


def both(objects: list[Manifest]) -> tuple[Snapshot, Snapshot]:
    """The snapshot under kube-router, and as specified."""
    found, plain = (load_objects(objects, options=Options(cni=cni)) for cni in (Cni.KUBE_ROUTER, Cni.SPEC))
    return found, plain


@pytest.mark.heavy
@settings(max_examples=max(200, settings().max_examples))
@given(inputs(), st.integers(0, 2**32))
def test_what_is_certain_is_what_is_specified(objects: list[Manifest], seed: int) -> None:
    snapshot, plain = both(objects)
    for flow in some_flows(snapshot, FLOWS, seed):
        found = truth(snapshot, flow)
        if found is not Truth.EITHER:
            assert truth(plain, placed(plain, flow)) is found, str(flow)


def _plainly(policy: Manifest) -> Manifest:
    """The policy as one of a single direction, without port names, and with one peer for each rule."""
    spec: dict[str, Any] = dict(policy["spec"])
    spec.pop("egress", None)
    spec["policyTypes"] = ["Ingress"]
    spec["ingress"] = [_one_peer(rule) for rule in spec.get("ingress", ())]
    return {**policy, "spec": spec}


def _one_peer(rule: Manifest) -> Manifest:
    found = {**rule}
    if "from" in rule:
        found["from"] = rule["from"][:1]
    if "ports" in rule:
        found["ports"] = [port for port in rule["ports"] if not isinstance(port.get("port"), str)] or [{"port": 80}]
    return found


def _tried(flow: Flow) -> bool:
    return family(flow.source_address) == 4 and flow.protocol is not Protocol.SCTP


@pytest.mark.heavy
@settings(max_examples=max(200, settings().max_examples))
@given(inputs(), st.integers(0, 2**32))
def test_plain_policies_are_as_specified_for_tcp_and_udp_over_ipv4(objects: list[Manifest], seed: int) -> None:
    snapshot, plain = both([_plainly(each) if each["kind"] == "NetworkPolicy" else each for each in objects])
    for flow in filter(_tried, some_flows(snapshot, FLOWS, seed)):
        assert truth(snapshot, flow) is truth(plain, placed(plain, flow)), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(100, settings().max_examples))
@given(inputs(), st.integers(0, 2**32))
def test_evaluator_and_sets_engine_agree(objects: list[Manifest], seed: int) -> None:
    snapshot, _ = both(objects)
    part, tables = all_flows_of(prepare(snapshot))
    for flow in filter(asked, some_flows(snapshot, FLOWS, seed)):
        found = truth(snapshot, flow)
        assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)
