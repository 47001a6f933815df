"""The index of an encoding: what it keeps for a question is what a walk over all policies keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Direction
from reachproof.network.ports import ALL_PORTS
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import all_rules
from reachproof.solver.bitset import Positions, ones
from reachproof.solver.boxes import Box, EncodedPolicy, EncodedRule, EncodedTier, Kept, Rows
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.goal import PEER, SUBJECT, Side
from tests.strategies.snapshots import snapshots

SOME_PORTS = st.sampled_from([ALL_PORTS, IntervalSet.single(80), IntervalSet(((1, 100), (443, 443))), IntervalSet()])


def walked(tier: EncodedTier, subjects: int, peers: int, ports: IntervalSet) -> EncodedTier:
    """The tier without what cannot match, policy by policy."""

    def rule(ground: EncodedRule) -> EncodedRule:
        return replace(ground, boxes=tuple(box for box in ground.boxes if meets(box)))

    def meets(box: Box) -> bool:
        return bool(box.subjects & subjects and box.peers & peers and box.ports & ports)

    def policy(ground: EncodedPolicy) -> EncodedPolicy:
        return replace(ground, rules=tuple(found for each in ground.rules if (found := rule(each)).boxes))

    def group(policies: tuple[EncodedPolicy, ...]) -> tuple[EncodedPolicy, ...]:
        return tuple(found for each in policies if (found := policy(each)).rules)

    chains = (tuple(found for each in chain if (found := group(each))) for chain in tier.chains)
    return replace(
        tier,
        chains=tuple(chain for chain in chains if chain),
        isolating=tuple(each for each in tier.isolating if each.subjects & subjects),
        isolation=tuple(map(rule, tier.isolation)),
    )


def boxes(tier: EncodedTier) -> list[Box]:
    return [box for rule in all_rules(tier) for box in rule.boxes]


def selecting(tier: EncodedTier) -> set[int]:
    return {policy.subjects for policy in (*tier.policies, *tier.isolating)}


def chosen(data: st.DataObject, encoding: Encoding) -> dict[Side, int]:
    counts = {Side.SOURCE: len(encoding.sources.members), Side.DESTINATION: len(encoding.destinations.members)}
    return {side: data.draw(st.integers(0, ones(count)), label=side) for side, count in counts.items()}


@given(snapshots(), SOME_PORTS, st.data())
def test_it_keeps_what_a_walk_keeps(snapshot: Snapshot, ports: IntervalSet, data: st.DataObject) -> None:
    encoding = prepare(snapshot)
    classes = chosen(data, encoding)
    found = encoding.index.kept(classes, ports)
    for direction, tiers in ((Direction.EGRESS, encoding.egress), (Direction.INGRESS, encoding.ingress)):
        subjects, peers = classes[SUBJECT[direction]], classes[PEER[direction]]
        expected = [walked(tier, subjects, peers, ports) for tier in tiers]
        assert [each.tier for each in found[direction]] == expected
        for each in found[direction]:
            assert_rows(encoding, direction, each)


def as_positions(numbers: Sequence[int]) -> Positions:
    return np.array(numbers, dtype=np.intp)


def assert_rows(encoding: Encoding, direction: Direction, kept: Kept) -> None:
    """The numbers of what is kept are those of its sets."""
    sets = {side: list(encoding.index.rows[side].numbers) for side in Side}
    of_boxes = boxes(kept.tier)
    subjects = {sets[SUBJECT[direction]][row] for row in kept.subjects.tolist()}
    assert subjects == {box.subjects for box in of_boxes} | selecting(kept.tier)
    assert {sets[PEER[direction]][row] for row in kept.peers.tolist()} == {box.peers for box in of_boxes}
    assert {encoding.index.ports[number] for number in kept.ports.tolist()} == {box.ports for box in of_boxes}


@given(st.integers(1, 200), st.data())
def test_rows_are_sets(count: int, data: st.DataObject) -> None:
    some = st.integers(0, ones(count))
    sets = data.draw(st.lists(some, unique=True, max_size=5))
    rows = Rows({classes: number for number, classes in enumerate(sets)}, count)
    wanted = data.draw(some)
    assert rows.meeting(wanted).tolist() == [bool(classes & wanted) for classes in sets]
    order = data.draw(st.lists(st.integers(0, count - 1), max_size=8))
    numbers = data.draw(st.permutations(range(len(sets))))
    table = rows.columns(as_positions(numbers), as_positions(order))
    assert table.tolist() == [[bool(sets[row] >> each & 1) for each in order] for row in numbers]
    inside = rows.inside(as_positions(numbers), table)
    assert {classes: found.tolist() for classes, found in inside.items()} == {
        sets[row]: [at for at, each in enumerate(order) if sets[row] >> each & 1] for row in numbers
    }
