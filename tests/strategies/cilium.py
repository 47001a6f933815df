"""Drawn policies of Cilium, all of them valid, made of the same few words as the Kubernetes kinds beside them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_cidrs
from reachproof.network.options import Channel, CidrMatches, Cni, Enforcement, Options
from reachproof.network.snapshot import Snapshot
from tests.strategies.clusters import clusters
from tests.strategies.policies import draw_admin_policy, draw_cluster_policy, draw_network_policy
from tests.strategies.vocabulary import BLOCKS, NAMESPACES, NETWORKS, POD_SELECTORS, Manifest

_NAMESPACE = "io.kubernetes.pod.namespace"
_TEAM = "io.cilium.k8s.namespace.labels.team"
_ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
_CLUSTER = "io.cilium.k8s.policy.cluster"


def _where(key: str, operator: str, *values: str) -> Manifest:
    return {"matchExpressions": [{"key": key, "operator": operator, **({"values": list(values)} if values else {})}]}


# Selectors that say something of namespaces, of what is no pod, or of labels that no identity has.
_SPECIAL: tuple[Manifest, ...] = (
    {"matchLabels": {f"k8s:{_NAMESPACE}": "bank"}},
    {"matchLabels": {_NAMESPACE: "shop", "app": "web"}},
    _where(f"k8s:{_NAMESPACE}", "NotIn", "shop"),
    _where(f"k8s:{_NAMESPACE}", "Exists"),
    _where(f"any:{_NAMESPACE}", "DoesNotExist"),
    {"matchLabels": {f"k8s:{_TEAM}": "red"}},
    _where(f"k8s:{_TEAM}", "DoesNotExist"),
    {"matchLabels": {"k8s:app": "web"}},
    {"matchLabels": {"any:tier": "a"}},
    {"matchLabels": {"reserved:host": ""}},
    {"matchLabels": {"reserved:remote-node": ""}},
    {"matchLabels": {"reserved:init": ""}},
    _where("reserved:host", "DoesNotExist"),
    _where("reserved:remote-node", "NotIn", "x"),
    _where("kubernetes.io/arch", "DoesNotExist"),
    _where("pod-template-hash", "Exists"),
    {"matchLabels": {_ACCOUNT: "s1"}},
    {"matchLabels": {f"k8s:{_ACCOUNT}": "default", "app": "web"}},
    _where(f"any:{_ACCOUNT}", "NotIn", "s1"),
    _where(_ACCOUNT, "DoesNotExist"),
    {"matchLabels": {f"k8s:{_CLUSTER}": "default"}},
    _where(_CLUSTER, "NotIn", "default", "prod"),
    _where(f"k8s:{_CLUSTER}", "Exists"),
    _where(_CLUSTER, "DoesNotExist"),
    {"matchExpressions": [{"key": key, "operator": "DoesNotExist"} for key in (_CLUSTER, _NAMESPACE)]},
    {"matchExpressions": [{"key": key, "operator": "DoesNotExist"} for key in (_CLUSTER, _TEAM)]},
)
# A policy selects pods of its own namespace only, so these are for peers.
_ELSEWHERE: tuple[Manifest, ...] = ({"matchLabels": {_CLUSTER: "default", f"k8s:{_NAMESPACE}": "bank"}},)
_ENTITIES = ("all", "world", "cluster", "host", "remote-node", "kube-apiserver", "none", "health")
_PORTS: tuple[Manifest, ...] = (
    {"port": "80", "protocol": "TCP"},
    {"port": "53", "protocol": "UDP"},
    {"port": "8080", "protocol": "SCTP"},
    {"port": "80"},
    {"port": "0"},
    {"port": "0", "protocol": "UDP"},
    {"port": "web", "protocol": "TCP"},
    {"port": "WEB"},
    {"port": "dns", "protocol": "UDP"},
    {"port": "80", "endPort": 8080, "protocol": "TCP"},
    {"port": "8080", "endPort": 80, "protocol": "ANY"},
)
_FQDNS: tuple[Manifest, ...] = ({"matchName": "example.com"}, {"matchPattern": "*.example.com"}, {"matchPattern": "*"})
_SETS: tuple[Manifest, ...] = (
    *BLOCKS,
    {"cidrGroupRef": "g"},
    {"cidrGroupRef": "g", "except": ["203.0.113.0/25"]},
    {"cidrGroupRef": "missing"},
    {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/29", "10.0.0.1/32"]},
    {"cidrGroupSelector": {"matchLabels": {"zone": "b"}}},
    {"cidrGroupSelector": {"matchLabels": {"zone": "a", "site": "x"}}},
    {"cidrGroupSelector": _where("zone", "NotIn", "a")},
    {"cidrGroupSelector": _where("zone", "NotIn", "b"), "except": ["203.0.113.0/25"]},
    {"cidrGroupSelector": _where("zone", "Exists")},
    {"cidrGroupSelector": _where("site", "DoesNotExist")},
    {"cidrGroupSelector": {}},
)
_SERVICES: tuple[Manifest, ...] = (
    {"k8sService": {"serviceName": "web"}},
    {"k8sService": {"serviceName": "web", "namespace": "shop"}},
    {"k8sService": {"serviceName": "far", "namespace": "bank"}},
    {"k8sService": {"serviceName": "missing", "namespace": "shop"}},
)


def _lists(entries: tuple[Any, ...]) -> st.SearchStrategy[list[Any]]:
    """Mostly one or two of these, at times none."""
    return st.one_of(*[st.lists(st.sampled_from(entries), min_size=1, max_size=2)] * 6, st.just([]))


def _peers(side: str, *, deny: bool) -> st.SearchStrategy[Manifest]:
    fields = {
        f"{side}Endpoints": _lists((*POD_SELECTORS, *_SPECIAL, *_ELSEWHERE)),
        f"{side}Entities": _lists(_ENTITIES),
        f"{side}CIDR": _lists(NETWORKS),
        f"{side}CIDRSet": _lists(_SETS),
    }
    forms = [st.fixed_dictionaries({name: values}) for name, values in fields.items()]
    forms += [forms[0], forms[1]]
    if side == "to":
        forms.append(st.fixed_dictionaries({"toServices": _lists(_SERVICES)}))
        if not deny:
            forms.append(st.fixed_dictionaries({"toFQDNs": _lists(_FQDNS)}))
    return st.one_of(forms)


_PLAIN_PORTS = st.fixed_dictionaries({"ports": st.lists(st.sampled_from(_PORTS), max_size=2)})
_REQUESTS = st.builds(
    lambda entry, requests: {**entry, **requests},
    _PLAIN_PORTS,
    st.sampled_from(
        (
            {"rules": {"http": [{}]}},
            {"serverNames": ["a.example.com"]},
            *({"rules": {"dns": [each]}} for each in ({"matchPattern": "*"}, {"matchName": "example.com"})),
            {"rules": {"dns": [{"matchPattern": "*.example.com"}, {"matchName": "a.example.com"}]}},
        )
    ),
)
_ICMP = st.just({"icmps": [{"fields": [{"type": 8}]}]})


@st.composite
def _rules(draw: st.DrawFn, direction: str, *, deny: bool) -> Manifest:
    rule: Manifest = {}
    form = draw(st.sampled_from(("peers", "peers", "ports", "both", "both", "neither")))
    if form in ("peers", "both"):
        rule |= draw(_peers("from" if direction == "ingress" else "to", deny=deny))
    if form in ("ports", "both"):
        entries = _PLAIN_PORTS if deny else st.one_of(_PLAIN_PORTS, _PLAIN_PORTS, _REQUESTS)
        rule |= draw(
            st.one_of(*[st.fixed_dictionaries({"toPorts": st.lists(entries, min_size=1, max_size=2)})] * 7, _ICMP)
        )
    return rule


_ALLOW = {each: st.lists(_rules(each, deny=False), max_size=2) for each in ("ingress", "egress")}
_DENY = {each: st.lists(_rules(each, deny=True), max_size=2) for each in ("ingress", "egress")}
_WIDE: tuple[Manifest, ...] = ({},) * 30
_SUBJECTS = st.sampled_from((*_WIDE, *POD_SELECTORS, *_SPECIAL[5:9], *_SPECIAL[11:]))
_DIRECTIONS = st.sampled_from((("ingress",), ("egress",), ("ingress", "egress"), ("ingress", "egress")))


@st.composite
def specs(draw: st.DrawFn) -> Manifest:
    """One spec, with an entry in at least one list."""
    spec: Manifest = {"endpointSelector": draw(_SUBJECTS)}
    for direction in draw(_DIRECTIONS):
        spec[direction] = draw(_ALLOW[direction])
        if draw(st.booleans()):
            spec[f"{direction}Deny"] = draw(_DENY[direction])
        if draw(st.integers(0, 4)) == 4:
            spec.setdefault("enableDefaultDeny", {})[direction] = draw(st.booleans())
    if not any(spec.get(f"{direction}{deny}") for direction in _ALLOW for deny in ("", "Deny")):
        spec["ingress"] = [{}]
    return spec


def _object(kind: str, name: str, body: Manifest, **metadata: object) -> Manifest:
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": name, **metadata}, **body}


@st.composite
def policies(draw: st.DrawFn, name: str) -> Manifest:
    """A policy of either kind, with a spec or with two specs."""
    body: Manifest = {"spec": draw(specs())}
    if draw(st.integers(0, 5)) == 5:
        body = {"specs": [draw(specs()), draw(specs())]}
    if draw(st.integers(0, 2)) == 2:
        return _object("CiliumClusterwideNetworkPolicy", name, body)
    return _object("CiliumNetworkPolicy", name, body, namespace=draw(st.sampled_from(NAMESPACES[:2])))


_GROUPS = (
    _object("CiliumCIDRGroup", "g", {"spec": {"externalCIDRs": ["203.0.113.0/24", "10.0.0.0/30"]}}),
    _object("CiliumCIDRGroup", "h", {"spec": {"externalCIDRs": ["2001:db8::/32"]}}, labels={"zone": "b"}),
    _object("CiliumCIDRGroup", "i", {"spec": {"externalCIDRs": ["203.0.113.0/24"]}}, labels={"zone": "a"}),
    _object(
        "CiliumCIDRGroup",
        "j",
        {"spec": {"externalCIDRs": ["203.0.113.0/25", "192.168.0.0/24"]}},
        labels={"site": "x", "zone": "b", "io.cilium.k8s.zone": "a"},
    ),
)
_FAR: tuple[Manifest, ...] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "far", "namespace": "bank"},
        "spec": {"ports": [{"port": 80}]},
    },
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "far-1", "namespace": "bank", "labels": {"kubernetes.io/service-name": "far"}},
        "addressType": "IPv4",
        "ports": [{"port": 80}],
        "endpoints": [{"addresses": ["203.0.113.7", "10.0.0.1", "192.168.0.2"]}],
    },
)


@st.composite
def policy_sets(draw: st.DrawFn, *, most: int = 4) -> list[Manifest]:
    """One to `most` policies, with what they refer to."""
    objects: list[Manifest] = [*_GROUPS, *_FAR]
    return objects + [draw(policies(f"c{number}")) for number in range(draw(st.integers(1, most)))]


def _configuration(name: str) -> Manifest:
    """What the agents are told, of which the name of the cluster counts."""
    metadata = {"name": "cilium-config", "namespace": "kube-system"}
    data = {"cluster-name": name, "policy-default-local-cluster": "true" if name == "default" else "false"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@st.composite
def mixed_manifests(draw: st.DrawFn) -> list[Manifest]:
    """A small cluster with policies of Cilium, NetworkPolicies and ClusterNetworkPolicies (without nodes peers).

    At times there is an AdminNetworkPolicy too, which Cilium does not read, and a policy of hosts.
    """
    objects: list[Manifest] = [*draw(clusters(most_pods=4)), *draw(policy_sets())]
    for each in objects:
        if each["kind"] == "Pod" and draw(st.booleans()):
            each["spec"]["serviceAccountName"] = "s1"
    objects += [draw_network_policy(draw, f"np{number}") for number in range(draw(st.integers(0, 2)))]
    ranked = draw(st.sampled_from((0, 1, 2, 2)))
    objects += [draw_cluster_policy(draw, f"k{n}", channel=Channel.STANDARD) for n in range(ranked)]
    name = draw(st.sampled_from(("", "", "default", "prod")))
    if name:
        objects.append(_configuration(name))
    if draw(st.integers(0, 3)) == 0:
        objects.append(draw_admin_policy(draw, "a0", channel=Channel.STANDARD))
        body = {"nodeSelector": {}, "ingressDeny": [{"fromEntities": ["all"]}]}
        objects.append(_object("CiliumClusterwideNetworkPolicy", "hosts", {"spec": body}))
    return objects


DOMAINS = {"example.com": parse_cidrs(("203.0.113.0/25",)), "a.example.com": parse_cidrs(("2001:db8::/64",))}
OPTIONS = st.builds(
    Options,
    cni=st.just(Cni.CILIUM),
    release=st.sampled_from(("", "", "1.18", "1.19")),
    channel=st.just(Channel.STANDARD),
    cidr_matches=st.sampled_from((None, None, None, *CidrMatches)),
    domains=st.sampled_from(({}, {}, DOMAINS)),
    enforcement=st.sampled_from((*[Enforcement.ALL] * 4, Enforcement.ALWAYS, Enforcement.NETWORK_POLICY)),
)


@st.composite
def mixed_snapshots(draw: st.DrawFn) -> Snapshot:
    """A loaded snapshot of `mixed_manifests`, under options of the profile."""
    return load_objects(draw(mixed_manifests()), options=draw(OPTIONS))
