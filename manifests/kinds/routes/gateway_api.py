"""gateway.networking.k8s.io: HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute, Gateway and ReferenceGrant.

| Field | Here |
|---|---|
| spec.parentRefs[] | a Gateway, of the route's namespace where none is given; a Service (of a mesh) lets nothing in |
| rules[].backendRefs[], requestMirror filters | one backend each; none where the weight is 0 |
| a backend that is no Service | any Service of the namespace, since what it stands for is not read |
| listeners[].allowedRoutes | namespaces: Same unless given; kinds: those of the protocol unless given |
| listeners[].hostname, spec.hostnames | must meet; an absent one is every host |

Proxies are known by the label `gateway.networking.k8s.io/gateway-name` (GEP-1762). A waypoint of Istio is a Gateway
that lets nothing in. Source: Gateway API v1, "Hostnames", "Cross namespace routing", "ReferenceGrant".
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.manifests import inventory_fields as loose
from reachproof.manifests.inventory_fields import Node
from reachproof.manifests.kinds.routes.records import Gateway, Grant, Listener, Parent, Route
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import IngressBackend, Proxies
from reachproof.network.labels import Selector

GROUP = "gateway.networking.k8s.io"
GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"
ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_OF_PROTOCOL = {
    "HTTP": ("HTTPRoute", "GRPCRoute"),
    "HTTPS": ("HTTPRoute", "GRPCRoute"),
    "TLS": ("TLSRoute", "TCPRoute"),
    "TCP": ("TCPRoute",),
    "UDP": ("UDPRoute",),
}
_WAYPOINTS = ("istio-waypoint",)
_MIRROR = "requestMirror"


def read_route(manifest: Manifest) -> Route:
    """The route of an object; raises Misfit."""
    spec = loose.mapping(manifest.body, "spec")
    parents = loose.mappings(spec, "parentRefs", "spec.")
    return Route(
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        hosts=tuple(loose.texts(spec, "hostnames", "spec.")),
        parents=tuple(
            parent
            for index, each in enumerate(parents)
            if (parent := _parent(each, f"spec.parentRefs[{index}].", manifest.namespace)) is not None
        ),
        family=GROUP,
        backends=tuple(dict.fromkeys(_backends(spec, manifest.namespace))),
        granted=True,
        origin=manifest.origin,
    )


def _parent(ref: Node, at: str, home: str) -> Parent | None:
    """The gateway of a reference; None for a Service, to which a mesh binds the route."""
    group, kind = loose.text(ref, "group", at, GROUP), loose.text(ref, "kind", at, "Gateway")
    if kind in ("Service", "ServiceEntry"):
        return None
    namespace, name = loose.text(ref, "namespace", at, home), loose.text(ref, "name", at)
    return Parent(
        namespace=namespace,
        name=name,
        section=loose.text(ref, "sectionName", at),
        port=loose.port_number(ref, "port", at) if ref.get("port") is not None else 0,
        unread="" if (group, kind) == (GROUP, "Gateway") else f"{kind} {namespace}/{name}",
    )


def _backends(spec: Node, home: str) -> Iterator[IngressBackend]:
    for number, rule in enumerate(loose.mappings(spec, "rules", "spec.")):
        at = f"spec.rules[{number}]."
        yield from _mirrors(rule, at, home)
        for index, ref in enumerate(loose.mappings(rule, "backendRefs", at)):
            path = f"{at}backendRefs[{index}]."
            yield from _mirrors(ref, path, home)
            yield from _backend(ref, path, home)


def _mirrors(owner: Node, at: str, home: str) -> Iterator[IngressBackend]:
    for index, entry in enumerate(loose.mappings(owner, "filters", at)):
        path = f"{at}filters[{index}].{_MIRROR}."
        mirror = loose.mapping(entry, _MIRROR, f"{at}filters[{index}].")
        ref = loose.mapping(mirror, "backendRef", path)
        if ref:
            yield from _backend(ref, f"{path}backendRef.", home)


def _backend(ref: Node, at: str, home: str) -> Iterator[IngressBackend]:
    if loose.count(ref, "weight", at, 1) == 0:
        return
    group, kind = loose.text(ref, "group", at), loose.text(ref, "kind", at, "Service")
    namespace = loose.text(ref, "namespace", at, home)
    name = loose.text(ref, "name", at) if (group, kind) == ("", "Service") else ""
    port = loose.port_number(ref, "port", at) if name and ref.get("port") is not None else 0
    yield IngressBackend(service=name, port=port, namespace="" if namespace == home else namespace)


def read_gateway(manifest: Manifest) -> Gateway:
    """The gateway of an object; raises Misfit."""
    spec = loose.mapping(manifest.body, "spec")
    waypoint = loose.text(spec, "gatewayClassName", "spec.") in _WAYPOINTS
    listeners = [] if waypoint else loose.mappings(spec, "listeners", "spec.")
    return Gateway(
        family=GROUP,
        namespace=manifest.namespace,
        name=manifest.name,
        listeners=tuple(_listener(each, f"spec.listeners[{index}].") for index, each in enumerate(listeners)),
        proxies=Proxies(namespace=manifest.namespace, pods=Selector.equal(GATEWAY_NAME, manifest.name)),
        origin=manifest.origin,
    )


def _listener(node: Node, at: str) -> Listener:
    allowed = loose.mapping(node, "allowedRoutes", at)
    namespaces = loose.mapping(allowed, "namespaces", f"{at}allowedRoutes.")
    path = f"{at}allowedRoutes.namespaces."
    source = loose.text(namespaces, "from", path, "Same")
    kinds = [loose.text(each, "kind", f"{at}allowedRoutes.kinds.") for each in loose.mappings(allowed, "kinds", at)]
    host = loose.text(node, "hostname", at)
    protocol = loose.text(node, "protocol", at)
    return Listener(
        name=loose.text(node, "name", at),
        port=loose.port_number(node, "port", at) if node.get("port") is not None else 0,
        kinds=frozenset() if source == "None" else frozenset(kinds or _OF_PROTOCOL.get(protocol, ROUTES)),
        hosts=(host,) if host else (),
        everywhere=source == "All",
        namespaces=loose.selector(loose.mapping(namespaces, "selector", path), f"{path}selector.")
        if source == "Selector"
        else None,
    )


def read_grant(manifest: Manifest) -> Grant:
    """The grant of an object; raises Misfit."""
    spec = loose.mapping(manifest.body, "spec")
    targets = [
        loose.text(each, "name", f"spec.to[{index}].")
        for index, each in enumerate(loose.mappings(spec, "to", "spec."))
        if loose.text(each, "kind", f"spec.to[{index}].") == "Service"
    ]
    sources = (
        (loose.text(each, "kind", f"spec.from[{index}]."), loose.text(each, "namespace", f"spec.from[{index}]."))
        for index, each in enumerate(loose.mappings(spec, "from", "spec."))
    )
    return Grant(
        namespace=manifest.namespace,
        name=manifest.name,
        sources=frozenset(sources),
        services=None if "" in targets else frozenset(targets),
        origin=manifest.origin,
    )
