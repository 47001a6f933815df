"""Questions to the solver in a few words: regions of flows, and flows as short text."""

from __future__ import annotations

from reachproof.network.address import parse_cidr
from reachproof.network.flow import Flow
from reachproof.network.ports import ALL_PORTS, Protocol, port_range
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import positions
from reachproof.solver.bitset_engine import Verdicts, verdicts
from reachproof.solver.budget import Budget
from reachproof.solver.cells import Cell
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.goal import All, At, Formula, InAddresses, InPorts, Members, Side, Wanted
from reachproof.solver.slice import Slice, cut
from reachproof.solver.universe import party_key

BUDGET = Budget()


def who(encoding: Encoding, *names: str) -> Members:
    """The points of `pod shop/a`, `node n1`, `external`; of all pods for `pods`."""
    universe = encoding.universe
    points = 0
    for name in names:
        points |= universe.pods if name == "pods" else universe.by_party[name]
    return Members(points)


def source(encoding: Encoding, *names: str) -> At:
    return At(Side.SOURCE, who(encoding, *names))


def destination(encoding: Encoding, *names: str) -> At:
    return At(Side.DESTINATION, who(encoding, *names))


def at(side: Side, cidr: str) -> At:
    return At(side, InAddresses(parse_cidr(cidr)))


def tcp(low: int, high: int | None = None) -> InPorts:
    return InPorts(port_range(Protocol.TCP, low, high or low))


def all_of(*items: Formula) -> Formula:
    return All(items)


def sliced(snapshot: Snapshot, *formulas: Formula) -> Slice:
    return cut(prepare(snapshot), formulas or (All(()),), BUDGET)


def names(part: Slice, cells: tuple[Cell, ...]) -> list[list[str]]:
    """The parties of each cell."""
    return [sorted({party_key(part.view.points[index].party) for index in positions(cell.points)}) for cell in cells]


def verdict_of(part: Slice, tables: Verdicts, flow: Flow) -> str:
    """What the tables say of a flow: allowed, denied or either."""
    place_ = {Protocol.TCP: 0, Protocol.UDP: 1, Protocol.SCTP: 2}[flow.protocol] << 16 | flow.port
    assert place_ in ALL_PORTS

    def cell(side: Side, key: str, address: int) -> int:
        for index, each in enumerate(part.cells(side)):
            for position in positions(each.points):
                point = part.view.points[position]
                if party_key(point.party) == key and address in point.addresses:
                    return index
        raise AssertionError(f"{key} is in no cell")

    i = cell(Side.SOURCE, party_key(flow.source), flow.source_address)
    j = cell(Side.DESTINATION, party_key(flow.destination), flow.destination_address)
    (atom,) = [index for index, ports in enumerate(part.atoms) if place_ in ports]
    allow, deny = (
        bool(int(tables.wanted(wanted)[i, j, atom >> 6]) >> (atom & 63) & 1)
        for wanted in (Wanted.CAN_ALLOW, Wanted.CAN_DENY)
    )
    return "either" if allow and deny else "allowed" if allow else "denied" if deny else "nothing"


def tables_of(part: Slice) -> Verdicts:
    return verdicts(part, BUDGET)
