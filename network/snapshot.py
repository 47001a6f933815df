"""A snapshot: the objects and policies of a cluster at one moment, and how to read them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar, cast

from reachproof.network.address import NOT_ROUTED, PRIVATE
from reachproof.network.cluster import IdlePod, Ingress, Namespace, Node, Notice, Pod, Service, ServiceAccount
from reachproof.network.ignore_comment import IgnoreComment
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import Labels
from reachproof.network.options import DEFAULT_OPTIONS, Cni, Options
from reachproof.network.policy import Policy, Unread
from reachproof.network.predicate import ACCOUNT_NAME, Holder

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Immutable; each tuple is sorted by (namespace, name).

    `digest` is `sha256:...` of the canonical objects: it does not depend on the order of files, their formatting, or
    the options. Every namespace that an object names is present. Finished pods are not in `pods`, but in `idle`, which
    no verdict rests on, and the digest does not cover. `assumptions` and `warnings` belong to every answer about the
    snapshot. `possible` are the keys of pods that were invented to show something; what was loaded has none.
    `accounts` are the service accounts that have labels. `found_cni` is what `cni: auto` means for this input,
    and `found_release` the release of it.
    `unread` are objects that decide what may be reached, and of which no policy was made. `remarks` and
    `ignores` are for lint alone. `left_out`: addresses of pods and nodes that are not here, and not outside either.
    """

    namespaces: tuple[Namespace, ...] = ()
    nodes: tuple[Node, ...] = ()
    pods: tuple[Pod, ...] = ()
    services: tuple[Service, ...] = ()
    policies: tuple[Policy, ...] = ()
    idle: tuple[IdlePod, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    accounts: tuple[ServiceAccount, ...] = ()
    found_cni: Cni = Cni.SPEC
    found_release: str = ""
    options: Options = DEFAULT_OPTIONS
    digest: str = ""
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    possible: frozenset[tuple[str, str]] = frozenset()
    unread: tuple[Unread, ...] = field(default=(), compare=False)
    remarks: tuple[Notice, ...] = field(default=(), compare=False)
    ignores: tuple[IgnoreComment, ...] = field(default=(), compare=False)
    left_out: IntervalSet = EMPTY

    @cached_property
    def _derived(self) -> dict[Callable[[Snapshot], object], object]:
        return {}

    def derived(self, make: Callable[[Snapshot], T]) -> T:
        """The value of `make` for this snapshot, kept after the first call; `make` is a function of a module above."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast(T, self._derived[make])

    @cached_property
    def namespace_of(self) -> dict[str, Namespace]:
        """Namespaces by name."""
        return {namespace.name: namespace for namespace in self.namespaces}

    @cached_property
    def pod_of(self) -> dict[tuple[str, str], Pod]:
        """Pods by (namespace, name)."""
        return {pod.key: pod for pod in self.pods}

    @cached_property
    def pods_in(self) -> dict[str, tuple[Pod, ...]]:
        """Pods by namespace; no entry for one without pods."""
        found: dict[str, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(pod.namespace, []).append(pod)
        return {name: tuple(pods) for name, pods in found.items()}

    @cached_property
    def pods_at(self) -> dict[int, tuple[Pod, ...]]:
        """Pods on the pod network by address; several where they claim one."""
        found: dict[int, tuple[Pod, ...]] = {}
        for pod in self.pods:
            for address in () if pod.host_network else pod.addresses:
                found[address] = (*found.get(address, ()), pod)
        return found

    @cached_property
    def idle_of(self) -> dict[tuple[str, str], IdlePod]:
        """Pods that do not serve, by (namespace, name)."""
        return {pod.key: pod for pod in self.idle}

    @cached_property
    def node_of(self) -> dict[str, Node]:
        """Nodes by name."""
        return {node.name: node for node in self.nodes}

    @cached_property
    def service_of(self) -> dict[tuple[str, str], Service]:
        """Services by (namespace, name)."""
        return {service.key: service for service in self.services}

    @cached_property
    def _account_labels(self) -> dict[tuple[str, str], Labels]:
        return {each.key: each.labels for each in self.accounts}

    def account_labels(self, namespace: str, name: str) -> Labels:
        """The labels of a service account, and its name as one of them."""
        return {**self._account_labels.get((namespace, name), {}), ACCOUNT_NAME: name}

    def labels_of(self, pod: Pod) -> dict[Holder, Labels]:
        """The labels that can decide whether a policy selects the pod."""
        return {
            Holder.POD: pod.labels,
            Holder.NAMESPACE: self.namespace_of[pod.namespace].labels,
            Holder.ACCOUNT: self.account_labels(pod.namespace, pod.service_account),
            Holder.MESH: pod.mesh,
        }

    @cached_property
    def _virtual(self) -> list[tuple[int, int]]:
        """The virtual addresses in order, each with the place of its Service in `services`."""
        return sorted((address, place) for place, each in enumerate(self.services) for address in each.virtual_ips)

    def services_at(self, low: int, high: int) -> tuple[Service, ...]:
        """The Services with a virtual address in the range, bounds included, in their order."""
        first, last = bisect_left(self._virtual, (low, 0)), bisect_left(self._virtual, (high + 1, 0))
        return tuple(self.services[place] for place in sorted({place for _, place in self._virtual[first:last]}))

    @cached_property
    def declared_pod_range(self) -> IntervalSet:
        """The option `podCidr`, else the nodes' podCIDRs, else the private IPv4 ranges (RFC 1918, RFC 6598)."""
        nodes = IntervalSet.of(span for node in self.nodes for span in node.pod_ranges)
        return self.options.pod_range or nodes or PRIVATE

    @cached_property
    def pod_range(self) -> IntervalSet:
        """Where the address of an abstract pod may lie: the declared range less what something else holds."""
        return self.declared_pod_range - self.held

    @cached_property
    def held(self) -> IntervalSet:
        """Addresses that are not outside the cluster: of pods, nodes and Services, and those that lead nowhere."""
        singles = [address for pod in self.pods for address in pod.addresses]
        singles += [address for node in self.nodes for address in node.addresses]
        singles += [address for service in self.services for address in service.virtual_ips]
        return IntervalSet.of((address, address) for address in singles) | NOT_ROUTED | self.left_out

    @cached_property
    def _node_range(self) -> IntervalSet:
        known = IntervalSet.of((address, address) for node in self.nodes for address in node.addresses)
        return known or (PRIVATE - self.held)

    def free_range(self, pod: Pod) -> IntervalSet:
        """Where the address of this abstract pod may lie.

        The pod range; for a host-network pod an address of a node, or, where no node is known, a private address.
        """
        return self._node_range if pod.host_network else self.pod_range

    def with_policies(self, policies: tuple[Policy, ...]) -> Snapshot:
        """The same cluster with other policies; the digest is kept, since the input is the same."""
        return replace(self, policies=policies)

    def with_options(self, options: Options) -> Snapshot:
        """The same cluster read in another way; for `cni: auto` as the one that was found."""
        if options.cni is Cni.AUTO:
            options = replace(options, cni=self.found_cni, cni_given=False, release=self.found_release)
        return replace(self, options=options)
