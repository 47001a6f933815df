"""What a law compares: the truths of many flows of two snapshots of the same cluster."""

from __future__ import annotations

from dataclasses import replace

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.labels import EVERYTHING
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    Match,
    PodSet,
    Policy,
    PolicyRef,
    Rule,
    TierName,
)
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.strategies.flows import some_flows

FLOWS = 40
WRITTEN = Origin(file="law.yaml", line=1)
ANY = (Match(AnyPeer()),)
EVERY_POD = PodSet(EVERYTHING, EVERYTHING)
# The more is possible, the higher.
RANK = {Truth.DENIED: 0, Truth.EITHER: 1, Truth.ALLOWED: 2}


def assert_same(before: Snapshot, after: Snapshot) -> None:
    """The two agree on a choice of flows that both their policies cut the world into."""
    for flow in _flows(before, after):
        assert truth(before, placed(before, flow)) is truth(after, placed(after, flow)), str(flow)


def assert_at_least(before: Snapshot, after: Snapshot) -> None:
    """Nothing that was possible before is impossible after, and nothing certain has become open."""
    for flow in _flows(before, after):
        assert RANK[truth(before, placed(before, flow))] <= RANK[truth(after, placed(after, flow))], str(flow)


def placed(snapshot: Snapshot, flow: Flow) -> Flow:
    """The same flow between the parties of this snapshot, which may differ in their origins."""

    def here(party: Party) -> Party:
        match party:
            case Pod():
                return snapshot.pod_of[party.key]
            case Node():
                return snapshot.node_of[party.name]
            case External():
                return party

    return replace(flow, source=here(flow.source), destination=here(flow.destination))


def with_rule(policy: Policy, direction: Direction, rule: Rule, at: int | None = None) -> Policy:
    """The policy with one more rule, last unless `at` says where."""
    rules = list(policy.rules(direction))
    rules.insert(len(rules) if at is None else at, replace(rule, index=len(rules)))
    if direction is Direction.EGRESS:
        return replace(policy, egress=tuple(rules))
    return replace(policy, ingress=tuple(rules))


def for_all(kind: str, action: Action, *, tier: TierName, priority: int) -> Policy:
    """A policy of an admin kind that does the same with every flow of every pod, in both directions."""
    rule = Rule(action=action, matches=ANY, origin=WRITTEN)
    return Policy(
        ref=PolicyRef(kind=kind, namespace="", name="for-all"),
        tier=tier,
        priority=priority,
        subject=EVERY_POD,
        egress=(rule,),
        ingress=(rule,),
        origin=WRITTEN,
    )


def _flows(*snapshots: Snapshot) -> list[Flow]:
    """Flows from the pieces that either snapshot sees; the seed is fixed, the snapshots are what varies."""
    return [flow for number, snapshot in enumerate(snapshots) for flow in some_flows(snapshot, FLOWS, seed=number)]
