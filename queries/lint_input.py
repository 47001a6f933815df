"""Lint of the input alone: findings that need no flow.

| About | Codes |
|---|---|
| selectors and port names that fit nothing | SELECTS_NOTHING, NEVER_SELECTS, UNKNOWN_PORT_NAME |
| lists that are empty, labels and addresses that a policy cannot see | the notices of reading, and BLIND_CIDR |
| namespaces without a NetworkPolicy, policies whose order is tied | NAMESPACE_WITHOUT_POLICY, TIED_ORDER |

Most notices are seen when the policies are read; here they become findings. No verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.documents.answer import Row
from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.assembly import programs
from reachproof.engines.not_read import apart
from reachproof.engines.own_tiers import between_admin_and_baseline
from reachproof.engines.policies import is_staged
from reachproof.engines.profile import EngineProfile
from reachproof.engines.registry import profile_of
from reachproof.engines.words import order_text, own_tier, where_text
from reachproof.network.address import ALL_V4, ALL_V6, format_cidrs
from reachproof.network.cluster import Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.options import HostNetworkPods
from reachproof.network.origin import Origin
from reachproof.network.policy import (
    AddressPeer,
    AnyPeer,
    Direction,
    Intersection,
    Match,
    NamedPort,
    NodePeer,
    PartyKind,
    PartyPeer,
    PodSet,
    Policy,
    Rule,
    TierName,
    Union,
)
from reachproof.network.snapshot import Snapshot
from reachproof.queries.findings import Finding
from reachproof.semantics.sentences import listed, number_or_name
from reachproof.solver.bitset import positions
from reachproof.solver.peer_resolution import PeerResolution
from reachproof.solver.universe import Universe


def static_findings(universe: Universe) -> tuple[Finding, ...]:
    """Every finding of this module about the universe's snapshot, in the order of its policies."""
    policies = apart(universe.snapshot.policies)[0]
    profile = profile_of(universe.snapshot.options)
    found = [
        finding for policy in map(profile.as_selected, policies) for finding in _Policy(universe, policy).findings()
    ]
    return (*found, *_tied(policies), *_namespaces_without_policy(universe))


def rule_name(policy: Policy, direction: Direction, rule: Rule) -> str:
    """`AdminNetworkPolicy a ingress rule 1 "name"`."""
    return f"{policy.ref} {direction} {number_or_name(rule)}"


def pods_text(pods: PodSet, profile: EngineProfile) -> str:
    """The selectors of a set of pods in words."""
    if pods.where is not None:
        rest = replace(pods, where=None)
        return f"{pods_text(rest, profile)} {where_text(pods.where, profile)}"
    chosen = "pods" if pods.pods == EVERYTHING else f"pods labelled {pods.pods}"
    if pods.namespaces == EVERYTHING:
        return chosen
    return f"{chosen} in {_namespaces_text(pods.namespaces)}"


def _namespaces_text(selector: Selector) -> str:
    match selector.requirements:
        case (only,) if only.key == NAMESPACE_NAME and only.operator is Operator.IN and len(only.values) == 1:
            return f"namespace {only.values[0]}"
        case _:
            return f"namespaces labelled {selector}"


