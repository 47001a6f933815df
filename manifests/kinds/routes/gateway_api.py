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

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.routes.ways_in import Gateway, Grant, Listener, Parent, Route
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import IngressBackend, Proxies
from reachproof.network.labels import Selector
from reachproof.network.ports import Protocol

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
_PROTOCOLS = {"UDPRoute": (Protocol.UDP,)}
_WAYPOINTS = ("istio-waypoint",)


def read_route(manifest: Manifest) -> Route:
    """The route of an object; raises Misfit."""
    spec = manifest.fields.object("spec")
    return Route(
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        hosts=tuple(spec.texts("hostnames")),
        parents=tuple(
            parent for each in spec.objects("parentRefs") if (parent := _parent(each, manifest.namespace)) is not None
        ),
        family=GROUP,
        backends=tuple(dict.fromkeys(_backends(spec, manifest.namespace, _PROTOCOLS.get(manifest.kind, ())))),
        granted=True,
        origin=manifest.origin,
    )


def _parent(ref: Fields, home: str) -> Parent | None:
    """The gateway of a reference; None for a Service, to which a mesh binds the route."""
    group, kind = ref.text("group", GROUP), ref.text("kind", "Gateway")
    if kind in ("Service", "ServiceEntry"):
        return None
    namespace, name = ref.text("namespace", home), ref.text("name")
    return Parent(
        namespace=namespace,
        name=name,
        section=ref.text("sectionName"),
        port=ref.port("port") if ref.get("port") is not None else 0,
        unread="" if (group, kind) == (GROUP, "Gateway") else f"{kind} {namespace}/{name}",
    )


def _backends(spec: Fields, home: str, protocols: tuple[Protocol, ...]) -> Iterator[IngressBackend]:
    for rule in spec.objects("rules"):
        refs = rule.objects("backendRefs")
        mirrors = (mirror for owner in (rule, *refs) for mirror in _mirrors(owner))
        for ref in (*mirrors, *refs):
            yield from _backend(ref, home, protocols)


def _mirrors(owner: Fields) -> Iterator[Fields]:
    for entry in owner.objects("filters"):
        if ref := entry.object("requestMirror").object("backendRef"):
            yield ref


def _backend(ref: Fields, home: str, protocols: tuple[Protocol, ...]) -> Iterator[IngressBackend]:
    if ref.count("weight", 1) == 0:
        return
    group, kind = ref.text("group"), ref.text("kind", "Service")
    namespace = ref.text("namespace", home)
    name = ref.text("name") if (group, kind) == ("", "Service") else ""
    port = ref.port("port") if name and ref.get("port") is not None else 0
    where = "" if namespace == home else namespace
    yield IngressBackend(service=name, port=port, namespace=where, protocols=protocols)


def read_gateway(manifest: Manifest) -> Gateway:
    """The gateway of an object; raises Misfit."""
    spec = manifest.fields.object("spec")
    listeners = [] if spec.text("gatewayClassName") in _WAYPOINTS else spec.objects("listeners")
    return Gateway(
        family=GROUP,
        namespace=manifest.namespace,
        name=manifest.name,
        listeners=tuple(map(_listener, listeners)),
        proxies=Proxies(namespace=manifest.namespace, pods=Selector.equal(GATEWAY_NAME, manifest.name)),
        origin=manifest.origin,
    )


def _listener(listener: Fields) -> Listener:
    allowed = listener.object("allowedRoutes")
    namespaces = allowed.object("namespaces")
    source = namespaces.text("from", "Same")
    kinds = [each.text("kind") for each in allowed.objects("kinds")]
    host = listener.text("hostname")
    protocol = listener.text("protocol")
    return Listener(
        name=listener.text("name"),
        port=listener.port("port") if listener.get("port") is not None else 0,
        kinds=frozenset() if source == "None" else frozenset(kinds or _OF_PROTOCOL.get(protocol, ROUTES)),
        hosts=(host,) if host else (),
        everywhere=source == "All",
        namespaces=namespaces.selector("selector") if source == "Selector" else None,
    )


def read_grant(manifest: Manifest) -> Grant:
    """The grant of an object; raises Misfit."""
    spec = manifest.fields.object("spec")
    targets = [each.text("name") for each in spec.objects("to") if each.text("kind") == "Service"]
    sources = ((each.text("kind"), each.text("namespace")) for each in spec.objects("from"))
    return Grant(
        namespace=manifest.namespace,
        name=manifest.name,
        sources=frozenset(sources),
        services=None if "" in targets else frozenset(targets),
        origin=manifest.origin,
    )
