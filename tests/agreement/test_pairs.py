"""Evaluator, sets engine and Z3 agree on what differs between two drawn snapshots."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow
from reachproof.network.ports import place
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from reachproof.solver.compare import Comparison, Differs, Equal, compare, decide, settled
from reachproof.solver.goal import TRUE, Side
from reachproof.solver.ground import prepare
from reachproof.solver.joint import Difference, Joint
from reachproof.solver.pairing import pair
from reachproof.solver.prove import Prover
from tests.strategies.pairs import Change, all_flow_pairs, changes, some_flow_pairs

FLOWS_PER_DRAW = 100
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


def cell(joint: Joint, side: Side, before: tuple[object, int], after: tuple[object, int]) -> set[int]:
    """The cells of a side that an endpoint lies in with these addresses."""
    return {
        number
        for number, twins in enumerate(joint.twins[side])
        for twin in twins
        if twin.after.party == after[0]
        and after[1] in twin.after.addresses
        and before[1] in twin.before.addresses
        and twin.before.party == before[0]
    }


def by_sets(comparison: Comparison, flows: tuple[Flow, Flow]) -> Truths | None:
    """What the tables say of a flow; None where it is not compared."""
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
    if not int(comparison.inside[source, destination, atom >> 6]) >> (atom & 63) & 1:
        return None
    found = []
    for tables in (comparison.before, comparison.after):
        can_allow, can_deny = (
            int(table[source, destination, atom >> 6]) >> (atom & 63) & 1
            for table in (tables.can_allow, tables.can_deny)
        )
        found.append(Truth.EITHER if can_allow and can_deny else Truth.ALLOWED if can_allow else Truth.DENIED)
    return found[0], found[1]


@settings(max_examples=max(100, settings().max_examples))
@given(changes(), st.integers(0, 2**32))
def test_sets_engine_and_evaluator_agree_on_flows_before_and_after(change: Change, seed: int) -> None:
    parts = compared(change)
    for flows in some_flow_pairs(change, FLOWS_PER_DRAW, seed):
        told = [found for part in parts if (found := by_sets(part, flows)) is not None]
        assert told == [truths(change, flows)], f"{flows[0]} / {flows[1]}"


RANK = {Truth.DENIED: 0, Truth.EITHER: 1, Truth.ALLOWED: 2}
AS_TRUTHS: dict[Difference, Callable[[Truth, Truth], bool]] = {
    Difference.GAIN: lambda old, new: old is not Truth.ALLOWED and new is not Truth.DENIED,
    Difference.DRIFT: lambda old, new: not (old is new and old is not Truth.EITHER),
    Difference.LOOSER: lambda old, new: RANK[new] > RANK[old],
    Difference.STRICTER: lambda old, new: RANK[new] < RANK[old],
}


@settings(max_examples=FEW)
@given(changes())
def test_a_difference_is_found_exactly_where_some_flow_of_all_differs(change: Change) -> None:
    parts = compared(change)
    found = {truths(change, flows) for flows in all_flow_pairs(change)}
    for difference, differs in AS_TRUTHS.items():
        verdicts = [decide(part, difference, Budget().start(), prover()) for part in parts]
        assert any(isinstance(each, Differs) for each in verdicts) is any(differs(*each) for each in found), difference
        for verdict in verdicts:
            if isinstance(verdict, Differs):
                assert differs(*truths(change, (verdict.sample.flows.before, verdict.sample.flows.after)))
            else:
                assert isinstance(verdict, Equal)
                for sample in verdict.samples:
                    assert not differs(*truths(change, (sample.flows.before, sample.flows.after)))


def at_host(flow: Flow) -> bool:
    ends = (flow.source, flow.destination)
    return any(isinstance(end, Node) or (isinstance(end, Pod) and end.host_network) for end in ends)


@settings(max_examples=FEW)
@given(changes())
def test_a_claim_is_refuted_by_what_is_open_in_both_unless_it_is_so_at_a_host_only(change: Change) -> None:
    parts = compared(change)
    found = [(flows[1], truths(change, flows)) for flows in all_flow_pairs(change)]
    for difference in (Difference.GAIN, Difference.DRIFT):
        differs = AS_TRUTHS[difference]
        ways = [way for part in parts for way in settled(part, Budget().start())]
        verdicts = [decide(way, difference, Budget().start(), prover()) for way in ways]
        refuting = [flow for flow, each in found if differs(*each)]
        certain = [flow for flow, each in found if differs(*each) and not (at_host(flow) and each[0] is each[1])]
        refuted = [each.sample.flows for each in verdicts if isinstance(each, Differs)]
        assert refuted or not certain
        assert refuting or not refuted
        for flows in refuted:
            assert differs(*truths(change, (flows.before, flows.after)))
