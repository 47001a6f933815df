"""The registry of routes and gateways: how an object of each kind is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reachproof.manifests.kinds.routes import gateway_api, istio, others
from reachproof.manifests.kinds.routes.records import Gateway, Grant, Route
from reachproof.manifests.object_identity import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteKind:
    """One kind. `read`: whether its backends are."""

    group: str
    kind: str
    lower: Callable[[Manifest], Route | Gateway | Grant]
    read: bool = True


ROUTE_KINDS = (
    *(RouteKind(group=gateway_api.GROUP, kind=kind, lower=gateway_api.read_route) for kind in gateway_api.ROUTES),
    RouteKind(group=gateway_api.GROUP, kind="Gateway", lower=gateway_api.read_gateway),
    RouteKind(group=gateway_api.GROUP, kind="ReferenceGrant", lower=gateway_api.read_grant),
    RouteKind(group=istio.GROUP, kind="VirtualService", lower=istio.read_virtual_service),
    RouteKind(group=istio.GROUP, kind="Gateway", lower=istio.read_gateway),
    RouteKind(group=others.OPENSHIFT, kind="Route", lower=others.read_openshift),
    *(
        RouteKind(group=group, kind=kind, lower=others.read_traefik)
        for group in others.TRAEFIK
        for kind in others.TRAEFIK_KINDS
    ),
    RouteKind(group=others.CONTOUR, kind="HTTPProxy", lower=others.read_contour),
    *(
        RouteKind(group=group, kind=kind, lower=others.read_unknown, read=False)
        for group, kind in sorted(others.OF_NAMESPACE | others.OF_CLUSTER)
    ),
)
PROXY_LABELS = ((gateway_api.GATEWAY_NAME, None), (others.ROUTER, None), istio.INGRESS_LABEL)
"""Labels, with a value or any, that proxies of gateways and routers have."""
_BY_KIND = {(each.group, each.kind): each for each in ROUTE_KINDS}


def route_kind(manifest: Manifest) -> RouteKind | None:
    """The kind of a route or gateway, whatever its version; None for any other object."""
    return _BY_KIND.get((manifest.group, manifest.kind))
