"""The English of a trace: a sentence per step, which names everything it speaks of, and notices of what is open.

Notices are what a trace carries in `depends`, with stable codes:

| Code | What is open |
|---|---|
| TIE | policies of equal priority disagree on the flow |
| UNORDERED_KINDS | policies of kinds that nothing orders against each other disagree |
| DOMAIN_NAMES | whether a domain name of the rule stands for the external address |
| UNKNOWN_NODE | whether the pod runs on the node at the other end |
| OWN_NODE_EGRESS | whether NetworkPolicy exempts what a pod sends to its own node |
| LOCAL_HOST | whether a pod that no Cilium policy selects accepts its own node in the enforcement mode `always` |
| REQUEST_RULES | whether a rule lets a connection's requests through, which are judged above the transport layer |
| DNS_NOT_SEEN | whether the agent of the pod's node knows a domain name that the pod may not look up |
| PORT_NAME_ORDER | whether Cilium's agent looks up a port name of a rule for every peer |
| HOST_NETWORK_TRAFFIC | whether OVN-Kubernetes takes traffic of a host for that of the labels or addresses of a rule |
| PROGRAMMED_OTHERWISE | whether kube-router programs a rule as specified |
| HBONE_PORT | whether the network sees the pod's own port or that of HBONE |
| WAYPOINT_IN_USE | whether a waypoint of Istio stands between, and lets the flow through |
| MESH_UNCLEAR | whether the proxy or ztunnel of a pod sees the flow |
| PROXY_PORTS | whether policies of the mesh hold at a port of the proxy itself |
| AMBIENT_PROBES | whether Cilium takes what Istio makes of a probe for the node that it is from |
| API_SERVER | whether a node or an address outside is the API server |
| MAYBE_NOT_PROGRAMMED | whether a policy that says something odd is programmed |
| OBJECT_NOT_READ | whether an object that is not read allows or denies the flow |
| MAY_MATCH | any other rule that may or may not match |

No verdict rests on the wording; which notices there are is checked by tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from reachproof.engines.built_in import ENFORCED_ALWAYS, EXEMPTION, LOCAL_HOST, PAST_MESH, WAYPOINT
from reachproof.engines.not_read import is_not_read
from reachproof.engines.own_tiers import MESH
from reachproof.engines.words import place_text, tied_text
from reachproof.network.address import format_address
from reachproof.network.cluster import Node, Notice, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.policy import Action, Direction, DomainPeer, OtherNodePeer, OwnNodePeer, Policy, Rule, TierId
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, is_perhaps_isolation
from reachproof.semantics.match import Matched, other, peer_matches, subject

_VERBS = {Action.ALLOW: "allows", Action.DENY: "denies", Action.PASS: "leaves"}


def listed(words: Iterable[str], *, word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} {word} {last}" if first else last


def some_of(names: Iterable[object], most: int, *, apart: str = ", ") -> str:
    """`a, b and 3 more`: the first names, and a count of the others."""
    found = list(map(str, names))
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return apart.join(found[:most]) + more


def named(party: Party, address: int | None = None) -> str:
    """`pod shop/web-1`, `node n1`, or the address of an external party."""
    match party:
        case Pod():
            return f"pod {party}"
        case Node():
            return f"node {party.name}"
        case External():
            return "an external address" if address is None else format_address(address)
        case _:
            assert_never(party)


def number_or_name(rule: Rule) -> str:
    """`rule 0`, with its name in quotes where it has one."""
    return f'rule {rule.index} "{rule.name}"' if rule.name else f"rule {rule.index}"


def ends(flow: Flow) -> str:
    """`from X to Y on tcp/80`."""
    source = named(flow.source, flow.source_address)
    destination = named(flow.destination, flow.destination_address)
    return f"from {source} to {destination} on {flow.protocol.lower()}/{flow.port}"


def rule_sentence(flow: Flow, direction: Direction, policy: Policy, rule: Rule, seen: str = "") -> str:
    """A rule of a policy, or the built-in exemption of a pod's own node, matched; `seen` follows the flow's port."""
    if policy.ref == EXEMPTION:
        where = ", on the host network there" if isinstance(flow.source, Pod) else ""
        return f"{named(flow.destination)} always accepts ingress from the node it runs on: {named(flow.source)}{where}"
    if policy.ref in (WAYPOINT, PAST_MESH):
        return _mesh_sentence(flow, direction, rule)
    if is_not_read(policy) and rule.may:
        may = {Action.ALLOW: "allow", Action.DENY: "deny", Action.PASS: "let past the mesh"}[rule.action]
        return f"{policy.ref}, which is not read, may {may} {direction} {ends(flow)}; here it does"
    if rule.origin == BUILT_IN:
        pod = named(subject(flow, direction)[0])
        return f"{policy.ref} selects {pod}, which ends its baseline tier; {direction} {ends(flow)} is allowed"
    if policy.tier == MESH and rule.action is Action.PASS:
        return f"{policy.ref} {number_or_name(rule)} lets {direction} {ends(flow)} through to the network's policies"
    if is_perhaps_isolation(policy, rule) and rule.action is Action.DENY:
        pod = named(subject(flow, direction)[0])
        return f"{policy.ref} may isolate {pod} for {direction}, and none of its rules allows {direction} {ends(flow)}"
    onward = " to the next tier" if rule.action is Action.PASS else ""
    who = f"{policy.ref}{place_text(policy)} {number_or_name(rule)}"
    return f"{who} {_VERBS[rule.action]} {direction} {ends(flow)}{seen}{onward}"


def _mesh_sentence(flow: Flow, direction: Direction, rule: Rule) -> str:
    """The effect of Istio's mesh without a policy of it: past a proxy, or by way of a waypoint."""
    if rule.action is Action.PASS:
        return f"{direction} {ends(flow)} goes past the mesh to the network's policies: {rule.reason}"
    what = "lets it through" if rule.action is Action.ALLOW else "does not let it through"
    return f"a waypoint may decide {direction} {ends(flow)}; here it {what}"


