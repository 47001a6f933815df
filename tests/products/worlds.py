"""Small clusters, one for each engine, with or without a mesh, on IPv4, IPv6 or both: the same cluster each time.

Every address stands in one table, so that a cluster on IPv6 is the translation of the one on IPv4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_address
from reachproof.network.snapshot import Snapshot
from reachproof.queries.model_options import model_options

Manifest = dict[str, Any]
ENGINES = ("spec", "calico", "cilium", "ovn-kubernetes", "antrea", "kube-network-policies")
PODS = ("shop/web", "shop/db", "bank/api", "infra/dns")
TENANTS = {"shop": "a", "bank": "b"}
OFFICE, STRANGER = "office", "stranger"


class Family(StrEnum):
    """Which addresses the cluster has."""

    V4 = "IPv4"
    V6 = "IPv6"
    DUAL = "dual"

    @property
    def parts(self) -> tuple[Family, ...]:
        """The families of its addresses."""
        return (Family.V4, Family.V6) if self is Family.DUAL else (self,)


_CIDRS = {
    "any": ("0.0.0.0/0", "::/0"),
    "office": ("198.51.100.0/24", "2001:db8:51::/64"),
    "pods": ("10.1.0.0/16", "fd00:1::/64"),
}
_HOSTS = {
    OFFICE: ("198.51.100.7", "2001:db8:51::7"),
    STRANGER: ("203.0.113.9", "2001:db8:99::9"),
    "node": ("192.168.0.1", "fd00:2::1"),
    **{name: (f"10.1.0.{number}", f"fd00:1::{number}") for number, name in enumerate(PODS, start=1)},
}


@dataclass(frozen=True, slots=True)
class World:
    """One cell of the product."""

    engine: str
    mesh: bool
    family: Family

    def __str__(self) -> str:
        return f"{self.engine}{'+istio' if self.mesh else ''}-{self.family}"

    @property
    def options(self) -> dict[str, object]:
        """The model options by their names."""
        return {"cni": self.engine, "podCidr": ",".join(self.cidrs("pods"))}

    def cidrs(self, name: str) -> list[str]:
        """The CIDRs that a name stands for, one of each family."""
        return [_CIDRS[name][part is Family.V6] for part in self.family.parts]

    def hosts(self, name: str) -> list[str]:
        """The addresses of a pod, a node or someone outside."""
        return [_HOSTS[name][part is Family.V6] for part in self.family.parts]

    def with_mesh(self) -> World:
        """The same cluster with Istio."""
        return replace(self, mesh=True)

    def on(self, family: Family) -> World:
        """The same cluster with other addresses."""
        return replace(self, family=family)


WORLDS = tuple(
    World(engine, mesh, family)
    for engine in ENGINES
    for mesh in (False, True)
    for family in (Family.V4, Family.V6, Family.DUAL)
)


def each_engine(*, first_in_mesh: bool) -> tuple[World, ...]:
    """Each engine once, every other one with a mesh, the families in turn."""
    families = tuple(Family)
    return tuple(
        World(engine, (number % 2 == 0) is first_in_mesh, families[(number // 2 + first_in_mesh) % 3])
        for number, engine in enumerate(ENGINES)
    )


def translated(text: str, family: Family) -> str:
    """A text about the cluster on IPv4 as one about that on IPv6: CIDRs and hosts replaced, longest first."""
    pairs = sorted([*_CIDRS.values(), *_HOSTS.values()], key=lambda pair: -len(pair[0]))
    for v4, v6 in pairs if family is Family.V6 else ():
        text = text.replace(v4, v6)
    return text


def address(text: str) -> int:
    """An address as an integer."""
    return parse_address(text)


@cache
def snapshot(world: World) -> Snapshot:
    """The cluster, loaded."""
    return load(world, objects(world))


def load(world: World, manifests: list[Manifest]) -> Snapshot:
    """Some objects under the options of a world."""
    return load_objects(manifests, options=model_options(world.options))


# ---------------------------------------------------------------- objects


def objects(world: World) -> list[Manifest]:
    """All objects of the cluster."""
    return [*cluster(world), *policies(world)]


def cluster(world: World) -> list[Manifest]:
    """What is no policy."""
    injected = {"istio-injection": "enabled"} if world.mesh else {}
    labels: dict[str, dict[str, str]] = {
        "shop": {"tenant": "a", **injected},
        "bank": {"tenant": "b"},
        "infra": injected,
    }
    namespaces = [_object("v1", "Namespace", name, labels=each) for name, each in labels.items()]
    node = _object("v1", "Node", "n1")
    node["status"] = {"addresses": [{"type": "InternalIP", "address": each} for each in world.hosts("node")]}
    service = _object(
        "v1", "Service", "shop/db", spec={"selector": {"app": "db"}, "ports": [{"port": 1, "targetPort": "pg"}]}
    )
    return [*namespaces, node, service, *(_pod(world, name) for name in PODS)]


def _pod(world: World, key: str) -> Manifest:
    home, _, name = key.partition("/")
    ports = {
        "db": [{"name": "pg", "containerPort": 5432}],
        "dns": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}],
    }
    containers: list[Manifest] = [{"name": "c", "image": "i", "ports": ports.get(name, [])}]
    if world.mesh and home != "bank":
        containers.append({"name": "istio-proxy", "image": "i"})
    found = _object("v1", "Pod", key, labels={"app": name}, spec={"containers": containers, "nodeName": "n1"})
    found["status"] = {"phase": "Running", "podIPs": [{"ip": each} for each in world.hosts(key)]}
    return found


def _object(version: str, kind: str, key: str, *, labels: dict[str, str] | None = None, **body: Any) -> Manifest:
    home, _, name = key.rpartition("/")
    metadata = {"name": name, "labels": labels or {}} | ({"namespace": home} if home else {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


# ---------------------------------------------------------------- policies


def policies(world: World) -> list[Manifest]:
    """NetworkPolicies, which every engine has, and the engine's own kinds; with a mesh, those of Istio."""
    own = {"calico": _calico, "cilium": _cilium}.get(world.engine, _admin)
    return [*_network_policies(world), *own(world), *(_istio() if world.mesh else [])]


