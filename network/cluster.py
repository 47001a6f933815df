"""The objects of a cluster, as far as network policy can tell them apart. No policy here.

A pod is a *pod on the pod network* unless `host_network`; a host-network pod speaks with its node's addresses and is
neither selected by labels nor subject to policy (unless the option `hostNetworkPods: pods` says so).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import NO_LABELS, Labels, Selector
from reachproof.network.origin import Origin
from reachproof.network.ports import Protocol

EVERYWHERE = "*"
"""In the place of a namespace: any of them."""
RARE = {"rare": True}
"""The metadata of a field that is no part of a canonical text where it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """A namespace; `labels` always hold `kubernetes.io/metadata.name`.

    `assumed`: used in the input but not given, which makes it another snapshot (`manifests.digest`).
    """

    name: str
    labels: Labels
    assumed: bool = False
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespaced:
    """An object in a namespace; no two of one kind have one name there."""

    namespace: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """(namespace, name)."""
        return self.namespace, self.name

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAccount(Namespaced):
    """A service account with labels; one without is nothing but a name of its pods."""

    labels: Labels
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node; `addresses` are the IP entries of status.addresses, `pod_ranges` its spec.podCIDRs."""

    name: str
    labels: Labels
    addresses: tuple[int, ...]
    pod_ranges: IntervalSet = EMPTY
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ContainerPort:
    """A named port that a container of a pod declares (core/v1 ContainerPort); ports without a name do not matter."""

    name: str
    number: int
    protocol: Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod(Namespaced):
    """A running pod, or an *abstract* pod that stands for all replicas of a workload template.

    `addresses` holds at most one per family; it is empty exactly for an abstract pod, whose address is a free value in
    the pod range. `workload` is `Kind/name` of the top owner, or empty for a bare pod. `ports` are those that policies
    look names up in, `service_ports` those of Services; `of_services` is None where both are the same. `declared` are
    all (number, protocol) pairs of containerPorts, named or not, for explanations only. `mesh`: what it
    shows of a mesh of Istio, by the keys of `engines.istio.membership`, where that differs from what labels ask for.
    """

    labels: Labels
    addresses: tuple[int, ...]
    node: str | None = None
    host_network: bool = False
    ports: tuple[ContainerPort, ...] = ()
    declared: tuple[tuple[int, Protocol], ...] = ()
    service_account: str = "default"
    workload: str = ""
    replicas: int = 1
    of_services: tuple[ContainerPort, ...] | None = None
    mesh: Labels = field(default_factory=lambda: NO_LABELS, metadata=RARE)
    origin: Origin

    @property
    def service_ports(self) -> tuple[ContainerPort, ...]:
        """The ports that a named target port of a Service is looked up in; one per name and protocol."""
        return self.ports if self.of_services is None else self.of_services

    @property
    def abstract(self) -> bool:
        """True if the address is unknown."""
        return not self.addresses

    @property
    def repeated(self) -> bool:
        """True if it stands for several pods, so that flows from one replica to another exist."""
        return self.abstract and self.replicas > 1


class PodState(StrEnum):
    """Why a pod of the input does not serve: it is finished, has no address yet, or is running but not ready."""

    FINISHED = "finished"
    WAITING = "waiting"
    NOT_READY = "not ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdlePod(Namespaced):
    """A pod that does not serve. One that is not ready is in the snapshot too; the others take no part in any flow.

    No verdict rests on it, but explanations tell of it. `workload` is as that of a Pod.
    """

    labels: Labels
    state: PodState
    workload: str = ""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """One port of a Service; `target` is a number, or the name of a container port at the backend.

    `node_port`: the port of every node that leads to it; 0 for none.
    """

    name: str
    protocol: Protocol
    port: int
    target: int | str
    node_port: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class EndpointAddress:
    """One address behind a Service, from an EndpointSlice or Endpoints: the ports that it gives, with their names.

    `ready` False: new connections go there only where no backend is ready. `pod`: the pod that it says has the
    address, by its name in the namespace of the Service; empty where it names none.
    """

    address: int
    ports: tuple[tuple[str, Protocol, int], ...]
    ready: bool = True
    pod: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Namespaced):
    """A Service. `selector` None: backends come only from `endpoints`.

    `endpoints` are in slices that stand whatever the selector selects. `managed` are in those that the cluster derives
    from the selector, as the input has them; None where it has none of the Service.

    `headless`: not rewritten; clients get the addresses of its backends, and connect to ports of theirs. `families`
    (4, 6): of the addresses that it leads to, from the object or from `managed`; empty where neither says.

    `virtual_ips` are the addresses that are rewritten to a backend before policy is evaluated: cluster IPs, external
    IPs, and load-balancer addresses unless their ipMode is Proxy. `external_name`: an alias, with no backends.

    `keeps_client`: what comes from outside keeps the client's address (externalTrafficPolicy Local). `source_ranges`:
    the clients that its load balancer is asked to serve alone (loadBalancerSourceRanges); empty for all.
    `no_node_ports`: it gets none that it does not ask for (allocateLoadBalancerNodePorts false). `waypoint`:
    the waypoint of Istio that its labels ask for before its backends, in the words of `engines.istio.membership`.
    """

    selector: Selector | None
    ports: tuple[ServicePort, ...]
    virtual_ips: tuple[int, ...] = ()
    endpoints: tuple[EndpointAddress, ...] = ()
    type: str = "ClusterIP"
    external_name: str | None = None
    publish_not_ready: bool = False
    external_ips: tuple[int, ...] = ()
    keeps_client: bool = False
    source_ranges: IntervalSet = EMPTY
    headless: bool = False
    families: tuple[int, ...] = ()
    managed: tuple[EndpointAddress, ...] | None = None
    no_node_ports: bool = field(default=False, metadata=RARE)
    waypoint: str = field(default="", metadata=RARE)
    origin: Origin

    @property
    def limits_clients(self) -> bool:
        """True if its load balancer is asked to serve some clients alone, and no external IP takes the others."""
        return self.type == "LoadBalancer" and bool(self.source_ranges) and not self.external_ips

    def by_load_balancer_alone(self, port: ServicePort) -> bool:
        """True if clients outside come to a port by its load balancer, and by no node port."""
        return self.limits_clients and self.no_node_ports and not port.node_port

    @property
    def entry_point(self) -> bool:
        """True if something outside the cluster can connect to it: by node ports, a load balancer or external IPs."""
        return self.type in ("NodePort", "LoadBalancer") or bool(self.external_ips)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressBackend:
    """A Service that requests for a host and path are sent to on one of its ports, by number or name; 0 is each.

    An empty `service` is any Service of the namespace, since the backend is not read. An empty `namespace` is that of
    the Ingress; it may be EVERYWHERE. `open`: the reason why the Service may get no requests. `of_pods`: the port is
    the number of one of its pods, or a name. `only_port`: port 0 is the one of a Service that has no other.
    `protocols` of the ports; TCP where there are none.
    """

    service: str
    port: int | str
    host: str = ""
    path: str = ""
    namespace: str = field(default="", metadata=RARE)
    open: str = field(default="", metadata=RARE)
    of_pods: bool = field(default=False, metadata=RARE)
    only_port: bool = field(default=False, metadata=RARE)
    protocols: tuple[Protocol, ...] = field(default=(), metadata=RARE)

    def doubt(self, service: Service, port: ServicePort, number: int) -> str | None:
        """The reason why a port of its Service, leading to `number` at a pod, may get nothing; None: it is another."""
        if port.protocol not in (self.protocols or (Protocol.TCP,)):
            return None
        if self.port and self.port not in (
            (port.name, number, str(number)) if self.of_pods else (port.port, port.name)
        ):
            return None
        if not self.service:
            return "the kind of a backend is not read"
        if self.only_port and not self.port and len(service.ports) > 1:
            return "it names no port, and the Service has several"
        return self.open


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The pods that serve a way in: those with some labels, in one namespace, or in any where it is empty."""

    namespace: str = ""
    pods: Selector

    def has(self, pod: Pod) -> bool:
        """True if the pod is one of them."""
        return self.namespace in ("", pod.namespace) and self.pods.matches(pod.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress(Namespaced):
    """A way in: requests from outside come to a proxy, such as an ingress controller, which connects to the backends.

    `other_kind`: the kind of the object where it is no Ingress. `open`: the reason why it may let nothing in.
    `proxies`: the pods that serve it, or may where it is open, as far as the input tells; else they are those of an
    ingress controller.
    """

    backends: tuple[IngressBackend, ...] = ()
    other_kind: str = field(default="", metadata=RARE)
    open: str = field(default="", metadata=RARE)
    proxies: tuple[Proxies, ...] = field(default=(), metadata=RARE)
    origin: Origin

    @property
    def subject(self) -> str:
        """Kind and name, as messages have it."""
        return f"{self.other_kind or 'Ingress'} {self}"

    def leads_to(self, service: Service) -> bool:
        """True if the Service is one of its backends, or may be."""
        return any(self._is(each, service) for each in self.backends)

    def doubt(self, service: Service, port: ServicePort, number: int) -> str | None:
        """The reason why it may not lead to `number` at a pod by a port of a Service; None where it certainly does not.

        It is empty where it certainly does.
        """
        backends = [each for each in self.backends if self._is(each, service)]
        doubts = [doubt for each in backends if (doubt := each.doubt(service, port, number)) is not None]
        if doubts:
            return self.open or min(doubts)
        if self.other_kind or port.protocol is not Protocol.TCP or all(each.port != port.target for each in backends):
            return None
        return f"{port.target} is a port of the pods and none of the Service, which some controllers take all the same"

    def _is(self, backend: IngressBackend, service: Service) -> bool:
        home = backend.namespace or self.namespace
        return backend.service in ("", service.name) and home in (EVERYWHERE, service.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that an answer must carry: an assumption or a warning, with a stable code in capitals."""

    code: str
    text: str
    origin: Origin | None = field(default=None)
