"""A generated cluster with policies of Calico or Cilium in the place of its NetworkPolicies.

Each NetworkPolicy becomes one policy that means about the same, written the way people write it for that
implementation: for Calico tiers, orders, selectors and network sets; for Cilium entities, CIDR sets and policies of the
whole cluster. On top come `GUARDS` policies of the whole cluster that deny lists of hostile addresses, and in each
namespace one that allows the addresses of its partners. Pods stay as they are, and so do the admin policies.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

Manifest = dict[str, Any]
Partners = tuple[str, list[str]]
WORLD = "0.0.0.0/0"
EVERYWHERE = ("allow-dns", "allow-scrape")
SIDES = {"ingress": "from", "egress": "to"}
GUARDS = 20
NETS_OF_A_FEED = 40


def translate(folder: Path, cni: str, blocks: int) -> None:
    """Rewrites the cluster in a folder; `cni` is calico or cilium, `blocks` how many CIDRs the partners have."""
    file = folder / "cluster.json"
    whole = json.loads(file.read_text())
    policies = [item for item in whole["items"] if item["kind"] == "NetworkPolicy"]
    others = [item for item in whole["items"] if item["kind"] != "NetworkPolicy"]
    partners = tuple(_partners(policies, blocks))
    translated = _calico(policies, partners) if cni == "calico" else _cilium(policies, partners)
    file.write_text(json.dumps({**whole, "items": [*others, *translated]}))


def _feeds(chance: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Lists of addresses as they are bought: blocks of many sizes, some of them in several lists."""
    blocks = [f"{chance.randrange(11, 100)}.{chance.randrange(256)}.{chance.randrange(256)}.0/24" for _ in range(400)]
    blocks += [f"{chance.randrange(11, 100)}.{chance.randrange(256)}.0.0/16" for _ in range(60)]
    for number in range(GUARDS):
        yield f"feed-{number}", sorted(chance.sample(blocks, NETS_OF_A_FEED))


def _partners(policies: list[Manifest], blocks: int) -> Iterator[Partners]:
    """Small blocks for each namespace, hardly any of them in two namespaces."""
    chance = random.Random(2)
    for namespace in dict.fromkeys(policy["metadata"]["namespace"] for policy in policies):
        places = [chance.randrange(1 << 20) * 16 for _ in range(blocks)]
        yield namespace, [f"52.{at >> 16}.{at >> 8 & 255}.{at & 255}/28" for at in places]


# ---------------------------------------------------------------- Calico


def _calico(policies: list[Manifest], partners: Iterable[Partners]) -> Iterator[Manifest]:
    for name, order, ends in (("guard", 100, "Pass"), ("platform", 200, "Pass"), ("application", 300, "Deny")):
        yield _object("Tier", name, {"order": order, "defaultAction": ends})
    for name, nets in _feeds(random.Random(1)):
        feed = {"feed": name, "hostile": "true"}
        yield _object("GlobalNetworkSet", name, {"nets": nets}, labels=feed)
        deny = {"action": "Deny", "destination": {"selector": f"feed == '{name}'"}}
        spec = {"tier": "guard", "order": 10, "namespaceSelector": "has(tenant)", "types": ["Egress"], "egress": [deny]}
        yield _object("GlobalNetworkPolicy", f"guard.{name}", spec)
    for number, policy in enumerate(policies):
        yield from _calico_policy(policy, number)
    for namespace, nets in partners:
        yield _object("NetworkSet", "partners", {"nets": nets}, namespace=namespace, labels={"partner": "true"})
        allow = {"action": "Allow", "protocol": "TCP", "destination": {"selector": "has(partner)", "ports": [443]}}
        spec = {"tier": "application", "selector": "role == 'backend'", "types": ["Egress"], "egress": [allow]}
        yield _object("NetworkPolicy", "application.partners", spec, namespace=namespace)


def _object(
    kind: str, name: str, spec: Manifest, *, namespace: str = "", labels: dict[str, str] | None = None
) -> Manifest:
    metadata: Manifest = {"name": name, "labels": labels or {}}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": metadata, "spec": spec}


