"""Drawn cluster objects: namespaces, nodes, pods (dual stack, host network, without an address) and services."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.strategies.vocabulary import (
    CONTAINER_PORTS,
    NAMESPACE_LABELS,
    NAMESPACES,
    NODE_ADDRESSES_4,
    NODE_ADDRESSES_6,
    NODES,
    POD_ADDRESSES_4,
    POD_ADDRESSES_6,
    POD_LABELS,
    ZONES,
    Manifest,
)

_NAMESPACE_LABELS = st.sampled_from(NAMESPACE_LABELS)
_POD_LABELS = st.sampled_from(POD_LABELS)
_CONTAINER_PORTS = st.sampled_from(CONTAINER_PORTS)
_NODE = st.sampled_from((*NODES, None))
# How a pod has its address; the usual one is repeated.
_FORMS = st.sampled_from(
    ("ipv4", "ipv4", "ipv4", "dual", "dual", "ipv6", "host", "template", "deployment", "daemonset")
)


@st.composite
def clusters(draw: st.DrawFn, *, most_pods: int = 5) -> list[Manifest]:
    """The objects of a small cluster without policies: 2-3 namespaces, 2 nodes, 2 to `most_pods` pods, 0-1 services."""
    names = NAMESPACES[: draw(st.integers(2, 3))]
    objects = [namespace(name, draw(_NAMESPACE_LABELS)) for name in names]
    objects += [node(number, labelled=draw(st.booleans())) for number in range(len(NODES))]
    for number in range(draw(st.integers(2, most_pods))):
        objects.append(draw(_pods(number, names)))
    if draw(st.booleans()):
        objects.append(service(names[0]))
    return objects


def namespace(name: str, labels: dict[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}


def node(number: int, *, labelled: bool) -> Manifest:
    """Dual stack, with the Hostname entry that every node has; its zone is set where `labelled`."""
    addresses = [
        {"type": "InternalIP", "address": NODE_ADDRESSES_4[number]},
        {"type": "InternalIP", "address": NODE_ADDRESSES_6[number]},
        {"type": "Hostname", "address": NODES[number]},
    ]
    labels = {"zone": ZONES[number]} if labelled else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODES[number], "labels": labels},
        "status": {"addresses": addresses},
    }


@st.composite
def _pods(draw: st.DrawFn, number: int, names: tuple[str, ...]) -> Manifest:
    form = draw(_FORMS)
    metadata: Manifest = {
        "name": f"p{number}",
        "namespace": draw(st.sampled_from((*names[:2], *names))),
        "labels": dict(draw(_POD_LABELS)),
    }
    spec: Manifest = {"containers": containers(draw(_CONTAINER_PORTS))}
    if form == "deployment":
        return workload("Deployment", metadata, spec, replicas=2)
    if form == "daemonset":
        return workload("DaemonSet", metadata, spec | {"hostNetwork": True})
    pod: Manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    if form == "template":
        return pod
    where = draw(_NODE)
    if form == "host":
        at = NODES.index(where or NODES[0])
        spec["nodeName"] = NODES[at]
        spec["hostNetwork"] = True
        addresses = [NODE_ADDRESSES_4[at], NODE_ADDRESSES_6[at]]
    else:
        if where is not None:
            spec["nodeName"] = where
        both = [POD_ADDRESSES_4[number], POD_ADDRESSES_6[number]]
        addresses = {"ipv4": both[:1], "dual": both, "ipv6": both[1:]}[form]
    pod["status"] = {"phase": "Running", "podIP": addresses[0], "podIPs": [{"ip": each} for each in addresses]}
    return pod


def workload(kind: str, metadata: Manifest, spec: Manifest, **fields: int) -> Manifest:
    """A workload whose pods are not given, so that it stands for itself."""
    pick = {"pick": metadata["name"]}
    template = {"metadata": {"labels": metadata["labels"] | pick}, "spec": spec}
    body = {"selector": {"matchLabels": pick}, "template": template} | fields
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": body}


def containers(ports: tuple[tuple[str, int, str], ...]) -> list[Manifest]:
    """One container per declared port, since a name may occur once per container only; at least one container."""
    declared = [
        {
            "name": f"c{number}",
            "image": "app",
            "ports": [{"name": name, "containerPort": port, "protocol": protocol}],
        }
        for number, (name, port, protocol) in enumerate(ports)
    ]
    return declared or [{"name": "c0", "image": "app"}]


def service(namespace_name: str) -> Manifest:
    ports = [{"name": "web", "protocol": "TCP", "port": 80, "targetPort": "web"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace_name},
        "spec": {"clusterIP": "10.96.0.1", "selector": {"app": "web"}, "ports": ports},
    }
