"""Connections in Istio's ambient mode as the network sees them: tcp/15008 (HBONE) in place of the pod's port.

| From | To | The network sees |
|---|---|---|
| an ambient pod | an ambient pod, or a proxy that takes HBONE itself | 15008 |
| an ambient pod | a pod of which it is not clear what ztunnel takes | 15008 or the pod's port |
| a sidecar or gateway, or an unclear pod | an ambient pod, or an unclear one | 15008 or the pod's port |
| anything else | any | the pod's port |

A sidecar sends HBONE where it knows the pod behind a Service and has been told to, else plain text. All of it is about
TCP. Addresses stay: ztunnel sends from the network namespace of its pod.

A match with ports becomes several: as written for the last row, and for the first one that takes all of TCP where it
takes 15008 and nothing where it does not. Where either may be seen, it matches for certain what both ways match.

Trusted by every verdict about a mesh in ambient mode; checked by tests/cases/hbone.yaml, and by
tests/agreement/test_istio.py against an oracle that reads the manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from reachproof.engines.built_in import LOCAL_HOST
from reachproof.engines.istio.membership import (
    AMBIENT,
    BYPASSED,
    GATEWAY,
    HBONE,
    OUTBOUND,
    SIDECAR,
    TUNNELED,
    UNCLEAR,
    Mesh,
    pods,
    ports_of,
    shows,
)
from reachproof.engines.istio.mutual_tls import TCP
from reachproof.network.intervals import IntervalSet
from reachproof.network.options import AmbientPort
from reachproof.network.policy import (
    AnyPeer,
    Complement,
    Direction,
    DomainPeer,
    Intersection,
    Match,
    NamedPort,
    NodePeer,
    OtherNodePeer,
    OwnNodePeer,
    PartyKind,
    PartyPeer,
    Peer,
    Policy,
    PortMatch,
    Rule,
)
from reachproof.network.ports import ALL_PORTS, Protocol
from reachproof.network.predicate import NEVER, Predicate, both, either, negated
from reachproof.network.tier import Programs, Tier

REASON = "whether the network sees the pod's own port or tcp/15008 (HBONE) is not known"
PROBED = (
    "Istio gives what a node sends to an ambient pod of its own the address 169.254.7.127; whether Cilium takes that "
    "for the node is not known"
)
_NO_TCP = (Protocol.UDP, Protocol.SCTP)


class _Takes(Enum):
    """True if ports have that of HBONE among them."""

    NO = auto()
    PERHAPS = auto()
    YES = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Zone:
    """TCP ports on which the same pods send HBONE; each pair is (senders, receivers)."""

    ports: IntervalSet
    own: tuple[tuple[Peer, Peer], ...]
    tunneled: tuple[tuple[Peer, Peer], ...]
    either: tuple[tuple[Peer, Peer], ...]


def every(*peers: Peer) -> Peer:
    """Parties that are in each; everybody where there is none."""
    flat = [item for peer in peers for item in (peer.items if isinstance(peer, Intersection) else (peer,))]
    found = [item for item in flat if item != AnyPeer()]
    return found[0] if len(found) == 1 else Intersection(tuple(found)) if found else AnyPeer()


def seen(programs: Programs, mesh: Mesh) -> Programs:
    """The network's programs, with matches that say of each connection what the network sees of it."""
    if not mesh.ambient:
        return programs
    return Programs(
        egress=tuple(_Writer(mesh, Direction.EGRESS).tier(tier) for tier in programs.egress),
        ingress=tuple(_Writer(mesh, Direction.INGRESS).tier(tier) for tier in programs.ingress),
    )


# ---------------------------------------------------------------- who sends what to whom


def zones(mesh: Mesh) -> tuple[tuple[IntervalSet, Predicate], ...]:
    """The TCP ports, in parts that the same sidecars do not capture; each with the pods whose sidecars do not."""
    texts = [(ports_of(text), shows(OUTBOUND, text)) for text in mesh.outbound]
    parts = [TCP]
    for ports, _ in texts:
        parts = [part for whole in parts for part in (whole & ports, whole - ports) if part]
    return tuple((part, either(*(pods_ for ports, pods_ in texts if part <= ports))) for part in parts)


def _zone(mesh: Mesh, ports: IntervalSet, excluded: Predicate) -> _Zone:
    plain = both(either(SIDECAR, GATEWAY), negated(excluded)) if excluded != NEVER else either(SIDECAR, GATEWAY)
    loose = either(plain, UNCLEAR)
    sure, unsure = either(both(AMBIENT, negated(BYPASSED)), TUNNELED), either(BYPASSED, UNCLEAR)
    certain = [(AMBIENT, sure)]
    open_ = [(AMBIENT, unsure), (loose, either(AMBIENT, UNCLEAR))]
    if mesh.port is AmbientPort.UNKNOWN:
        certain, open_ = [], [*certain, *open_]
    return _Zone(
        ports=ports,
        own=(
            (Complement(pods(either(AMBIENT, loose))), AnyPeer()),
            (pods(AMBIENT), Complement(pods(either(AMBIENT, TUNNELED, UNCLEAR)))),
            (pods(loose), Complement(pods(either(AMBIENT, UNCLEAR)))),
        ),
        tunneled=tuple((pods(senders), pods(receivers)) for senders, receivers in certain),
        either=tuple((pods(senders), pods(receivers)) for senders, receivers in open_),
    )


