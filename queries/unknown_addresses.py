"""Pods whose address is not in the input: what an answer that involves them assumes, and when it depends on them."""

from __future__ import annotations

from reachproof.network.address import family, format_cidrs
from reachproof.network.cluster import Notice, Pod
from reachproof.network.flow import Flow, Party
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.bits import positions
from reachproof.solver.goal import Formula, Side
from reachproof.solver.region import addresses_in, upper_bound
from reachproof.solver.universe import Universe, party_key
from reachproof.solver.view import View

_TRIED = 8
_SHOWN = 4


def address_notices(universe: Universe, region: Formula) -> tuple[Notice, ...]:
    """The assumption on abstract pods, where the question involves some and policies or it ask for addresses."""
    if not universe.abstract:
        return ()
    view = View.of(universe, addresses_in(region))
    abstract = view.lift(universe.abstract)
    involved = abstract & (upper_bound(view, region, Side.SOURCE) | upper_bound(view, region, Side.DESTINATION))
    split = abstract != universe.abstract
    pods = {str(view.points[index].party) for index in positions(involved)}
    if not pods or (not split and len(pods) == involved.bit_count()):
        return ()
    shown = ", ".join(sorted(pods)[:_SHOWN]) + (f" and {len(pods) - _SHOWN} more" if len(pods) > _SHOWN else "")
    return (
        Notice(
            code="POD_ADDRESS_UNKNOWN",
            text=f"the address of {shown} is not in the input: any address in "
            f"{_cidrs(universe.snapshot.declared_pod_range)} is taken to be possible; narrow it with "
            "--pod-cidr (podCidr over HTTP and in Python)",
        ),
    )


def depends_on_address(universe: Universe, snapshot: Snapshot, flow: Flow, shown: Truth) -> tuple[Notice, ...]:
    """Whether the verdict on a witness would be another one had its abstract pods another address."""
    for source in _choices(universe, snapshot, flow.source, flow.source_address):
        for destination in _choices(universe, snapshot, flow.destination, flow.destination_address):
            other = Flow(
                source=flow.source,
                destination=flow.destination,
                source_address=source,
                destination_address=destination,
                protocol=flow.protocol,
                port=flow.port,
            )
            itself = flow.source == flow.destination and source == destination
            if itself or family(source) != family(destination):
                continue
            if truth(snapshot, other) is not shown:
                unknown = [str(p) for p in (flow.source, flow.destination) if isinstance(p, Pod) and p.abstract]
                text = (
                    f"the verdict depends on the address of pod {' and pod '.join(unknown)}, which is not in the input"
                )
                return (Notice(code="DEPENDS_ON_ADDRESS", text=text),)
    return ()


def _choices(universe: Universe, snapshot: Snapshot, party: Party, address: int) -> list[int]:
    """The address itself, and for an abstract pod one address of each region that policies tell apart.

    Addresses that a pod was invented at, which `snapshot` then has, are not free any more.
    """
    if not isinstance(party, Pod) or not party.abstract:
        return [address]
    points = list(positions(universe.by_party[party_key(party)]))[:_TRIED]
    free = snapshot.free_range(party)
    regions = (universe.points[index].addresses & free for index in points)
    return [address, *(region.first for region in regions if region)]


def _cidrs(addresses: IntervalSet) -> str:
    listed = format_cidrs(addresses)
    return ", ".join(listed) if len(listed) <= _SHOWN else f"the pod range ({len(listed)} CIDRs)"
