"""The solver's two engines, asked for the truth of one flow."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from reachproof.network.cluster import Pod
from reachproof.network.flow import External, Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.trace import Truth
from reachproof.solver.bitset_engine import Verdicts, verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.decide import Found, Undecided, search
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.goal import TRUE, All, At, Formula, InAddresses, InPorts, Members, Search, Side, Wanted
from reachproof.solver.slice import Slice, cut
from reachproof.solver.universe import party_key
from reachproof.solver.z3_backend import Prover

BUDGET = Budget()
Decide = Callable[[Flow], Truth | None]
"""The truth of one flow of a snapshot that an engine has prepared."""


@cache
def prover() -> Prover:
    return Prover()


def asked(flow: Flow) -> bool:
    """Whether flows of this sort are in the solver's world: not from outside to outside, not a pod to itself.

    One replica of an abstract pod to another is no flow to itself.
    """
    if isinstance(flow.source, External) and isinstance(flow.destination, External):
        return False
    if flow.source == flow.destination:
        replicas = isinstance(flow.source, Pod) and flow.source.repeated
        return replicas and flow.source_address != flow.destination_address
    return True


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


def possible(encoding: Encoding, flow: Flow, wanted: Wanted) -> bool:
    """What Z3 and the sets engine, which must agree, say of one flow."""
    outcome = search(encoding, Search(pinned(encoding, flow), wanted), BUDGET, prover())
    assert not isinstance(outcome, Undecided), outcome.reason
    return isinstance(outcome, Found)


def by_z3(snapshot: Snapshot) -> Decide:
    """The truths by the solver; None for flows that it is never asked about."""
    encoding = prepare(snapshot)

    def decide(flow: Flow) -> Truth | None:
        if not asked(flow):
            return None
        return _truth(possible(encoding, flow, Wanted.CAN_ALLOW), possible(encoding, flow, Wanted.CAN_DENY))

    return decide


def by_sets(snapshot: Snapshot) -> Decide:
    """The truths by the sets engine, from the table of all flows; None for flows that it is never asked about."""
    part, tables = all_flows_of(prepare(snapshot))

    def decide(flow: Flow) -> Truth | None:
        return _truth(*looked_up(part, tables, flow)) if asked(flow) else None

    return decide


def all_flows_of(encoding: Encoding) -> tuple[Slice, Verdicts]:
    """The slice of everything, and its tables."""
    part = cut(encoding, (TRUE,), BUDGET.start())
    return part, verdicts(part, BUDGET.start())


def looked_up(part: Slice, tables: Verdicts, flow: Flow) -> tuple[bool, bool]:
    """(can be allowed, can be denied) of a flow."""

    def cell(side: Side, key: str, address: int) -> int:
        points = part.view.points
        at = next(i for i, each in enumerate(points) if party_key(each.party) == key and address in each.addresses)
        return next(index for index, each in enumerate(part.cells(side)) if each.points >> at & 1)

    i = cell(Side.SOURCE, party_key(flow.source), flow.source_address)
    j = cell(Side.DESTINATION, party_key(flow.destination), flow.destination_address)
    atom = next(k for k, ports in enumerate(part.atoms) if place(flow.protocol, flow.port) in ports)
    word, bit = atom >> 6, atom & 63
    return bool(int(tables.can_allow[i, j, word]) >> bit & 1), bool(int(tables.can_deny[i, j, word]) >> bit & 1)


def _truth(can_allow: bool, can_deny: bool) -> Truth:
    assert can_allow or can_deny
    return Truth.EITHER if can_allow and can_deny else Truth.ALLOWED if can_allow else Truth.DENIED
