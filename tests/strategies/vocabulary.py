"""The few words that drawn manifests are made of: so few that policies, pods and flows keep meeting each other."""

from typing import Any

Manifest = dict[str, Any]

NAMESPACES = ("shop", "bank", "lab")
NODES = ("n1", "n2")
ZONES = ("a", "b")

NAMESPACE_LABELS: tuple[dict[str, str], ...] = ({}, {"team": "red"}, {"team": "blue"}, {"team": "red", "env": "prod"})
POD_LABELS: tuple[dict[str, str], ...] = (
    {},
    {"app": "web"},
    {"app": "db"},
    {"app": ""},
    {"tier": "a"},
    {"app": "web", "tier": "a"},
    {"app": "web", "tier": "b"},
    {"app": "db", "tier": "a"},
)


def _where(key: str, operator: str, *values: str) -> Manifest:
    expression: Manifest = {"key": key, "operator": operator}
    if values:
        expression["values"] = list(values)
    return expression


def _selector(*expressions: Manifest, **labels: str) -> Manifest:
    selector: Manifest = {}
    if labels:
        selector["matchLabels"] = labels
    if expressions:
        selector["matchExpressions"] = list(expressions)
    return selector


POD_SELECTORS: tuple[Manifest, ...] = (
    _selector(),
    _selector(app="web"),
    _selector(app="db"),
    _selector(_where("app", "NotIn", "web")),
    _selector(_where("app", "In", "web", "db")),
    _selector(_where("app", "Exists")),
    _selector(_where("app", "DoesNotExist")),
    _selector(tier="a"),
    _selector(_where("tier", "NotIn", "a", "b")),
    _selector(_where("app", "NotIn", "db"), tier="a"),
    _selector(_where("tier", "Exists"), app="web"),
    _selector(_where("app", "In", "")),
    {"matchLabels": {}, "matchExpressions": []},
)
NAMESPACE_SELECTORS: tuple[Manifest, ...] = (
    _selector(),
    _selector(team="red"),
    _selector(_where("team", "NotIn", "red")),
    _selector(_where("team", "Exists")),
    _selector(_where("team", "DoesNotExist")),
    _selector(_where("team", "In", "red", "blue"), env="prod"),
    {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
    _selector(_where("kubernetes.io/metadata.name", "In", "shop", "bank")),
)
NODE_SELECTORS: tuple[Manifest, ...] = (
    _selector(),
    _selector(zone="a"),
    _selector(_where("zone", "NotIn", "a")),
    _selector(_where("zone", "DoesNotExist")),
)

POD_ADDRESSES_4 = tuple(f"10.0.0.{number}" for number in range(1, 8))
POD_ADDRESSES_6 = tuple(f"fd00::{number}" for number in range(1, 8))
NODE_ADDRESSES_4 = ("192.168.0.1", "192.168.0.2")
NODE_ADDRESSES_6 = ("fd01::1", "fd01::2")

# Each cuts the pods, the nodes, the world outside, or several of them; with excepts that are strict subsets.
BLOCKS: tuple[Manifest, ...] = (
    {"cidr": "0.0.0.0/0"},
    {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/30", "203.0.113.0/24"]},
    {"cidr": "10.0.0.0/30"},
    {"cidr": "10.0.0.0/29", "except": ["10.0.0.2/32"]},
    {"cidr": "10.0.0.4/30"},
    {"cidr": "10.0.0.3/32"},
    {"cidr": "192.168.0.0/24"},
    {"cidr": "192.168.0.0/24", "except": ["192.168.0.1/32"]},
    {"cidr": "203.0.113.0/24", "except": ["203.0.113.128/25", "203.0.113.0/32"]},
    {"cidr": "::/0"},
    {"cidr": "::/0", "except": ["fd00::/16"]},
    {"cidr": "fd00::/126"},
    {"cidr": "fd01::1/128"},
    {"cidr": "2001:db8::/32"},
)
NETWORKS: tuple[str, ...] = tuple(dict.fromkeys(block["cidr"] for block in BLOCKS))

DOMAINS: tuple[list[str], ...] = (["example.com"], ["*.example.com", "api.example.net"])

# (name, number, protocol); the number differs between pods, a name may stand for two numbers, or for another protocol.
CONTAINER_PORTS: tuple[tuple[tuple[str, int, str], ...], ...] = (
    (),
    (("web", 80, "TCP"), ("dns", 53, "UDP")),
    (("web", 8080, "TCP"), ("dns", 53, "TCP")),
    (("web", 80, "UDP"),),
    (("web", 80, "TCP"), ("web", 8080, "TCP")),
    (("dns", 53, "UDP"), ("web", 8080, "SCTP")),
)
NETWORK_POLICY_PORTS: tuple[Manifest, ...] = (
    {"port": 80},
    {"port": 80, "protocol": "TCP"},
    {"port": 53, "protocol": "UDP"},
    {"port": 8080, "protocol": "SCTP"},
    {"port": "web"},
    {"port": "dns", "protocol": "UDP"},
    {"port": "dns"},
    {"protocol": "UDP"},
    {"protocol": "SCTP"},
    {},
    {"port": 80, "endPort": 8080},
    {"port": 53, "endPort": 80, "protocol": "UDP"},
)
ADMIN_PORTS: tuple[Manifest, ...] = (
    {"portNumber": {"port": 80, "protocol": "TCP"}},
    {"portNumber": {"port": 80}},
    {"portNumber": {"port": 53, "protocol": "UDP"}},
    {"portNumber": {"port": 8080, "protocol": "SCTP"}},
    {"portRange": {"start": 80, "end": 8080}},
    {"portRange": {"start": 53, "end": 80, "protocol": "UDP"}},
    {"portRange": {"start": 1, "end": 65535, "protocol": "TCP"}},
)
ADMIN_NAMED_PORTS: tuple[Manifest, ...] = ({"namedPort": "web"}, {"namedPort": "dns"})
CLUSTER_PROTOCOLS: tuple[Manifest, ...] = (
    {"tcp": {"destinationPort": {"number": 80}}},
    {"udp": {"destinationPort": {"number": 53}}},
    {"sctp": {"destinationPort": {"number": 8080}}},
    {"tcp": {"destinationPort": {"range": {"start": 80, "end": 8080}}}},
    {"udp": {"destinationPort": {"range": {"start": 1, "end": 65535}}}},
)
CLUSTER_NAMED_PORTS: tuple[Manifest, ...] = ({"destinationNamedPort": "web"}, {"destinationNamedPort": "dns"})

# Few values, so that ties are frequent; 100 is beyond what one implementation programs.
PRIORITIES = (10, 10, 20, 100)
