"""OVN-Kubernetes: its admin tier has a hundred priorities, and traffic of the host network has labels of a namespace.

| Traffic of nodes and pods on the host network | NetworkPolicy | Source |
|---|---|---|
| to a pod, rule with `namespaceSelector` alone | matches by the labels of the host-network namespace | [1], [2] |
| the same, where the selector asks for no label | may match: the note of [1] says that it does not | [1], [2] |
| the same, where the input does not have that namespace | may match, unless the selector asks for another name | |
| to a pod, `podSelector` that selects a pod on the host network | may match hosts at its addresses | [1], [3] |
| to a pod, `ipBlock` with some addresses of a family | may match: such traffic has other addresses | [2] |
| to a node or pod on the host network, rule with selectors that match as above | may match | not documented |

What an EgressFirewall denies is denied, and what it allows may be let past other policies [4]; how it and
AdminNetworkPolicy are ordered is not documented, so beside one that allows or passes, a denial is open too.

[1] OpenShift, "About network policy": the labels `ingress` and `host-network` of `policy-group.network.openshift.io`,
and the note on `hostNetwork` pods with `namespaceSelector` and `podSelector`. [2] Its option `host-network-namespace`:
the management ports and gateways of nodes are addresses of a namespace. [3] What a pod on the host network sends
to pods does not have the address that the pod is known by, so neither answer is certain. [4] Its page on
EgressFirewall.

Trusted by every verdict with `cni: ovn-kubernetes`; checked by tests/cases/ovn_kubernetes.yaml, by
tests/laws/test_ovn_kubernetes_laws.py, and by tests/agreement/test_ovn.py against an oracle that reads manifests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from reachproof.engines.host_network import WHOLE_NAMESPACES
from reachproof.engines.kubernetes import KubernetesProfile
from reachproof.engines.not_read import Understood
from reachproof.network.address import ALL_V4, ALL_V6
from reachproof.network.cluster import Pod
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import NAMESPACE_NAME, Labels, Operator, Selector
from reachproof.network.options import Cni
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Direction,
    Match,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
    Policy,
    Rule,
    TierName,
    Union,
)
from reachproof.network.snapshot import Snapshot

HOST_NAMESPACES = ("openshift-host-network", "ovn-host-network")
"""Names of the namespace whose labels traffic of the host network has: in OpenShift, and elsewhere."""
_POSITIVE = (Operator.IN, Operator.EXISTS)
_FIREWALL = "EgressFirewall.k8s.ovn.org"
_NODE = frozenset((PartyKind.NODE,))
_HOSTS = PartyPeer(_NODE)
_LABELS = (
    "the labels that traffic of the host network has are not known: the input does not have the namespace "
    f"{' or '.join(HOST_NAMESPACES)}"
)
_SOME_LABELS = f"both {' and '.join(HOST_NAMESPACES)} are there, and which of them is for the host network is not known"
_EVERY = (
    "the selector asks for no label, and of such OpenShift says that pods on the host network are left out, though the "
    "namespace of their traffic is selected"
)
_TO_NODES = "it is not documented that the labels of the host-network namespace count for traffic to nodes"
_PODS = "it is not known that traffic with a pod on the host network has the addresses that its labels stand for"
_ADDRESSES = "the address that traffic of the host network has at a pod is not known"


class Fit(IntEnum):
    """Selection of the host-network namespace by a selector; `MAYBE`: that, or what it means, is not known."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OvnKubernetesProfile(KubernetesProfile):
    """A release of OVN-Kubernetes."""

    def with_hosts(self, policy: Policy, cluster: Snapshot) -> Policy:
        """The policy with rules that match traffic of the host network as the network sees it."""
        if policy.tier is not TierName.NETWORK_POLICY:
            return policy
        egress, ingress = (tuple(_rules(policy.rules(each), each, cluster)) for each in Direction)
        return replace(policy, egress=egress, ingress=ingress)

    def settled(self, unread: Policy, others: Sequence[Policy]) -> Policy:
        """The firewall: its denials hold unless an admin policy or another firewall may let the traffic past."""
        second = (each.ref for each in others if each.ref.kind == _FIREWALL and each.subject == unread.subject)
        if unread.ref.kind != _FIREWALL or any(map(_lets_past, others)) or any(ref != unread.ref for ref in second):
            return unread
        return replace(unread, egress=tuple(map(_denied, unread.egress)))

    def selects_hosts(self, match: Match, cluster: Snapshot) -> bool:
        """True if the peer is namespaces, the one of the host network among them."""
        if match.extension != WHOLE_NAMESPACES or not isinstance(match.peer, PodSet):
            return False
        return _fit(match.peer.namespaces, cluster)[0] is Fit.YES


OVN_KUBERNETES = OvnKubernetesProfile(
    name=Cni.OVN_KUBERNETES,
    title="OVN-Kubernetes",
    api_groups=frozenset(("k8s.ovn.org",)),
    agents=frozenset(("ovnkube-node",)),
    last_admin_priority=99,
)


# ---------------------------------------------------------------- rules


def _lets_past(policy: Policy) -> bool:
    return policy.tier is TierName.ADMIN and any(rule.action is not Action.DENY for rule in policy.egress)


def _denied(rule: Rule) -> Rule:
    certain = rule.action is Action.DENY and isinstance(rule.extension, Understood)
    return replace(rule, may=False, reason="", condition="", name="") if certain else rule


@dataclass(frozen=True, slots=True)
class _Seen:
    """A match as it is for certain, with those that may hold beside it: (the match, why, what it depends on)."""

    certain: Match
    open: tuple[tuple[Match, str, str], ...] = ()


