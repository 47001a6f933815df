"""Laws: the programs of one namespace are all programs, less the policies that select no pod of it."""

from __future__ import annotations

from hypothesis import given

from reachproof.engines.assembly import programs, programs_in
from reachproof.network.labels import Labels
from reachproof.network.policy import Direction
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import Tier
from tests.strategies.snapshots import snapshots


def looked_at(tier: Tier, namespace: Labels) -> list[list[list[str]]]:
    """The names of the policies that match, by a look at each; empty groups and chains are gone."""
    chains = [
        [[str(policy.ref) for policy in group if policy.subject.namespaces.matches(namespace)] for group in chain]
        for chain in tier.chains
    ]
    return [chain for chain in ([group for group in chain if group] for chain in chains) if chain]


def names(tier: Tier) -> list[list[list[str]]]:
    return [[[str(policy.ref) for policy in group] for group in chain] for chain in tier.chains]


@given(snapshots())
def test_nothing_else_is_left_out_and_the_order_stays(snapshot: Snapshot) -> None:
    for namespace in snapshot.namespaces:
        for direction in Direction:
            whole = programs(snapshot).tiers(direction)
            found = programs_in(snapshot, namespace.name).tiers(direction)
            assert [names(tier) for tier in found] == [looked_at(tier, namespace.labels) for tier in whole]
            assert [(tier.name, tier.isolation) for tier in found] == [(tier.name, tier.isolation) for tier in whole]
