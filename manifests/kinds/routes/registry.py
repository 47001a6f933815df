"""The registry of routes and gateways: how an object of each kind is read, and what of it is stored.

Only what a reader looks at is stored: the TLS section of an OpenShift Route may hold a private key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reachproof.manifests.kinds.routes import gateway_api, istio, others
from reachproof.manifests.kinds.routes.records import Gateway, Grant, Route
from reachproof.manifests.object_identity import Manifest

WayIn = Route | Gateway | Grant
_ALL = "all"
_ONE = "one"
_WEIGHTED = {"name": _ONE, "namespace": _ONE, "kind": _ONE, "weight": _ONE}
_MIRRORED = {"requestMirror": {"backendRef": _ALL}}
_ISTIO_RULE = {"route": _ALL, "mirror": _ALL, "mirrors": _ALL, "delegate": _ALL}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteKind:
    """One kind. `spec`: the fields that are read, each with those below it. `read`: whether its backends are."""

    group: str
    kind: str
    lower: Callable[[Manifest], WayIn]
    spec: Mapping[str, Any]
    read: bool = True


_GATEWAY_ROUTE = {
    "parentRefs": _ALL,
    "hostnames": _ALL,
    "rules": {"backendRefs": _ALL, "filters": _MIRRORED},
}
_LISTENER = {"name": _ONE, "port": _ONE, "protocol": _ONE, "hostname": _ONE, "allowedRoutes": _ALL}
ROUTE_KINDS = (
    *(
        RouteKind(group=gateway_api.GROUP, kind=kind, lower=gateway_api.read_route, spec=_GATEWAY_ROUTE)
        for kind in gateway_api.ROUTES
    ),
    RouteKind(
        group=gateway_api.GROUP,
        kind="Gateway",
        lower=gateway_api.read_gateway,
        spec={"gatewayClassName": _ONE, "listeners": _LISTENER},
    ),
    RouteKind(
        group=gateway_api.GROUP, kind="ReferenceGrant", lower=gateway_api.read_grant, spec={"from": _ALL, "to": _ALL}
    ),
    RouteKind(
        group=istio.GROUP,
        kind="VirtualService",
        lower=istio.read_virtual_service,
        spec={"hosts": _ALL, "gateways": _ALL, "http": _ISTIO_RULE, "tls": {"route": _ALL}, "tcp": {"route": _ALL}},
    ),
    RouteKind(
        group=istio.GROUP,
        kind="Gateway",
        lower=istio.read_gateway,
        spec={"selector": _ALL, "servers": {"hosts": _ALL}},
    ),
    RouteKind(
        group=others.OPENSHIFT,
        kind="Route",
        lower=others.read_openshift,
        spec={"host": _ONE, "to": _WEIGHTED, "alternateBackends": _WEIGHTED},
    ),
    *(
        RouteKind(group=group, kind=kind, lower=others.read_traefik, spec={"routes": {"services": _WEIGHTED}})
        for group in others.TRAEFIK
        for kind in others.TRAEFIK_KINDS
    ),
    RouteKind(
        group=others.CONTOUR,
        kind="HTTPProxy",
        lower=others.read_contour,
        spec={
            "virtualhost": {"fqdn": _ONE},
            "includes": _WEIGHTED,
            "routes": {"services": _WEIGHTED},
            "tcpproxy": {"services": _WEIGHTED, "include": _WEIGHTED},
        },
    ),
    *(
        RouteKind(group=group, kind=kind, lower=others.read_unknown, spec={}, read=False)
        for group, kind in sorted(others.OF_NAMESPACE | others.OF_CLUSTER)
    ),
)
PROXY_LABELS = ((gateway_api.GATEWAY_NAME, None), (others.ROUTER, None), istio.INGRESS_LABEL)
"""Labels, with a value or any, that proxies of gateways and routers have."""
_BY_KIND = {(each.group, each.kind): each for each in ROUTE_KINDS}


def route_kind(manifest: Manifest) -> RouteKind | None:
    """The kind of a route or gateway, whatever its version; None for any other object."""
    return _BY_KIND.get((manifest.group, manifest.kind))
