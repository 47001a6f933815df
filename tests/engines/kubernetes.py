"""Drawn policies of the Kubernetes kinds, every field of them, valid on the experimental channel."""

from __future__ import annotations

from collections.abc import Sequence

from tests.engines import words
from tests.engines.words import PORT_NAMES, PORTS, PROTOCOLS, Chance
from tests.strategies.vocabulary import Manifest

SIDES = {"ingress": "from", "egress": "to"}
NAMES = {
    "example.com": ["203.0.113.0/25"],
    "a.example.com": ["203.0.113.128/25", "2001:db8::/32"],
    "b.a.example.com": ["198.51.100.7/32"],
    "api.example.net": ["2001:db8:1::/48"],
}
PATTERNS = (*NAMES, "*.example.com", "*.a.example.com", "*.net.example")


def network_policy(chance: Chance, name: str, known: Sequence[str]) -> Manifest:
    """networking.k8s.io/v1 NetworkPolicy."""
    spec: Manifest = {} if chance.likely(0.1) else {"podSelector": {} if chance.likely(0.4) else words.pods(chance)}
    types = chance.choice((None, None, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Egress", "Ingress"]))
    if types is not None:
        spec["policyTypes"] = types
    for direction in chance.choice((("ingress",), ("egress",), ("ingress", "egress"), ("ingress", "egress"), ())):
        spec[direction] = [_rule(chance, direction, known) for _ in range(chance.choice((0, 1, 1, 2, 2)))]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": chance.choice(words.NAMESPACES)},
        "spec": spec,
    }


def _rule(chance: Chance, direction: str, known: Sequence[str]) -> Manifest:
    rule: Manifest = {}
    if chance.likely(0.75):
        rule[SIDES[direction]] = [_peer(chance, known) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    if chance.likely(0.6):
        rule["ports"] = [_port(chance) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    return rule


def _peer(chance: Chance, known: Sequence[str]) -> Manifest:
    if chance.likely(0.35):
        return {"ipBlock": words.block(chance, known)}
    selectors = {"podSelector": words.pods(chance), "namespaceSelector": words.namespaces(chance)}
    return {name: selectors[name] for name in chance.some(list(selectors), 1, 2)}


def _port(chance: Chance) -> Manifest:
    form = chance.choice(("any", "number", "number", "name", "name", "range", "range"))
    found: Manifest = {}
    if form == "number":
        found["port"] = chance.choice(PORTS)
    if form == "name":
        found["port"] = chance.choice(PORT_NAMES)
    if form == "range":
        found["port"], found["endPort"] = words.span(chance)
    protocol = chance.choice((None, "TCP", *PROTOCOLS))
    return found if protocol is None else {**found, "protocol": protocol}


def admin_policy(chance: Chance, name: str, known: Sequence[str]) -> Manifest:
    """policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy."""
    return _cluster_scoped(chance, "AdminNetworkPolicy", name, known)


def baseline_policy(chance: Chance, _name: str, known: Sequence[str]) -> Manifest:
    """policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy: the one named default."""
    return _cluster_scoped(chance, "BaselineAdminNetworkPolicy", "default", known)


def cluster_policy(chance: Chance, name: str, known: Sequence[str], *, nodes: bool = True) -> Manifest:
    """policy.networking.k8s.io ClusterNetworkPolicy in either version. `nodes`: domain names and nodes may be peers."""
    return _cluster_scoped(chance, "ClusterNetworkPolicy", name, known, nodes=nodes)


_ACTIONS = {
    "AdminNetworkPolicy": ("Allow", "Deny", "Pass"),
    "BaselineAdminNetworkPolicy": ("Allow", "Deny"),
    "ClusterNetworkPolicy": ("Accept", "Deny", "Pass"),
}
_VERSIONS = {"AdminNetworkPolicy": ("v1alpha1",), "BaselineAdminNetworkPolicy": ("v1alpha1",)}


def _cluster_scoped(chance: Chance, kind: str, name: str, known: Sequence[str], *, nodes: bool = True) -> Manifest:
    spec: Manifest = {"subject": {"namespaces": {}} if chance.likely(0.35) else _selected(chance)}
    if kind != "BaselineAdminNetworkPolicy":
        spec["priority"] = chance.choice((0, 5, 5, 5, 20, 99, 100, 1000))  # ties too
    if kind == "ClusterNetworkPolicy":
        spec["tier"] = chance.choice(("Admin", "Admin", "Baseline"))
    for direction in chance.choice((("ingress",), ("egress",), ("ingress", "egress"), ("ingress", "egress"))):
        rules = [_admin_rule(chance, kind, direction, known, nodes) for _ in range(chance.choice((1, 1, 2, 3)))]
        if any("domainNames" in peer for rule in rules for peer in rule.get("to", ())):
            rules.append({"action": "Deny", "to": [{"networks": ["0.0.0.0/0", "::/0"]}]})  # as such rules are used
        spec[direction] = rules
    version = chance.choice(_VERSIONS.get(kind, ("v1alpha2", "v1beta1")))
    group = f"policy.networking.k8s.io/{version}"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _selected(chance: Chance) -> Manifest:
    """What is a subject, and a peer of either direction."""
    if chance.likely(0.4):
        return {"namespaces": words.namespaces(chance)}
    return {"pods": {"namespaceSelector": words.namespaces(chance), "podSelector": words.pods(chance)}}


def _admin_rule(chance: Chance, kind: str, direction: str, known: Sequence[str], nodes: bool) -> Manifest:
    """A rule; port names stand only beside peers that are pods, and domain names only where it allows."""
    action = chance.choice(_ACTIONS[kind])
    named = chance.likely(0.3)
    peers = ["selected", "selected"]
    if direction == "egress" and not named:
        peers += ["networks", "networks", *(["nodes"] if nodes else [])]
        if nodes and action in ("Allow", "Accept") and kind != "BaselineAdminNetworkPolicy":
            peers += ["domainNames"] * 3
    side = [_admin_peer(chance, chance.choice(peers), known) for _ in range(chance.choice((1, 1, 2, 3)))]
    rule: Manifest = {"action": action, SIDES[direction]: side}
    if chance.likely(0.2):
        rule["name"] = "a rule"
    if named or chance.likely(0.5):
        port = _protocol if kind == "ClusterNetworkPolicy" else _admin_port
        ports = [port(chance, named=named) for _ in range(chance.choice((1, 1, 2)))]
        rule["protocols" if kind == "ClusterNetworkPolicy" else "ports"] = ports
    return rule


def _admin_peer(chance: Chance, form: str, known: Sequence[str]) -> Manifest:
    match form:
        case "networks":
            return {"networks": list(dict.fromkeys(words.cidr(chance, known) for _ in range(chance.randint(1, 3))))}
        case "nodes":
            return {"nodes": words.nodes(chance)}
        case "domainNames":
            return {"domainNames": chance.some(PATTERNS, 1, 2)}
        case _:
            return _selected(chance)


def _admin_port(chance: Chance, *, named: bool) -> Manifest:
    if named and chance.likely(0.8):
        return {"namedPort": chance.choice(PORT_NAMES)}
    protocol: Manifest = {} if chance.likely(0.3) else {"protocol": chance.choice(PROTOCOLS)}
    if chance.likely(0.5):
        return {"portNumber": {"port": chance.choice(PORTS), **protocol}}
    first, last = words.span(chance)
    return {"portRange": {"start": first, "end": last, **protocol}}


def _protocol(chance: Chance, *, named: bool) -> Manifest:
    if named and chance.likely(0.8):
        return {"destinationNamedPort": chance.choice(PORT_NAMES)}
    protocol = chance.choice(("tcp", "udp", "sctp"))
    if chance.likely(0.5):
        return {protocol: {"destinationPort": {"number": chance.choice(PORTS)}}}
    first, last = words.span(chance)
    return {protocol: {"destinationPort": {"range": {"start": first, "end": last}}}}