# ---------------------------------------------------------------- matches


class _Writer:
    """Writes the matches of one direction anew."""

    def __init__(self, mesh: Mesh, direction: Direction) -> None:
        self._direction = direction
        self._names = mesh.tunnel_names
        kept = mesh.port is AmbientPort.ORIGINAL
        self._zones = [] if kept else [_zone(mesh, ports, excluded) for ports, excluded in zones(mesh)]

    def tier(self, tier: Tier) -> Tier:
        return replace(tier.map(self._policy, lambda rule: rule), isolation=self._rules(tier.isolation))

    def _policy(self, policy: Policy) -> Policy:
        if self._direction is Direction.EGRESS:
            return replace(policy, egress=self._rules(policy.egress))
        return replace(policy, ingress=self._rules(policy.ingress))

    def _rules(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(each for rule in rules for each in self._rule(rule))

    def _rule(self, rule: Rule) -> Iterator[Rule]:
        if rule.name == LOCAL_HOST:
            yield from _probed(rule)
            return
        certain: list[Match] = []
        perhaps: list[Match] = []
        for match in rule.matches:
            if match.ports is None or not self._zones or not _may_be_tunneled(match.peer):
                certain.append(match)
            else:
                self._match(match, match.ports, certain, perhaps)
        yield replace(rule, matches=tuple(certain))
        if perhaps:
            told = rule if rule.may else replace(rule, may=True, reason=REASON, reason_code="HBONE_PORT")
            yield replace(told, matches=tuple(perhaps))

    def _match(self, match: Match, ports: PortMatch, certain: list[Match], perhaps: list[Match]) -> None:
        rest, own, takes = _without_tcp(ports), _of_tcp(ports), self._takes(ports)
        if _matches_some(rest):
            certain.append(replace(match, ports=rest))
        if not _matches_some(own):
            return
        for zone in self._zones:
            here, all_ = _within(own, zone.ports), PortMatch(zone.ports)
            certain += self._at(match, here, zone.own)
            if takes is _Takes.YES:
                certain += [*self._at(match, all_, zone.tunneled), *self._at(match, here, zone.either)]
                perhaps += self._at(match, all_, zone.either)
            elif takes is _Takes.PERHAPS:
                perhaps += self._at(match, all_, (*zone.tunneled, *zone.either))
            else:
                perhaps += self._at(match, here, zone.either)

    def _at(self, match: Match, ports: PortMatch, pairs: Iterable[tuple[Peer, Peer]]) -> Iterator[Match]:
        if not _matches_some(ports):
            return
        for senders, receivers in pairs:
            near, far = (senders, receivers) if self._direction is Direction.EGRESS else (receivers, senders)
            yield replace(match, peer=every(match.peer, far), ports=ports, subject=every(match.subject, near))

    def _takes(self, ports: PortMatch) -> _Takes:
        """Names are those of the destination, of which some may stand for the port of HBONE."""
        if HBONE in ports.not_numbers:
            return _Takes.NO
        open_ = any(name.name in self._names for name in ports.not_names)
        if HBONE in ports.numbers:
            return _Takes.PERHAPS if open_ else _Takes.YES
        named = (name for name in ports.names if name.protocol in (None, Protocol.TCP))
        return _Takes.PERHAPS if any(name.name in self._names for name in named) else _Takes.NO


def _may_be_tunneled(peer: Peer) -> bool:
    """False for what is no pod on the pod network, and so never in ambient mode."""
    match peer:
        case NodePeer() | DomainPeer() | OwnNodePeer() | OtherNodePeer():
            return False
        case PartyPeer(parties):
            return PartyKind.POD in parties
        case _:
            return True


def _without_tcp(ports: PortMatch) -> PortMatch:
    names = tuple(
        NamedPort(name.name, protocol)
        for name in ports.names
        for protocol in _NO_TCP
        if name.protocol in (None, protocol)
    )
    return replace(ports, numbers=ports.numbers - TCP, names=names)


def _of_tcp(ports: PortMatch) -> PortMatch:
    names = (name for name in ports.names if name.protocol in (None, Protocol.TCP))
    tcp = tuple(replace(name, protocol=Protocol.TCP) for name in names)
    return replace(ports, numbers=(ports.numbers & TCP) - ports.not_numbers, names=tcp)


def _within(ports: PortMatch, zone: IntervalSet) -> PortMatch:
    if zone == TCP:
        return ports
    return replace(ports, numbers=ports.numbers & zone, not_numbers=ports.not_numbers | (TCP - zone))


def _matches_some(ports: PortMatch) -> bool:
    return bool(ports.numbers or ports.names)


def _probed(rule: Rule) -> Iterator[Rule]:
    """Under Cilium a pod accepts its own node, whose address Istio changes where the pod is ambient."""
    kept = [replace(each, subject=Complement(pods(AMBIENT))) for each in rule.matches]
    kept += [replace(each, ports=PortMatch(ALL_PORTS - TCP), subject=pods(AMBIENT)) for each in rule.matches]
    yield replace(rule, matches=tuple(kept))
    told = replace(rule, may=True, reason=PROBED, reason_code="AMBIENT_PROBES")
    yield replace(told, matches=tuple(replace(each, ports=PortMatch(TCP), subject=pods(AMBIENT)) for each in kept[:1]))
