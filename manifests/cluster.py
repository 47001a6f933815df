"""The inventory joined together: owners of pods, slices of Services, addresses of nodes, namespaces, the mesh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reachproof.engines.registry import profile_of
from reachproof.manifests.inventory import Inventory
from reachproof.manifests.kinds.istio import injection as mesh
from reachproof.manifests.kinds.kubernetes.endpoint_slices import with_endpoints
from reachproof.manifests.kinds.kubernetes.pods import PodEntry, State, on_node, with_last_ports
from reachproof.manifests.kinds.kubernetes.workloads import WORKLOAD_GROUPS, Ownership, uniquely_named
from reachproof.manifests.kinds.operators.pod_makers import not_there
from reachproof.network.address import format_address
from reachproof.network.cluster import IdlePod, Ingress, Namespace, Node, Notice, Pod, PodState, Service, ServiceAccount
from reachproof.network.labels import NAMESPACE_NAME
from reachproof.network.options import Options
from reachproof.network.origin import Origin
from reachproof.network.policy import Policy

_RENDERED_ELSEWHERE = (
    "Application.argoproj.io",
    "ApplicationSet.argoproj.io",
    "GitRepo.fleet.cattle.io",
    "HelmChart.helm.cattle.io",
    "HelmRelease.helm.toolkit.fluxcd.io",
    "Kustomization.kustomize.toolkit.fluxcd.io",
)
_IDLE = {State.FINISHED: PodState.FINISHED, State.WAITING: PodState.WAITING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Tuples are sorted by (namespace, name). Finished and waiting pods are in `idle` only."""

    namespaces: tuple[Namespace, ...]
    nodes: tuple[Node, ...]
    pods: tuple[PodEntry, ...]
    idle: tuple[IdlePod, ...]
    services: tuple[Service, ...]
    ingresses: tuple[Ingress, ...]
    accounts: tuple[ServiceAccount, ...]
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]


def join(inventory: Inventory, policies: Iterable[Policy]) -> Cluster:
    """The cluster of an inventory, and the namespaces of policies."""
    warnings: list[Notice] = []
    nodes: list[Node] = inventory.of_kind("Node")
    pods, idle = _pods(inventory, nodes, warnings)
    services = with_endpoints(inventory.of_kind("Service"), inventory.slices())
    used = [
        *((entry.pod.namespace, entry.pod.origin) for entry in pods),
        *((service.namespace, service.origin) for service in services),
        *((account.namespace, account.origin) for account in inventory.of_kind("ServiceAccount")),
        *((policy.ref.namespace, policy.origin) for policy in policies if policy.ref.namespace),
    ]
    namespaces = _namespaces(inventory.of_kind("Namespace"), used, warnings)
    return Cluster(
        namespaces=namespaces,
        nodes=tuple(nodes),
        pods=tuple(pods),
        idle=tuple(idle),
        services=services,
        ingresses=inventory.ways_in(namespaces),
        accounts=tuple(account for account in inventory.of_kind("ServiceAccount") if account.labels),
        assumptions=(*_shared_addresses(pods), *_pods_not_known(inventory), *_not_rendered(inventory)),
        warnings=(*warnings, *_skipped(inventory)),
    )


def as_seen(cluster: Cluster, policies: Iterable[Policy], options: Options) -> Cluster:
    """The cluster with the port names that the implementation keeps, and with pods as a mesh has them."""
    if profile_of(options).last_of_port_name:
        cluster = replace(cluster, pods=with_last_ports(cluster.pods))
    if not mesh.in_use(policies, cluster.pods, cluster.namespaces):
        return cluster
    pods = mesh.as_seen(cluster.pods, cluster.namespaces)
    return replace(
        cluster,
        pods=pods,
        assumptions=(*cluster.assumptions, *mesh.assumptions(pods, cluster.namespaces, options)),
        warnings=(*cluster.warnings, *mesh.warnings(cluster.pods, pods)),
    )


