"""Titles of near misses: a rule and what it allows, also in what the query language has no words for."""

from __future__ import annotations

from dataclasses import replace

from reachproof.engines.cilium.dns import needed_name
from reachproof.engines.selector_text import predicate_text
from reachproof.engines.words import place_text
from reachproof.network.address import ALL_V4, ALL_V6
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Direction,
    DomainPeer,
    Intersection,
    Match,
    OtherNodePeer,
    OwnNodePeer,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    Policy,
    PortMatch,
    Rule,
)
from reachproof.network.ports import cell_text
from reachproof.queries.policy_rules import peer_words, port_words
from reachproof.semantics.sentences import listed, number_or_name

_KINDS = {PartyKind.POD: "pods", PartyKind.NODE: "nodes", PartyKind.EXTERNAL: "addresses outside the cluster"}
_FAMILIES = (AddressPeer(ALL_V4), AddressPeer(ALL_V6))


def title(policy: Policy, direction: Direction, rule: Rule, match: Match) -> str:
    """The rule, and what a match of it allows as far as that can be said; without matches it is for a domain name."""
    who = f"{policy.ref}{place_text(policy)} {direction} {number_or_name(rule)}"
    verb = "allows" if rule.action is Action.ALLOW else "passes on"
    if not rule.matches:
        return f"{who} {verb} {needed_name(rule)}"
    peer, ports = _peer(match.peer), _ports(match.ports)
    if peer is None or ports is None:
        return f"{who} {verb} other connections"
    side = "from" if direction is Direction.INGRESS else "to"
    count = len(rule.matches)
    return f"{who} {verb} {cell_text(ports)} {side} {peer}" + (f" (one of {count} peers)" if count > 1 else "")


def kinds_text(parties: frozenset[PartyKind]) -> str:
    """`pods, nodes or addresses outside the cluster`."""
    return listed((_KINDS[kind] for kind in PartyKind if kind in parties), word="or") if parties else "nothing"


def _peer(peer: Peer) -> str | None:
    match peer:
        case PodSet(where=where) if where is not None:
            pods = peer_words(replace(peer, where=None, host_network=False), str)
            return f"{pods} with {predicate_text(where)}"
        case PodSet():
            return peer_words(replace(peer, host_network=False), str)
        case AddressPeer(addresses):
            return peer_words(AddressPeer(addresses), str)
        case PartyPeer(parties):
            return kinds_text(parties)
        case OwnNodePeer():
            return "the pod's own node"
        case OtherNodePeer():
            return "other nodes than the pod's own"
        case DomainPeer(names, patterns):
            return listed((*names, *patterns), word="or")
        case Intersection(items):
            found = [_peer(item) for item in items if item not in _FAMILIES]
            words = [each for each in found if each is not None]
            return " within ".join(words) if words and len(words) == len(found) else None
        case _:
            return peer_words(peer, str)


def _ports(ports: PortMatch | None) -> str | None:
    if ports is None or ports.not_names:
        return port_words(None) if ports is None else None
    return port_words(PortMatch(ports.numbers - ports.not_numbers, ports.names))
