"""CIDRs of policies that hold addresses of pods or nodes.

| Seen | Code |
|---|---|
| a pod, which no CIDR matches under the options | BLIND_CIDR |
| a pod, which it matches | CIDR_HOLDS_PODS |
| a node, which it matches | CIDR_HOLDS_NODES |

One finding of a code for each policy. Large sets usually mean the outside, or private addresses, and are passed over.
That a CIDR holds virtual addresses of Services is noticed when policies are read. No verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.assembly import programs
from reachproof.network.address import ALL_V4, ALL_V6, format_cidrs
from reachproof.network.cluster import Node, Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.origin import Origin
from reachproof.network.policy import AddressPeer, Direction, PartyKind, Policy, PolicyRef
from reachproof.network.snapshot import Snapshot
from reachproof.queries.findings import Finding
from reachproof.queries.lint_words import finding

_OF_NODES, _OF_PODS, _OF_V6 = 1 << 8, 1 << 16, 1 << 64
"""Sizes up to which a set is meant for nodes, or for pods; and the same of IPv6."""


def address_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """The findings about CIDRs, in the order of the policies."""
    enforced: dict[PolicyRef, list[Policy]] = {}
    for direction in Direction:
        for tier in programs(snapshot).tiers(direction):
            for policy in tier.policies:
                enforced.setdefault(policy.ref, []).append(policy)
    pods = [pod for pod in snapshot.pods if not pod.host_network]
    held = {PartyKind.POD: _held(pods), PartyKind.NODE: _held(snapshot.nodes)}
    for policy in snapshot.policies:
        peers = dict.fromkeys(peer for each in enforced.get(policy.ref, ()) for peer in _peers(each))
        told: set[Code] = set()
        for peer, origin in peers:
            for found in _about(policy, peer, origin, held):
                if found.code not in told:
                    told.add(found.code)
                    yield found


def _held(parties: list[Pod] | tuple[Node, ...]) -> dict[int, Pod | Node]:
    found: dict[int, Pod | Node] = {}
    for party in parties:
        for address in party.addresses:
            found.setdefault(address, party)
    return found


def _peers(policy: Policy) -> Iterator[tuple[AddressPeer, Origin]]:
    for direction in Direction:
        for rule in policy.rules(direction):
            for match in rule.matches:
                if isinstance(match.peer, AddressPeer) and not _is_outside(match.peer.addresses):
                    yield match.peer, rule.origin


def _is_outside(addresses: IntervalSet) -> bool:
    return any(2 * (addresses & family).size >= family.size for family in (ALL_V4, ALL_V6))


def _about(
    policy: Policy, peer: AddressPeer, origin: Origin, held: dict[PartyKind, dict[int, Pod | Node]]
) -> Iterator[Finding]:
    subject, block = str(policy.ref), format_cidrs(peer.addresses)[0]
    pod, node = (_first(peer.addresses, held[kind]) for kind in (PartyKind.POD, PartyKind.NODE))
    names = f"{subject} names the addresses {block}, among which is"
    if pod is not None and PartyKind.POD not in peer.parties:
        text = f"{names} pod {pod}; a CIDR matches no pods here"
        yield finding(Code.BLIND_CIDR, subject, text, origin)
    elif pod is not None and _is_small(peer.addresses, _OF_PODS):
        text = f"{names} pod {pod}; addresses of pods change, and implementations differ in what a CIDR matches of them"
        yield finding(Code.CIDR_HOLDS_PODS, subject, text, origin)
    if isinstance(node, Node) and PartyKind.NODE in peer.parties and _is_small(peer.addresses, _OF_NODES):
        text = f"{names} that of node {node.name}; it stands for every pod on the host network there too"
        yield finding(Code.CIDR_HOLDS_NODES, subject, text, origin, severity=FindingSeverity.INFO)


def _is_small(addresses: IntervalSet, most: int) -> bool:
    return (addresses & ALL_V4).size <= most and (addresses & ALL_V6).size <= _OF_V6


def _first(addresses: IntervalSet, held: dict[int, Pod | Node]) -> Pod | Node | None:
    if addresses.size < len(held):
        every = (held.get(each) for low, high in addresses for each in range(low, high + 1))
        return next((each for each in every if each is not None), None)
    return next((party for address, party in held.items() if address in addresses), None)