def _calico_policy(policy: Manifest, number: int) -> Iterator[Manifest]:
    """The policy, after the network sets that it refers to. What every namespace has is global, in a tier before."""
    name, namespace, spec = policy["metadata"]["name"], policy["metadata"]["namespace"], policy["spec"]
    everywhere = name in EVERYWHERE
    tier = "platform" if everywhere else "application"
    found: Manifest = {"tier": tier, "order": number, "selector": _text(spec["podSelector"])}
    found["types"] = spec["policyTypes"]
    for direction, peers in SIDES.items():
        rules: list[Manifest] = []
        for at, rule in enumerate(spec.get(direction, ())):
            label = f"{name}-{direction}-{at}"
            if nets := _nets(rule[peers]):
                yield _object("NetworkSet", label, {"nets": nets}, namespace=namespace, labels={"range": label})
            for ports in _calico_ports(rule["ports"]):
                rules += [_calico_rule(entity, ports, direction) for entity in _calico_entities(rule[peers], label)]
        if rules:
            found[direction] = rules
    if everywhere:
        found["namespaceSelector"] = f"projectcalico.org/name == '{namespace}'"
        yield _object("GlobalNetworkPolicy", f"{tier}.{name}.{namespace}", found)
    else:
        yield _object("NetworkPolicy", f"{tier}.{name}", found, namespace=namespace)


def _calico_rule(entity: Manifest, ports: Manifest, direction: str) -> Manifest:
    own = {"ports": ports["ports"]}
    if direction == "ingress":
        return {"action": "Allow", "protocol": ports["protocol"], "source": entity, "destination": own}
    return {"action": "Allow", "protocol": ports["protocol"], "destination": {**entity, **own}}


def _calico_ports(ports: Iterable[Manifest]) -> Iterator[Manifest]:
    """Ports by protocol: a rule of Calico has one."""
    found: dict[str, list[int | str]] = {}
    for port in ports:
        text = f"{port['port']}:{port['endPort']}" if "endPort" in port else port["port"]
        found.setdefault(port["protocol"], []).append(text)
    for protocol, some in found.items():
        yield {"protocol": protocol, "ports": some}


def _calico_entities(peers: Iterable[Manifest], label: str) -> Iterator[Manifest]:
    """The peers of a rule: pods by selectors, blocks of the whole world by nets, and the others by their set."""
    for peer in peers:
        block = peer.get("ipBlock")
        if block is None:
            named = {"selector": "podSelector", "namespaceSelector": "namespaceSelector"}
            yield {field: _text(peer[old]) for field, old in named.items() if old in peer}
        elif block["cidr"] == WORLD:
            yield {"nets": [WORLD], "notNets": block.get("except", [])}
    if _nets(peers):
        yield {"selector": f"range == '{label}'"}


def _nets(peers: Iterable[Manifest]) -> list[str]:
    """The blocks of a rule without their exceptions, other than those of the whole world."""
    found: list[str] = []
    for block in (peer["ipBlock"] for peer in peers if "ipBlock" in peer and peer["ipBlock"]["cidr"] != WORLD):
        nets = [ip_network(block["cidr"])]
        for hole in map(ip_network, block.get("except", ())):
            nets = [part for net in nets for part in (net.address_exclude(hole) if hole.subnet_of(net) else (net,))]
        found += map(str, nets)
    return found


def _text(selector: Manifest) -> str:
    """A label selector in Calico's language."""
    parts = [f"{key} == '{value}'" for key, value in selector.get("matchLabels", {}).items()]
    for each in selector.get("matchExpressions", ()):
        values = ", ".join(f"'{value}'" for value in each.get("values", ()))
        parts.append(
            {
                "In": f"{each['key']} in {{{values}}}",
                "NotIn": f"{each['key']} not in {{{values}}}",
                "Exists": f"has({each['key']})",
                "DoesNotExist": f"!has({each['key']})",
            }[each["operator"]]
        )
    return " && ".join(parts) or "all()"


# ---------------------------------------------------------------- Cilium

_NAMESPACE = "k8s:io.kubernetes.pod.namespace"
_NAMESPACE_LABELS = "k8s:io.cilium.k8s.namespace.labels."


