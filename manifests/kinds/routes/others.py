"""Routes of OpenShift, Traefik and Contour, and kinds of other ingress controllers, whose backends are not read.

| Kind | Backends | Lets something in |
|---|---|---|
| Route (route.openshift.io) | spec.to and alternateBackends | always: the router takes every Route |
| IngressRoute, and for TCP and UDP (traefik.io) | routes[].services[] | always; to another namespace it may |
| HTTPProxy (projectcontour.io) | of routes and tcpproxy | with a virtualhost, or included by one that has it |
| others, in the tables below | may be any Service of the namespace, or of the cluster | not known |

A backend of weight 0 gets nothing. One that is no Service may be any Service of its namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.routes.ways_in import Route
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import EVERYWHERE, IngressBackend, Proxies
from reachproof.network.labels import Operator, Requirement, Selector

TRAEFIK = ("traefik.io", "traefik.containo.us")
TRAEFIK_KINDS = ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP")
OPENSHIFT = "route.openshift.io"
CONTOUR = "projectcontour.io"
# Kinds that may lead from outside to any Service of their namespace, and those that may lead to any of the cluster.
OF_NAMESPACE = frozenset(
    (
        ("apisix.apache.org", "ApisixRoute"),
        ("configuration.konghq.com", "TCPIngress"),
        ("configuration.konghq.com", "UDPIngress"),
        ("elbv2.k8s.aws", "TargetGroupBinding"),
        ("ingress.v1.haproxy.org", "TCP"),
        ("networking.cfargotunnel.com", "TunnelBinding"),
        ("networking.gke.io", "MultiClusterIngress"),
        ("serving.knative.dev", "Service"),
        ("voyager.appscode.com", "Ingress"),
    )
)
OF_CLUSTER = frozenset(
    (
        ("cis.f5.com", "TransportServer"),
        ("cis.f5.com", "VirtualServer"),
        ("consul.hashicorp.com", "IngressGateway"),
        ("gateway.solo.io", "RouteTable"),
        ("gateway.solo.io", "VirtualService"),
        ("getambassador.io", "Mapping"),
        ("getambassador.io", "TCPMapping"),
        ("k8s.nginx.org", "TransportServer"),
        ("k8s.nginx.org", "VirtualServer"),
        ("k8s.nginx.org", "VirtualServerRoute"),
        ("kuma.io", "MeshGatewayRoute"),
        ("networking.internal.knative.dev", "Ingress"),
    )
)
ROUTER = "ingresscontroller.operator.openshift.io/deployment-ingresscontroller"
_CROSS_NAMESPACE = "Traefik refuses Services of other namespaces unless it is told to allow them"


def read_openshift(manifest: Manifest) -> Route:
    """The Route of an object; raises Misfit."""
    spec = manifest.fields.object("spec")
    backends = _services([spec.object("to"), *spec.objects("alternateBackends")], manifest.namespace)
    router = Selector.of(Requirement(ROUTER, Operator.EXISTS))
    return _route(manifest, backends, hosts=(spec.text("host"),), proxies=Proxies(pods=router))


def read_traefik(manifest: Manifest) -> Route:
    """The route of an IngressRoute or its kin; raises Misfit."""
    routes = manifest.fields.object("spec").objects("routes")
    backends = _services((each for rule in routes for each in rule.objects("services")), manifest.namespace)
    return _route(manifest, backends, proxies=_named("traefik"))


def read_contour(manifest: Manifest) -> Route:
    """The route of an HTTPProxy; raises Misfit."""
    spec = manifest.fields.object("spec")
    proxy = spec.object("tcpproxy")
    services = [each for rule in (*spec.objects("routes"), proxy) for each in rule.objects("services")]
    return _route(
        manifest,
        _services(services, manifest.namespace),
        includes=tuple(
            (each.text("namespace", manifest.namespace), each.text("name"))
            for each in (*spec.objects("includes"), proxy.object("include"))
            if each
        ),
        rooted=bool(spec.object("virtualhost")),
        proxies=_named("contour"),
    )


def read_unknown(manifest: Manifest) -> Route:
    """A route to any Service of the namespace, or of the cluster, which may lead nowhere."""
    everywhere = (manifest.group, manifest.kind) in OF_CLUSTER
    backend = IngressBackend(service="", port=0, namespace=EVERYWHERE if everywhere else "")
    return _route(manifest, [backend], open="its kind is not read")


def _named(name: str) -> Proxies:
    return Proxies(pods=Selector.equal("app.kubernetes.io/name", name))


def _route(
    manifest: Manifest,
    backends: Iterable[IngressBackend],
    *,
    hosts: tuple[str, ...] = (),
    includes: tuple[tuple[str, str], ...] = (),
    rooted: bool = True,
    open: str = "",
    proxies: Proxies | None = None,
) -> Route:
    return Route(
        kind=manifest.kind,
        namespace=manifest.namespace,
        name=manifest.name,
        hosts=tuple(filter(None, hosts)),
        backends=tuple(dict.fromkeys(backends)),
        includes=includes,
        rooted=rooted,
        open=open,
        proxies=proxies,
        origin=manifest.origin,
    )


def _services(entries: Iterable[Fields], home: str) -> Iterator[IngressBackend]:
    for entry in entries:
        if not entry or entry.count("weight", 1) == 0:
            continue
        namespace = entry.text("namespace", home)
        other = entry.text("kind", "Service") != "Service"
        name = "" if other else entry.text("name")
        if other or name:
            yield IngressBackend(
                service=name,
                port=0,
                namespace="" if namespace == home else namespace,
                open=_CROSS_NAMESPACE if namespace != home else "",
            )
