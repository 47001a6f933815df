"""Drawn policies of the four Kubernetes kinds, all of them valid on the given release channel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

from hypothesis import strategies as st

from reachproof.network.options import Channel
from tests.strategies.vocabulary import (
    ADMIN_NAMED_PORTS,
    ADMIN_PORTS,
    BLOCKS,
    CLUSTER_NAMED_PORTS,
    CLUSTER_PROTOCOLS,
    DOMAINS,
    NAMESPACE_SELECTORS,
    NAMESPACES,
    NETWORK_POLICY_PORTS,
    NETWORKS,
    NODE_SELECTORS,
    POD_SELECTORS,
    PRIORITIES,
    Manifest,
)

# Whole peers are drawn at once: a draw is cheap, but it is most of what a drawn snapshot costs.
_BOTH = [(spaces, pods) for spaces in NAMESPACE_SELECTORS for pods in POD_SELECTORS]
_PODS = st.sampled_from(POD_SELECTORS)
# Wide subjects come more often, so that policies meet each other on the same pods.
_WIDE = [
    {"namespaces": {}},
    {"namespaces": {"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["x"]}]}},
]
_SUBJECT_PODS = st.sampled_from((*POD_SELECTORS, *([{}] * len(POD_SELECTORS))))
_PEERS = st.one_of(
    st.sampled_from([{"podSelector": pods} for pods in POD_SELECTORS]),
    st.sampled_from([{"namespaceSelector": spaces} for spaces in NAMESPACE_SELECTORS]),
    st.sampled_from([{"namespaceSelector": spaces, "podSelector": pods} for spaces, pods in _BOTH]),
    st.sampled_from([{"ipBlock": block} for block in BLOCKS]),
)
_SELECTED = st.one_of(
    st.sampled_from([{"namespaces": spaces} for spaces in NAMESPACE_SELECTORS]),
    st.sampled_from([{"pods": {"namespaceSelector": spaces, "podSelector": pods}} for spaces, pods in _BOTH]),
)
_PODS_ANYWHERE = st.sampled_from([{"pods": {"podSelector": pods}} for pods in POD_SELECTORS])
_NETWORKS = st.sampled_from(
    [{"networks": [network]} for network in NETWORKS] + [{"networks": list(two)} for two in pairwise(NETWORKS)]
)
_NODES = st.sampled_from([{"nodes": nodes} for nodes in NODE_SELECTORS])
_DOMAINS = st.sampled_from([{"domainNames": names} for names in DOMAINS])
_SUBJECT = st.one_of(st.sampled_from(_WIDE), _SELECTED)
_CLUSTER_SUBJECT = st.one_of(st.sampled_from(_WIDE), _SELECTED, _PODS_ANYWHERE)
_PRIORITY = st.sampled_from(PRIORITIES)
_TIER = st.sampled_from(("Admin", "Admin", "Baseline"))
_POLICY_TYPES = st.sampled_from((None, ["Ingress", "Egress"], ["Ingress"], ["Egress"], ["Ingress", "Egress"], []))
_DIRECTIONS = st.sampled_from((("ingress",), ("egress",), ("ingress", "egress")))
_SIDE = {"ingress": "from", "egress": "to"}
_FORM = st.sampled_from(("peers", "peers", "ports", "both", "both", "both", "neither"))
_KINDS = st.sampled_from([kinds for size in range(1, 5) for kinds in combinations(("np", "anp", "banp", "cnp"), size)])
_HOME = st.sampled_from(NAMESPACES[:2])


def _one_or_two(entries: Sequence[Manifest]) -> st.SearchStrategy[list[Manifest]]:
    return st.sampled_from([[entry] for entry in entries] + [list(two) for two in combinations(entries, 2)])


_NETWORK_POLICY_PORTS = _one_or_two(NETWORK_POLICY_PORTS)


@st.composite
def policy_sets(draw: st.DrawFn, *, channel: Channel | None = None, most: int = 3) -> list[Manifest]:
    """Policies of any kinds: up to `most` NetworkPolicies, and fewer of the admin kinds."""
    channel = channel or Channel.EXPERIMENTAL
    kinds = draw(_KINDS)
    objects: list[Manifest] = []
    if "np" in kinds:
        objects += [draw_network_policy(draw, f"np{number}") for number in range(draw(st.integers(1, most)))]
    if "anp" in kinds:
        objects += [draw_admin_policy(draw, f"anp{n}", channel=channel) for n in range(draw(st.integers(1, 2)))]
    if "banp" in kinds:
        objects.append(draw_baseline_policy(draw, channel=channel))
    if "cnp" in kinds:
        objects += [draw_cluster_policy(draw, f"cnp{n}", channel=channel) for n in range(draw(st.integers(1, 3)))]
    return objects


def draw_network_policy(draw: st.DrawFn, name: str, *, namespace: str | None = None) -> Manifest:
    """networking.k8s.io/v1 NetworkPolicy, in one of the first two namespaces unless given."""
    spec: Manifest = {"podSelector": draw(_SUBJECT_PODS)}
    types = draw(_POLICY_TYPES)
    if types is not None:
        spec["policyTypes"] = types
    for direction in draw(_RULED):
        spec[direction] = draw(_RULES[direction])
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace or draw(_HOME)},
        "spec": spec,
    }


@st.composite
def network_policy_rules(draw: st.DrawFn, direction: str) -> Manifest:
    """One rule of a NetworkPolicy; `direction` is ingress or egress."""
    rule: Manifest = {}
    form = draw(_FORM)
    if form in ("peers", "both"):
        rule[_SIDE[direction]] = draw(_PEER_LIST)
    if form in ("ports", "both"):
        rule["ports"] = draw(_NETWORK_POLICY_PORTS)
    return rule


_RULED = st.sampled_from((("ingress",), ("egress",), ("ingress", "egress"), ()))
_PEER_LIST = st.lists(_PEERS, min_size=1, max_size=2)
_RULES = {direction: st.lists(network_policy_rules(direction), max_size=2) for direction in _SIDE}


def draw_admin_policy(
    draw: st.DrawFn, name: str, *, channel: Channel = Channel.EXPERIMENTAL, priority: int | None = None
) -> Manifest:
    """policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy."""
    spec: Manifest = {"priority": draw(_PRIORITY) if priority is None else priority, "subject": draw(_SUBJECT)}
    for direction in draw(_DIRECTIONS):
        spec[direction] = draw(_ADMIN_RULES[channel, direction, "AdminNetworkPolicy"])
    return _cluster_scoped("v1alpha1", "AdminNetworkPolicy", name, spec)


def draw_baseline_policy(draw: st.DrawFn, *, channel: Channel = Channel.EXPERIMENTAL) -> Manifest:
    """policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy: the one named default."""
    spec: Manifest = {"subject": draw(_SUBJECT)}
    for direction in draw(_DIRECTIONS):
        spec[direction] = draw(_ADMIN_RULES[channel, direction, "BaselineAdminNetworkPolicy"])
    return _cluster_scoped("v1alpha1", "BaselineAdminNetworkPolicy", "default", spec)


def draw_cluster_policy(
    draw: st.DrawFn,
    name: str,
    *,
    channel: Channel = Channel.EXPERIMENTAL,
    tier: str | None = None,
    priority: int | None = None,
) -> Manifest:
    """policy.networking.k8s.io/v1beta1 or v1alpha2 ClusterNetworkPolicy."""
    spec: Manifest = {"tier": tier or draw(_TIER), "priority": draw(_PRIORITY) if priority is None else priority}
    spec["subject"] = draw(_CLUSTER_SUBJECT)
    for direction in draw(_DIRECTIONS):
        spec[direction] = draw(_ADMIN_RULES[channel, direction, "ClusterNetworkPolicy"])
    version = draw(st.sampled_from(("v1beta1", "v1alpha2")))
    return _cluster_scoped(version, "ClusterNetworkPolicy", name, spec)


_ACTIONS = {
    "AdminNetworkPolicy": ("Allow", "Deny", "Pass"),
    "BaselineAdminNetworkPolicy": ("Allow", "Deny"),
    "ClusterNetworkPolicy": ("Accept", "Deny", "Pass"),
}


def admin_rules(channel: Channel, direction: str, kind: str) -> st.SearchStrategy[list[Manifest]]:
    """One or two rules of an admin kind, with what the channel lets it have.

    `nodes` and `domainNames` (to allow only, and never in a baseline of v1alpha1) are experimental, and so is a named
    port in v1alpha1. Where both are possible, the experimental CRDs refuse a named port next to anything but pods.
    """
    experimental = channel is Channel.EXPERIMENTAL
    cluster = kind == "ClusterNetworkPolicy"
    numbered, named = (CLUSTER_PROTOCOLS, CLUSTER_NAMED_PORTS) if cluster else (ADMIN_PORTS, ADMIN_NAMED_PORTS)
    wide = st.sampled_from(_WIDE)
    pods = st.one_of(wide, _SELECTED, _PODS_ANYWHERE) if cluster else st.one_of(wide, _SELECTED)
    peers, allowed_peers = pods, pods
    if direction == "egress":
        peers = allowed_peers = st.one_of(pods, _NETWORKS, *([_NODES] if experimental else ()))
        if experimental and kind != "BaselineAdminNetworkPolicy":
            allowed_peers = st.one_of(peers, _DOMAINS)
    key, side = "protocols" if cluster else "ports", _SIDE[direction]

    def rules(
        actions: Sequence[str], peer: st.SearchStrategy[Manifest], ports: st.SearchStrategy[list[Manifest]]
    ) -> st.SearchStrategy[Manifest]:
        fields = {"action": st.sampled_from(actions), side: st.lists(peer, min_size=1, max_size=2)}
        return st.one_of(st.fixed_dictionaries(fields), st.fixed_dictionaries({**fields, key: ports}))

    allow, *others = _ACTIONS[kind]
    deciding = rules(others, peers, _one_or_two(numbered))
    forms = [deciding, deciding, rules([allow], allowed_peers, _one_or_two(numbered))]
    if cluster and not experimental:
        forms.append(rules(_ACTIONS[kind], peers, _one_or_two((*numbered, *named))))
    elif cluster or experimental:
        forms.append(rules(_ACTIONS[kind], pods, _one_or_two((*numbered, *named))))
    return st.lists(st.one_of(forms), min_size=1, max_size=2)


_ADMIN_RULES = {
    (channel, direction, kind): admin_rules(channel, direction, kind)
    for channel in Channel
    for direction in _SIDE
    for kind in _ACTIONS
}


def _cluster_scoped(version: str, kind: str, name: str, spec: Manifest) -> Manifest:
    group = f"policy.networking.k8s.io/{version}"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name}, "spec": spec}
