"""Routes of OpenShift, Traefik and Contour, and kinds of other ingress controllers, whose backends are not read.

| Kind | Backends | Lets something in |
|---|---|---|
| Route (route.openshift.io) | spec.to and alternateBackends | always: the router takes every Route |
| IngressRoute, and for TCP and UDP (traefik.io) | routes[].services[] | always; to another namespace it may |
| HTTPProxy (projectcontour.io) | of routes and tcpproxy | with a virtualhost, or included by one that has it |
| others, in the tables below | may be any Service of the namespace, or of the cluster | not known |

A backend of weight 0 gets nothing. One that is no Service may be any Service of its namespace. A Route without
`spec.port` leads to every port of its Services; with one to endpoints of that name or number, as `endpointsForAlias` of
OpenShift's router takes it. Traefik and Contour name a port of the Service; without one it may lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.routes.ways_in import Route
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import EVERYWHERE, IngressBackend, Proxies
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import Protocol

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
_NO_PORT = "it names no port of the Service"
_CROSS_NAMESPACE = "Traefik refuses Services of other namespaces unless it is told to allow them"


def read_openshift(manifest: Manifest) -> Route:
    """The Route of an object; raises Misfit."""
    spec = manifest.fields.object("spec")
    port = _openshift_port(spec.object("port"))
    entries = [spec.object("to"), *spec.objects("alternateBackends")]
    backends = (replace(each, port=port, of_pods=bool(port)) for each in _services(entries, manifest.namespace))
    router = Selector.of(Requirement(ROUTER, Operator.EXISTS))
    return _route(manifest, backends, hosts=(spec.text("host"),), proxies=Proxies(pods=router))


def _openshift_port(port: Fields) -> int | str:
    """The port of the pods by number, or the name of a port of the Service; 0 is each port."""
    if isinstance(port.get("targetPort"), int):
        return port.port("targetPort")
    return port.text("targetPort") or 0


def read_traefik(manifest: Manifest) -> Route:
    """The route of an IngressRoute or its kin; raises Misfit."""
    routes = manifest.fields.object("spec").objects("routes")
    services = (each for rule in routes for each in rule.objects("services"))
    protocols = (Protocol.UDP,) if manifest.kind == "IngressRouteUDP" else ()
    backends = _services(services, manifest.namespace, ports=True, protocols=protocols)
    return _route(manifest, backends, proxies=_named("traefik"))


def read_contour(manifest: Manifest) -> Route:
    """The route of an HTTPProxy; raises Misfit."""
    spec = manifest.fields.object("spec")
    proxy = spec.object("tcpproxy")
    services = [each for rule in (*spec.objects("routes"), proxy) for each in rule.objects("services")]
    return _route(
        manifest,
        _services(services, manifest.namespace, ports=True),
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
    where = EVERYWHERE if everywhere else ""
    backend = IngressBackend(service="", port=0, namespace=where, protocols=tuple(Protocol))
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


def _services(
    entries: Iterable[Fields], home: str, *, ports: bool = False, protocols: tuple[Protocol, ...] = ()
) -> Iterator[IngressBackend]:
    """The backends of entries that name Services, and where `ports` says so one of their ports."""
    for entry in entries:
        if not entry or entry.count("weight", 1) == 0:
            continue
        namespace = entry.text("namespace", home)
        other = entry.text("kind", "Service") != "Service"
        name = "" if other else entry.text("name")
        if other or name:
            port = _port(entry) if name and ports else 0
            yield IngressBackend(
                service=name,
                port=port,
                namespace="" if namespace == home else namespace,
                open=_CROSS_NAMESPACE if namespace != home else _NO_PORT if name and ports and not port else "",
                protocols=protocols,
            )


def _port(entry: Fields) -> int | str:
    """A port of the Service by number or name; 0 where none is given, or a number as a text."""
    value = entry.get("port")
    if isinstance(value, str):
        return 0 if value.isdecimal() else value or 0
    return entry.port("port") if value is not None else 0