def _network_policies(world: World) -> list[Manifest]:
    version, kind = "networking.k8s.io/v1", "NetworkPolicy"
    blocks = {name: [{"ipBlock": {"cidr": each}} for each in world.cidrs(name)] for name in _CIDRS}
    db = {
        "podSelector": {"matchLabels": {"app": "db"}},
        "ingress": [
            {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": "pg"}]},
            {"from": blocks["office"], "ports": [{"port": 443}]},
        ],
    }
    names = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "infra"}}}
    bank = {
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [
            {"to": [names], "ports": [{"port": 53, "protocol": "UDP"}]},
            {"to": [{"namespaceSelector": {}}, *blocks["office"]], "ports": [{"port": 440, "endPort": 450}]},
        ],
    }
    infra = {"podSelector": {}, "ingress": [{"ports": [{"port": 53, "protocol": "UDP"}]}, {"from": blocks["office"]}]}
    return [
        _object(version, kind, "shop/db", spec=db),
        _object(version, kind, "bank/out", spec=bank),
        _object(version, kind, "infra/dns", spec=infra),
    ]


_IN_A: Manifest = {"namespaces": {"matchLabels": {"tenant": "a"}}}
_IN_B: Manifest = {"namespaces": {"matchLabels": {"tenant": "b"}}}
_INFRA: Manifest = {"namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "infra"}}}


def _admin(world: World) -> list[Manifest]:
    """All kinds of network-policy-api; two of them tie, and two kinds disagree."""
    version = "policy.networking.k8s.io/v1alpha1"
    port = {"ports": [{"portNumber": {"protocol": "TCP", "port": 5432}}]}
    guard = {
        "priority": 5,
        "subject": _IN_A,
        "ingress": [
            {
                "name": "scrape",
                "action": "Allow",
                "from": [_IN_B],
                "ports": [{"portRange": {"protocol": "TCP", "start": 440, "end": 441}}],
            },
            {"name": "own", "action": "Pass", "from": [_IN_A]},
            {"name": "others", "action": "Deny", "from": [_IN_B]},
        ],
        "egress": [{"name": "office", "action": "Deny", "to": [{"networks": world.cidrs("office")}]}],
    }
    tie = {"priority": 6, "subject": _INFRA, "egress": [{"action": "Allow", "to": [{"namespaces": {}}], **port}]}
    other = {"priority": 6, "subject": _INFRA, "egress": [{"action": "Deny", "to": [{"namespaces": {}}], **port}]}
    late_ports = {"ports": [{"portNumber": {"protocol": "TCP", "port": 441}}]}
    late_peers = [{"networks": world.cidrs("pods")}]
    late = {
        "priority": 500,
        "subject": {"namespaces": {}},
        "egress": [{"action": "Deny", "to": late_peers, **late_ports}],
    }
    quiet_ports = [{"portNumber": {"protocol": "UDP", "port": 53}}]
    quiet = {"priority": 4, "subject": _INFRA, "ingress": [{"action": "Deny", "from": [_IN_B], "ports": quiet_ports}]}
    floor = {"subject": {"namespaces": {}}, "ingress": [{"action": "Deny", "from": [_IN_B]}]}
    accept = {
        "tier": "Admin",
        "priority": 3,
        "subject": _INFRA,
        "ingress": [
            {
                "action": "Accept",
                "from": [{"namespaces": {}}],
                "protocols": [{"udp": {"destinationPort": {"number": 53}}}],
            }
        ],
    }
    base = {"tier": "Baseline", "priority": 3, "subject": _IN_A, "egress": [{"action": "Deny", "to": [_IN_B]}]}
    return [
        _object(version, "AdminNetworkPolicy", "guard", spec=guard),
        _object(version, "AdminNetworkPolicy", "tie-allow", spec=tie),
        _object(version, "AdminNetworkPolicy", "tie-deny", spec=other),
        _object(version, "AdminNetworkPolicy", "late", spec=late),
        _object(version, "AdminNetworkPolicy", "quiet", spec=quiet),
        _object(version, "BaselineAdminNetworkPolicy", "default", spec=floor),
        _object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "dns", spec=accept),
        _object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "floor", spec=base),
    ]


