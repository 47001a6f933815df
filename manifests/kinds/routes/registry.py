"""The registry of routes and gateways: how an object of each group and kind is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reachproof.manifests.kinds.routes import gateway_api, istio, others
from reachproof.manifests.kinds.routes.ways_in import Gateway, Grant, Route
from reachproof.manifests.object_identity import Manifest

ROUTE_READERS: Mapping[tuple[str, str], Callable[[Manifest], Route | Gateway | Grant]] = {
    **{(gateway_api.GROUP, kind): gateway_api.read_route for kind in gateway_api.ROUTES},
    (gateway_api.GROUP, "Gateway"): gateway_api.read_gateway,
    (gateway_api.GROUP, "ReferenceGrant"): gateway_api.read_grant,
    (istio.GROUP, "VirtualService"): istio.read_virtual_service,
    (istio.GROUP, "Gateway"): istio.read_gateway,
    (others.OPENSHIFT, "Route"): others.read_openshift,
    **{(group, kind): others.read_traefik for group in others.TRAEFIK for kind in others.TRAEFIK_KINDS},
    (others.CONTOUR, "HTTPProxy"): others.read_contour,
    **dict.fromkeys(sorted(others.OF_NAMESPACE | others.OF_CLUSTER), others.read_unknown),
}
PROXY_LABELS = ((gateway_api.GATEWAY_NAME, None), (others.ROUTER, None), istio.INGRESS_LABEL)
"""Labels, with a value or any, that proxies of gateways and routers have."""
