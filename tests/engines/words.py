"""Parts of manifests that are drawn in the same way for every engine: selectors, CIDRs, ports, and small choices."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from tests.strategies.vocabulary import Manifest

T = TypeVar("T")

NAMESPACES = ("shop", "bank", "lab")
NODES = ("n1", "n2", "n3")
NODE_LABELS = {"zone": ("a", "b"), "disk": ("ssd",)}
NAMESPACE_LABELS = {"team": ("red", "blue"), "env": ("prod", "dev")}
POD_LABELS = {"app": ("web", "db", ""), "tier": ("a", "b"), "example.com/role": ("front",)}
PORT_NAMES = ("web", "dns", "admin")
PROTOCOLS = ("TCP", "UDP", "SCTP")
PORTS = (53, 80, 443, 8080, 9090)
OUTSIDE = ("203.0.113.5", "203.0.113.200", "198.51.100.7", "2001:db8::5", "2001:db8:1::9")
Labels = Mapping[str, tuple[str, ...]]


class Chance(random.Random):
    """Seeded choices."""

    def likely(self, probability: float) -> bool:
        return self.random() < probability

    def some(self, items: Sequence[T], least: int, most: int) -> list[T]:
        """Between `least` and `most` different items, in any order."""
        return self.sample(items, min(len(items), self.randint(least, most)))


def labels(chance: Chance, words: Labels) -> dict[str, str]:
    """A label with each key in two of three draws."""
    return {key: chance.choice(values) for key, values in words.items() if chance.likely(0.67)}


def selector(chance: Chance, words: Labels) -> Manifest:
    """A label selector: everything, or one or two requirements in either form."""
    found: Manifest = {}
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        key = chance.choice(list(words))
        if chance.likely(0.4):
            found.setdefault("matchLabels", {})[key] = chance.choice(words[key])
            continue
        operator = chance.choice(("In", "NotIn", "Exists", "DoesNotExist"))
        requirement: Manifest = {"key": key, "operator": operator}
        if operator in ("In", "NotIn"):
            requirement["values"] = chance.some(words[key], 1, 2)
        found.setdefault("matchExpressions", []).append(requirement)
    return found


def namespaces(chance: Chance) -> Manifest:
    """A selector of namespaces: at times by the name that every one has as a label."""
    if chance.likely(0.15):
        return {"matchLabels": {"kubernetes.io/metadata.name": chance.choice(NAMESPACES)}}
    return selector(chance, NAMESPACE_LABELS)


def pods(chance: Chance) -> Manifest:
    return selector(chance, POD_LABELS)


def nodes(chance: Chance) -> Manifest:
    return selector(chance, NODE_LABELS)


def addresses(objects: Sequence[Manifest]) -> list[str]:
    """The addresses of pods and nodes, and some outside."""
    found = list(OUTSIDE)
    for each in objects:
        if each["kind"] == "Pod":
            found += [item["ip"] for item in each["status"].get("podIPs", ())]
        if each["kind"] == "Node":
            found += [item["address"] for item in each["status"]["addresses"] if item["type"] != "Hostname"]
    return found


def cidr(chance: Chance, known: Sequence[str]) -> str:
    """A block around an address that something has: the whole family, one address, or of any size between."""
    address = ipaddress.ip_address(chance.choice(known))
    bits = address.max_prefixlen
    wide = (0, 8, 16, 24, 25, 28, 30, 31, 32) if bits == 32 else (0, 16, 32, 48, 64, 112, 124, 126, 127, 128)
    return str(ipaddress.ip_network(f"{address}/{chance.choice(wide)}", strict=False))


def block(chance: Chance, known: Sequence[str]) -> Manifest:
    """An ipBlock; its excepts are strictly inside."""
    found: Manifest = {"cidr": cidr(chance, known)}
    outer = ipaddress.ip_network(found["cidr"])
    inside = [each for each in known if _within(each, outer)]
    if chance.likely(0.5) and outer.prefixlen < outer.max_prefixlen:
        inner = (
            ipaddress.ip_network(f"{address}/{chance.randint(outer.prefixlen + 1, outer.max_prefixlen)}", strict=False)
            for address in chance.some(inside, 1, 2)
        )
        found["except"] = [str(each) for each in inner]
    return found


def _within(address: str, outer: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return ipaddress.ip_address(address) in outer


def span(chance: Chance) -> tuple[int, int]:
    """The first and the last of more than one port."""
    first, last = sorted(chance.sample((1, 52, *PORTS, 8081, 65535), 2))
    return first, last
