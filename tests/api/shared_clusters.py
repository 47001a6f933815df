"""Drawn clusters of several teams: `mine` is one's own namespace, and all words of others begin with `zq`.

Addresses and ranges of others are FOREIGN_RANGES, and in no other object.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Manifest = dict[str, Any]
OTHERS = ("zqone", "zqtwo")
FOREIGN_RANGES = (
    *(f"10.77.{place}.{number}/32" for place in range(2) for number in (1, 2)),
    *("10.99.0.1/32", "10.99.1.1/32", "198.18.7.0/24"),
)
FOREIGN_LABELS = ({"zqkey": "zqval"}, {"zqkey": "zqother", "app": "web"}, {"app": "zqdb"})
OWN_LABELS = ({"app": "web"}, {"app": "db"})


def named(kind: str, name: str, namespace: str = "", version: str = "v1", **fields: Any) -> Manifest:
    """An object."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **fields.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def _pod(namespace: str, number: int, labels: dict[str, str]) -> Manifest:
    own = namespace == "mine"
    name = f"pod-{number}" if own else f"zqpod-{number}"
    address = f"10.1.0.{number + 1}" if own else f"10.77.{OTHERS.index(namespace)}.{number + 1}"
    port = {"name": "http" if own else "zqport", "containerPort": 8080}
    spec = {"containers": [{"name": "c", "image": "i", "ports": [port]}], "nodeName": "zqnode"}
    if own:
        del spec["nodeName"]
    status = {"phase": "Running", "podIP": address}
    return named("Pod", name, namespace, metadata={"labels": labels}, spec=spec, status=status)


@st.composite
def _policy(draw: st.DrawFn, namespace: str, number: int) -> Manifest:
    """A NetworkPolicy: of one's own it names nobody else, of others it has words and addresses of theirs alone."""
    own = namespace == "mine"
    peers: list[Manifest] = [
        {"podSelector": {}},
        {"namespaceSelector": {}},
        {"ipBlock": {"cidr": "203.0.113.0/24" if own else "198.18.7.0/24"}},
    ]
    if not own:
        peers += [
            {"namespaceSelector": {"matchLabels": {"zqteam": "zqred"}}},
            {"podSelector": {"matchLabels": {"zqkey": "zqval"}}},
        ]
    rules = [
        {
            "from": [draw(st.sampled_from(peers))],
            "ports": [{"port": draw(st.sampled_from((80, "http" if own else "zqport")))}],
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    egress = [{"to": [draw(st.sampled_from(peers))]} for _ in range(draw(st.integers(0, 1)))]
    labels = draw(st.sampled_from(({}, *(OWN_LABELS if own else FOREIGN_LABELS), {"app": "none" if own else "zqnone"})))
    spec = {
        "podSelector": {"matchLabels": labels},
        "policyTypes": ["Ingress", *draw(st.sampled_from(([], ["Egress"])))],
        "ingress": rules,
    }
    if "Egress" in spec["policyTypes"]:
        spec["egress"] = egress
    name = f"policy-{number}" if own else f"zqpolicy-{number}"
    return named("NetworkPolicy", name, namespace, "networking.k8s.io/v1", spec=spec)


@st.composite
def _admin(draw: st.DrawFn, number: int) -> Manifest:
    peer = draw(
        st.sampled_from(
            (
                {"namespaces": {"matchLabels": {"zqteam": "zqred"}}},
                {"namespaces": {}},
                {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"zqkey": "zqval"}}}},
            )
        )
    )
    outside = {"networks": ["198.18.7.0/24"]}
    rule = {"name": "zqrule", "action": draw(st.sampled_from(("Allow", "Deny", "Pass"))), "from": [peer]}
    egress = {"name": "zqout", "action": "Deny", "to": [draw(st.sampled_from((peer, outside)))]}
    spec = {"priority": number, "subject": {"namespaces": {}}, "ingress": [rule], "egress": [egress]}
    return named("AdminNetworkPolicy", f"zqadmin-{number}", version="policy.networking.k8s.io/v1alpha1", spec=spec)


def _calico(number: int, action: str) -> list[Manifest]:
    version = "projectcalico.org/v3"
    rule = {"action": action, "source": {"selector": "zqkey == 'zqval'", "nets": ["198.18.7.0/24"]}}
    spec = {"tier": "zqtier", "order": number, "selector": "all()", "types": ["Ingress"], "ingress": [rule]}
    tier = named("Tier", "zqtier", version=version, spec={"order": 50, "defaultAction": "Pass"})
    last = named("Tier", "zqlast", version=version, spec={"order": None, "defaultAction": "Pass"})
    host = {"node": "zqnode", "interfaceName": "zqeth0", "expectedIPs": ["10.99.0.1"]}
    endpoint = named("HostEndpoint", "zqendpoint", version=version, spec=host)
    return [tier, last, endpoint, named("GlobalNetworkPolicy", "zqtier.zqglobal", version=version, spec=spec)]


