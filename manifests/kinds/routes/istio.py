"""networking.istio.io: VirtualService and Gateway.

| Field | Here |
|---|---|
| VirtualService spec.gateways | `mesh`, the default, lets nothing in; `name` in the namespace, or `namespace/name` |
| http[], tcp[], tls[] route[].destination.host | a Service, of the own namespace where the name is short |
| http[].mirror, mirrors[] | a backend as well; a route of weight 0 is none |
| http[].delegate | the VirtualService there gets the requests |
| Gateway spec.selector | the labels of its proxies, in any namespace |
| servers[].hosts | `namespace/host`; the namespace may be `*` or `.` |
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.manifests import inventory_fields as loose
from reachproof.manifests.inventory_fields import Node
from reachproof.manifests.kinds.routes.records import Gateway, Listener, Parent, Route
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import IngressBackend, Proxies
from reachproof.network.labels import NAMESPACE_NAME, Operator, Requirement, Selector

GROUP = "networking.istio.io"
INGRESS_LABEL = ("istio", "ingressgateway")
_MESH = "mesh"
_SECTIONS = ("http", "tls", "tcp")


def read_virtual_service(manifest: Manifest) -> Route:
    """The route of an object; raises Misfit."""
    spec, home = loose.mapping(manifest.body, "spec"), manifest.namespace
    hosts = tuple(loose.texts(spec, "hosts", "spec."))
    names = loose.texts(spec, "gateways", "spec.") or [_MESH]
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


def _delegates(spec: Node, home: str) -> Iterator[tuple[str, str]]:
    for index, rule in enumerate(loose.mappings(spec, "http", "spec.")):
        at = f"spec.http[{index}].delegate."
        delegate = loose.mapping(rule, "delegate", f"spec.http[{index}].")
        if delegate:
            yield loose.text(delegate, "namespace", at, home), loose.text(delegate, "name", at)


def _backends(spec: Node, home: str) -> Iterator[IngressBackend]:
    for section in _SECTIONS:
        for number, rule in enumerate(loose.mappings(spec, section, "spec.")):
            at = f"spec.{section}[{number}]."
            for index, entry in enumerate(loose.mappings(rule, "route", at)):
                path = f"{at}route[{index}]."
                if entry.get("weight") is None or loose.count(entry, "weight", path, 0) > 0:
                    yield from _backend(loose.mapping(entry, "destination", path), f"{path}destination.", home)
            yield from _backend(loose.mapping(rule, "mirror", at), f"{at}mirror.", home)
            for index, entry in enumerate(loose.mappings(rule, "mirrors", at)):
                path = f"{at}mirrors[{index}]."
                yield from _backend(loose.mapping(entry, "destination", path), f"{path}destination.", home)


def _backend(destination: Node, at: str, home: str) -> Iterator[IngressBackend]:
    name, *rest = loose.text(destination, "host", at).split(".")
    namespace = rest[0] if rest else home
    if name and (len(rest) < 2 or rest[1] == "svc"):
        yield IngressBackend(service=name, port=0, namespace="" if namespace == home else namespace)


def read_gateway(manifest: Manifest) -> Gateway:
    """The gateway of an object; raises Misfit."""
    spec = loose.mapping(manifest.body, "spec")
    labels = loose.labels(spec, "selector", "spec.")
    chosen = Selector.of(*(Requirement(key, Operator.IN, (value,)) for key, value in labels.items()))
    servers = loose.mappings(spec, "servers", "spec.")
    return Gateway(
        family=GROUP,
        namespace=manifest.namespace,
        name=manifest.name,
        listeners=tuple(
            _listener(host, manifest.namespace)
            for index, server in enumerate(servers)
            for host in loose.texts(server, "hosts", f"spec.servers[{index}].")
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
