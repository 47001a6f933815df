"""Rules of Calico's policies: action, protocol, both ends, and what of them flows here cannot tell.

| Thing | Here |
|---|---|
| Log | no rule: it changes nothing |
| ICMP and other protocols | no rule, with a notice: flows are of TCP, UDP or SCTP |
| source ports, http | the rule may match: a flow has neither |
| CIDRs and ipVersion | only addresses of that family match |

Trusted by every verdict about policies of Calico; checked by tests/agreement/test_calico.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.calico.entities import Entity, read_entity
from reachproof.manifests.kinds.calico.peers import with_ports
from reachproof.manifests.kinds.calico.ports import Protocols, read_protocols
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.network.address import ALL_V4, ALL_V6
from reachproof.network.cluster import Notice
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Complement,
    Direction,
    Intersection,
    Match,
    NamedPort,
    Peer,
    PolicyRef,
    PortMatch,
    Rule,
)
from reachproof.network.ports import Protocol, place, port_range
from reachproof.network.predicate import Holder, holds

_ACTIONS = {"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS, "Log": None}
_FIELDS = ("action", "metadata", "ipVersion", "protocol", "notProtocol", "icmp", "notICMP", "source", "destination")
_HTTP = Notice(code="HTTP_RULE", text="it matches some HTTP requests only, and requests are not looked at")
_SOURCE_PORTS = Notice(code="SOURCE_PORTS", text="it matches some source ports only, and flows here have none")
_FAMILIES = {4: ALL_V4, 6: ALL_V6}


def read_rules(spec: Field, direction: Direction, ref: PolicyRef, context: Context) -> tuple[Rule, ...]:
    """spec.ingress or spec.egress, top to bottom; rules that no flow can meet, and those that log, are left out."""
    found = (
        _rule(item, index, direction, ref, context) for index, item in enumerate(spec.get(direction.value).items())
    )
    return tuple(rule for rule in found if rule is not None)


def _rule(item: Field, index: int, direction: Direction, ref: PolicyRef, context: Context) -> Rule | None:
    if not item.only(*_FIELDS, "http"):
        return None
    actions = {name: name for name in _ACTIONS}
    word = item.get("action").choice(actions)
    protocols = read_protocols(item, names_of_tcp=context.profile.names_of_tcp)
    source = read_entity(item.get("source"), ref, context, side="source")
    destination = read_entity(item.get("destination"), ref, context, side="destination")
    named = [port for each in (source, destination) for port in (*each.ports.names, *each.ports.excluded_names)]
    if named and not item.get("protocol").present:
        item.reads_by_release()
    family = _family(item, protocols, source, destination)
    _check_icmp(item, protocols)
    _check_ports(item, protocols, source, destination)
    _check_services(item, direction)
    http = item.get("http").present
    if http and (direction is not Direction.INGRESS or word != "Allow"):
        item.get("http").report("http is allowed only in ingress rules with action Allow")
    if word is None or _ACTIONS[word] is None:
        return None
    if not protocols.ours:
        item.notice("OTHER_PROTOCOL", "the rule is about a protocol that no question is about (ICMP and others)")
        return None
    doubt = _HTTP if http else None if _any_source_port(protocols, source) else _SOURCE_PORTS
    action = _ACTIONS[word]
    assert action is not None
    matches = tuple(_matches(direction, source, destination, protocols, family, context))
    return Rule(
        action=action,
        matches=matches,
        may=doubt is not None,
        reason=doubt.text if doubt else "",
        reason_code=doubt.code if doubt else "MAY_MATCH",
        index=index,
        origin=item.origin,
    )


def _any_source_port(protocols: Protocols, source: Entity) -> bool:
    return source.ports.any or all(source.ports.of(each) == port_range(each) for each in protocols.ours)


# ---------------------------------------------------------------- checks


def _family(item: Field, protocols: Protocols, source: Entity, destination: Entity) -> int | None:
    """The one address family that can match; None for both. Reports what contradicts itself."""
    version = item.get("ipVersion")
    if version.present and version.value not in (4, 6):
        version.expected("4 or 6")
    families = set(source.families | destination.families)
    if len(families) > 1:
        if not (len(source.families) > 1 or len(destination.families) > 1):
            item.report("IPv4 and IPv6 CIDRs in one rule; split it in two")
        return None
    for other, name in ((version.value, "ipVersion"), (protocols.icmp, "protocol")):
        if other in (4, 6):
            families.add(other)
            if len(families) > 1:
                item.get(name).report(
                    f"{name} asks for IPv{other}, the rest of the rule for the other family; split the rule in two"
                )
                return None
    return next(iter(families), None)


def _check_icmp(item: Field, protocols: Protocols) -> None:
    for name in ("icmp", "notICMP"):
        field = item.get(name)
        if not field.present or not field.only("type", "code"):
            continue
        for part in ("type", "code"):
            number = field.get(part).integer()
            if number is not None and not 0 <= number <= 255:
                field.get(part).expected("a number from 0 to 255")
        if field.get("code").present and not field.get("type").present:
            field.get("type").expected("a type, since there is a code")
        if protocols.icmp is None:
            field.report(f"{name} needs protocol ICMP or ICMPv6")


def _check_ports(item: Field, protocols: Protocols, source: Entity, destination: Entity) -> None:
    for name, entity in (("source", source), ("destination", destination)):
        if entity.ports.numeric and not protocols.named:
            item.get(name).report("port numbers need protocol TCP, UDP or SCTP")
        names = entity.ports.names or entity.ports.excluded_names
        if names and not (protocols.named or item.get("protocol").value is None):
            item.get(name).report("a port name needs protocol TCP, UDP or SCTP, or none")


def _check_services(item: Field, direction: Direction) -> None:
    wrong = "destination" if direction is Direction.INGRESS else "source"
    services = item.get(wrong).get("services") if item.get(wrong).present else None
    if services is not None and services.present:
        right = "source" if direction is Direction.INGRESS else "destination"
        services.report(f"services in the {wrong} of an {direction} rule; move them to the {right}")


# ---------------------------------------------------------------- matches


def _matches(
    direction: Direction,
    source: Entity,
    destination: Entity,
    protocols: Protocols,
    family: int | None,
    context: Context,
) -> Iterator[Match]:
    """The matches: by the numbers, by the port names of pods, and by those of host endpoints."""
    if destination.reached is not None:
        every = IntervalSet.of(span for each in protocols.ours for span in port_range(each))
        for reached in destination.reached:
            numbers = (reached.ports.numbers if reached.ports else EMPTY) & every
            yield _match(direction, source.peer, reached.peer, PortMatch(numbers), family)
        return
    ports = destination.ports
    if protocols.all and ports.any:
        yield _match(direction, source.peer, destination.peer, None, family)
        return
    for peer, chosen in _port_matches(destination, protocols, context):
        yield _match(direction, source.peer, peer, chosen, family)


def _port_matches(destination: Entity, protocols: Protocols, context: Context) -> Iterable[tuple[Peer, PortMatch]]:
    """Destinations with the ports that match there. A name is that of a pod which the selector means, or of a host."""
    ports, named = destination.ports, Intersection((destination.narrowed, destination.peer))
    numbers, left_out = (
        IntervalSet.of(span for each in protocols.ours for span in of(each)) for of in (ports.of, ports.left_out)
    )
    found: list[tuple[Peer, PortMatch]] = []
    if ports.numbers != () or not ports.names:
        found.append((destination.peer, PortMatch(numbers)))
    if ports.names:
        found.append((named, PortMatch(EMPTY, _named(ports.names, protocols), left_out)))
    for addresses, number in _host_ports(destination, ports.names, protocols, context):
        found.append((Intersection((addresses, destination.peer)), PortMatch(number - left_out)))
    for addresses, number in _host_ports(destination, ports.excluded_names, protocols, context):
        found = list(_excluding(found, addresses, PortMatch(number)))
    if ports.excluded_names:
        where = AnyPeer() if destination.known is None else destination.narrowed
        found = list(_excluding(found, where, PortMatch(EMPTY, _named(ports.excluded_names, protocols))))
    return found


def _named(names: Iterable[str], protocols: Protocols) -> tuple[NamedPort, ...]:
    if protocols.of_names == tuple(Protocol):
        return tuple(NamedPort(name, None) for name in names)
    return tuple(NamedPort(name, protocol) for name in names for protocol in protocols.of_names)


def _host_ports(
    destination: Entity, names: Iterable[str], protocols: Protocols, context: Context
) -> Iterator[tuple[AddressPeer, IntervalSet]]:
    """Port names of host endpoints, which are known by their addresses."""
    wanted = {(name, protocol) for name in names for protocol in protocols.of_names}
    for each, labels in with_ports(context) if wanted else ():
        if destination.known is None or holds(destination.known, {Holder.POD: labels}):
            for port in each.ports:
                if (port.name, port.protocol) in wanted:
                    yield AddressPeer(each.addresses), IntervalSet.single(place(port.protocol, port.number))


def _excluding(
    found: Iterable[tuple[Peer, PortMatch]], where: Peer, out: PortMatch
) -> Iterator[tuple[Peer, PortMatch]]:
    """The same, of which these ports do not match at such destinations."""
    for peer, ports in found:
        not_numbers, not_names = ports.not_numbers | out.numbers, (*ports.not_names, *out.names)
        less = replace(ports, not_numbers=not_numbers, not_names=not_names)
        if isinstance(where, AnyPeer):
            yield peer, less
        else:
            yield Intersection((peer, where)), less
            yield Intersection((peer, Complement(where))), ports


def _match(direction: Direction, source: Peer, destination: Peer, ports: PortMatch | None, family: int | None) -> Match:
    peer, subject = (source, destination) if direction is Direction.INGRESS else (destination, source)
    if family is not None:
        of_family = AddressPeer(_FAMILIES[family])
        peer = of_family if isinstance(peer, AnyPeer) else Intersection((peer, of_family))
    return Match(peer, ports, subject)
