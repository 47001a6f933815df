"""Words about the addresses of a rule that an end of a flow is not among, and what is near: an except, a Service."""

from __future__ import annotations

from reachproof.documents.near import UnmetCode
from reachproof.network.address import V6_BASE, family, format_address, format_cidrs
from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.snapshot import Snapshot
from reachproof.queries.services import leads_to
from reachproof.semantics.sentences import some_of

_SHOWN = 3


def on_address(
    snapshot: Snapshot, addresses: IntervalSet, flow: Flow, address: int, role: str, *, one_block: bool
) -> tuple[UnmetCode, str]:
    """Code and text of addresses that the one of an end is not among. `one_block`: they are a CIDR less exceptions."""
    own = format_address(address)
    cidrs = some_of(format_cidrs(addresses), _SHOWN) or "any CIDR"
    if one_block and addresses:
        block = _block(addresses)
        if address in block and block != addresses:
            return UnmetCode.ADDRESS_EXCEPTED, f"{own} is in {format_cidrs(block)[0]}, but an except leaves it out"
    end = flow.destination
    if role == "destination" and isinstance(end, Pod):
        for service in snapshot.services:
            if service.namespace != end.namespace:
                continue
            held = [each for each in service.virtual_ips if each in addresses]
            if held and leads_to(snapshot, service, flow):
                text = f"{format_address(held[0])} is the address of service {service}"
                return UnmetCode.ADDRESS_OF_SERVICE, f"{text}; policies see that of the pod, {own}"
    return UnmetCode.OTHER_ADDRESS, f"the address of the {role}, {own}, is not in {cidrs}"


def _block(addresses: IntervalSet) -> IntervalSet:
    """The smallest CIDR that holds all of the addresses, which are of one family."""
    low, high = addresses.spans[0][0], addresses.spans[-1][1]
    base = 0 if family(low) == 4 else V6_BASE
    bits = ((low - base) ^ (high - base)).bit_length()
    first = ((low - base) >> bits << bits) + base
    return IntervalSet(((first, first + (1 << bits) - 1),))
