"""Model options: how a snapshot is read. They are those of the command line, the API and the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import Selector


class Cni(StrEnum):
    """The implementation that resolves what the specifications leave undefined; `spec` leaves it undefined.

    `auto` is the one that the input shows; loading replaces it by what was found.
    """

    SPEC = "spec"
    CALICO = "calico"
    CILIUM = "cilium"
    OVN_KUBERNETES = "ovn-kubernetes"
    ANTREA = "antrea"
    KUBE_NETWORK_POLICIES = "kube-network-policies"
    KUBE_ROUTER = "kube-router"
    AUTO = "auto"


class Channel(StrEnum):
    """The release channel of the network-policy-api CRDs that the cluster has installed."""

    STANDARD = "standard"
    EXPERIMENTAL = "experimental"


class HostNetworkPods(StrEnum):
    """Host-network pods as NetworkPolicy sees them: as traffic of their node, or as pods."""

    IGNORED = "ignored"
    PODS = "pods"


class CidrMatches(StrEnum):
    """Endpoints that a CIDR in a policy can match: all, all but pods or nodes, or only addresses outside."""

    ALL = "all"
    WORLD_AND_NODES = "world+nodes"
    WORLD_AND_PODS = "world+pods"
    WORLD = "world"


class Enforcement(StrEnum):
    """Kinds of policy that the cluster's network enforces.

    `always`: all kinds, and a pod is isolated in both directions also where no policy selects it (Cilium only).
    """

    NONE = "none"
    NETWORK_POLICY = "np"
    ALL = "np+admin"
    ALWAYS = "always"


class AmbientPort(StrEnum):
    """The port that the network sees between pods in Istio's ambient mode.

    That of HBONE, or, where ztunnel has TRANSPARENT_NETWORK_POLICIES, the pod's own; `unknown`: either.
    """

    HBONE = "15008"
    ORIGINAL = "original"
    UNKNOWN = "unknown"


ROOT_NAMESPACE = "istio-system"
TRUST_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The model options. `cidr_matches` None: the default of the `cni` profile. Empty ranges: not given.

    `release` of the implementation, such as `1.18`; empty: that of the input, else the newest that is modelled.
    `cni_given` False: nobody named the implementation; once objects are loaded, `cni` is what they show.

    `channel` None: as the CRDs of the input say, else experimental.

    `domains` maps a domain name to the addresses behind it; a name that is not in it stands for an unknown set of
    external addresses. `tenants` are declared by name, with the labels of their namespaces, and come before the label;
    an empty `tenant_label` means that there are no others. `with_staged`: staged policies are enforced.
    `kinds_off`: kinds of policy that settings in the input turn off; no user gives them.
    `strict`: what API servers store although no implementation is sure to enforce it is refused.

    Of Istio: `trust_domains` are that of the mesh and then its aliases, empty where nobody said; `root_namespace` is
    the one whose policies are about the whole mesh; `ambient_port` None: as ztunnel of the input shows it, else 15008.
    """

    tenant_label: str = "tenant"
    tenants: tuple[tuple[str, Selector], ...] = ()
    cni: Cni = Cni.SPEC
    cni_given: bool = True
    release: str = ""
    channel: Channel | None = None
    pod_range: IntervalSet = EMPTY
    service_range: IntervalSet = EMPTY
    host_network_pods: HostNetworkPods = HostNetworkPods.IGNORED
    cidr_matches: CidrMatches | None = None
    domains: Mapping[str, IntervalSet] = field(default_factory=dict)
    enforcement: Enforcement = Enforcement.ALL
    kinds_off: frozenset[str] = frozenset()
    with_staged: bool = False
    strict: bool = False
    trust_domains: tuple[str, ...] = ()
    root_namespace: str = ROOT_NAMESPACE
    ambient_port: AmbientPort | None = None


DEFAULT_OPTIONS = Options()
