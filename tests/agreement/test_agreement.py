"""Evaluator, sets engine and Z3 agree on every flow of drawn snapshots over all four policy kinds."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Absent, Found, search
from reachproof.solver.goal import TRUE, All, At, Formula, InAddresses, InPorts, Members, Search, Side, Wanted
from reachproof.solver.ground import Encoding, prepare
from reachproof.solver.prove import Prover
from reachproof.solver.sets import Verdicts, verdicts
from reachproof.solver.slice import Slice, cut
from reachproof.solver.universe import party_key
from tests.strategies.flows import all_flows
from tests.strategies.snapshots import snapshots

BUDGET = Budget()
PROVER = Prover()
FLOWS_PER_DRAW = 120
PROOFS_PER_DRAW = 3


def pinned(encoding: Encoding, flow: Flow) -> Formula:
    """The region that holds this flow, and others that nothing tells from it."""
    by_party = encoding.universe.by_party
    return All(
        (
            At(Side.SOURCE, Members(by_party[party_key(flow.source)])),
            At(Side.SOURCE, InAddresses(IntervalSet.single(flow.source_address))),
            At(Side.DESTINATION, Members(by_party[party_key(flow.destination)])),
            At(Side.DESTINATION, InAddresses(IntervalSet.single(flow.destination_address))),
            InPorts(IntervalSet.single(place(flow.protocol, flow.port))),
        )
    )


def looked_up(part: Slice, tables: Verdicts, flow: Flow) -> tuple[bool, bool]:
    """(can be allowed, can be denied) of a flow, from the tables of a slice of everything."""
    view = part.view

    def point(party: object, address: int) -> int:
        return next(
            index
            for index, each in enumerate(view.points)
            if (each.party is party or str(each.party) == str(party) == "external") and address in each.addresses
        )

    source = point(flow.source, flow.source_address)
    destination = point(flow.destination, flow.destination_address)
    i = next(index for index, cell in enumerate(part.sources) if cell.points >> source & 1)
    j = next(index for index, cell in enumerate(part.destinations) if cell.points >> destination & 1)
    atom = next(k for k, ports in enumerate(part.atoms) if place(flow.protocol, flow.port) in ports)
    word, bit = atom >> 6, atom & 63
    return (
        bool(int(tables.can_allow[i, j, word]) >> bit & 1),
        bool(int(tables.can_deny[i, j, word]) >> bit & 1),
    )


def expected(snapshot: Snapshot, flow: Flow) -> tuple[bool, bool]:
    found = truth(snapshot, flow)
    return found is not Truth.DENIED, found is not Truth.ALLOWED


@settings(max_examples=max(2_000, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_sets_engine_and_evaluator_agree_on_every_kind_of_flow(snapshot: Snapshot, seed: int) -> None:
    encoding = prepare(snapshot)
    part = cut(encoding, (TRUE,), BUDGET.start())
    tables = verdicts(part, BUDGET.start())
    flows = [flow for flow in all_flows(snapshot) if flow.source != flow.destination]
    chosen = random.Random(seed).sample(flows, min(len(flows), FLOWS_PER_DRAW))
    for flow in chosen:
        assert looked_up(part, tables, flow) == expected(snapshot, flow), str(flow)


@settings(max_examples=max(400, settings().max_examples))
@given(snapshots(), st.integers(0, 2**32))
def test_z3_and_evaluator_agree_on_single_flows(snapshot: Snapshot, seed: int) -> None:
    encoding = prepare(snapshot)
    flows = [flow for flow in all_flows(snapshot) if flow.source != flow.destination]
    flows = [flow for flow in flows if str(flow.source) != "external" or str(flow.destination) != "external"]
    for flow in random.Random(seed).sample(flows, min(len(flows), PROOFS_PER_DRAW)):
        region = pinned(encoding, flow)
        can_allow, can_deny = expected(snapshot, flow)
        for wanted, holds in (
            (Wanted.CAN_ALLOW, can_allow),
            (Wanted.CAN_DENY, can_deny),
            (Wanted.MUST_ALLOW, not can_deny),
            (Wanted.MUST_DENY, not can_allow),
        ):
            outcome = search(encoding, Search(region, wanted), BUDGET, PROVER)
            assert isinstance(outcome, Found if holds else Absent), f"{flow} {wanted}"
