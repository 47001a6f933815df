"""networking.istio.io: VirtualService and Gateway.

| Field | Here |
|---|---|
| VirtualService spec.gateways | `mesh`, the default, lets nothing in; `name` in the namespace, or `namespace/name` |
| http[], tcp[], tls[] route[].destination.host | a Service, of the own namespace where the name is short |
| destination.port.number | a port of the Service; without one that of a Service with one port, else perhaps each |
| http[].mirror, mirrors[] | a backend as well; of several routes one of weight 0, or of none, is none |
| http[].delegate | the VirtualService there gets the requests |
| Gateway spec.selector | the labels of its proxies, in any namespace |
| servers[].hosts | `namespace/host`; the namespace may be `*` or `.` |
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.manifests.inventory_fields import Fields
from reachproof.manifests.kinds.routes.ways_in import Gateway, Listener, Parent, Route
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import IngressBackend, Proxies
from reachproof.network.labels import NAMESPACE_NAME, Operator, Requirement, Selector

GROUP = "networking.istio.io"
INGRESS_LABEL = ("istio", "ingressgateway")
_MESH = "mesh"
_SECTIONS = ("http", "tls", "tcp")


def read_virtual_service(manifest: Manifest) -> Route:
    """The route of an object; raises Misfit."""
    spec, home = manifest.fields.object("spec"), manifest.namespace
    hosts = tuple(spec.texts("hosts"))
    names = spec.texts("gateways") or [_MESH]
    return Route(
        kind=manifest.kind,
        namespace=home,
        name=manifest.name,
        hosts=() if "*" in hosts else hosts,
        parents=tuple(_parent(name, home) for name in names if name != _MESH),
        family=GROUP,
        backends=tuple(dict.fromkeys(_backends(spec, home))),
        includes=tuple(_delegates(spec, home)),
        origin=manifest.origin,
    )


def _parent(name: str, home: str) -> Parent:
    namespace, slash, rest = name.partition("/")
    return Parent(namespace=namespace, name=rest) if slash else Parent(namespace=home, name=name)


def _delegates(spec: Fields, home: str) -> Iterator[tuple[str, str]]:
    for rule in spec.objects("http"):
        delegate = rule.object("delegate")
        if delegate:
            yield delegate.text("namespace", home), delegate.text("name")


def _backends(spec: Fields, home: str) -> Iterator[IngressBackend]:
    for section in _SECTIONS:
        for rule in spec.objects(section):
            yield from _routes(rule.objects("route"), home)
            yield from _backend(rule.object("mirror"), home)
            for entry in rule.objects("mirrors"):
                yield from _backend(entry.object("destination"), home)


def _routes(entries: list[Fields], home: str) -> Iterator[IngressBackend]:
    """Of several, those with a weight; one alone gets everything, whatever its weight."""
    for entry in entries:
        weight = entry.count("weight", 0)
        if weight or len(entries) == 1:
            yield from _backend(entry.object("destination"), home)


def _backend(destination: Fields, home: str) -> Iterator[IngressBackend]:
    name, *rest = destination.text("host").split(".")
    namespace = rest[0] if rest else home
    if name and (len(rest) < 2 or rest[1] == "svc"):
        port = destination.object("port")
        number = port.port("number") if port.get("number") is not None else 0
        where = "" if namespace == home else namespace
        yield IngressBackend(service=name, port=number, namespace=where, only_port=True)


def read_gateway(manifest: Manifest) -> Gateway:
    """The gateway of an object; raises Misfit."""
    spec = manifest.fields.object("spec")
    labels = spec.labels("selector")
    chosen = Selector.of(*(Requirement(key, Operator.IN, (value,)) for key, value in labels.items()))
    return Gateway(
        family=GROUP,
        namespace=manifest.namespace,
        name=manifest.name,
        listeners=tuple(
            _listener(host, manifest.namespace) for server in spec.objects("servers") for host in server.texts("hosts")
        ),
        proxies=Proxies(pods=chosen) if labels else None,
        origin=manifest.origin,
    )


def _listener(written: str, home: str) -> Listener:
    namespace, slash, host = written.rpartition("/")
    everywhere = not slash or namespace == "*"
    chosen = Selector.equal(NAMESPACE_NAME, home if namespace == "." else namespace)
    return Listener(
        name="",
        port=0,
        kinds=frozenset(("VirtualService",)),
        hosts=() if host == "*" else (host,),
        everywhere=everywhere,
        namespaces=None if everywhere else chosen,
    )
