"""Scopes of kinds, and API groups whose kinds are read as kubectl reads them."""

from __future__ import annotations

CLUSTER_SCOPED = frozenset(
    (
        "Namespace",
        "Node",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
        "ClusterNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "CiliumCIDRGroup",
        "CiliumClusterwideEnvoyConfig",
        "CiliumEgressGatewayPolicy",
        "GlobalNetworkPolicy",
        "StagedGlobalNetworkPolicy",
        "GlobalNetworkSet",
        "HostEndpoint",
        "Profile",
        "FelixConfiguration",
        "Tier",
        "TracingPolicy",
    )
)
# Other groups may have kinds of any scope, so only in these a missing namespace is read as kubectl reads it.
GROUPS = frozenset(
    (
        "",
        "apps",
        "extensions",
        "batch",
        "discovery.k8s.io",
        "networking.k8s.io",
        "cilium.io",
        "projectcalico.org",
        "crd.projectcalico.org",
        "security.istio.io",
        "networking.istio.io",
    )
)
# Kinds of API servers that decode objects into their own types: null is absent, or a zero value.
BUILT_IN_GROUPS = frozenset(("networking.k8s.io", "projectcalico.org"))