def _cilium(action: str) -> list[Manifest]:
    peer = {"matchLabels": {"zqkey": "zqval"}}
    port = {"ports": [{"port": "8080", "protocol": "TCP"}], "rules": {"http": [{"path": "/zq/.*", "method": "GET"}]}}
    spec: Manifest = {
        "endpointSelector": {},
        "egress": [{"toFQDNs": [{"matchName": "zq.example"}, {"matchPattern": "*.zq.example"}]}],
        "egressDeny": [{"toCIDR": ["198.18.7.0/24"]}],
    }
    if action == "Deny":
        spec["ingressDeny"] = [{"fromEndpoints": [peer]}]
    else:
        spec["ingress"] = [{"fromEndpoints": [peer], "toPorts": [port]}]
    return [named("CiliumClusterwideNetworkPolicy", "zqclusterwide", version="cilium.io/v2", spec=spec)]


def _mesh(action: str) -> list[Manifest]:
    principals = ["cluster.local/ns/zqone/sa/zqaccount"]
    paths = {"operation": {"paths": ["/zq"], "ports": ["8080"]}}
    spec = {"action": action, "rules": [{"from": [{"source": {"principals": principals}}], "to": [paths]}]}
    return [named("AuthorizationPolicy", "zqauthorization", "zqone", "security.istio.io/v1", spec=spec)]


@dataclass(frozen=True, kw_only=True)
class SharedCluster:
    """Objects, under which implementation, and if they are stored as a list in one line."""

    cni: str
    objects: list[Manifest]
    in_one_line: bool = False


@st.composite
def shared_clusters(draw: st.DrawFn, cni: str) -> SharedCluster:
    """A cluster with a namespace of one's own and two of others."""
    labels = ({"zqteam": "zqred"}, {"zqteam": "zqblue"})
    address = {"type": "InternalIP", "address": "10.99.0.1"}
    objects = [
        named("Namespace", "mine", metadata={"labels": {"team": "me"}}),
        *(named("Namespace", each, metadata={"labels": own}) for each, own in zip(OTHERS, labels, strict=True)),
        named("Node", "zqnode", metadata={"labels": {"zqzone": "zqa"}}, status={"addresses": [address]}),
    ]
    for namespace in ("mine", *OTHERS):
        known = OWN_LABELS if namespace == "mine" else FOREIGN_LABELS
        objects += [_pod(namespace, number, draw(st.sampled_from(known))) for number in range(draw(st.integers(1, 2)))]
        objects += [draw(_policy(namespace, number)) for number in range(draw(st.integers(0, 2)))]
    if cni == "calico":
        objects += _calico(1, draw(st.sampled_from(("Allow", "Deny", "Log"))))
    elif cni == "cilium":
        objects += _cilium(draw(st.sampled_from(("Allow", "Deny"))))
    else:
        objects += [draw(_admin(number)) for number in range(draw(st.integers(0, 2)))]
    objects += draw(st.sampled_from(([], _entry())))
    objects += draw(st.sampled_from(([], [], _mesh("DENY"), _mesh("ALLOW"))))
    objects += draw(st.sampled_from(([], [named("ZqCustom", "zqcustom", "zqone", "zqgroup.example/v1", spec={})])))
    return SharedCluster(cni=cni, objects=objects, in_one_line=draw(st.booleans()))


def _entry() -> list[Manifest]:
    """A Service of others, and an Ingress that leads to it."""
    ports = [{"name": "zqport", "port": 80, "targetPort": "zqport"}]
    spec = {"selector": {"zqkey": "zqval"}, "ports": ports, "clusterIP": "10.99.1.1", "type": "LoadBalancer"}
    backend = {"service": {"name": "zqsvc", "port": {"number": 80}}}
    rules = [{"host": "zq.example", "http": {"paths": [{"path": "/zq", "pathType": "Prefix", "backend": backend}]}}]
    return [
        named("Service", "zqsvc", "zqone", spec=spec),
        named("Ingress", "zqing", "zqone", "networking.k8s.io/v1", spec={"rules": rules}),
    ]


def files_of(cluster: SharedCluster) -> list[tuple[str, tuple[str, bytes]]]:
    """The files of an upload: one for each object, named after its owner, or one line with all."""
    if cluster.in_one_line:
        listed = {"apiVersion": "v1", "kind": "List", "items": cluster.objects}
        return [("file", ("all.json", json.dumps(listed).encode()))]
    found = enumerate(cluster.objects)
    return [("file", (f"{_owner(each)}-{number}.json", json.dumps(each).encode())) for number, each in found]


def _owner(each: Manifest) -> str:
    metadata = each["metadata"]
    return "mine" if "mine" in (metadata["name"], metadata.get("namespace")) else "zqfile"
