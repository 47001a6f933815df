"""Pod objects and pod templates to network pods.

| Object | Here |
|---|---|
| phase Succeeded or Failed | finished: no part of the snapshot, its address may be another pod's by now |
| a status without an address | waiting: no part either, with a warning |
| no status, or an empty one | a pod that is still a file: abstract |
| a condition Ready that is not True | takes part like any other; explanations say that no Service sends it anything |
| hostNetwork | the addresses of its node: podIPs, else hostIPs, else the Node object's |

Named ports are those of spec.containers, as in the implementations. A Service finds its named target port by name and
protocol: the first of the containers, then the first of the native sidecars (init containers with restartPolicy
Always), as the EndpointSlice controller does. Trusted by every verdict; checked by tests/manifests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from functools import lru_cache

from reachproof.manifests.inventory_fields import Fields, Misfit
from reachproof.manifests.kinds.istio.proxies import proxies_of, sidecar, signs
from reachproof.manifests.object_identity import Manifest
from reachproof.network.address import family
from reachproof.network.cluster import ContainerPort, Pod
from reachproof.network.labels import NO_LABELS, Labels
from reachproof.network.ports import Protocol

Key = tuple[str, str, str]
"""(kind, namespace, name) of a workload."""
NOBODY: Key = ("", "", "")


class State(Enum):
    """True if a pod takes part."""

    RUNNING = auto()
    WAITING = auto()
    FINISHED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEntry:
    """A pod of the input, with what only this layer needs to know of it.

    `owner`: its controller. `init_names`: port names that only its init containers have. `unknown`: label keys that
    it will have with values nobody knows yet. `last_ports`: of each port name the last declaration. `sidecar`: whether
    it has one of Istio, where that is to be seen; `signs`: what else it shows of a mesh. `running`: it has a status.
    `ready` is no part of what the pod is: of two copies the first counts.
    """

    pod: Pod
    state: State = State.RUNNING
    owner: Key = NOBODY
    init_names: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    last_ports: tuple[ContainerPort, ...] = ()
    sidecar: bool | None = None
    signs: Labels = field(default_factory=lambda: NO_LABELS)
    running: bool = False
    ready: bool = field(default=True, compare=False)


def read_pod(manifest: Manifest) -> PodEntry:
    """The entry of a Pod object; raises Misfit. A node's own addresses are filled in by `on_node`."""
    body = manifest.fields
    status = body.object("status")
    addresses = _addresses(status, body.object("spec").flag("hostNetwork"))
    entry = pod_of_template(body, manifest, addresses, running=bool(status))
    located = bool(addresses) or (entry.pod.host_network and entry.pod.node is not None)
    return replace(
        entry,
        state=_state(status, located=located),
        owner=controller(body.object("metadata"), manifest.namespace),
        ready=_ready(status),
    )


def _state(status: Fields, *, located: bool) -> State:
    if status.get("phase") in ("Succeeded", "Failed"):
        return State.FINISHED
    return State.RUNNING if located or not status else State.WAITING


def _ready(status: Fields) -> bool:
    """False where the condition Ready is there and not True (core/v1 PodCondition)."""
    conditions = status.objects("conditions") if status.get("conditions") else ()
    return all(each.get("status") == "True" for each in conditions if each.get("type") == "Ready")


def _addresses(status: Fields, host_network: bool) -> tuple[int, ...]:
    found = _listed(status, "podIPs", "podIP")
    if not found and host_network:
        found = _listed(status, "hostIPs", "hostIP")
    return found


def _listed(status: Fields, many: str, one: str) -> tuple[int, ...]:
    """The first address of each family, IPv4 first."""
    values = [entry.text("ip") for entry in status.objects(many)]
    if not any(values):
        many, values = one, [status.text(one)]
    first: dict[int, int] = {}
    for value in values:
        if value:
            place = status.address(many, value)
            first.setdefault(family(place), place)
    return tuple(first[each] for each in sorted(first))


