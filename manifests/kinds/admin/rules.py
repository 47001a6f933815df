"""Subject and rules of the admin kinds.

    subject            exactly one of namespaces, pods
    ingress peer       exactly one of namespaces, pods
    egress peer        exactly one of namespaces, pods, networks, nodes (experimental), domainNames (experimental)
    rule               name, action, from or to (required), port entries (absent: everything)

A `Dialect` says where the kinds differ. Only pods have named ports: a networks, nodes or domainNames peer keeps the
numbers of its rule and never satisfies a name.

Trusted by every verdict; checked by tests/manifests and the agreement tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reachproof.engines.cilium.dns import dns_rule
from reachproof.engines.profile import DenyingNames
from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import any_port, is_domain_name, read_cidr, was_domain_name
from reachproof.manifests.kinds.admin.beyond_pods import beyond_pods
from reachproof.manifests.kinds.admin.domain_names import split_domains
from reachproof.manifests.kinds.admin.ports import experimental_only
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.manifests.selectors import read_stored_selector
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import EVERYTHING, Selector
from reachproof.network.options import Channel
from reachproof.network.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    DomainPeer,
    Match,
    NamedPort,
    NodePeer,
    Peer,
    PodSet,
    PortMatch,
    Rule,
)

MOST_NETWORKS = 25
LONGEST_NAME = 100
_DNS = (
    Match(
        PodSet(EVERYTHING, Selector.equal("k8s-app", "kube-dns")),
        PortMatch(names=(NamedPort("dns", None), NamedPort("dns-tcp", None))),
    ),
)
_POD_PEERS = ("namespaces", "pods")
_OLD_SHAPE = "since v0.1.5 namespaces is the label selector itself (matchLabels, matchExpressions)"
_OLD_NAMESPACES = dict.fromkeys(("namespaceSelector", "sameLabels", "notSameLabels"), _OLD_SHAPE)
_OLD_PODS = {"namespaces": "since v0.1.5 pods has namespaceSelector, a label selector"}
_DOMAIN_NAME = "a domain name with at least two labels, such as example.com or *.example.com"
_FAILS_CLOSED = "implementations may deny everything in the place of domain names that they cannot deny"
_NO_SOURCES = "an ingress rule sees pods only, and NetworkPolicy is the kind that can match other sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The differences of one kind.

    `most`: rules per direction, and peers or ports of a rule. `ports` is the field with the ports.
    """

    actions: Mapping[str, Action]
    action_hints: Mapping[str, str]
    most: int
    ports: str
    read_port: Callable[[Field, Context], PortMatch]
    port_hints: Mapping[str, str]
    namespaces_required: bool
    domains: bool


def read_subject(spec: Field, dialect: Dialect, context: Context) -> PodSet:
    """spec.subject; after a report, any pods."""
    subject = spec.get("subject")
    if not subject.only(*_POD_PEERS):
        return PodSet(EVERYTHING, EVERYTHING)
    chosen = subject.one_of(*_POD_PEERS)
    return _pods(chosen, dialect, context) if chosen is not None else PodSet(EVERYTHING, EVERYTHING)


def read_rules(spec: Field, direction: Direction, dialect: Dialect, context: Context) -> tuple[Rule, ...]:
    """spec.ingress or spec.egress, top to bottom; a rule with domain names may become two of the same index."""
    items = spec.get(direction.value).count(0, dialect.most)
    return tuple(rule for index, item in enumerate(items) for rule in _rule(item, index, direction, dialect, context))


def _rule(item: Field, index: int, direction: Direction, dialect: Dialect, context: Context) -> tuple[Rule, ...]:
    side, other = ("from", "to") if direction is Direction.INGRESS else ("to", "from")
    hints = {other: f"an {direction} rule names its peers in {side}", **dialect.port_hints}
    if not item.only("name", "action", side, dialect.ports, hints=hints):
        return ()
    name = item.get("name").text() or ""
    if len(name) > LONGEST_NAME:
        item.get("name").report(f"too long ({len(name)} characters; the limit is {LONGEST_NAME})")
    action = item.get("action").choice(dialect.actions, dialect.action_hints)
    ports = _ports(item.get(dialect.ports), dialect, context)
    misplaced = item.get(other).present and not item.get(side).present  # reported already
    entries = [] if misplaced else item.get(side).count(1, dialect.most)
    peers = [peer for entry in entries for peer in _peers(entry, direction, dialect, context)]
    _check_names(item.get(dialect.ports), ports, peers, context)
    if action is None:
        return ()
    closed = _domains_that_deny(entries, action, context) if dialect.domains and action is not Action.ALLOW else False
    known = [peer for peer in peers if not isinstance(peer, DomainPeer)]
    certain = (*_matches(known, ports, context), *beyond_pods(entries, ports, direction, context))
    perhaps = _matches([peer for peer in peers if isinstance(peer, DomainPeer)], ports, context)
    names = _names(entries) if context.profile.learns_names and action is Action.ALLOW else ()
    if names:
        perhaps = (*perhaps, *_DNS)  # Cilium opens the way to the DNS servers for these names
    parts = [(matches, may) for matches, may in ((certain, False), (perhaps, True)) if matches]
    if not parts and ports is not None and (ports.names or not ports.numbers):
        parts = [((), False)]  # it matches nothing, unless an implementation makes something else of it
    found = [
        Rule(
            action=action,
            matches=matches,
            may=may,
            extension=dns_rule(resolves=names) if may else None,
            index=index,
            name=name,
            origin=item.origin,
        )
        for matches, may in parts
    ]
    if closed and found:
        everything = (Match(AnyPeer()),)
        found.append(replace(found[0], action=Action.DENY, matches=everything, may=True, reason=_FAILS_CLOSED))
    return tuple(found)


