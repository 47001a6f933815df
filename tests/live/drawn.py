"""Drawn clusters for the dataplane: pods of one node in every form, and NetworkPolicies with every field.

Left out is what kube-router is known to do otherwise, each a row of docs/live-checks.md that `check_packets` also
shows: names of ports in an egress rule with an ipBlock or without `to`, a rule of named ports alone, an ipBlock with
excepts beside another one, and names that several pods share where a pod has more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.live.dataplane import NODE_ADDRESSES, POD_ADDRESSES, pod_object
from tests.live.server import Object
from tests.strategies.clusters import namespace
from tests.strategies.vocabulary import (
    BLOCKS,
    NAMESPACE_LABELS,
    NAMESPACE_SELECTORS,
    NAMESPACES,
    POD_LABELS,
    POD_SELECTORS,
)

_NAMES = ("web", "dns")
# Numbers and ranges that begin and end at, before and after the ports that are tried.
_NUMBERED: Sequence[Object] = (
    {"port": 80},
    {"port": 80, "protocol": "TCP"},
    {"port": 53, "protocol": "UDP"},
    {"port": 8080, "protocol": "UDP"},
    {"port": 8080, "protocol": "SCTP"},
    {"protocol": "UDP"},
    {"protocol": "TCP"},
    {},
    {"port": 80, "endPort": 8080},
    {"port": 79, "endPort": 80},
    {"port": 81, "endPort": 81},
    {"port": 54, "endPort": 79, "protocol": "TCP"},
    {"port": 53, "endPort": 80, "protocol": "UDP"},
    {"port": 8081, "endPort": 65535, "protocol": "UDP"},
)
_NAMED: Sequence[Object] = ({"port": "web"}, {"port": "dns", "protocol": "UDP"}, {"port": "dns"})
_TYPES = (None, ["Ingress"], ["Egress"], ["Ingress", "Egress"])
_SIDES = {"ingress": "from", "egress": "to"}


def drawn_cluster(chance: Random) -> list[Object]:
    """Namespaces, pods and policies, in the order in which a server takes them."""
    spaces = [namespace(name, chance.choice(NAMESPACE_LABELS)) for name in NAMESPACES]
    shared = chance.random() < 0.5
    pods = [_pod(chance, number, shared=shared) for number in range(len(POD_ADDRESSES))]
    policies = [_policy(chance, number) for number in range(chance.randint(2, 6))]
    return [*spaces, *pods, *_traps(chance, pods), *policies]


def _pod(chance: Random, number: int, *, shared: bool) -> Object:
    both = POD_ADDRESSES[number]
    addresses = chance.choice((both[:1], both, both, both, (both[1], both[0]), both[1:]))
    return pod_object(_metadata(chance, f"p{number}"), addresses, containers=_containers(chance, number, shared=shared))


def _containers(chance: Random, number: int, *, shared: bool) -> list[Object]:
    """One named port that other pods have too, or several that no other pod has."""
    if shared:
        ports = [_port(chance.choice(_NAMES), chance.choice((80, 8080, 53)), chance.choice(("TCP", "UDP")))]
    else:
        own = (53, 79, 80, 81, 5353, 8080, 8081)[number]
        ports = [_port("web", own, "TCP"), _port("dns", own, "UDP")]
    return [{"name": f"c{n}", "image": "none", "ports": [port]} for n, port in enumerate(ports)]


def _port(name: str, number: int, protocol: str) -> Object:
    return {"name": name, "containerPort": number, "protocol": protocol}


def _traps(chance: Random, pods: Sequence[Object]) -> list[Object]:
    """Pods that take no part: a finished one with another's address, one on the host's network, one without any."""
    nothing = [{"name": "c", "image": "none"}]
    taken = [each["ip"] for each in chance.choice(pods)["status"]["podIPs"]]
    finished = pod_object(_metadata(chance, "finished"), taken, containers=nothing, phase="Succeeded")
    host = pod_object(_metadata(chance, "host"), NODE_ADDRESSES, containers=nothing)
    host["spec"]["hostNetwork"] = True
    spec = {"nodeName": host["spec"]["nodeName"], "containers": nothing}
    waiting = {"apiVersion": "v1", "kind": "Pod", "metadata": _metadata(chance, "waiting"), "spec": spec}
    return [finished, host, waiting]


def _metadata(chance: Random, name: str) -> dict[str, Any]:
    return {"name": name, "namespace": chance.choice(NAMESPACES), "labels": dict(chance.choice(POD_LABELS))}


def _policy(chance: Random, number: int) -> Object:
    spec: dict[str, Any] = {"podSelector": chance.choice((*POD_SELECTORS, {}, {}, {}))}
    types = chance.choice(_TYPES)
    if types is not None:
        spec["policyTypes"] = types
    for direction in chance.choice((("ingress",), ("egress",), ("ingress", "egress"), ())):
        spec[direction] = [_rule(chance, direction) for _ in range(chance.randint(0, 2))]
    metadata = {"name": f"np{number}", "namespace": chance.choice(NAMESPACES)}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _rule(chance: Random, direction: str) -> Object:
    rule: dict[str, Any] = {}
    blocks = False
    if chance.random() < 0.85:
        peers = [_peer(chance) for _ in range(chance.randint(1, 2))]
        if len(peers) > 1 and any("except" in each.get("ipBlock", {}) for each in peers):
            peers = [each for each in peers if "ipBlock" not in each] or peers[:1]
        blocks = any("ipBlock" in each for each in peers)
        rule[_SIDES[direction]] = peers
    if chance.random() < 0.7:
        rule["ports"] = [dict(chance.choice(_NUMBERED)) for _ in range(chance.randint(1, 2))]
        resolvable = direction == "ingress" or ("to" in rule and not blocks)
        if resolvable and chance.random() < 0.5:
            rule["ports"].append(chance.choice(_NAMED))
    return rule


def _peer(chance: Random) -> Object:
    form = chance.choice(("pods", "spaces", "both", "block", "block"))
    if form == "block":
        return {"ipBlock": chance.choice(BLOCKS)}
    peer: dict[str, Any] = {}
    if form != "spaces":
        peer["podSelector"] = chance.choice(POD_SELECTORS)
    if form != "pods":
        peer["namespaceSelector"] = chance.choice(NAMESPACE_SELECTORS)
    return peer