def pod_of_template(
    template: Fields, manifest: Manifest, addresses: tuple[int, ...] = (), *, running: bool = False
) -> PodEntry:
    """The pod of a template (metadata and spec), by the name of its object; abstract without addresses.

    Raises Misfit.
    """
    metadata, spec = template.object("metadata"), template.object("spec")
    containers = _ports(spec, "containers")
    sidecars = others = _NO_PORTS
    if spec.get("initContainers"):
        sidecars = _ports(spec, "initContainers", _stays)
        others = _ports(spec, "initContainers")
    ports = containers.named
    init_names = frozenset(port.name for port in others.named) - {port.name for port in ports}
    of_services = tuple(sorted({**sidecars.first, **containers.first}.values()))
    pod = Pod(
        namespace=manifest.namespace,
        name=manifest.name,
        labels=metadata.labels(),
        addresses=addresses,
        node=spec.text("nodeName") or None,
        host_network=spec.flag("hostNetwork"),
        ports=ports,
        of_services=None if of_services == ports else of_services,
        declared=tuple(sorted(containers.declared | sidecars.declared)),
        service_account=spec.text("serviceAccountName") or spec.text("serviceAccount", "default"),
        origin=manifest.origin,
    )
    proxies = proxies_of(spec)
    return PodEntry(
        pod=pod,
        init_names=init_names,
        last_ports=tuple(sorted(containers.last.values())),
        sidecar=sidecar(metadata, proxies, running=running),
        signs=signs(metadata, proxies, running=running),
        running=running,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    """Ports of some containers: the named, the first of each name and protocol, the last of each name, all pairs."""

    named: tuple[ContainerPort, ...] = ()
    first: dict[tuple[str, Protocol], ContainerPort] = field(default_factory=dict)
    last: dict[str, ContainerPort] = field(default_factory=dict)
    declared: frozenset[tuple[int, Protocol]] = frozenset()


_NO_PORTS = _Ports()


def _any(container: Fields) -> bool:
    return True


def _stays(container: Fields) -> bool:
    """True if an init container is a native sidecar."""
    return bool(container.get("restartPolicy") == "Always")


def _ports(spec: Fields, field: str, wanted: Callable[[Fields], bool] = _any) -> _Ports:
    """The ports of the wanted containers in a field."""
    first: dict[tuple[str, Protocol], ContainerPort] = {}
    last: dict[str, ContainerPort] = {}
    named: set[ContainerPort] = set()
    declared: set[tuple[int, Protocol]] = set()
    for container in spec.objects(field):
        if not container.get("ports") or not wanted(container):
            continue
        for port in container.objects("ports"):
            number, protocol = port.port("containerPort"), port.protocol()
            declared.add((number, protocol))
            name = port.text("name")
            if name:
                found = _container_port(name, number, protocol)
                named.add(found)
                first.setdefault((name, protocol), found)
                last[name] = found
    return _Ports(named=tuple(sorted(named)), first=first, last=last, declared=frozenset(declared))


@lru_cache(maxsize=4096)
def _container_port(name: str, number: int, protocol: Protocol) -> ContainerPort:
    """One value for ten thousand pods that declare the same port: less to make, to keep and to write down."""
    return ContainerPort(name=name, number=number, protocol=protocol)


def with_last_ports(entries: Iterable[PodEntry]) -> tuple[PodEntry, ...]:
    """The pods where a port name of a policy stands for its last declaration only; Services find what they found."""
    return tuple(
        entry
        if len(entry.last_ports) == len(entry.pod.ports)
        else replace(entry, pod=replace(entry.pod, ports=entry.last_ports, of_services=entry.pod.service_ports))
        for entry in entries
    )


def controller(metadata: Fields, namespace: str) -> Key:
    """The workload that an object belongs to: the owner with `controller: true`, else a lone owner."""
    if not metadata.get("ownerReferences"):
        return NOBODY
    references = metadata.objects("ownerReferences")
    chosen = [one for one in references if one.get("controller") is True]
    if not chosen and len(references) == 1:
        chosen = references
    if not chosen:
        return NOBODY
    kind, name = chosen[0].get("kind"), chosen[0].get("name")
    if not isinstance(kind, str) or not isinstance(name, str):
        raise Misfit("metadata.ownerReferences", "owner without kind and name")
    return kind, namespace, name


def on_node(entry: PodEntry, nodes: dict[str, tuple[int, ...]]) -> PodEntry:
    """A host-network pod without an address of its own takes those of its node, where the node is known."""
    pod = entry.pod
    if not pod.host_network or pod.addresses or pod.node not in nodes:
        return entry
    first = {family(address): address for address in reversed(nodes[pod.node])}
    return replace(entry, pod=replace(pod, addresses=tuple(first[each] for each in sorted(first))))
