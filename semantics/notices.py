"""Why an outcome is open: the notices that a trace carries in `depends`, with their stable codes.

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
| HBONE_PORT | whether the network sees the pod's own port or that of HBONE |
| WAYPOINT_IN_USE | whether a waypoint of Istio stands between, and lets the flow through |
| MESH_UNCLEAR | whether the proxy or ztunnel of a pod sees the flow |
| PROXY_PORTS | whether policies of the mesh hold at a port of the proxy itself |
| AMBIENT_PROBES | whether Cilium takes what Istio makes of a probe for the node that it is from |
| API_SERVER | whether a node or an address outside is the API server |
| MAYBE_NOT_PROGRAMMED | whether a policy that says something odd is programmed |
| MAY_MATCH | any other rule that may or may not match |

No verdict rests on the wording; which notices there are is checked by tests/cases.
"""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.engines.built_in import LOCAL_HOST
from reachproof.engines.words import tied_text
from reachproof.network.address import format_address
from reachproof.network.cluster import Notice
from reachproof.network.flow import Flow
from reachproof.network.policy import (
    Direction,
    DomainPeer,
    OtherNodePeer,
    OwnNodePeer,
    Policy,
    Rule,
)
from reachproof.network.snapshot import Snapshot
from reachproof.network.tier import BUILT_IN, is_perhaps_isolation
from reachproof.semantics.match import Matched, other, peer_matches, subject
from reachproof.semantics.sentences import listed, named, number_or_name


def tie(policies: Iterable[Policy]) -> Notice:
    """Policies of equal priority disagree."""
    found = tuple(dict.fromkeys(policies))
    names = listed(str(policy.ref) for policy in found)
    text = f"{names} have {tied_text(found[0])} and disagree; which one applies is not defined"
    return Notice(code="TIE", text=text, origin=found[0].origin)


def unordered_kinds(policies: Iterable[Policy]) -> Notice:
    """Policies of kinds that nothing orders against each other disagree."""
    found = tuple(dict.fromkeys(policies))
    names = listed(str(policy.ref) for policy in found)
    text = f"{names} disagree; nothing orders these kinds against each other"
    return Notice(code="UNORDERED_KINDS", text=text, origin=found[0].origin)


def doubt(snapshot: Snapshot, flow: Flow, direction: Direction, rule: Rule, policy: Policy) -> Notice:
    """Why the rule may or may not match the flow."""
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