def _names(entries: list[Field]) -> tuple[str, ...]:
    """The domain names of the peers, as patterns of Cilium: `*.` stands for one label or more."""
    chosen = [entry.get("domainNames") for entry in entries if isinstance(entry.value, dict)]
    names = [name for field in chosen if field.present for name in field.texts()]
    return tuple(f"*{name}" if name.startswith("*.") else name for name in names)


def _domains_that_deny(entries: list[Field], action: Action, context: Context) -> bool:
    """True if implementations may deny everything in the place of a rule that does not allow, for its domain names.

    The API defines domain names for Accept only. kube-network-policies matches what the names resolve to; Calico denies
    everything (`engines.calico`); Cilium does not program the policy; of others it is not known.
    """
    effect = context.profile.denying_names
    given = [domains for entry in entries if (domains := entry.get("domainNames")).present]
    for domains in given:
        if domains.place.strict:
            domains.report(f"domainNames in a rule with action {action}; only rules that allow may have them")
            continue
        text = "domain names are defined for rules that allow only; implementations match them, deny everything, or "
        domains.notice("STORED_AS_IT_IS", f"{text}do not program the policy")
        if effect in (DenyingNames.UNKNOWN, DenyingNames.NOT_PROGRAMMED):
            domains.place.doubts.append(f"{domains.path} stands in a rule that does not allow")
    return bool(given) and effect is DenyingNames.UNKNOWN


def _matches(peers: Sequence[Peer], ports: PortMatch | None, context: Context) -> tuple[Match, ...]:
    """The peers with the ports. Port names are those of pods; in Calico and Cilium also of pods in a CIDR."""
    having = (PodSet, AddressPeer) if context.profile.names_in_cidrs else PodSet
    found = []
    for peer in peers:
        own = ports
        if ports is not None and not isinstance(peer, having):
            own = PortMatch(ports.numbers)
        if own is None or own.numbers or own.names:
            found.append(Match(peer, own))
    return tuple(found)


def _check_names(field: Field, ports: PortMatch | None, peers: list[Peer], context: Context) -> None:
    if ports is None or not ports.names or all(isinstance(peer, PodSet) for peer in peers):
        return
    if context.channel(field.place.kind) is Channel.EXPERIMENTAL:
        field.report(
            "port name in a rule with a networks, nodes or domainNames peer; only pods have named "
            "ports, so split the rule in two"
        )
        return
    text = "a port name never matches a networks, nodes or domainNames peer, since only pods have port names"
    field.notice("NAMED_PORT_WITHOUT_POD", text)


def _ports(field: Field, dialect: Dialect, context: Context) -> PortMatch | None:
    if not field.present:
        return None
    return any_port(dialect.read_port(item, context) for item in field.count(1, dialect.most))


def _peers(entry: Field, direction: Direction, dialect: Dialect, context: Context) -> list[Peer]:
    """The peer of one entry; domain names may be two, one of known and one of unknown addresses."""
    if direction is Direction.INGRESS:
        names, hints = _POD_PEERS, dict.fromkeys(("networks", "nodes", "domainNames"), _NO_SOURCES)
    else:
        names = (*_POD_PEERS, "networks", "nodes", *(("domainNames",) if dialect.domains else ()))
        hints = {"domainNames": "this kind has no domain names"}
    if not entry.only(*names, hints=hints):
        return []
    chosen = entry.one_of(*names)
    match chosen.path.rpartition(".")[2] if chosen is not None else None, chosen:
        case ("namespaces" | "pods", Field() as pods):
            return [_pods(pods, dialect, context)]
        case ("networks", Field() as networks):
            return [_networks(networks)]
        case ("nodes", Field() as nodes):
            experimental_only(nodes, context)
            return [NodePeer(_selector(nodes, context))]
        case ("domainNames", Field() as domains):
            experimental_only(domains, context)
            return _domains(domains, context)
        case _:
            return []


def _selector(field: Field, context: Context, hints: Mapping[str, str] | None = None) -> Selector:
    return read_stored_selector(field, hints, refused=context.profile.invalid_is_nothing)


def _pods(chosen: Field, dialect: Dialect, context: Context) -> PodSet:
    if chosen.path.endswith("namespaces"):
        return PodSet(_selector(chosen, context, _OLD_NAMESPACES), EVERYTHING)
    if not chosen.only("namespaceSelector", "podSelector", hints=_OLD_PODS):
        return PodSet(EVERYTHING, EVERYTHING)
    namespaces, pods = chosen.get("namespaceSelector"), chosen.get("podSelector")
    required = [pods, namespaces] if dialect.namespaces_required else [pods]
    for selector in required:
        if not selector.present:
            selector.expected("a label selector; one that selects everything is {}")
    return PodSet(
        _selector(namespaces, context) if namespaces.present else EVERYTHING,
        _selector(pods, context) if pods.present else EVERYTHING,
    )


def _networks(field: Field) -> AddressPeer:
    cidrs = [read_cidr(item) for item in field.count(1, MOST_NETWORKS)]
    return AddressPeer(IntervalSet.of(span for cidr in cidrs for span in cidr or EMPTY))


def _domains(field: Field, context: Context) -> list[Peer]:
    names = []
    for item in field.count(1, MOST_NETWORKS):
        name = item.text()
        if name is not None and not is_domain_name(name) and was_domain_name(name):
            item.stored(_DOMAIN_NAME, "bundles before v0.2.1 store it; it is taken for a name like any other")
            names += [] if item.place.strict else [name]
        elif name is None or not is_domain_name(name):
            if name is not None or not item.present:
                item.expected(_DOMAIN_NAME)
        else:
            names.append(name)
    known = context.options.domains if context.profile.programs_names else {}
    return split_domains(names, known)
