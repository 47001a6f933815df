"""The names of a snapshot for plain speech: workloads, pods, Services, namespaces, tenants, nodes and policies.

A Service is certainly some pods only if the input leaves nothing open about its backends, and they are whole pods.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from reachproof.grammar.ast import ObjectName
from reachproof.grammar.format import format_object
from reachproof.grammar.plain.lexicon import Kind, Lexicon, Numbers, PolicyOf, Thing
from reachproof.network.address import V6_BASE
from reachproof.network.cluster import IdlePod, Pod, Service
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.queries.services import backends
from reachproof.queries.tenancy import namespaces_of, tenants

_WORKLOAD_WORDS = frozenset(("deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob"))
_METADATA = "169.254.169.254"
_METADATA_6 = "fd00:ec2::254"
_DNS_NAMES = frozenset(("kube-dns", "coredns", "dns-default", "rke2-coredns-rke2-coredns"))


def lexicon_of(snapshot: Snapshot) -> Lexicon:
    """The names of a snapshot; made once for each."""
    return snapshot.derived(_lexicon)


def _lexicon(snapshot: Snapshot) -> Lexicon:
    policies = dict.fromkeys(policy.ref for policy in snapshot.policies)
    kubernetes = ("default", "kubernetes") in snapshot.service_of
    return Lexicon(
        things=tuple(_things(snapshot)),
        policies=tuple(PolicyOf(kind=r.kind.lower(), namespace=r.namespace, name=r.name) for r in policies),
        dns=tuple(f"service {format_object(ObjectName(*each.key))}" for each in snapshot.services if _is_dns(each)),
        api_server="service default/kubernetes" if kubernetes else "",
        metadata=f"{_METADATA} or {_METADATA_6}" if _has_v6(snapshot) else _METADATA,
        port_names=_port_names(snapshot),
        protocols=_protocols(snapshot),
    )


def _things(snapshot: Snapshot) -> Iterator[Thing]:
    yield from _workloads(snapshot)
    for pod in snapshot.pods:
        if not _stands_for_workload(pod):
            yield _thing(Kind.POD, "pod", pod.namespace, pod.name, [pod])
    for idle in snapshot.idle:
        if idle.key not in snapshot.pod_of:
            yield _thing(Kind.POD, "pod", idle.namespace, idle.name, [])
    for service in snapshot.services:
        yield _service(snapshot, service)
    for namespace in snapshot.namespaces:
        yield _thing(Kind.NAMESPACE, "namespace", "", namespace.name, snapshot.pods_in.get(namespace.name, ()))
    for tenant in tenants(snapshot):
        homes = namespaces_of(snapshot, tenant)
        pods = [pod for home in homes for pod in snapshot.pods_in.get(home, ())]
        if tenant:
            yield _thing(Kind.TENANT, "tenant", "", tenant, pods)
    for node in snapshot.nodes:
        yield _thing(Kind.NODE, "node", "", node.name, None)


def _stands_for_workload(pod: Pod) -> bool:
    """True if the workload has no other pods, and the pod its name."""
    return pod.abstract and pod.workload.partition("/")[2] == pod.name


def _workloads(snapshot: Snapshot) -> Iterator[Thing]:
    owned: dict[tuple[str, str, str], list[Pod]] = defaultdict(list)
    everyone: Iterable[Pod | IdlePod] = (*snapshot.pods, *snapshot.idle)
    for pod in everyone:
        kind, slash, name = pod.workload.partition("/")
        if slash:
            pods = owned[pod.namespace, name, kind.lower()]
            if isinstance(pod, Pod):
                pods.append(pod)
    for (namespace, name, kind), pods in owned.items():
        word = kind if kind in _WORKLOAD_WORDS else "workload"
        yield _thing(Kind.WORKLOAD, word, namespace, name, pods)


def _thing(kind: Kind, word: str, namespace: str, name: str, pods: Iterable[Pod] | None) -> Thing:
    listed = None if pods is None else tuple(pods)
    single = listed is not None and kind in (Kind.WORKLOAD, Kind.POD)
    return Thing(
        kind=kind,
        word=word,
        namespace=namespace,
        name=name,
        pods=None if listed is None else frozenset(map(str, listed)),
        port_names=_names_at(listed) if single and listed else {},
        declared=frozenset((each[1], each[0]) for pod in listed for each in pod.declared)
        if single and listed
        else frozenset(),
    )


def _names_at(pods: Iterable[Pod]) -> dict[str, Numbers]:
    found: dict[str, set[tuple[Protocol, int]]] = defaultdict(set)
    for pod in pods:
        for port in pod.ports:
            found[port.name].add((port.protocol, port.number))
    return {name: frozenset(numbers) for name, numbers in found.items()}


def _service(snapshot: Snapshot, service: Service) -> Thing:
    behind = [each for each in backends(snapshot, service) if each.ports or service.headless]
    certain = all(each.pod is not None and each.addresses is None and each.doubt is None for each in behind)
    leads_to: dict[tuple[Protocol, int], frozenset[int]] = {}
    names: dict[str, Numbers] = {}
    for at, port in enumerate(service.ports):
        targets = frozenset(number for each in behind for place, number in each.ports if place == at)
        if not service.headless:
            leads_to[port.protocol, port.port] = targets
            if port.name:
                names[port.name] = frozenset((port.protocol, number) for number in targets)
    return Thing(
        kind=Kind.SERVICE,
        word="service",
        namespace=service.namespace,
        name=service.name,
        pods=frozenset(str(each.pod) for each in behind) if certain else None,
        leads_to=leads_to,
        port_names=names,
    )


def _is_dns(service: Service) -> bool:
    on_53 = any(port.port == 53 and port.protocol is Protocol.UDP for port in service.ports)
    return on_53 and service.name in _DNS_NAMES


def _has_v6(snapshot: Snapshot) -> bool:
    addresses = (each for pod in snapshot.pods for each in pod.addresses)
    nodes = (each for node in snapshot.nodes for each in node.addresses)
    services = (each for service in snapshot.services for each in service.virtual_ips)
    return any(each >= V6_BASE for group in (addresses, nodes, services) for each in group)


def _port_names(snapshot: Snapshot) -> dict[str, Numbers]:
    found: dict[str, set[tuple[Protocol, int]]] = defaultdict(set)
    for pod in snapshot.pods:
        for port in pod.ports:
            found[port.name].add((port.protocol, port.number))
    for service in snapshot.services:
        for each in service.ports:
            if each.name:
                found[each.name].add((each.protocol, each.port))
    return {name: frozenset(numbers) for name, numbers in found.items()}


def _protocols(snapshot: Snapshot) -> dict[int, frozenset[Protocol]]:
    found: dict[int, set[Protocol]] = defaultdict(set)
    for pod in snapshot.pods:
        for number, protocol in pod.declared:
            found[number].add(protocol)
    for service in snapshot.services:
        for port in service.ports:
            found[port.port].add(port.protocol)
    return {number: frozenset(protocols) for number, protocols in found.items()}
