"""Ingress objects to network Ingresses: which Services they lead to.

| Field | Here |
|---|---|
| spec.rules[].http.paths[].backend, spec.defaultBackend | one backend each, with host and path; v1beta1's fields too |
| a backend that is a resource | leads to no Service, and is left out |

Whether any controller serves an Ingress is not looked at. Trusted by questions about traffic from outside; checked by
tests/manifests/test_ingresses.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.manifests import inventory_fields as loose
from reachproof.manifests.inventory_fields import Node
from reachproof.manifests.object_identity import Manifest
from reachproof.network.cluster import Ingress, IngressBackend


def read_ingress(manifest: Manifest) -> Ingress:
    """The Ingress of an object; raises Misfit."""
    body = manifest.body
    spec = loose.mapping(body, "spec")
    return Ingress(
        namespace=manifest.namespace,
        name=manifest.name,
        backends=tuple(dict.fromkeys(_backends(spec))),
        origin=manifest.origin,
    )


def _backends(spec: Node) -> Iterator[IngressBackend]:
    for field in ("defaultBackend", "backend"):
        yield from _backend(loose.mapping(spec, field, "spec."), f"spec.{field}.", "", "")
    for number, rule in enumerate(loose.mappings(spec, "rules", "spec.")):
        at = f"spec.rules[{number}]."
        host = loose.text(rule, "host", at)
        for index, entry in enumerate(loose.mappings(loose.mapping(rule, "http", at), "paths", f"{at}http.")):
            path = f"{at}http.paths[{index}]."
            backend = loose.mapping(entry, "backend", path)
            yield from _backend(backend, f"{path}backend.", host, loose.text(entry, "path", path))


def _backend(backend: Node, at: str, host: str, path: str) -> Iterator[IngressBackend]:
    service = loose.mapping(backend, "service", at)
    name = loose.text(service, "name", f"{at}service.") or loose.text(backend, "serviceName", at)
    if name:
        yield IngressBackend(service=name, port=_port(backend, service, at), host=host, path=path)


def _port(backend: Node, service: Node, at: str) -> int | str:
    """The number or name of a port of the Service."""
    if not service:
        value = backend.get("servicePort")
        return value if isinstance(value, str) else loose.port_number(backend, "servicePort", at)
    port = loose.mapping(service, "port", f"{at}service.")
    name = loose.text(port, "name", f"{at}service.port.")
    return name or loose.port_number(port, "number", f"{at}service.port.")
