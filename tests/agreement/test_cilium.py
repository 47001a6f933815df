"""Cilium's rules three ways: an oracle that reads manifests, the evaluator, and the solver's two engines."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow
from reachproof.network.options import CidrMatches, Enforcement, Options
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import Wanted
from tests.agreement.cilium_oracle import Oracle, Settings
from tests.agreement.engines import all_flows_of, asked, looked_up, possible
from tests.strategies.cilium import OPTIONS, mixed_manifests, mixed_snapshots
from tests.strategies.flows import some_flows
from tests.strategies.vocabulary import Manifest

FLOWS_PER_DRAW = 40
CIDRS = {
    None: frozenset[str](),
    CidrMatches.WORLD: frozenset[str](),
    CidrMatches.WORLD_AND_NODES: frozenset({"node"}),
    CidrMatches.WORLD_AND_PODS: frozenset({"pod"}),
    CidrMatches.ALL: frozenset({"node", "pod"}),
}
MODES = {Enforcement.ALWAYS: "always", Enforcement.NONE: "never"}
TRUTHS = {
    frozenset({"allow"}): Truth.ALLOWED,
    frozenset({"deny"}): Truth.DENIED,
    frozenset({"allow", "deny"}): Truth.EITHER,
}


def settings_of(options: Options) -> Settings:
    return Settings(
        mode=MODES.get(options.enforcement, "default"),
        cidrs=CIDRS[options.cidr_matches],
        ranked=options.enforcement is not Enforcement.NETWORK_POLICY and options.release not in ("1.18", "1.19"),
        local=options.release != "1.18",
        shared=options.release in ("1.18", "1.19"),
        one_value=options.release == "1.18",
        domains={"example.com": ("203.0.113.0/25",), "a.example.com": ("2001:db8::/64",)} if options.domains else {},
    )


def node_is_open(flow: Flow) -> bool:
    """Whether it is not known if the ends are on one node, and one of them is a node, or a pod with its address."""
    hosts = [isinstance(each, Node) or (isinstance(each, Pod) and each.host_network) for each in ends(flow)]
    unknown = [isinstance(each, Pod) and each.node is None for each in ends(flow)]
    return any(hosts) and any(unknown)


def ends(flow: Flow) -> tuple[object, object]:
    return flow.source, flow.destination


@pytest.mark.heavy
@settings(max_examples=max(500, settings().max_examples))
@given(mixed_manifests(), OPTIONS, st.integers(0, 2**32))
def test_the_evaluator_says_what_the_oracle_says(objects: list[Manifest], options: Options, seed: int) -> None:
    snapshot = load_objects(objects, options=options)
    oracle = Oracle(objects, settings_of(options))
    for flow in some_flows(snapshot, FLOWS_PER_DRAW, seed):
        if not asked(flow):
            continue
        wanted, found = TRUTHS[frozenset(oracle.outcomes(flow))], truth(snapshot, flow)
        # Rules about one node are doubted one by one, so where the node is not known more may seem possible.
        assert found is wanted or (node_is_open(flow) and found is Truth.EITHER), f"{flow}: {wanted}"


@pytest.mark.heavy
@settings(max_examples=max(250, settings().max_examples))
@given(mixed_snapshots(), st.integers(0, 2**32))
def test_the_sets_engine_says_what_the_evaluator_says(snapshot: Snapshot, seed: int) -> None:
    part, tables = all_flows_of(prepare(snapshot))
    for flow in some_flows(snapshot, FLOWS_PER_DRAW, seed):
        if asked(flow):
            found = truth(snapshot, flow)
            assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(mixed_snapshots(), st.integers(0, 2**32))
def test_z3_says_what_the_evaluator_says(snapshot: Snapshot, seed: int) -> None:
    encoding = prepare(snapshot)
    flows = [flow for flow in some_flows(snapshot, 12, seed) if asked(flow)]
    for flow in random.Random(seed).sample(flows, min(len(flows), 3)):
        found = truth(snapshot, flow)
        assert possible(encoding, flow, Wanted.CAN_ALLOW) is (found is not Truth.DENIED), str(flow)
        assert possible(encoding, flow, Wanted.CAN_DENY) is (found is not Truth.ALLOWED), str(flow)