class _Policy:
    """The findings about one policy."""

    def __init__(self, universe: Universe, policy: Policy) -> None:
        self._universe = universe
        self._policy = policy
        as_pods = universe.snapshot.options.host_network_pods is HostNetworkPods.PODS
        self._host_network = as_pods and policy.tier is TierName.NETWORK_POLICY

    def findings(self) -> Iterator[Finding]:
        policy = self._policy
        subjects = self._pods(policy.subject)
        if not subjects:
            yield self._no_pod(str(policy.ref), policy.subject, policy.origin)
        for direction in Direction:
            for rule in policy.rules(direction):
                for match in dict.fromkeys(rule.matches):
                    yield from self._match(direction, rule, match, subjects)

    def _match(self, direction: Direction, rule: Rule, match: Match, subjects: int) -> Iterator[Finding]:
        name = rule_name(self._policy, direction, rule)
        peers = 0
        match match.peer:
            case PodSet():
                peers = self._pods(match.peer)
                if not peers and not self._selects_hosts(match, direction):
                    yield self._no_pod(name, match.peer, rule.origin)
            case NodePeer(nodes):
                if not any(nodes.matches(node.labels) for node in self._universe.snapshot.nodes):
                    text = "nodes" if nodes == EVERYTHING else f"nodes labelled {nodes}"
                    never = nodes.unsatisfiable()
                    yield _selects_nothing(name, text, "no node", rule.origin, never=never)
            case Intersection(items):  # of what a network set has too no pod is missing
                sets = (item for item in items if isinstance(item, PodSet) and not self._pods(item))
                yield from (self._no_pod(name, item, rule.origin) for item in sets)
                peers = self._visible & PeerResolution(self._universe).peer(match.peer)
            case Union() | AnyPeer() | PartyPeer():
                peers = self._visible & PeerResolution(self._universe).peer(match.peer)
            case _:
                pass  # addresses and domain names select nothing that is in the snapshot
        destinations = peers if direction is Direction.EGRESS else subjects
        for port in (*match.ports.names, *match.ports.not_names) if match.ports and destinations else ():
            if not self._declared(port, destinations):
                yield _unknown_port(name, port, rule)

    def _selects_hosts(self, match: Match, direction: Direction) -> bool:
        snapshot = self._universe.snapshot
        return direction is Direction.INGRESS and profile_of(snapshot.options).selects_hosts(match, snapshot)

    @property
    def _visible(self) -> int:
        universe = self._universe
        return universe.pods if self._host_network else universe.pods & ~universe.host_pods

    def _pods(self, pods: PodSet) -> int:
        universe = self._universe
        return PeerResolution(universe).peer(replace(pods, host_network=True)) & self._visible

    def _no_pod(self, subject: str, pods: PodSet, origin: Origin) -> Finding:
        text = pods_text(pods, profile_of(self._universe.snapshot.options))
        return _selects_nothing(subject, text, "no pod", origin, never=_never_a_pod(pods))

    def _declared(self, name: NamedPort, destinations: int) -> bool:
        return any(
            points & destinations
            and any(port.name == name.name and name.protocol in (None, port.protocol) for port in ports)
            for ports, points in self._universe.by_ports.items()
        )


def _selects_nothing(subject: str, selector: str, what: str, origin: Origin, *, never: bool) -> Finding:
    if never:
        text = f"{subject} selects {selector}; {what} can ever be selected"
        return _finding(Code.NEVER_SELECTS, subject, text, origin, selector, severity=FindingSeverity.ERROR)
    text = f"{subject} selects {selector}; {what} in the snapshot is selected"
    return _finding(Code.SELECTS_NOTHING, subject, text, origin, selector)


def _unknown_port(subject: str, port: NamedPort, rule: Rule) -> Finding:
    protocol = f" of {port.protocol.lower()}" if port.protocol else ""
    text = f"{subject} names the port {port.name}{protocol}, which no destination pod that it selects declares"
    selector, severity = f"port {port.name}", FindingSeverity.ERROR
    return _finding(Code.UNKNOWN_PORT_NAME, subject, text, rule.origin, selector, severity=severity)


def _never_a_pod(pods: PodSet) -> bool:
    """True if no pod, in no namespace that could be created, can be in the set: every namespace has its name label."""
    named = Selector.of(*pods.namespaces.requirements, Requirement(NAMESPACE_NAME, Operator.EXISTS))
    return pods.pods.unsatisfiable() or named.unsatisfiable()


def _tied(policies: Iterable[Policy]) -> Iterator[Finding]:
    """Policies of one tier with the same order, of which the name decides which comes first."""
    groups: dict[tuple[str, float], list[Policy]] = {}
    for policy in policies:
        tier = own_tier(policy)
        if tier is not None and not is_staged(policy):
            groups.setdefault((tier, policy.priority), []).append(policy)
    for (tier, order), tied in sorted(groups.items()):
        actions = {rule.action for policy in tied for direction in Direction for rule in policy.rules(direction)}
        if len(tied) < 2 or len(actions) < 2:
            continue
        names = listed(str(policy.ref) for policy in tied)
        text = f"{names} have {order_text(order)} in the tier {tier} and rules that do different things; "
        yield _finding(Code.TIED_ORDER, names, f"{text}their names decide", tied[0].origin)


