"""The rule lists of Cilium's policies: ingress, ingressDeny, egress and egressDeny.

| Rule | Matches |
|---|---|
| peers, ports | both |
| peers alone | every port, ICMP included |
| ports alone | every peer |
| neither, or an empty list of peers | nothing; the policy isolates all the same |
| ports with requests (HTTP, DNS) | the port may be open: what the request is decides |

What is not known of a rule makes rules of their own of the same index: `may`, with the reason. Rules that deny are
counted after those that allow; their names say where they stand.

Trusted by every verdict; checked by tests/manifests and by tests/agreement/test_cilium.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reachproof.engines.cilium.dns import dns_rule
from reachproof.engines.cilium.names import EVERY_IDENTITY
from reachproof.manifests.field_reader import Field, listed
from reachproof.manifests.kinds.cilium.peers import API_SERVER, PeerReader, Peers
from reachproof.manifests.kinds.cilium.ports import Ports, read_ports
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.network.policy import Action, AnyPeer, Direction, DomainPeer, Match, Peer, PortMatch, Rule

REQUESTS = "whether it lets a request through is decided by rules on requests"
_SIDE = {Direction.INGRESS: "from", Direction.EGRESS: "to"}
_PEERS = ("Endpoints", "Entities", "CIDR", "CIDRSet")
_NOT_READ = {
    "Requires": "releases before 1.19 had it; put the labels into every selector of the rules",
    "Groups": "which addresses are in a group of a cloud is only known there; write the CIDRs",
    "Nodes": "agents refuse it unless enable-node-selector-labels is on; use the entity remote-node, or CIDRs where "
    "they match nodes",
}


@dataclass(frozen=True, slots=True)
class Section:
    """The rules of one direction; `present`: whether there is a list with entries, so that the policy is an entry."""

    rules: tuple[Rule, ...]
    present: bool


NO_BACKENDS = "no Service of toServices has a backend here, and one without any leaves the rule to every peer"


def read_section(spec: Field, direction: Direction, namespace: str, context: Context) -> Section:
    """The rules of both lists of a direction; an empty list is as good as none."""
    allow, deny = spec.get(direction.value), spec.get(f"{direction.value}Deny")
    for each in (allow, deny):
        if each.present and each.value == []:
            text = "an empty list is no list: it isolates nothing; a list with an empty rule, [{}], isolates"
            each.notice("EMPTY_LIST", text)
    reader = PeerReader(namespace, context)
    allowing, denying = allow.items(), deny.items()
    found = [rule for n, item in enumerate(allowing) for rule in _rules(item, n, "", direction, reader)]
    for position, item in enumerate(denying):
        name = f"{direction.value}Deny[{position}]"
        found += _rules(item, len(allowing) + position, name, direction, reader)
    return Section(tuple(found), bool(allowing or denying))


def _rules(item: Field, index: int, name: str, direction: Direction, reader: PeerReader) -> Iterator[Rule]:
    action = Action.DENY if name else Action.ALLOW
    if not _known_fields(item, direction, deny=action is Action.DENY):
        return
    ports = read_ports(item, deny=action is Action.DENY)
    if direction is Direction.EGRESS and ports.named:
        item.reads_by_release()
    peers = _peers(item, direction, reader).merged()
    parts = [each for each in _parts(peers, ports) if each.matches]
    # A rule that matches nothing stays, since it makes the policy an entry of the direction.
    for part in parts or [_Part(())]:
        yield Rule(
            action=action,
            matches=part.matches,
            may=part.may,
            reason=part.reason,
            reason_code=part.code,
            extension=dns_rule(needs=part.name, resolves=ports.resolves if part.code == "REQUEST_RULES" else ()),
            index=index,
            name=name,
            origin=item.origin,
        )


def _known_fields(item: Field, direction: Direction, *, deny: bool) -> bool:
    side, other = (_SIDE[each] for each in (direction, _other(direction)))
    names = [f"{side}{each}" for each in _PEERS]
    hints = {f"{side}{each}": why for each, why in _NOT_READ.items()}
    hints |= {f"{other}{each}": f"an {direction} rule names its peers in {side}..." for each in _PEERS}
    if direction is Direction.EGRESS:
        names.append("toServices")
        if deny:
            hints["toFQDNs"] = "only rules that allow have domain names"
        else:
            names.append("toFQDNs")
    if not deny:
        names.append("authentication")
        _authentication(item)
    return item.only(*names, "toPorts", "icmps", hints=hints)


def _other(direction: Direction) -> Direction:
    return Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS


def _authentication(item: Field) -> None:
    if not isinstance(item.value, dict) or not item.get("authentication").present:
        return
    field = item.get("authentication")
    if field.only("mode") and field.get("mode").choice({"disabled": False, "required": True}):
        field.notice("NOT_LOOKED_AT", "it is not looked at; the connection is judged as if it were not there")


def _peers(item: Field, direction: Direction, reader: PeerReader) -> Peers:
    """The peers of the one field that is there; every peer, where there are ports only."""
    side = _SIDE[direction]
    readers = {
        f"{side}Endpoints": reader.endpoints,
        f"{side}Entities": reader.entity,
        f"{side}CIDR": reader.cidr,
        f"{side}CIDRSet": reader.cidr_rule,
        "toServices": reader.service,
        "toFQDNs": reader.domain,
    }
    present = [name for name in readers if item.get(name).present]
    if len(present) > 1:
        item.report(f"{listed(present, 'and')} exclude each other; split the rule")
    found = Peers()
    for name in present:
        if item.get(name).value == []:
            _empty_list(item, name, found)
        for entry in item.get(name).items():
            readers[name](entry, found)
    if not present:
        _without_peers(item, found)
    elif present == ["toServices"] and _has_ports(item) and not (found.certain or found.perhaps):
        found.add(AnyPeer(), NO_BACKENDS)
    return found


def _has_ports(item: Field) -> bool:
    return bool(item.get("toPorts").value or item.get("icmps").value)


def _empty_list(item: Field, name: str, found: Peers) -> None:
    """Nobody; but the agent does not look at an empty toServices or toFQDNs, which leaves a rule of ports: everyone."""
    if name in ("toServices", "toFQDNs") and _has_ports(item):
        found.add(AnyPeer())
        text = f"an empty {name} is no list of peers: every peer matches, on these ports"
    else:
        text = "an empty list of peers matches nothing; without the field every peer matches, if there are ports"
    item.get(name).notice("EMPTY_PEERS", text)


def _without_peers(item: Field, found: Peers) -> None:
    for name in ("toPorts", "icmps"):
        field = item.get(name)
        if field.value:
            found.add(AnyPeer())
        elif field.present:
            field.expected("at least one entry, since the rule names no peer")


@dataclass(frozen=True, slots=True)
class _Part:
    """Some matches of a rule; `may`: whether they hold is not known, for the reason if that is not plain from them."""

    matches: tuple[Match, ...]
    may: bool = False
    reason: str = ""
    code: str = "MAY_MATCH"
    name: str = ""


def _parts(peers: Peers, ports: Ports) -> Iterator[_Part]:
    """The matches of a rule by what is known of them; each reason once."""
    every = ports.plain is None
    yield _Part(_matches(peers.certain, ports.plain, every=every))
    for reason, some in peers.perhaps.items():
        part = _Part(_matches(some, ports.plain, every=every), True, reason)
        yield replace(part, code="API_SERVER") if reason == API_SERVER else part
    for name, some in peers.named.items():
        for peer in some:
            yield _Part(_matches([peer], ports.plain, every=every), isinstance(peer, DomainPeer), name=name)
    if ports.requests:
        everyone = [*peers.certain, *(peer for some in peers.perhaps.values() for peer in some)]
        asked = _Part(_matches(everyone, ports.requests, every=False), True, REQUESTS, code="REQUEST_RULES")
        yield asked
        for name, some in peers.named.items():
            yield replace(asked, matches=_matches(some, ports.requests, every=False), name=name)


def _matches(peers: list[Peer], ports: PortMatch | None, *, every: bool) -> tuple[Match, ...]:
    if not every and not (ports and (ports.numbers or ports.names)):
        # It matches no port, but that the agent reads its peer matters to port names of other rules.
        return tuple(Match(peer, PortMatch()) for peer in peers if peer == EVERY_IDENTITY)
    return tuple(Match(peer, ports) for peer in peers)
