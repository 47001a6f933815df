"""networking.k8s.io/v1 NetworkPolicy to a policy, with the defaults and the checks of the API server.

| Field | Absent or empty |
|---|---|
| spec.podSelector | every pod of the namespace |
| spec.policyTypes | Ingress, and Egress where there is an egress rule |
| from, to | every peer, nodes and external addresses included |
| ports | every port of every protocol |
| ports[].protocol | TCP |
| ports[].port | every port of the protocol |

Trusted by every verdict; checked by tests/manifests and the agreement tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reachproof.engines.host_network import WHOLE_NAMESPACES
from reachproof.engines.profile import EngineProfile
from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import PORT_NAME, PROTOCOLS, any_port, is_port_name, read_cidr, read_port_number
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind, doubted
from reachproof.manifests.selectors import read_old_selector
from reachproof.network.address import MAPPED
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Selector
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    Match,
    NamedPort,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    Policy,
    PolicyRef,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol, port_range

_TYPES = {"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS}
_OUTSIDE = (
    "policyTypes leaves {} out; Cilium applies these rules all the same and isolates the pods for it, where "
    "NetworkPolicy says that neither happens"
)
_MAPPED = "whether IPv4 written as IPv6 matches IPv4 addresses differs between implementations"
_NODES_AND_OUTSIDE = PartyPeer(frozenset((PartyKind.NODE, PartyKind.EXTERNAL)))


def lower(manifest: Field, ref: PolicyRef, context: Context) -> Policy:
    """The policy; rules of a direction that policyTypes leaves out are checked and then left out.

    Not so under profiles that take the rules of such a direction for its presence in the list, which is said.
    """
    spec = manifest.get("spec").or_empty()
    spec.only("podSelector", "policyTypes", "ingress", "egress")
    ingress = _rules(spec.get("ingress"), "from", ref, context)
    egress = _rules(spec.get("egress"), "to", ref, context)
    isolates = _policy_types(spec.get("policyTypes"), has_egress=bool(egress))
    _remark(spec, isolates, context.profile)
    if context.profile.rules_outside_types:
        ruled = {each for each, rules in ((Direction.INGRESS, ingress), (Direction.EGRESS, egress)) if rules}
        for direction in sorted(ruled - isolates):
            spec.get(direction.value).notice("RULES_OUTSIDE_TYPES", _OUTSIDE.format(direction))
        isolates |= ruled
    policy = Policy(
        ref=ref,
        tier=TierName.NETWORK_POLICY,
        subject=PodSet(_own_namespace(ref), _selector(spec.get("podSelector"))),
        ingress=ingress if Direction.INGRESS in isolates else (),
        egress=egress if Direction.EGRESS in isolates else (),
        isolates=isolates,
        left_out=(
            *(() if Direction.INGRESS in isolates else ingress),
            *(() if Direction.EGRESS in isolates else egress),
        ),
        origin=manifest.origin,
    )
    return policy if context.profile.takes_any_value else doubted(policy, manifest.place)


KIND = PolicyKind(group="networking.k8s.io", version="v1", kind="NetworkPolicy", namespaced=True, lower=lower)


def _remark(spec: Field, isolates: frozenset[Direction], profile: EngineProfile) -> None:
    """Notes lists of rules in a direction that the policy does not isolate."""
    why = "policyTypes leaves {} out" if spec.get("policyTypes").items() else "there is no policyTypes"
    for direction in sorted(frozenset(Direction) - isolates):
        rules = spec.get(direction.value)
        if rules.items() and not profile.rules_outside_types:
            rules.notice("RULES_IGNORED", f"{why.format(direction)}, so these rules have no effect")
        elif not rules.items() and spec.has(direction.value):
            text = f"{why.format(direction)}, so an empty list here does not isolate the pods for {direction}"
            text += f"; the policy isolates them for {min(isolates)}" if isolates else ""
            rules.notice("DIRECTION_NOT_ISOLATED", text)


def _number_per_name(profile: EngineProfile) -> bool:
    return profile.one_number_per_name


def _of_anything(profile: EngineProfile) -> bool:
    return profile.namespaces_of_anything


def _own_namespace(ref: PolicyRef) -> Selector:
    return Selector.equal(NAMESPACE_NAME, ref.namespace)


def _selector(field: Field) -> Selector:
    return read_old_selector(field) if field.present else EVERYTHING


def _policy_types(field: Field, *, has_egress: bool) -> frozenset[Direction]:
    items = field.items()
    if not items:
        return frozenset((Direction.INGRESS, Direction.EGRESS) if has_egress else (Direction.INGRESS,))
    if len(items) > len(_TYPES):
        field.report(f"too many entries ({len(items)}; the limit is {len(_TYPES)})")
    chosen = [item.choice(_TYPES) for item in items]
    return frozenset(direction for direction in chosen if direction is not None)


def _rules(field: Field, peers: str, ref: PolicyRef, context: Context) -> tuple[Rule, ...]:
    return tuple(rule for index, item in enumerate(field.objects()) for rule in _rule(item, index, peers, ref, context))


def _rule(field: Field, index: int, peers: str, ref: PolicyRef, context: Context) -> Iterator[Rule]:
    other = "to" if peers == "from" else "from"
    side = "ingress" if peers == "from" else "egress"
    field.only(peers, "ports", hints={other: f"an {side} rule names its peers in {peers}"})
    for name, every in ((peers, "everybody"), ("ports", "all ports")):
        if field.has(name) and not field.get(name).items():
            field.get(name).notice("EMPTY_LIST_ALLOWS_ALL", f"an empty list stands for {every}")
    ports = _ports(field.get("ports"))
    items = [(item, peer) for item in field.get(peers).objects() if (peer := _peer(item, ref)) is not None]
    found: list[Peer] = [peer for _, peer in items]
    matches = tuple(_match(item, peer, ports) for item, peer in items) or (Match(AnyPeer(), ports),)
    names = peers == "to" and ports is not None and bool(ports.names)
    beyond_pods = any(map(_only_rules_out, found))
    if (names and context.by_release(_number_per_name)) or (beyond_pods and context.by_release(_of_anything)):
        field.reads_by_release()
    if context.profile.namespaces_of_anything and beyond_pods:
        of_pods = names and not context.profile.one_number_per_name
        matches += (Match(_NODES_AND_OUTSIDE, PortMatch(ports.numbers) if ports and of_pods else ports),)
    mapped = tuple(match for match in matches if _is_mapped(match.peer))
    rule = Rule(action=Action.ALLOW, matches=matches, index=index, origin=field.origin)
    if len(mapped) < len(matches):
        yield replace(rule, matches=tuple(match for match in matches if match not in mapped))
    if mapped:
        yield replace(rule, matches=tuple(map(_as_v4, mapped)), may=True, reason=_MAPPED)


def _match(field: Field, peer: Peer, ports: PortMatch | None) -> Match:
    whole = field.get("namespaceSelector").present and not field.get("podSelector").present
    return Match(peer, ports, extension=WHOLE_NAMESPACES if whole else None)


def _only_rules_out(peer: Peer) -> bool:
    """True if what has no labels at all meets the conditions; without conditions a namespace is asked for."""
    if not isinstance(peer, PodSet) or not peer.namespaces.requirements:
        return False
    return peer.namespaces.matches({}) and peer.pods.matches({})


def _is_mapped(peer: Peer) -> bool:
    return isinstance(peer, AddressPeer) and bool(peer.addresses) and peer.addresses <= MAPPED


def _as_v4(match: Match) -> Match:
    """The match with the IPv4 addresses that its peer has as IPv6."""
    assert isinstance(match.peer, AddressPeer)
    base = MAPPED.spans[0][0]
    return replace(match, peer=AddressPeer(IntervalSet(tuple((a - base, b - base) for a, b in match.peer.addresses))))


def _peer(field: Field, ref: PolicyRef) -> Peer | None:
    if not field.only("podSelector", "namespaceSelector", "ipBlock"):
        return None
    pods, namespaces, block = field.get("podSelector"), field.get("namespaceSelector"), field.get("ipBlock")
    if block.present:
        if pods.present or namespaces.present:
            field.report("ipBlock and a selector exclude each other; write two peers to match either")
        return AddressPeer(_ip_block(block))
    if not pods.present and not namespaces.present:
        if not field.has_others("podSelector", "namespaceSelector", "ipBlock"):
            field.expected("podSelector, namespaceSelector or ipBlock; a selector that selects everything is {}")
        return None
    if namespaces.present:
        return PodSet(read_old_selector(namespaces), _selector(pods))
    return PodSet(_own_namespace(ref), read_old_selector(pods))


def _ip_block(field: Field) -> IntervalSet:
    if not field.only("cidr", "except"):
        return EMPTY
    cidr = read_cidr(field.get("cidr"), old=True)
    if cidr is None:
        return EMPTY
    left = cidr
    for item in field.get("except").items():
        without = read_cidr(item, old=True)
        if without is None:
            continue
        if not without <= cidr or without == cidr:
            item.expected(f"a CIDR inside {field.get('cidr').value} and smaller")
        left = left - without
    return left


def _ports(field: Field) -> PortMatch | None:
    entries = [_port(item) for item in field.objects()]
    return any_port(entries) if entries else None


def _port(field: Field) -> PortMatch:
    if not field.only("protocol", "port", "endPort"):
        return PortMatch()
    protocol = _protocol(field.get("protocol"))
    port, end = field.get("port"), field.get("endPort")
    if isinstance(port.value, str):
        if not is_port_name(port.value):
            port.expected(PORT_NAME + ("; leave out the quotes of a number" if port.value.isdecimal() else ""))
        if end.present:
            end.expected("no endPort, since the port is a name")
        return PortMatch(EMPTY, (NamedPort(port.value, protocol),))
    if not port.present:
        if end.present:
            end.expected("no endPort, since there is no port")
        return PortMatch(port_range(protocol))
    low = read_port_number(port)
    high = read_port_number(end) if end.present else low
    if low is None or high is None:
        return PortMatch()
    if high < low:
        end.expected(f"a port number not below port, {low}")
    return PortMatch(port_range(protocol, low, high))


def _protocol(field: Field) -> Protocol:
    if not field.present:
        return Protocol.TCP
    return field.choice(PROTOCOLS) or Protocol.TCP