def _rules(rules: Iterable[Rule], direction: Direction, cluster: Snapshot) -> Iterator[Rule]:
    for rule in rules:
        seen = [_seen(match, direction, cluster) for match in rule.matches]
        yield replace(rule, matches=tuple(each.certain for each in seen))
        for match, reason, condition in (each for found in seen for each in found.open):
            yield replace(
                rule,
                matches=(match,),
                may=True,
                reason=f"{rule.reason}; {reason}" if rule.reason else reason,
                reason_code="HOST_NETWORK_TRAFFIC",
                condition=f"{rule.condition} {condition}",
            )


def _seen(match: Match, direction: Direction, cluster: Snapshot) -> _Seen:
    match match.peer:
        case PodSet() as pods if match.extension == WHOLE_NAMESPACES:
            return _of_namespaces(replace(match, extension=None), pods, direction, cluster)
        case PodSet() as pods if not pods.host_network and (hosts := _hosts(pods, cluster)) is not None:
            return _Seen(match, ((_at(match, hosts, direction), _PODS, f"pods of the host network {hosts}"),))
        case AddressPeer() as block if direction is Direction.INGRESS and PartyKind.NODE in block.parties:
            return _of_addresses(match, block)
        case _:
            return _Seen(match)


def _at(match: Match, hosts: Peer, direction: Direction) -> Match:
    """The match of these hosts; a port name is not looked up at them, so every port may match."""
    named = direction is Direction.EGRESS and match.ports is not None and match.ports.names
    return replace(match, peer=hosts, ports=None if named else match.ports)


def _of_namespaces(match: Match, pods: PodSet, direction: Direction, cluster: Snapshot) -> _Seen:
    fit, why = _fit(pods.namespaces, cluster)
    hosts = replace(match, peer=_HOSTS)
    if fit is Fit.NO:
        return _Seen(match)
    if direction is Direction.EGRESS:
        return _Seen(match, ((hosts, _TO_NODES, f"to nodes {pods.namespaces}"),))
    if fit is Fit.YES:
        return _Seen(replace(match, peer=Union((pods, _HOSTS))))
    return _Seen(match, ((hosts, why, f"from nodes {pods.namespaces}"),))


def _of_addresses(match: Match, block: AddressPeer) -> _Seen:
    """A block with every address of a family matches whatever the address; one with some may or may not."""
    every, some = EMPTY, EMPTY
    for whole in (ALL_V4, ALL_V6):
        inside = block.addresses & whole
        if inside == whole:
            every |= whole
        elif inside:
            some |= whole
    if not some:
        return _Seen(match)
    others = replace(block, parties=block.parties - _NODE)
    certain = Union((others, AddressPeer(every, _NODE))) if every else others
    open_match = replace(match, peer=AddressPeer(some, _NODE))
    return _Seen(replace(match, peer=certain), ((open_match, _ADDRESSES, f"addresses {block.addresses}"),))


# ---------------------------------------------------------------- what a selector selects


def _fit(selector: Selector, cluster: Snapshot) -> tuple[Fit, str]:
    """The fit of the host-network namespace, and why it is not known."""
    found = [cluster.namespace_of[name] for name in HOST_NAMESPACES if name in cluster.namespace_of]
    given = [selector.matches(each.labels) for each in found if not each.assumed]
    if not given:
        return (Fit.MAYBE if any(_may_be(selector, name) for name in HOST_NAMESPACES) else Fit.NO), _LABELS
    if all(given) and not any(need.operator in _POSITIVE for need in selector.requirements):
        return Fit.MAYBE, _EVERY
    if all(given):
        return Fit.YES, ""
    return (Fit.MAYBE if any(given) else Fit.NO), _SOME_LABELS


def _may_be(selector: Selector, name: str) -> bool:
    """True if a namespace of the name, with any other labels, may be selected."""
    labels = {NAMESPACE_NAME: name}
    return all(need.matches(labels) for need in selector.requirements if need.key == NAMESPACE_NAME)


def _hosts(pods: PodSet, cluster: Snapshot) -> Peer | None:
    """Hosts that have an address of a selected pod on the host network, any where one is not known; None for none.

    What else is on the host network of a node has the same addresses, and so is taken for the pod where that is.
    """
    found = [
        group
        for group in cluster.derived(_groups_of_hosts)
        if pods.pods.matches(group.labels) and pods.namespaces.matches(cluster.namespace_of[group.namespace].labels)
    ]
    if not found:
        return None
    if any(group.open for group in found):
        return _HOSTS
    return AddressPeer(IntervalSet.of(span for group in found for span in group.addresses), _NODE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _HostGroup:
    """Pods on the host network with the same labels in one namespace. `open`: the address of one is not known."""

    namespace: str
    labels: Labels
    addresses: IntervalSet
    open: bool


def _groups_of_hosts(cluster: Snapshot) -> tuple[_HostGroup, ...]:
    """The pods on the host network, and all addresses of their nodes."""
    members: dict[tuple[str, tuple[tuple[str, str], ...]], list[Pod]] = {}
    for pod in cluster.pods:
        if pod.host_network:
            members.setdefault((pod.namespace, tuple(sorted(pod.labels.items()))), []).append(pod)
    return tuple(
        _HostGroup(
            namespace=namespace,
            labels=dict(labels),
            addresses=IntervalSet.of((each, each) for pod in pods for each in _addresses(pod, cluster)),
            open=any(pod.abstract for pod in pods),
        )
        for (namespace, labels), pods in members.items()
    )


def _addresses(pod: Pod, cluster: Snapshot) -> tuple[int, ...]:
    node = cluster.node_of.get(pod.node or "")
    return (*pod.addresses, *(node.addresses if node is not None else ()))