def _calico(world: World) -> list[Manifest]:
    """Two tiers before the default one, each of which decides something; sets, selectors and an AdminNetworkPolicy."""
    version = "projectcalico.org/v3"
    tiers = [_object(version, "Tier", name, spec={"order": order}) for name, order in (("sec", 10), ("ops", 20))]
    scrape = {
        "tier": "sec",
        "order": 1,
        "selector": "app == 'db'",
        "types": ["Ingress"],
        "ingress": [
            {
                "action": "Allow",
                "protocol": "TCP",
                "source": {"namespaceSelector": "tenant == 'b'"},
                "destination": {"ports": ["440:441"]},
            },
            {"action": "Deny", "source": {"namespaceSelector": "tenant == 'b'"}},
            {"action": "Pass"},
        ],
    }
    ops = {
        "tier": "ops",
        "selector": "app in {'api', 'dns'}",
        "types": ["Ingress", "Egress"],
        "ingress": [
            {"action": "Pass", "source": {"selector": "has(app)"}},
            {"action": "Allow", "source": {"selector": "set == 'office'"}},
        ],
        "egress": [
            *({"action": "Deny", "destination": {"nets": [each]}} for each in world.cidrs("office")),
            {"action": "Pass"},
        ],
    }
    local = {
        "order": 7,
        "selector": "app == 'web'",
        "types": ["Egress"],
        "egress": [{"action": "Allow", "destination": {"selector": "app == 'db'"}}],
    }
    return [
        *tiers,
        _object(version, "GlobalNetworkSet", "office", labels={"set": "office"}, spec={"nets": world.cidrs("office")}),
        _object(version, "GlobalNetworkPolicy", "sec.scrape", spec=scrape),
        _object(version, "GlobalNetworkPolicy", "ops.ops", spec=ops),
        _object(version, "NetworkPolicy", "shop/default.local", spec=local),
    ]


def _cilium(world: World) -> list[Manifest]:
    """Allow and deny rules, entities, CIDRs with exceptions, and both scopes; a ClusterNetworkPolicy on top."""
    version = "cilium.io/v2"
    tcp = {"toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}
    web = {
        "endpointSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"fromEntities": ["world"], **tcp}, {"fromEndpoints": [{"matchLabels": {"app": "db"}}]}],
        "egress": [{"toEndpoints": [{}]}, {"toCIDR": world.cidrs("office"), **tcp}],
    }
    wide = {
        "endpointSelector": {"matchLabels": {"io.kubernetes.pod.namespace": "bank"}},
        "ingressDeny": [{"fromEndpoints": [{"matchLabels": {"io.kubernetes.pod.namespace": "infra"}}]}],
        "ingress": [{"fromEntities": ["all"]}],
    }
    names = {
        "endpointSelector": {"matchLabels": {"app": "dns"}},
        "egress": [{"toFQDNs": [{"matchName": "up.example.com"}]}],
    }
    cluster = {
        "tier": "Admin",
        "priority": 3,
        "subject": _IN_A,
        "ingress": [
            {"action": "Accept", "from": [_IN_B], "protocols": [{"tcp": {"destinationPort": {"number": 441}}}]},
            {"action": "Deny", "from": [_IN_B]},
        ],
    }
    base = {"tier": "Baseline", "priority": 3, "subject": _IN_A, "egress": [{"action": "Deny", "to": [_IN_B]}]}
    return [
        _object(version, "CiliumNetworkPolicy", "shop/web", spec=web),
        _object(version, "CiliumNetworkPolicy", "infra/names", spec=names),
        _object(version, "CiliumClusterwideNetworkPolicy", "bank", spec=wide),
        _object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "guard", spec=cluster),
        _object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "floor", spec=base),
    ]


def _istio() -> list[Manifest]:
    version = "security.istio.io/v1"
    deny = {
        "action": "DENY",
        "selector": {"matchLabels": {"app": "web"}},
        "rules": [{"from": [{"source": {"namespaces": ["infra"]}}], "to": [{"operation": {"ports": ["8080"]}}]}],
    }
    allow = {"selector": {"matchLabels": {"app": "db"}}, "rules": [{"to": [{"operation": {"ports": ["5432", "440"]}}]}]}
    return [
        _object(version, "AuthorizationPolicy", "shop/web", spec=deny),
        _object(version, "AuthorizationPolicy", "shop/db", spec=allow),
    ]
