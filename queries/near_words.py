"""Near misses in words: of each condition that is not met what is near. Titles are `queries.near_titles`.

docs/explain.md says what each code means. No verdict rests on the wording. What is said to fail does fail: the
evaluator says so in `queries.rule_conditions`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.documents.near import Unmet, UnmetCode
from reachproof.engines.cilium.dns import needed_name
from reachproof.network.cluster import Pod, Service
from reachproof.network.flow import Flow, Party
from reachproof.network.policy import (
    AddressPeer,
    Direction,
    DomainPeer,
    NodePeer,
    OtherNodePeer,
    OwnNodePeer,
    PartyPeer,
    Peer,
    PodSet,
    Policy,
    PortMatch,
    Rule,
)
from reachproof.network.snapshot import Snapshot
from reachproof.queries.near_addresses import on_address
from reachproof.queries.near_labels import on_labels, resembles
from reachproof.queries.near_ports import on_ports
from reachproof.queries.near_titles import kinds_text
from reachproof.queries.rule_conditions import About, Alternative, Condition
from reachproof.semantics.match import Matched, other, subject
from reachproof.semantics.sentences import listed, named

_MISTAKES = frozenset(
    (
        UnmetCode.PORT_OF_SERVICE,
        UnmetCode.PORT_NAME_ELSEWHERE,
        UnmetCode.OTHER_PROTOCOL,
        UnmetCode.ADDRESS_OF_SERVICE,
        UnmetCode.ADDRESS_EXCEPTED,
        UnmetCode.HOST_NETWORK_END,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A rule that did not match a flow, and its match that came nearest. `via`: the Service that was asked for."""

    snapshot: Snapshot
    flow: Flow
    direction: Direction
    policy: Policy
    rule: Rule
    nearest: Alternative
    via: Service | None = None

    def end(self, about: About) -> tuple[Party, int]:
        """The end of the flow that a condition is about, with its address."""
        of = subject if about is About.SUBJECT else other
        return of(self.flow, self.direction)

    def role(self, about: About) -> str:
        """`source` or `destination`: the end that a condition is about."""
        far = "source" if self.direction is Direction.INGRESS else "destination"
        near = "destination" if self.direction is Direction.INGRESS else "source"
        return near if about is About.SUBJECT else far


def is_near(miss: Miss) -> bool:
    """True if one condition fails, or two of which one looks like a mistake."""
    fails = [each for each in miss.nearest.unmet if each.holds is Matched.NO]
    if len(fails) < 2:
        return True
    return len(fails) == 2 and any(_looks_like_a_mistake(miss, each) for each in fails)


def _looks_like_a_mistake(miss: Miss, condition: Condition) -> bool:
    party = miss.end(condition.about)[0]
    if (
        isinstance(condition.test, PodSet)
        and isinstance(party, Pod)
        and resembles(miss.snapshot, condition.test, party)
    ):
        return True
    return _said(miss, condition)[0] in _MISTAKES


def failing(miss: Miss) -> tuple[Unmet, ...]:
    """The conditions that are not met, each with what is near it."""
    found = (_said(miss, condition) for condition in miss.nearest.unmet)
    unmet = zip(found, miss.nearest.unmet, strict=True)
    return tuple(Unmet(code=code, text=text, undetermined=each.holds is Matched.MAYBE) for (code, text), each in unmet)


def _said(miss: Miss, condition: Condition) -> tuple[UnmetCode, str]:
    match condition.test:
        case None:
            return _of_rule(miss, condition)
        case PortMatch() as ports:
            return on_ports(miss.snapshot, ports, miss.flow, miss.via)
        case peer:
            return _of_peer(miss, condition, peer)


def _of_rule(miss: Miss, condition: Condition) -> tuple[UnmetCode, str]:
    rule = miss.rule
    if condition.holds is Matched.MAYBE:
        return UnmetCode.RULE_IN_DOUBT, rule.reason or "whether this rule matches is not known"
    text = f"no policy lets DNS requests for {needed_name(rule)} through, so no agent learns its addresses"
    return UnmetCode.RULE_MATCHES_NOTHING, text


def _of_peer(miss: Miss, condition: Condition, peer: Peer) -> tuple[UnmetCode, str]:
    about = condition.about
    party, address = miss.end(about)
    role, name = miss.role(about), named(party, address)
    match peer:
        case PodSet():
            return on_labels(miss.snapshot, miss.policy, peer, party, role, _remark(miss))
        case AddressPeer(addresses):
            written = miss.policy.ref.kind == "NetworkPolicy"
            return on_address(miss.snapshot, addresses, miss.flow, address, role, one_block=written)
        case PartyPeer(parties):
            text = f"the {role} is {name}; the rule is for {kinds_text(parties)}"
            return UnmetCode.OTHER_KIND_OF_END, text
        case NodePeer() | OwnNodePeer() | OtherNodePeer():
            return _of_node(condition, peer, role, name)
        case DomainPeer(names, patterns):
            known = listed((*names, *patterns), word="or")
            if condition.holds is Matched.MAYBE:
                return UnmetCode.DOMAIN_NAME, f"whether {known} stands for {name} is not known"
            return UnmetCode.DOMAIN_NAME, f"the {role} is {name}; the rule is for {known}"
        case _:
            return UnmetCode.OTHER_KIND_OF_END, f"the {role}, {name}, is none of the peers of the rule"


def _of_node(
    condition: Condition, peer: NodePeer | OwnNodePeer | OtherNodePeer, role: str, name: str
) -> tuple[UnmetCode, str]:
    match peer:
        case NodePeer(nodes):
            which = f"nodes labelled {nodes}" if nodes.requirements else "nodes"
        case OwnNodePeer():
            which = "the pod's own node"
        case OtherNodePeer():
            which = "nodes other than the pod's own"
    if condition.holds is Matched.MAYBE:
        return UnmetCode.OTHER_NODE, f"the rule is for {which}; whether {name} is one is not known"
    return UnmetCode.OTHER_NODE, f"the {role} is {name}; the rule is for {which}"


def _remark(miss: Miss) -> str:
    """The remark on a peer with a namespaceSelector and a podSelector, of whose conditions a single one fails."""
    peer, kind = miss.nearest.match.peer, miss.policy.ref.kind
    if kind != "NetworkPolicy" or not isinstance(peer, PodSet) or len(miss.nearest.unmet) > 1:
        return ""
    if not peer.namespaces.requirements or not peer.pods.requirements or _is_own(miss.policy, peer):
        return ""
    return "; the namespaceSelector and podSelector of one item must both match"


def _is_own(policy: Policy, peer: PodSet) -> bool:
    """True if the peer is of the policy's own namespace, as one without a namespaceSelector is."""
    return [need.values for need in peer.namespaces.requirements] == [(policy.ref.namespace,)]
