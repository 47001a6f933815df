"""Addresses and domains in a sentence.

Addresses that nothing outside has cannot be asked about; virtual addresses of Services get a warning.

`domain api.example.com` stands for the addresses that the option `domains` gives. Where it gives none, the set is every
address outside the cluster, since any of them may be behind the name; and a rule that names the domain then matches for
certain, if the sentence is about nothing else (NPEP-133: `*.` stands for one or more whole labels).
"""

from __future__ import annotations

from dataclasses import replace

from reachproof.engines.policies import with_name
from reachproof.grammar import ast
from reachproof.network.address import (
    ALL_ADDRESSES,
    BROADCAST,
    LOOPBACK,
    MAPPED,
    MULTICAST,
    NOT_ROUTED,
    UNSPECIFIED,
    V6_BASE,
    format_address,
)
from reachproof.network.cluster import Notice
from reachproof.network.domains import in_pattern, plain
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import AddressPeer, DomainPeer, Match, PartyKind, Policy, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.solver.goal import All, At, Formula, InAddresses, Members, Side
from reachproof.solver.universe import Universe

_REASONS = (
    (LOOPBACK, "is loopback, which is the pod itself; no policy sees it"),
    (UNSPECIFIED, "is no address of a machine (a pod that connects to it reaches itself); no policy sees it"),
    (MULTICAST, "is multicast; policies are about connections with one other end"),
    (BROADCAST, "is the broadcast address; policies are about connections with one other end"),
)


def why_not_askable(written: str, low: int, high: int) -> str | None:
    """The message for addresses that nothing outside has, bounds included; None where some of them can be asked about.

    Link-local addresses can: metadata services and DNS caches of nodes are there, and policies apply to them.
    """
    wanted = IntervalSet(((low, high),))
    if not wanted <= NOT_ROUTED:
        return None
    if wanted <= MAPPED:
        return f"{written} is IPv4 written as IPv6; ask about {_plain(low, high)}"
    reasons = [reason for addresses, reason in _REASONS if wanted & addresses]
    return f"{written} {reasons[0]}; ask about another address"


def _plain(low: int, high: int) -> str:
    first, last = ((address - V6_BASE) & 0xFFFFFFFF for address in (low, high))
    return format_address(first) if first == last else f"{format_address(first)}-{format_address(last)}"


def of_services(snapshot: Snapshot, low: int, high: int) -> list[Notice]:
    """The warning about virtual addresses in a range, bounds included, if it has any."""
    services = snapshot.services_at(low, high)
    if not services:
        return []
    first = services[0]
    more = f" and {len(services) - 1} more" if len(services) > 1 else ""
    text = (
        f"the addresses of service {first}{more} are not in this set: traffic to them is rewritten to a "
        f"backend before policy applies; ask for `service {first}`"
    )
    return [Notice(code="SERVICE_ADDRESS", text=text, origin=first.origin)]


def domain_set(snapshot: Snapshot, universe: Universe, side: Side, name: str) -> tuple[Formula, Notice]:
    """The ends behind a name, all of them outside the cluster, and what that rests on."""
    outside = At(side, Members(universe.external))
    known = _addresses(snapshot, name)
    if known is not None:
        text = f"what is behind {name} is what the option `domains` says"
        return All((outside, At(side, InAddresses(known)))), Notice(code="DOMAIN_ADDRESSES", text=text)
    text = f"which addresses are behind {name} is not known: any address outside the cluster may be one"
    return outside, Notice(code="DOMAIN_ADDRESSES", text=f"{text}; the option `domains` can say which they are")


def only_domain(statement: ast.Statement) -> str | None:
    """The name, where the only destination of a sentence is a domain, so that every flow of it goes there."""
    match statement:
        case ast.Can(destination=goes) | ast.Every(destination=goes):
            where: ast.SetExpr = goes.set
        case ast.No(destination=where) | ast.Only(destination=where) | ast.Why(destination=where):
            pass
        case _:
            return None
    return where.name.text if isinstance(where, ast.Domain) else None


def with_certain_names(snapshot: Snapshot, name: str) -> tuple[Policy, ...]:
    """The policies for flows to addresses behind a name: rules that name it match every address outside."""
    if _addresses(snapshot, name) is not None:
        return snapshot.policies
    return tuple(
        replace(
            policy,
            egress=tuple(_certain(rule, name) for rule in policy.egress),
            ingress=tuple(_certain(rule, name) for rule in policy.ingress),
        )
        for policy in snapshot.policies
    )


def _certain(rule: Rule, name: str) -> Rule:
    """A rule that may match by unknown names has no other peers; it may still do so for another reason."""
    peers = [match.peer for match in rule.matches]
    if not any(isinstance(peer, DomainPeer) and _names(peer, name) for peer in peers):
        return rule
    outside = AddressPeer(ALL_ADDRESSES, frozenset((PartyKind.EXTERNAL,)))
    matches = (Match(outside, each.ports) if isinstance(each.peer, DomainPeer) else each for each in rule.matches)
    return with_name(replace(rule, matches=tuple(matches), may=bool(rule.reason)), name)


def _names(peer: DomainPeer, name: str) -> bool:
    wanted = plain(name)
    named = (wanted == each or (each.startswith("*.") and wanted.endswith(each[1:])) for each in peer.names)
    return any(named) or any(in_pattern(name, pattern) for pattern in peer.patterns)


def _addresses(snapshot: Snapshot, name: str) -> IntervalSet | None:
    by_name = {plain(known): addresses for known, addresses in snapshot.options.domains.items()}
    return by_name.get(plain(name))