def _namespaces_without_policy(universe: Universe) -> Iterator[Finding]:
    """Namespaces with pods that policy can select, in which no NetworkPolicy stands."""
    snapshot = universe.snapshot
    with_policy = {policy.ref.namespace for policy in snapshot.policies if between_admin_and_baseline(policy.tier)}
    for namespace in snapshot.namespaces:
        points = universe.by_namespace.get(namespace.name, 0) & ~universe.host_pods
        if not points or namespace.name in with_policy:
            continue
        count = len(
            {party.key for index in positions(points) if isinstance(party := universe.points[index].party, Pod)}
        )
        subject = f"namespace {namespace.name}"
        pods = "1 pod" if count == 1 else f"{count} pods"
        text, severity = f"{subject} has {pods} and no NetworkPolicy", FindingSeverity.INFO
        yield _finding(Code.NAMESPACE_WITHOUT_POLICY, subject, text, namespace.origin, severity=severity)


_CODES = {
    "EMPTY_LIST": Code.EMPTY_LIST,
    "EMPTY_PEERS": Code.EMPTY_PEERS,
    "LABEL_NOT_SEEN": Code.LABEL_NOT_SEEN,
    "UNKNOWN_CIDR_GROUP": Code.UNKNOWN_REFERENCE,
    "UNKNOWN_SERVICE": Code.UNKNOWN_REFERENCE,
}
_NOWHERE = Origin(file="")


def loading_findings(snapshot: Snapshot) -> Iterator[Finding]:
    """Findings noticed when the policies were read, in the order of the snapshot's warnings."""
    for notice in snapshot.warnings:
        if notice.code in _CODES:
            subject = notice.text.partition(":")[0]
            yield _finding(_CODES[notice.code], subject, notice.text, notice.origin or _NOWHERE)


def blind_blocks(snapshot: Snapshot) -> Iterator[Finding]:
    """Rules with a CIDR that holds addresses of pods, which it cannot match under the options; one for each policy.

    A CIDR that is a whole address family usually means the outside.
    """
    enforced = {policy.ref: policy for d in Direction for t in programs(snapshot).tiers(d) for policy in t.policies}
    pods = [pod for pod in snapshot.pods if not pod.host_network]
    held = IntervalSet.of((address, address) for pod in pods for address in pod.addresses)
    for policy in snapshot.policies:
        if policy.ref in enforced and (found := _blind(snapshot, policy, held)):
            block, origin = found
            name = next(str(pod) for pod in pods if any(address in block for address in pod.addresses))
            text = (
                f"{policy.ref} names the addresses {format_cidrs(block)[0]}, among which is pod {name}; "
                "a CIDR matches no pods here"
            )
            yield _finding(Code.BLIND_CIDR, str(policy.ref), text, origin)


def _blind(snapshot: Snapshot, policy: Policy, held: IntervalSet) -> tuple[IntervalSet, Origin] | None:
    """The first addresses of the policy as it is enforced that hold a pod which they do not match, and their place."""
    for direction in Direction:
        for tier in programs(snapshot).tiers(direction):
            for each in (each for each in tier.policies if each.ref == policy.ref):
                for rule in each.rules(direction):
                    for match in rule.matches:
                        peer = match.peer
                        if isinstance(peer, AddressPeer) and PartyKind.POD not in peer.parties and _narrow(peer, held):
                            return peer.addresses, rule.origin
    return None


def _narrow(peer: AddressPeer, held: IntervalSet) -> bool:
    return bool(peer.addresses & held) and not any(family <= peer.addresses for family in (ALL_V4, ALL_V6))


def _finding(
    code: Code,
    subject: str,
    text: str,
    origin: Origin,
    selector: str = "",
    *,
    severity: FindingSeverity = FindingSeverity.WARNING,
) -> Finding:
    row: Row = {"where": subject, "selector": selector, "origin": str(origin)}
    return Finding(code=code, severity=severity, subject=subject, text=text, origin=origin, row=row)
