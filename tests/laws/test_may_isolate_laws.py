"""Laws of policies that may or may not isolate: what is certain of a flow is what it is with isolation and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reachproof.engines.own_tiers import NORMAL
from reachproof.network.flow import Flow
from reachproof.network.intervals import EMPTY
from reachproof.network.options import Cni, Enforcement, Options
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    Match,
    Policy,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol, port_range
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from tests.agreement.engines import all_flows_of, asked, looked_up
from tests.laws.law import WRITTEN, placed, with_rule
from tests.strategies.cilium import mixed_snapshots
from tests.strategies.flows import End, possible, some_flows
from tests.strategies.snapshots import snapshots

SOME = max(60, settings().max_examples // 2)
ISOLATING = (TierName.NETWORK_POLICY, NORMAL)
FLOWS = 60
OWN_NODE = st.just(Options(cni=Cni.KUBE_NETWORK_POLICIES))
TO_NOBODY = Rule(action=Action.ALLOW, matches=(Match(AddressPeer(EMPTY)),), origin=WRITTEN)
TCP = Rule(
    action=Action.ALLOW, matches=(Match(AnyPeer(), PortMatch(port_range(Protocol.TCP, 1, 65535))),), origin=WRITTEN
)


def perhaps(policy: Policy, direction: Direction) -> Policy:
    """The policy, of which it is not known whether it isolates in this direction."""
    return replace(free(policy, direction), may_isolate=frozenset((direction,)))


def free(policy: Policy, direction: Direction) -> Policy:
    return replace(policy, isolates=policy.isolates - {direction}, may_isolate=frozenset())


def with_the_own_node(snapshot: Snapshot) -> Iterator[Flow]:
    """Flows between pods and the nodes that they run on, one for each two addresses and direction."""
    for pod in snapshot.pods:
        node = snapshot.node_of.get(pod.node or "")
        if node is None or pod.host_network:
            continue
        for own, other in product(pod.addresses, node.addresses):
            two: tuple[End, End] = (pod, own), (node, other)
            for (source, address), (destination, far) in permutations(two):
                if possible((source, address), (destination, far)):
                    yield Flow(
                        source=source,
                        destination=destination,
                        source_address=address,
                        destination_address=far,
                        protocol=Protocol.TCP,
                        port=80,
                    )


@pytest.mark.heavy
@settings(max_examples=SOME)
@given(st.one_of(snapshots(), snapshots(options=OWN_NODE), mixed_snapshots()), st.sampled_from(Direction), st.data())
def test_a_verdict_is_certain_where_it_is_the_same_with_isolation_and_without(
    snapshot: Snapshot, direction: Direction, data: st.DataObject
) -> None:
    isolating = [each for each in snapshot.policies if each.tier in ISOLATING and direction in each.isolates]
    assume(isolating)
    policy = data.draw(st.sampled_from(isolating))
    (other,) = set(Direction) - {direction}
    more = with_rule(policy, direction, data.draw(st.sampled_from((TO_NOBODY, TCP))))
    if data.draw(st.booleans()):  # it acts in the other direction too, in which nothing is in doubt
        more = replace(with_rule(more, other, TO_NOBODY), isolates=more.isolates - {other})
    snapshot = snapshot.with_policies(tuple(more if each == policy else each for each in snapshot.policies))
    policy = more
    if data.draw(st.booleans()):  # nothing else that could decide
        snapshot = snapshot.with_policies((policy,))
    without, open_ = (
        snapshot.with_policies(tuple(change(each, direction) if each == policy else each for each in snapshot.policies))
        for change in (free, perhaps)
    )
    part, tables = all_flows_of(prepare(open_))
    for flow in (*some_flows(open_, FLOWS), *with_the_own_node(open_)):
        both = {truth(each, placed(each, flow)) for each in (snapshot, without)}
        found = truth(open_, flow)
        expected = both.pop() if len(both) == 1 else Truth.EITHER
        # In the mode `always` a policy with rules is an entry of the agent whether or not it isolates; here it may be.
        loose = snapshot.options.enforcement is Enforcement.ALWAYS and found is Truth.EITHER
        assert loose or found is expected, str(flow)
        if asked(flow):
            assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)
