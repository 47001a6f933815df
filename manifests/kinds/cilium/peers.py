"""The peers of Cilium's rules: one field of a rule to what it can match.

| Field | Matches |
|---|---|
| fromEndpoints, toEndpoints | `manifests.kinds.cilium.selectors` |
| fromEntities, toEntities | what a party is, whatever its address: the table below |
| fromCIDR, toCIDR, fromCIDRSet, toCIDRSet | addresses of the kinds of party that a CIDR can match under the options |
| toServices | pods that the Service selects; of a Service without selector the addresses of its slices |
| toFQDNs | addresses outside that may be behind a name |

Peers of which it is not known whether they match are kept apart (`perhaps`). fromNodes, fromRequires, fromGroups and
their counterparts are refused.

Trusted by every verdict; checked by tests/manifests and by tests/agreement/test_cilium.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import combinations

from reachproof.engines.cilium.names import EVERY_IDENTITY
from reachproof.manifests.field_reader import Field
from reachproof.manifests.k8s_names import read_cidr
from reachproof.manifests.kinds.admin.domain_names import patterns, split_domains
from reachproof.manifests.kinds.cilium.selectors import read_peers
from reachproof.manifests.kinds.policy_kind import Context
from reachproof.manifests.selectors import read_selector
from reachproof.network.address import ALL_ADDRESSES
from reachproof.network.cluster import Service
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Labels, Operator, Selector
from reachproof.network.policy import (
    AddressPeer,
    AnyPeer,
    Complement,
    Intersection,
    OtherNodePeer,
    OwnNodePeer,
    PartyKind,
    PartyPeer,
    Peer,
    PodSet,
)

_NODES = PartyPeer(frozenset((PartyKind.NODE,)))
_API_SERVER = PartyPeer(frozenset((PartyKind.NODE, PartyKind.EXTERNAL)))
API_SERVER = "which nodes or addresses are the API server is not known"
ONE_VALUE = "groups give the address two values of a label, of which this release keeps one"
_ENTITIES: dict[str, Peer | None] = {
    "all": AnyPeer(),
    "world": PartyPeer(frozenset((PartyKind.EXTERNAL,))),
    "cluster": PartyPeer(frozenset((PartyKind.POD, PartyKind.NODE))),
    "host": OwnNodePeer(),
    "remote-node": OtherNodePeer(),
    "kube-apiserver": _API_SERVER,
    # No party of the model is one of these.
    **dict.fromkeys(("none", "init", "health", "ingress", "unmanaged")),
}
_COUNTERPARTS = {Operator.NOT_IN: Operator.IN, Operator.DOES_NOT_EXIST: Operator.EXISTS}
_RULING_OUT = tuple(_COUNTERPARTS)
_NAME = re.compile(r"([-a-zA-Z0-9_]+[.]?)+")
_PATTERN = re.compile(r"([-a-zA-Z0-9_*]+[.]?)+")


@dataclass(frozen=True, slots=True)
class Group:
    """A CiliumCIDRGroup: its labels, and the addresses of its CIDRs."""

    labels: Labels
    addresses: IntervalSet


@dataclass(slots=True)
class Peers:
    """The peers of a rule: those that match for certain, and, by the reason, those of which that is not known.

    `named`: those of toFQDNs, by the name or pattern; unknown addresses say themselves that they may match.
    """

    certain: list[Peer] = field(default_factory=list)
    perhaps: dict[str, list[Peer]] = field(default_factory=dict)
    named: dict[str, list[Peer]] = field(default_factory=dict)

    def add(self, peer: Peer, reason: str = "") -> None:
        """Takes in a peer."""
        if reason:
            self.perhaps.setdefault(reason, []).append(peer)
        else:
            self.certain.append(peer)

    def merged(self) -> Peers:
        """The same peers; the own node and other nodes together are all nodes, wherever the subject runs."""
        both = {OwnNodePeer(), OtherNodePeer()}
        if both <= set(self.certain):
            self.certain = [*(peer for peer in self.certain if peer not in both), _NODES]
        self.certain = list(dict.fromkeys(self.certain))
        return self


@dataclass(frozen=True, slots=True)
class PeerReader:
    """Reads the fields of one direction; `namespace` is the policy's, empty for clusterwide ones."""

    namespace: str
    context: Context

    def endpoints(self, item: Field, peers: Peers) -> None:
        """One selector."""
        for peer in read_peers(item, self.namespace, self.context):
            peers.add(peer)

    def entity(self, item: Field, peers: Peers) -> None:
        """One entity."""
        if item.value == "cluster-mesh":
            item.expected("another entity: other clusters of a mesh are not modelled")
            return
        peer = item.choice(_ENTITIES)
        if peer is not None:
            peers.add(peer, API_SERVER if peer == _API_SERVER else "")

    def cidr(self, item: Field, peers: Peers) -> None:
        """One CIDR."""
        addresses = read_cidr(item)
        if addresses:
            peers.add(AddressPeer(addresses))

    def cidr_rule(self, item: Field, peers: Peers) -> None:
        """One entry of a CIDR set."""
        if not item.only("cidr", "cidrGroupRef", "cidrGroupSelector", "except"):
            return
        chosen = item.demand_one_of("cidr", "cidrGroupRef", "cidrGroupSelector")
        groups = item.get("cidrGroupSelector")
        if groups.present and read_selector(groups) == EVERYTHING and not item.get("except").present:
            peers.add(EVERY_IDENTITY)  # no condition on identities: pods and nodes have one too
            return
        whole = self._block(item, chosen) if chosen is not None else EMPTY
        left_out = EMPTY
        for one in item.get("except").items():
            without = read_cidr(one)
            if without is not None and item.get("cidr").present and not without <= whole:
                one.expected(f"a CIDR inside {item.get('cidr').value}")
            left_out = left_out | without if without is not None else left_out
        block = whole - left_out
        if groups.present:
            selector = read_selector(groups)
            self._groups(item, block, selector, _with_two_values(selector, self._all_groups()) - left_out, peers)
        elif block:
            peers.add(AddressPeer(block))

    def _groups(self, item: Field, block: IntervalSet, selector: Selector, doubtful: IntervalSet, peers: Peers) -> None:
        """The addresses that meet conditions on groups, and who else meets them in some releases."""
        profile = self.context.profile
        only_rules_out = all(need.operator in _RULING_OUT for need in selector.requirements)
        if only_rules_out or doubtful:
            item.reads_by_release()
        if profile.one_value_per_label and doubtful:
            peers.add(AddressPeer(doubtful), ONE_VALUE)
            block = block - doubtful
        if profile.groups_beyond_cidrs and only_rules_out:
            peers.add(_beyond(block))
        if block:
            peers.add(AddressPeer(block))

    def _all_groups(self) -> list[Group]:
        return [each for each in self.context.all_supporting("CiliumCIDRGroup") if isinstance(each, Group)]

    def _block(self, item: Field, chosen: Field) -> IntervalSet:
        """The addresses of one entry of a CIDR set, before its exceptions."""
        if item.get("cidr").present:
            return read_cidr(chosen) or EMPTY
        if item.get("cidrGroupSelector").present:
            return _in_groups(read_selector(chosen), self._all_groups())
        found = self.context.supporting("CiliumCIDRGroup", chosen.text() or "")
        if isinstance(found, Group):
            return found.addresses
        chosen.notice("UNKNOWN_CIDR_GROUP", f"there is no CiliumCIDRGroup {chosen.value}; it matches nothing")
        return EMPTY

    def service(self, item: Field, peers: Peers) -> None:
        """One entry of toServices."""
        if not item.only("k8sService", "k8sServiceSelector"):
            return
        if item.get("k8sServiceSelector").present:
            item.get("k8sServiceSelector").report(
                "selectors of Services are not supported; name the Service with k8sService"
            )
            return
        named = item.get("k8sService")
        if not named.only("serviceName", "namespace"):
            return
        name, namespace = named.get("serviceName").text() or "", named.get("namespace").text() or ""
        if not name:
            named.get("serviceName").expected("the name of a Service")
            return
        text = "a Service is read as its pods or addresses, as current releases do; older ones differ"
        item.notice("TO_SERVICES", text)
        found = [s for s in self.context.services if s.name == name and namespace in ("", s.namespace)]
        if not found:
            item.notice("UNKNOWN_SERVICE", f"there is no Service {namespace or '*'}/{name}; it stands for no peer")
        for service in found:
            _add_service(service, peers)

    def domain(self, item: Field, peers: Peers) -> None:
        """One entry of toFQDNs."""
        if not item.only("matchName", "matchPattern"):
            return
        chosen = item.one_of("matchName", "matchPattern")
        text = chosen.text() if chosen is not None else None
        if chosen is None or text is None:
            return
        known = self.context.options.domains
        if item.get("matchName").present:
            if _NAME.fullmatch(text) is None:
                chosen.expected("a domain name such as example.com; one with stars is a matchPattern")
                return
            found = split_domains([text], known)
        else:
            if _PATTERN.fullmatch(text) is None:
                chosen.expected("a domain name with stars, such as *.example.com")
                return
            found = patterns([text], known)
        peers.named.setdefault(text, []).extend(found)