def _cilium(policies: list[Manifest], partners: Iterable[Partners]) -> Iterator[Manifest]:
    tenants = {"matchExpressions": [{"key": f"{_NAMESPACE_LABELS}tenant", "operator": "Exists"}]}
    for name, nets in _feeds(random.Random(1)):
        yield _cilium_object("CiliumCIDRGroup", name, {"externalCIDRs": nets}, version="v2alpha1")
        deny = [{"toCIDRSet": [{"cidrGroupRef": name}]}]
        switch = {"ingress": False, "egress": False}
        spec = {"endpointSelector": tenants, "egressDeny": deny, "enableDefaultDeny": switch}
        yield _cilium_object("CiliumClusterwideNetworkPolicy", f"guard-{name}", spec)
    for policy in policies:
        yield _cilium_policy(policy)
    for namespace, nets in partners:
        ports = [{"ports": [{"port": "443", "protocol": "TCP"}]}]
        allow = [{"toCIDRSet": [{"cidr": net} for net in nets], "toPorts": ports}]
        spec = {"endpointSelector": {"matchLabels": {"k8s:role": "backend"}}, "egress": allow}
        yield _cilium_object("CiliumNetworkPolicy", "partners", spec, namespace=namespace)


def _cilium_object(kind: str, name: str, spec: Manifest, *, namespace: str = "", version: str = "v2") -> Manifest:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    return {"apiVersion": f"cilium.io/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def _cilium_policy(policy: Manifest) -> Manifest:
    """What every namespace has is clusterwide; its peers name their namespaces anyway."""
    name, namespace, spec = policy["metadata"]["name"], policy["metadata"]["namespace"], policy["spec"]
    found: Manifest = {"endpointSelector": _labels(spec["podSelector"], "k8s:")}
    for direction, side in SIDES.items():
        if direction.capitalize() in spec["policyTypes"]:
            rules = [
                {**peer, "toPorts": [{"ports": _cilium_ports(rule["ports"])}]}
                for rule in spec.get(direction, ())
                for peer in _cilium_peers(rule[side], side)
            ]
            found[direction] = rules or [{}]
    if name in EVERYWHERE:
        found["endpointSelector"]["matchLabels"][_NAMESPACE] = namespace
        return _cilium_object("CiliumClusterwideNetworkPolicy", f"{name}.{namespace}", found)
    return _cilium_object("CiliumNetworkPolicy", name, found, namespace=namespace)


def _cilium_ports(ports: Iterable[Manifest]) -> list[Manifest]:
    return [
        {
            "port": str(each["port"]),
            "protocol": each["protocol"],
            **({"endPort": each["endPort"]} if "endPort" in each else {}),
        }
        for each in ports
    ]


def _cilium_peers(peers: Iterable[Manifest], side: str) -> Iterator[Manifest]:
    """Each peer is of one sort. Blocks that stand for the world, the API server and nodes are entities."""
    entities = {WORLD: "world", "10.96.0.1/32": "kube-apiserver", "192.168.0.0/16": "remote-node"}
    for peer in peers:
        block = peer.get("ipBlock")
        if block is None:
            yield {f"{side}Endpoints": [_endpoint(peer)]}
        elif block["cidr"] in entities and "except" not in block:
            yield {f"{side}Entities": [entities[block["cidr"]]]}
        else:
            yield {f"{side}CIDRSet": [block]}


def _endpoint(peer: Manifest) -> Manifest:
    """One selector for the pods and their namespaces."""
    both = (_labels(peer.get("podSelector", {}), "k8s:"), _labels(peer.get("namespaceSelector", {}), _NAMESPACE_LABELS))
    return {
        "matchLabels": {key: value for each in both for key, value in each["matchLabels"].items()},
        "matchExpressions": [item for each in both for item in each["matchExpressions"]],
    }


def _labels(selector: Manifest, prefix: str) -> Manifest:
    """A label selector with keys behind a prefix."""
    return {
        "matchLabels": {prefix + key: value for key, value in selector.get("matchLabels", {}).items()},
        "matchExpressions": [{**each, "key": prefix + each["key"]} for each in selector.get("matchExpressions", ())],
    }
