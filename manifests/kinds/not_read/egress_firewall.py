"""Contents of an EgressFirewall of OVN-Kubernetes, and of OpenShift SDN's EgressNetworkPolicy, as rules that may match.

| Field | Means |
|---|---|
| spec.egress | rules, the first that matches counts; traffic that none matches is left alone |
| type | Deny: denied. Allow: not denied by a later rule; perhaps let past other policies too, which is not documented |
| to.cidrSelector | nodes and the outside with such addresses; never pods, which are not external hosts |
| to.nodeSelector | nodes with these labels |
| to.dnsName | what the name stands for: perhaps any address outside, or a node's |
| ports | every port where there are none; `port` absent: every port of the protocol |

The contents are taken where every field is one of these, else the object leaves its whole scope open. Under
`cni: ovn-kubernetes` what a rule denies is denied (`engines.ovn_kubernetes`). Sources: OVN-Kubernetes' page on
EgressFirewall, its API reference.

Trusted by every verdict about an input with such objects; checked by tests/cases/not_read.yaml, and by
tests/agreement/test_not_read.py against a reading of the manifests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reachproof.manifests.inventory_fields import Misfit
from reachproof.manifests.kinds.not_read.kind import Ruled
from reachproof.manifests.object_identity import Manifest
from reachproof.network.address import parse_cidr
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Selector
from reachproof.network.policy import (
    Action,
    AddressPeer,
    DomainPeer,
    Match,
    NodePeer,
    PartyKind,
    PartyPeer,
    Peer,
    PortMatch,
)
from reachproof.network.ports import MAX_PORT, Protocol, port_range

_ACTIONS = {"Allow": Action.ALLOW, "Deny": Action.DENY}
_OUTSIDE = frozenset((PartyKind.NODE, PartyKind.EXTERNAL))
_TO = {"cidrSelector", "dnsName", "nodeSelector"}


class _Unknown(Exception):
    """A field, or a value, that is not one of the table."""


def firewall_rules(manifest: Manifest) -> tuple[Ruled, ...] | None:
    """The rules in order; None where the contents are not understood."""
    spec = manifest.body.get("spec")
    if not isinstance(spec, Mapping) or set(spec) != {"egress"} or not isinstance(spec["egress"], list):
        return None
    try:
        return tuple(each for rule in spec["egress"] for each in _rules(manifest, rule))
    except (_Unknown, Misfit):
        return None


def _rules(manifest: Manifest, rule: object) -> Iterator[Ruled]:
    fields = _mapping(rule, {"type", "to", "ports"})
    action = _ACTIONS.get(str(fields.get("type")))
    to = _mapping(fields.get("to"), _TO)
    if action is None or len(to) != 1:
        raise _Unknown
    ports = _ports(fields.get("ports"))
    (kind, value), *_ = to.items()
    if kind == "dnsName" and isinstance(value, str) and value:
        name = value.lower().removesuffix(".")
        yield Ruled(action, (Match(DomainPeer((name,)), ports),))
        yield Ruled(action, (Match(PartyPeer(frozenset((PartyKind.NODE,))), ports),), open=True)
        return
    yield Ruled(action, (Match(_peer(manifest, kind, value), ports),))


def _peer(manifest: Manifest, kind: str, value: object) -> Peer:
    if kind == "cidrSelector" and isinstance(value, str):
        return AddressPeer(_cidr(value), _OUTSIDE)
    if kind == "nodeSelector":
        return NodePeer(_selector(manifest, value))
    raise _Unknown


def _cidr(text: str) -> IntervalSet:
    try:
        return parse_cidr(text)
    except ValueError:
        raise _Unknown from None


def _selector(manifest: Manifest, value: object) -> Selector:
    """The labels of a selector; one with expressions is not taken."""
    labels = _mapping(value, {"matchLabels"}).get("matchLabels", {})
    if not isinstance(labels, Mapping) or not all(isinstance(each, str) for each in labels.values()):
        raise _Unknown
    return Selector.of(*(need for key in labels for need in Selector.equal(key, labels[key]).requirements))


def _ports(value: object) -> PortMatch | None:
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise _Unknown
    numbers = IntervalSet(())
    for each in value:
        fields = _mapping(each, {"protocol", "port"})
        protocol, port = fields.get("protocol"), fields.get("port", 0)
        if protocol not in tuple(Protocol) or not isinstance(port, int) or not 0 <= port <= MAX_PORT:
            raise _Unknown
        found = Protocol(str(protocol))
        numbers |= port_range(found, port, port) if port else port_range(found)
    return PortMatch(numbers)


def _mapping(value: object, known: set[str]) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or not set(value) <= known:
        raise _Unknown
    return value