def isolation_sentence(
    flow: Flow, direction: Direction, policies: tuple[Policy, ...], rule: Rule, seen: str = ""
) -> str:
    """Policies isolate the subject; what then holds by the built-in `rule`."""
    many = len(policies) > 1
    verb, their = ("isolate", "their") if many else ("isolates", "its")
    isolated = f"{_isolating(policies)} {verb} {named(subject(flow, direction)[0])} for {direction}"
    if policies[0].ref == ENFORCED_ALWAYS:
        return f"{isolated}, and no rule allows {direction} {ends(flow)}{seen}"
    unmet = f"{isolated} and none of {their} rules allows {direction} {ends(flow)}{seen}"
    if rule.name == LOCAL_HOST:
        return f"{isolated}, but a pod {'may accept' if rule.may else 'accepts'} its own node where no rule denies it"
    if rule.action is Action.DENY:
        return unmet
    return f"{unmet}, but NetworkPolicy {'may' if rule.may else 'does'} not apply to its own node"


def _isolating(policies: tuple[Policy, ...]) -> str:
    """`NetworkPolicies a/b and a/c`; of several kinds each with its own."""
    if {policy.ref.kind for policy in policies} != {"NetworkPolicy"}:
        return listed(
            "the " + policy.ref.name if policy.ref == ENFORCED_ALWAYS else str(policy.ref) for policy in policies
        )
    names = listed(f"{policy.ref.namespace}/{policy.ref.name}" for policy in policies)
    return f"{'NetworkPolicies' if len(policies) > 1 else 'NetworkPolicy'} {names}"


def end_sentence(flow: Flow, direction: Direction, policies: tuple[Policy, ...], tier: TierId, seen: str = "") -> str:
    """A tier that ends in deny has policies that select the subject, and none of its rules decides."""
    names = listed(f"{policy.ref}{place_text(policy)}" for policy in policies)
    verb = "select" if len(policies) > 1 else "selects"
    chosen = f"{names} {verb} {named(subject(flow, direction)[0])} for {direction}"
    return f"{chosen} and no rule of the tier {tier} decides {direction} {ends(flow)}{seen}; the tier ends in deny"


