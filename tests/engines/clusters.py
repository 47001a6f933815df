"""Drawn clusters: namespaces, nodes and running pods, single and dual stack, on the host's network and off it."""

from __future__ import annotations

from tests.engines.words import (
    NAMESPACE_LABELS,
    NAMESPACES,
    NODE_LABELS,
    NODES,
    POD_LABELS,
    PORT_NAMES,
    PORTS,
    PROTOCOLS,
    Chance,
    labels,
)
from tests.strategies.vocabulary import Manifest


def cluster(chance: Chance) -> list[Manifest]:
    """Three namespaces, three nodes and six to nine pods with addresses."""
    found: list[Manifest] = [_namespace(chance, name) for name in NAMESPACES]
    found += [_node(chance, number) for number in range(len(NODES))]
    return found + [_pod(chance, number) for number in range(chance.randint(6, 9))]


def _namespace(chance: Chance, name: str) -> Manifest:
    metadata = {"name": name, "labels": labels(chance, NAMESPACE_LABELS)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def node_addresses(number: int) -> list[str]:
    return [f"192.168.0.{number + 1}", f"fd01::{number + 1}"]


def _node(chance: Chance, number: int) -> Manifest:
    name = NODES[number]
    inside = [{"type": "InternalIP", "address": each} for each in node_addresses(number)]
    outside = [{"type": "ExternalIP", "address": f"198.51.100.{number + 1}"}] if chance.likely(0.5) else []
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**labels(chance, NODE_LABELS), "kubernetes.io/hostname": name}},
        "status": {"addresses": [*inside, *outside, {"type": "Hostname", "address": name}]},
    }


def _pod(chance: Chance, number: int) -> Manifest:
    node = chance.randrange(len(NODES))
    spec: Manifest = {"nodeName": NODES[node], "containers": _containers(chance)}
    both = [f"10.0.{chance.randrange(2)}.{number + 1}", f"fd00::{number + 1}"]
    addresses = chance.choice((both, both, both[:1], both[:1], both[1:], both[::-1]))
    if chance.likely(0.1):
        spec["hostNetwork"] = True
        addresses = node_addresses(node)
    if chance.likely(0.4):
        spec["serviceAccountName"] = chance.choice(("runner", "reader"))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"p{number}",
            "namespace": chance.choice(NAMESPACES),
            "labels": labels(chance, POD_LABELS),
        },
        "spec": spec,
        "status": {"phase": "Running", "podIP": addresses[0], "podIPs": [{"ip": each} for each in addresses]},
    }


def _containers(chance: Chance) -> list[Manifest]:
    """One or two containers; a name is theirs once each, and may stand for two ports of the pod."""
    return [
        {"name": f"c{number}", "image": "app", "ports": [_port(chance, name) for name in chance.some(PORT_NAMES, 0, 2)]}
        for number in range(chance.randint(1, 2))
    ]


def _port(chance: Chance, name: str) -> Manifest:
    found: Manifest = {"name": name, "containerPort": chance.choice(PORTS)}
    protocol = chance.choice((None, "TCP", *PROTOCOLS))
    return found if protocol is None else {**found, "protocol": protocol}
