"""Everything in the input that is no policy: namespaces, nodes, pods, workloads and services, one object at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reachproof.manifests.digest import canonical
from reachproof.manifests.inventory_fields import Misfit
from reachproof.manifests.k8s_names import is_namespace_name
from reachproof.manifests.kinds.kubernetes.endpoint_slices import (
    Endpoints,
    Slice,
    all_slices,
    read_endpoints,
    read_slice,
)
from reachproof.manifests.kinds.kubernetes.pods import PodEntry, read_pod
from reachproof.manifests.kinds.kubernetes.services import read_ingress, read_service
from reachproof.manifests.kinds.kubernetes.workloads import WORKLOAD_GROUPS, Workload, read_workload
from reachproof.manifests.kinds.operators.made_pods import MadePods
from reachproof.manifests.kinds.operators.pod_makers import POD_MAKER_READERS, borrows_template
from reachproof.manifests.kinds.routes.others import read_unknown
from reachproof.manifests.kinds.routes.registry import ROUTE_READERS
from reachproof.manifests.kinds.routes.ways_in import Gateway, Grant, Route, ways_in
from reachproof.manifests.object_identity import Manifest
from reachproof.network.address import parse_address, parse_cidrs
from reachproof.network.cluster import Ingress, Namespace, Node, Service, ServiceAccount
from reachproof.network.errors import Problem
from reachproof.network.labels import NAMESPACE_NAME
from reachproof.network.origin import Origin

_NAMESPACE = "a DNS label: at most 63 of a-z, 0-9 and dashes"
Record = (
    Namespace
    | Node
    | PodEntry
    | Service
    | Slice
    | Endpoints
    | Ingress
    | Workload
    | ServiceAccount
    | MadePods
    | Route
    | Gateway
    | Grant
)
Reader = Callable[[Manifest], Record]
"""Raises Misfit where a field that matters cannot be used."""


@dataclass(slots=True)
class Inventory:
    """Everything read so far. `records` is by (kind, namespace, name), `skipped` counts kinds that do not matter.

    What is wrong goes to `problems`. `pod_makers`: objects of skipped kinds that have a pod template.
    """

    problems: list[Problem]
    records: dict[tuple[str, str, str], tuple[Record, Origin]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    pod_makers: dict[str, Origin] = field(default_factory=dict)

    def add(self, manifest: Manifest, reader: Reader) -> None:
        """Reads an object of an inventory kind. The same object twice is one; two that differ are a problem."""
        if not manifest.name:
            self.problems.append(manifest.problem("missing name", "metadata.name"))
            return
        if reader is read_unknown:
            self.note_template(manifest)
        custom = (manifest.group, manifest.kind) in _CUSTOM
        try:
            if manifest.namespace and not custom and not is_namespace_name(manifest.namespace):
                raise Misfit("metadata.namespace", f'found "{manifest.namespace}", expected {_NAMESPACE}')
            record = reader(manifest)
        except Misfit as error:
            self.problems.append(manifest.problem(error.message, error.path, error.line))
            return
        kind = f"{manifest.kind}.{manifest.group}" if custom else manifest.kind
        first, origin = self.records.setdefault((kind, manifest.namespace, manifest.name), (record, manifest.origin))
        if first is not record and canonical(first) != canonical(record):
            self.problems.append(manifest.problem(different(origin)))

    def skip(self, manifest: Manifest) -> None:
        """Counts an object of a kind that cannot matter."""
        group = f".{manifest.group}" if manifest.group else ""
        self.skipped[f"{manifest.kind}{group}"] += 1
        self.note_template(manifest)

    def note_template(self, manifest: Manifest) -> None:
        """Keep in mind an object of a kind that is not read, where it makes pods."""
        inner: Any = manifest.body
        for name in ("spec", "template", "spec"):
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and "containers" in inner:
            self.pod_makers.setdefault(manifest.subject, manifest.origin)

    def slices(self) -> list[Slice]:
        """The EndpointSlices, and what Endpoints stand for."""
        return all_slices(self.of_kind("Service"), self.of_kind("EndpointSlice"), self.of_kind("Endpoints"))

    def ways_in(self, namespaces: Iterable[Namespace]) -> tuple[Ingress, ...]:
        """The Ingresses, and the routes that let something in or may, each sorted by kind, namespace and name."""
        found = [self.records[key][0] for key in sorted(key for key in self.records if "." in key[0])]
        routes = [each for each in found if isinstance(each, Route)]
        routes += [each.route for each in found if isinstance(each, MadePods) and each.route is not None]
        gateways = [each for each in found if isinstance(each, Gateway)]
        grants = [each for each in found if isinstance(each, Grant)]
        return (*self.of_kind("Ingress"), *ways_in(routes, gateways, grants, namespaces))

    def made_pods(self) -> list[MadePods]:
        """Pods that custom resources make, sorted by kind, namespace and name."""
        return [each for key in sorted(self.records) if isinstance(each := self.records[key][0], MadePods)]

    def of_kind(self, *kinds: str) -> list[Any]:
        """The records of some kinds, sorted by kind, namespace and name."""
        return [self.records[key][0] for key in sorted(key for key in self.records if key[0] in kinds)]


def different(first: Origin) -> str:
    """The message about a second object under the identity of a first one."""
    return f"defined twice with different contents; also at {first}"


def _namespace(manifest: Manifest) -> Namespace:
    """The API server owns the label with the name, so it overrides whatever the object says."""
    if not is_namespace_name(manifest.name):
        raise Misfit("metadata.name", f'found "{manifest.name}", expected {_NAMESPACE}')
    labels = manifest.fields.object("metadata").labels()
    return Namespace(name=manifest.name, labels={**labels, NAMESPACE_NAME: manifest.name}, origin=manifest.origin)


def _node(manifest: Manifest) -> Node:
    body = manifest.fields
    spec, status = body.object("spec"), body.object("status")
    addresses: set[int] = set()
    for entry in status.objects("addresses"):
        text = entry.text("address")
        try:
            addresses.add(parse_address(text))
        except ValueError:
            continue  # host names and DNS names are listed here too, and match no CIDR
    ranges = spec.texts("podCIDRs") or [spec.text("podCIDR")]
    try:
        pod_ranges = parse_cidrs(text for text in ranges if text)
    except ValueError as error:
        raise Misfit("spec.podCIDRs", f"not a CIDR: {error}") from None
    return Node(
        name=manifest.name,
        labels=body.object("metadata").labels(),
        addresses=tuple(sorted(addresses)),
        pod_ranges=pod_ranges,
        origin=manifest.origin,
    )


def _account(manifest: Manifest) -> ServiceAccount:
    labels = manifest.fields.object("metadata").labels()
    return ServiceAccount(namespace=manifest.namespace, name=manifest.name, labels=labels, origin=manifest.origin)


_CUSTOM: Mapping[tuple[str, str], Reader] = {**ROUTE_READERS, **POD_MAKER_READERS}
READERS: Mapping[tuple[str, str], Reader] = {
    ("", "Namespace"): _namespace,
    ("", "Node"): _node,
    ("", "Pod"): read_pod,
    ("", "Service"): read_service,
    ("", "Endpoints"): read_endpoints,
    ("", "ServiceAccount"): _account,
    ("discovery.k8s.io", "EndpointSlice"): read_slice,
    ("networking.k8s.io", "Ingress"): read_ingress,
    **{(group, kind): read_workload for kind, group in WORKLOAD_GROUPS.items()},
    **_CUSTOM,
}
"""The reader of each group and kind that is read here."""


def reader_of(manifest: Manifest) -> Reader | None:
    """The reader of an object, whatever its version; None for one of a kind that is not read here."""
    group = "apps" if manifest.group == "extensions" else manifest.group
    return None if borrows_template(manifest) else READERS.get((group, manifest.kind))
