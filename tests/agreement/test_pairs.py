"""Evaluator, sets engine and Z3 agree on what differs between two drawn snapshots."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.network.flow import External, Flow, Party
from reachproof.network.ports import place
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from reachproof.solver.compare import Comparison, Differs, Equal, PairSpotCheck, compare, decide
from reachproof.solver.encoding import prepare
from reachproof.solver.endpoint_matching import When, pair
from reachproof.solver.goal import TRUE, Side
from reachproof.solver.joint_slices import Difference, JointSlices
from reachproof.solver.witness import bit
from reachproof.solver.witness_pair import flow_between
from reachproof.solver.z3_backend import Prover
from tests.strategies.open_choices import TooManyError, ends
from tests.strategies.pairs import Change, all_flow_pairs, changes, lone_flows, open_changes, some_flow_pairs

FLOWS_PER_DRAW = 100
OPEN_FLOWS_PER_DRAW = 30
# Every flow of a draw is judged, so there are few draws.
FEW = max(20, settings().max_examples // 10)
Truths = tuple[Truth, Truth]


@cache
def prover() -> Prover:
    return Prover()


def compared(change: Change) -> tuple[Comparison, ...]:
    encodings = prepare(change.before), prepare(change.after)
    return compare(encodings, pair(change.before, change.after), TRUE, Budget().start())


def truths(change: Change, flows: tuple[Flow, Flow]) -> Truths:
    return truth(change.before, flows[0]), truth(change.after, flows[1])


def cell(joint: JointSlices, side: Side, before: tuple[object, int], after: tuple[object, int]) -> set[int]:
    """The cells of a side that an endpoint lies in with these addresses."""
    return {
        number
        for number, point_pairs in enumerate(joint.point_pairs[side])
        for point_pair in point_pairs
        if point_pair.before is not None
        and point_pair.after is not None
        and point_pair.after.party == after[0]
        and after[1] in point_pair.after.addresses
        and before[1] in point_pair.before.addresses
        and point_pair.before.party == before[0]
    }


def where(comparison: Comparison, flows: tuple[Flow, Flow]) -> tuple[int, int, int] | None:
    """The source cell, destination cell and atom of a flow; None where it is not compared."""
    joint = comparison.joint
    before, after = flows
    ends = (
        cell(joint, Side.SOURCE, (before.source, before.source_address), (after.source, after.source_address)),
        cell(
            joint,
            Side.DESTINATION,
            (before.destination, before.destination_address),
            (after.destination, after.destination_address),
        ),
    )
    if not all(ends):
        return None
    (source,), (destination,) = ends
    port = place(after.protocol, after.port)
    atom = next(number for number, ports in enumerate(joint.after.atoms) if port in ports)
    found = source, destination, atom
    return found if bit(comparison.inside, found) else None


def by_sets(comparison: Comparison, flows: tuple[Flow, Flow]) -> Truths | None:
    """What the tables say of a flow; None where it is not compared."""
    place_ = where(comparison, flows)
    if place_ is None:
        return None
    found = []
    for tables in (comparison.before, comparison.after):
        can_allow, can_deny = (bit(table, place_) for table in (tables.can_allow, tables.can_deny))
        found.append(Truth.EITHER if can_allow and can_deny else Truth.ALLOWED if can_allow else Truth.DENIED)
    return found[0], found[1]


@pytest.mark.heavy
@settings(max_examples=max(100, settings().max_examples))
@given(changes(), st.integers(0, 2**32))
def test_sets_engine_and_evaluator_agree_on_flows_before_and_after(change: Change, seed: int) -> None:
    parts = compared(change)
    for flows in some_flow_pairs(change, FLOWS_PER_DRAW, seed):
        told = [found for part in parts if (found := by_sets(part, flows)) is not None]
        assert told == [truths(change, flows)], f"{flows[0]} / {flows[1]}"


RANK = {Truth.DENIED: 0, Truth.EITHER: 1, Truth.ALLOWED: 2}
AS_TRUTHS: dict[Difference, Callable[[Truth, Truth], bool]] = {
    Difference.LOOSER: lambda old, new: RANK[new] > RANK[old],
    Difference.STRICTER: lambda old, new: RANK[new] < RANK[old],
}
AS_ENDS = {Difference.MAY_GAIN: (False, True), Difference.MAY_LOSE: (True, False)}


def all_truths(change: Change) -> set[Truths]:
    """Of every flow that some snapshot has, those of endpoints that only one has included: denied in the other."""
    found = {truths(change, flows) for flows in all_flow_pairs(change)}
    found |= {(truth(change.before, flow), Truth.DENIED) for flow in lone_flows(change, 0)}
    return found | {(Truth.DENIED, truth(change.after, flow)) for flow in lone_flows(change, 1)}


def told(change: Change, sample: PairSpotCheck) -> Truths:
    before, after = sample.flows.before, sample.flows.after
    return (
        Truth.DENIED if before is None else truth(change.before, before),
        Truth.DENIED if after is None else truth(change.after, after),
    )


@pytest.mark.heavy
@settings(max_examples=FEW)
@given(changes())
def test_a_difference_is_found_exactly_where_some_flow_of_all_differs(change: Change) -> None:
    parts = compared(change)
    found = all_truths(change)
    for difference, differs in AS_TRUTHS.items():
        verdicts = [decide(part, difference, Budget().start(), prover()) for part in parts]
        assert any(isinstance(each, Differs) for each in verdicts) is any(differs(*each) for each in found), difference
        for verdict in verdicts:
            if isinstance(verdict, Differs):
                assert differs(*told(change, verdict.sample))
            else:
                assert isinstance(verdict, Equal)
                for sample in verdict.samples:
                    assert not differs(*told(change, sample))


@pytest.mark.heavy
@settings(max_examples=FEW)
@given(changes())
def test_flows_of_one_snapshot_are_those_of_endpoints_that_the_other_has_not(change: Change) -> None:
    for at, when in enumerate(When):
        parts = [part for part in compared(change) if part.joint.only is when]
        found = {_kind(flow) for part in parts for flow in _flows(part, at)}
        wanted = {_kind(flow) for flow in lone_flows(change, at)}
        assert found == wanted


def _kind(flow: Flow) -> tuple[object, ...]:
    """The ends, without the address of an outside or abstract one."""
    ends = (flow.source, flow.source_address), (flow.destination, flow.destination_address)
    return tuple(
        ("outside" if isinstance(party, External) else repr(party), _known(party, address)) for party, address in ends
    )


def _known(party: Party, address: int) -> int | None:
    return None if isinstance(party, External) or not party.addresses else address


def _flows(part: Comparison, at: int) -> Iterator[Flow]:
    for source, destination in np.argwhere(part.inside.any(axis=2)).tolist():
        for one in part.joint.point_pairs[Side.SOURCE][source]:
            for other in part.joint.point_pairs[Side.DESTINATION][destination]:
                pair_ = flow_between(part.joint, (one,), (other,), atoms=1)
                flow = pair_ and (pair_.before, pair_.after)[at]
                if flow:
                    yield flow


def some_open_flows(change: Change, seed: int) -> list[tuple[Flow, Flow]]:
    """A seeded choice of the flows that are open in both."""
    found = [flows for flows in all_flow_pairs(change) if truths(change, flows) == (Truth.EITHER, Truth.EITHER)]
    return random.Random(seed).sample(found, min(len(found), OPEN_FLOWS_PER_DRAW))


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(open_changes(), st.integers(0, 2**32))
def test_what_is_open_in_both_differs_where_some_way_to_settle_it_does(change: Change, seed: int) -> None:
    parts = compared(change)
    for flows in some_open_flows(change, seed):
        try:
            wanted = ends(change, flows)
        except TooManyError:
            continue
        places = [(part, place_) for part in parts if (place_ := where(part, flows)) is not None]
        assert len(places) == 1
        part, cell_ = places[0]
        for difference, end in AS_ENDS.items():
            assert bit(part.differing(difference), cell_) is (end in wanted), (difference, *map(str, flows))


@settings(max_examples=FEW)
@given(open_changes())
def test_both_engines_find_the_same_of_what_is_open_in_both(change: Change) -> None:
    for part in compared(change):
        for difference in AS_ENDS:
            found = decide(part, difference, Budget().start(), prover())
            assert isinstance(found, Differs) is bool(part.differing(difference).any())
