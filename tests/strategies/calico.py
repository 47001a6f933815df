"""Drawn inputs of a cluster with Calico: its kinds mixed with those of Kubernetes, all of them valid."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.strategies.clusters import clusters
from tests.strategies.policies import policy_sets
from tests.strategies.vocabulary import NAMESPACES, NODE_ADDRESSES_4, Manifest

SELECTORS = (
    "all()",
    "app == 'web'",
    "app != 'web'",
    "has(app)",
    "!has(tier)",
    "app in {'web', 'db'}",
    "app not in {'db'}",
    "app starts with 'w'",
    "app contains 'b'",
    "app ends with 'b' || tier == 'a'",
    "(app == 'web' || tier == 'b') && !(app == 'db')",
    "role == 'ext'",
    "!all()",
    "projectcalico.org/namespace == 'shop'",
    "pcns.team == 'red' && has(app)",
    "projectcalico.org/orchestrator == 'k8s'",
    "pcsa.kind == 'x'",
    "projectcalico.org/serviceaccount != 's1'",
    "tier in {}",
)
NAMESPACE_SELECTORS = (
    "all()",
    "team == 'red'",
    "team != 'red'",
    "!has(env)",
    "projectcalico.org/name == 'shop'",
    "has(env) || all()",
    "kubernetes.io/metadata.name == 'bank'",
)
ACCOUNTS: tuple[Manifest, ...] = (
    {},
    {"names": ["s1"]},
    {"selector": "kind == 'x'"},
    {"names": ["s1", "default"], "selector": "!has(kind)"},
)
NETS_4 = ("10.0.0.0/30", "10.0.0.3/32", "192.168.0.0/24", "203.0.113.0/24", "10.0.0.5", "0.0.0.0/0")
NETS_6 = ("fd00::/126", "fd01::1/128", "::/0", "2001:db8::/32")
PORTS = (80, "53:80", "8080", 8080)
ORDERS = (None, 10, 10, 500, 1500)
TIERS = ("", "", "default", "early", "eager", "late", "last", "kube-admin")
_TIER_OBJECTS: tuple[Manifest, ...] = (
    {"metadata": {"name": "early"}, "spec": {"order": 10}},
    {"metadata": {"name": "eager"}, "spec": {"order": 10, "defaultAction": "Pass"}},
    {"metadata": {"name": "late"}, "spec": {"order": 2_000_000, "defaultAction": "Pass"}},
    {"metadata": {"name": "last"}, "spec": {}},
)
# The older admin kinds are not read; each example has either these or ClusterNetworkPolicy.
_OF_KUBERNETES = (
    ("NetworkPolicy", "ClusterNetworkPolicy"),
    ("NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"),
)


def _object(kind: str, **body: Manifest) -> Manifest:
    return {"apiVersion": "projectcalico.org/v3", "kind": kind, **body}


@st.composite
def inputs(draw: st.DrawFn, *, most_pods: int = 4, doubtful: bool = False) -> list[Manifest]:
    """Objects of a small cluster with one to four policies of Calico and, at times, some of Kubernetes.

    `doubtful`: also rules that may or may not match.
    """
    objects = draw(clusters(most_pods=most_pods))
    for each in objects:
        if each["kind"] == "Pod" and draw(st.booleans()):
            each["spec"]["serviceAccountName"] = "s1"
        if each["kind"] == "Pod" and draw(st.integers(0, 7)) == 0:
            each["metadata"]["labels"] |= {"pcns.team": "red", "pcsa.kind": "x"}
    objects += draw(own_objects(objects[0]["metadata"]["name"], doubtful=doubtful))
    if draw(st.booleans()):
        read = draw(st.sampled_from(_OF_KUBERNETES))
        objects += [each for each in draw(policy_sets(most=2)) if each["kind"] in read]
    return objects


@st.composite
def own_objects(draw: st.DrawFn, home: str, *, most: int = 4, doubtful: bool = False) -> list[Manifest]:
    """One to `most` policies of Calico, with what they refer to; `home` is a namespace."""
    account = {"name": "s1", "namespace": home, "labels": {"kind": "x"}}
    objects: list[Manifest] = [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}]
    objects += [_object("Tier", **tier) for tier in _TIER_OBJECTS]
    objects += draw(_sets(home))
    objects.append(_slice(home))
    if draw(st.integers(0, 3)) == 0:
        objects.append(_host_endpoint(draw(st.sampled_from(_SET_LABELS))))
    for number in range(draw(st.integers(1, most))):
        objects.append(draw(_policies(number, home, doubtful)))
    return objects


@st.composite
def _sets(draw: st.DrawFn, home: str) -> list[Manifest]:
    found = []
    for number, kind in enumerate(("NetworkSet", "NetworkSet", "GlobalNetworkSet")):
        if draw(st.booleans()):
            metadata: Manifest = {"name": f"set{number}", "labels": dict(draw(st.sampled_from(_SET_LABELS)))}
            if kind == "NetworkSet":
                metadata["namespace"] = (home, NAMESPACES[1])[number]
            nets = draw(st.lists(st.sampled_from((*NETS_4[:5], *NETS_6[:2])), min_size=1, max_size=2, unique=True))
            found.append(_object(kind, metadata=metadata, spec={"nets": nets}))
    return found


_SET_LABELS: tuple[dict[str, str], ...] = ({"role": "ext"}, {"app": "web"}, {}, {"pcns.team": "red"})


def _host_endpoint(labels: dict[str, str]) -> Manifest:
    """A node as an endpoint of its own, with port names."""
    ports = [{"name": "web", "port": 80, "protocol": "TCP"}, {"name": "web", "port": 53, "protocol": "UDP"}]
    spec = {"node": "n1", "interfaceName": "eth0", "expectedIPs": [NODE_ADDRESSES_4[0], "fd01::1"], "ports": ports}
    return _object("HostEndpoint", metadata={"name": "h1", "labels": dict(labels)}, spec=spec)


def _slice(home: str) -> Manifest:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "s-1", "namespace": home, "labels": {"kubernetes.io/service-name": "s"}},
        "addressType": "IPv4",
        "endpoints": [
            {"addresses": ["10.0.0.1"]},
            {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
            {"addresses": ["203.0.113.9"]},
        ],
        "ports": [{"name": "", "port": 80, "protocol": "TCP"}, {"name": "u", "port": 53, "protocol": "UDP"}],
    }


@st.composite
def _policies(draw: st.DrawFn, number: int, home: str, doubtful: bool) -> Manifest:
    kind = draw(st.sampled_from(("NetworkPolicy", "GlobalNetworkPolicy")))
    metadata: Manifest = {"name": draw(st.sampled_from("abc")) + str(number)}
    spec: Manifest = {"selector": draw(st.sampled_from(SELECTORS))}
    if kind == "NetworkPolicy":
        metadata["namespace"] = draw(st.sampled_from((home, NAMESPACES[1])))
    elif draw(st.booleans()):
        spec["namespaceSelector"] = draw(st.sampled_from(NAMESPACE_SELECTORS))
    if draw(st.integers(0, 3)) == 0:
        spec["serviceAccountSelector"] = draw(st.sampled_from(("all()", "kind == 'x'", "!has(kind)")))
    tier, order = draw(st.sampled_from(TIERS)), draw(st.sampled_from(ORDERS))
    spec |= {"tier": tier} if tier else {}
    spec |= {"order": order} if order is not None else {}
    for direction in ("ingress", "egress"):
        if draw(st.integers(0, 2)):
            rules = draw(st.lists(_rules(direction, kind, home, doubtful), max_size=3))
            spec[direction] = rules
    types = draw(st.sampled_from((None, None, [], ["Ingress"], ["Egress"], ["Ingress", "Egress"])))
    spec |= {"types": types} if types is not None else {}
    match draw(st.integers(0, 11)):
        case 0:
            return _object(f"Staged{kind}", metadata=metadata, spec=spec)
        case 1 if kind == "GlobalNetworkPolicy":
            return _object(kind, metadata=metadata, spec=spec | {"doNotTrack": True, "applyOnForward": True})
        case 2 if kind == "GlobalNetworkPolicy":
            return _object(kind, metadata=metadata, spec=spec | {"applyOnForward": True})
        case _:
            return _object(kind, metadata=metadata, spec=spec)


@st.composite
def _rules(draw: st.DrawFn, direction: str, kind: str, home: str, doubtful: bool) -> Manifest:
    rule: Manifest = {"action": draw(st.sampled_from(("Allow", "Allow", "Deny", "Pass", "Log")))}
    protocol = draw(st.sampled_from((None, "TCP", "TCP", "UDP", 132, "ICMP")))
    if protocol is not None:
        rule["protocol"] = protocol
    elif draw(st.integers(0, 3)) == 0:
        rule["notProtocol"] = draw(st.sampled_from(("TCP", "ICMP")))
    numbers = protocol in ("TCP", "UDP", 132)
    if draw(st.integers(0, 7)) == 0:
        rule["ipVersion"] = 4
    nets = NETS_4 if protocol == "ICMP" or "ipVersion" in rule else draw(st.sampled_from((NETS_4, NETS_4, NETS_6)))
    for side in ("source", "destination"):
        if draw(st.integers(0, 3)):
            far = (side == "source") == (direction == "ingress")
            if far and draw(st.integers(0, 7)) == 0:
                rule[side] = {"services": {"name": "s", "namespace": home}}
                continue
            entity = draw(_entities(nets))
            if side == "destination":
                entity |= draw(_ports(numbers, named=protocol != "ICMP"))
            rule[side] = entity
    if doubtful and draw(st.integers(0, 3)) == 0:
        if direction == "ingress" and rule["action"] == "Allow" and draw(st.booleans()):
            rule["http"] = {"methods": ["GET"]}
        elif numbers and "services" not in rule.get("source", {}):
            rule["source"] = {
                **rule.get("source", {}),
                "ports": draw(st.sampled_from(([1000], ["web"], [1000, "web"]))),
            }
    return rule


@st.composite
def _entities(draw: st.DrawFn, nets: tuple[str, ...]) -> Manifest:
    found: Manifest = {}
    for field, values in (
        ("selector", SELECTORS),
        ("notSelector", SELECTORS),
        ("namespaceSelector", (*NAMESPACE_SELECTORS, "global()")),
        ("serviceAccounts", ACCOUNTS),
    ):
        if draw(st.integers(0, 3)) == 0:
            found[field] = draw(st.sampled_from(values))
    for field in ("nets", "notNets"):
        if draw(st.integers(0, 5)) == 0:
            found[field] = draw(st.lists(st.sampled_from(nets), min_size=1, max_size=2, unique=True))
    return found


@st.composite
def _ports(draw: st.DrawFn, numbers: bool, *, named: bool) -> Manifest:
    entries = (*(PORTS if numbers else ()), *(("web", "dns") if named else ()))
    found: Manifest = {}
    for field, every in (("ports", 2), ("notPorts", 5)):
        if entries and draw(st.integers(0, every)) == 0:
            found[field] = draw(st.lists(st.sampled_from(entries), min_size=1, max_size=2, unique=True))
    return found