def default_sentence(flow: Flow, direction: Direction) -> str:
    """No policy decides."""
    return f"no policy decides {direction} {ends(flow)}; it is allowed by default"


def no_subject_sentence(flow: Flow, direction: Direction) -> str:
    """The party of this direction is no subject of any policy."""
    party = subject(flow, direction)[0]
    address = flow.source_address if direction is Direction.EGRESS else flow.destination_address
    match party:
        case Pod():
            why = "is on the host network"
        case Node():
            why = "is not a pod"
        case External():
            why = "is outside the cluster"
    return f"{named(party, address)} {why}; no {direction} policy applies"


def itself_sentence(flow: Flow) -> str:
    """A pod's traffic with its own address."""
    return f"{named(flow.source)} reaches its own address; no policy applies to that"


# ---------------------------------------------------------------- notices


def tie_notice(policies: Iterable[Policy]) -> Notice:
    """Policies of equal priority disagree."""
    found = tuple(dict.fromkeys(policies))
    names = listed(str(policy.ref) for policy in found)
    text = f"{names} have {tied_text(found[0])} and disagree; which one applies is not defined"
    return Notice(code="TIE", text=text, origin=found[0].origin)


def unordered_kinds_notice(policies: Iterable[Policy]) -> Notice:
    """Policies of kinds that nothing orders against each other disagree."""
    found = tuple(dict.fromkeys(policies))
    names = listed(str(policy.ref) for policy in found)
    text = f"{names} disagree; nothing orders these kinds against each other"
    return Notice(code="UNORDERED_KINDS", text=text, origin=found[0].origin)


def not_read_notice(policy: Policy) -> Notice:
    """Effects that an object which is not read may have."""
    reason = next(rule.reason for direction in Direction for rule in policy.rules(direction) if rule.may)
    return Notice(code="OBJECT_NOT_READ", text=f"{policy.ref} {reason}", origin=policy.origin)


def doubt_notice(snapshot: Snapshot, flow: Flow, direction: Direction, rule: Rule, policy: Policy) -> Notice:
    """Why the rule may or may not match the flow."""
    if is_not_read(policy) and rule.may:
        return not_read_notice(policy)
    name = named(subject(flow, direction)[0])
    far, address = other(flow, direction)
    maybe = [m.peer for m in rule.matches if peer_matches(snapshot, m.peer, flow, direction) is Matched.MAYBE]
    domains = [peer for peer in maybe if isinstance(peer, DomainPeer)]
    if domains:
        known = listed((name for peer in domains for name in (*peer.names, *peer.patterns)), word="or")
        text = f"{policy.ref} {number_or_name(rule)}: whether {known} stands for {format_address(address)} is not known"
        return Notice(code="DOMAIN_NAMES", text=text, origin=rule.origin)
    if any(isinstance(peer, OwnNodePeer | OtherNodePeer) for peer in maybe):
        text = f"whether {name} and {named(far)} are on the same node is not known"
        return Notice(code="UNKNOWN_NODE", text=text)
    if rule.reason:
        text = rule.reason if rule.origin == BUILT_IN else f"{policy.ref} {number_or_name(rule)}: {rule.reason}"
        return Notice(code=rule.reason_code, text=text, origin=None if rule.origin == BUILT_IN else rule.origin)
    if rule.origin == BUILT_IN and rule.name == LOCAL_HOST:
        text = f"whether {name}, which {policy.ref} alone selects, accepts its own node is not settled"
        return Notice(code="LOCAL_HOST", text=text)
    if rule.origin == BUILT_IN and any(isinstance(match.peer, OwnNodePeer) for match in rule.matches):
        text = f"whether NetworkPolicy exempts what {name} sends to its own node is not defined"
        return Notice(code="OWN_NODE_EGRESS", text=text)
    what = f"isolates {name}" if is_perhaps_isolation(policy, rule) else f"{number_or_name(rule)} matches"
    text = f"whether {policy.ref} {what} is not known"
    return Notice(code="MAY_MATCH", text=text, origin=rule.origin)