def _in_groups(selector: Selector, groups: Iterable[Group]) -> IntervalSet:
    """The addresses that meet every condition; an address has the labels of all groups that it is in.

    So one in no group meets what rules labels out, and without conditions every address is meant.
    """
    found = ALL_ADDRESSES
    every = list(groups)
    for need in selector.requirements:
        ruled_out = need.operator in _RULING_OUT
        wanted = replace(need, operator=_COUNTERPARTS.get(need.operator, need.operator))
        having = IntervalSet.of(span for each in every if wanted.matches(each.labels) for span in each.addresses)
        found = found - having if ruled_out else found & having
    return found


def _add_service(service: Service, peers: Peers) -> None:
    if service.selector is not None:
        peers.add(PodSet(Selector.equal(NAMESPACE_NAME, service.namespace), service.selector))
    elif any(each.ready for each in service.endpoints):
        held = IntervalSet.of((each.address, each.address) for each in service.endpoints if each.ready)
        peers.add(AddressPeer(held))


def _beyond(block: IntervalSet) -> Peer:
    """Pods and nodes, but for those that CIDRs match and whose address is not in the block."""
    others = PartyPeer(frozenset((PartyKind.POD, PartyKind.NODE)))
    rest = ALL_ADDRESSES - block
    return Intersection((others, Complement(AddressPeer(rest)))) if rest else others


def _with_two_values(selector: Selector, groups: Iterable[Group]) -> IntervalSet:
    """The addresses to which groups give two values of a label that the selector asks for a value of."""
    asked = {need.key for need in selector.requirements if need.operator in (Operator.IN, Operator.NOT_IN)}
    found = EMPTY
    for one, other in combinations(groups, 2):
        if any(key in one.labels and one.labels[key] != other.labels.get(key, one.labels[key]) for key in asked):
            found = found | (one.addresses & other.addresses)
    return found