def _pods(inventory: Inventory, nodes: list[Node], warnings: list[Notice]) -> tuple[list[PodEntry], list[IdlePod]]:
    addresses = {node.name: node.addresses for node in nodes}
    ownership = Ownership(inventory.of_kind(*WORKLOAD_GROUPS))
    placed = [on_node(entry, addresses) for entry in ownership.place(inventory.of_kind("Pod"))]
    for entry in placed:
        if entry.state is State.WAITING:
            text = f"pod {entry.pod} has a status but no address yet; it takes no part"
            warnings.append(Notice(code="POD_WITHOUT_ADDRESS", text=text, origin=entry.pod.origin))
    running = [entry for entry in placed if entry.state is State.RUNNING]
    absent = ownership.missing()
    for workload in absent:
        if not workload.replicas:
            kind, namespace, name = workload.key
            text = f"{kind} {namespace}/{name} has 0 replicas; it is listed as if it had one"
            warnings.append(Notice(code="WORKLOAD_WITHOUT_REPLICAS", text=text, origin=workload.entry.pod.origin))
    taken = {entry.pod.key for entry in running}
    made = [workload.entry for workload in absent]
    there = [*made, *(entry for entry in placed if entry.state is not State.FINISHED)]
    made += not_there(inventory.made_pods(), there)
    abstract = [on_node(entry, addresses) for entry in made]
    pods = sorted(running + uniquely_named(abstract, taken), key=lambda entry: entry.pod.key)
    idle = [_idle(entry) for entry in placed if entry.state in _IDLE or not entry.ready]
    return pods, sorted(idle, key=lambda each: each.key)


def _idle(entry: PodEntry) -> IdlePod:
    pod = entry.pod
    return IdlePod(
        namespace=pod.namespace,
        name=pod.name,
        labels=pod.labels,
        state=_IDLE.get(entry.state, PodState.NOT_READY),
        workload=pod.workload,
        origin=pod.origin,
    )


def _namespaces(
    given: list[Namespace], used: list[tuple[str, Origin]], warnings: list[Notice]
) -> tuple[Namespace, ...]:
    found = {namespace.name: namespace for namespace in given}
    for name, origin in sorted(used, key=lambda each: (each[0], each[1].file, each[1].document, each[1].line)):
        if name in found:
            continue
        found[name] = Namespace(name=name, labels={NAMESPACE_NAME: name}, assumed=True, origin=origin)
        text = (
            f"namespace {name} is used but not given; it is assumed to have no label but its name "
            f"(kubectl get namespace {name} -o yaml gives it)"
        )
        warnings.append(Notice(code="NAMESPACE_ASSUMED", text=text, origin=origin))
    return tuple(found[name] for name in sorted(found))


def _shared_addresses(entries: list[PodEntry]) -> list[Notice]:
    """Pods on the pod network that claim one address cannot all be there.

    Each is judged as a party of its own, so a claim that nothing gets through covers whichever of them is real; a
    witness may name one that is gone, and so the answer must carry this. Refusing instead would stop every question
    about a cluster in which one node has been lost.
    """
    holders: dict[int, list[Pod]] = {}
    for entry in entries:
        if not entry.pod.host_network:
            for address in entry.pod.addresses:
                holders.setdefault(address, []).append(entry.pod)
    notices: list[Notice] = []
    for address, pods in sorted(holders.items()):
        if len(pods) > 1:
            names = ", ".join(str(pod) for pod in pods)
            text = (
                f"address {format_address(address)} is held by {len(pods)} pods ({names}); each is assumed to have it"
            )
            notices.append(Notice(code="DUPLICATE_ADDRESS", text=text, origin=pods[1].origin))
    return notices


def _skipped(inventory: Inventory) -> list[Notice]:
    notices: list[Notice] = []
    if inventory.skipped:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(inventory.skipped.items()))
        text = f"skipped, of kinds that no policy looks at: {listed}"
        notices.append(Notice(code="KINDS_SKIPPED", text=text))
    return notices


def _not_rendered(inventory: Inventory) -> list[Notice]:
    """Objects that controllers make other objects of: charts and folders, whose policies the input may lack."""
    found = [f"{inventory.skipped[kind]} {kind}" for kind in _RENDERED_ELSEWHERE if inventory.skipped.get(kind)]
    text = (
        f"objects are made of {', '.join(found)} when they are applied, policies perhaps among them; answers know "
        "those that are in the input"
    )
    return [Notice(code="MADE_ELSEWHERE", text=text)] if found else []


def _pods_not_known(inventory: Inventory) -> list[Notice]:
    """For each object of a kind that is not read and makes pods: that an answer does without these."""
    return [
        Notice(
            code="POD_TEMPLATE_SKIPPED",
            text=f"{subject} has a pod template, but its kind is not read; give its pods themselves",
            origin=origin,
        )
        for subject, origin in sorted(inventory.pod_makers.items())
    ]
