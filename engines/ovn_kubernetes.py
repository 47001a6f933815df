"""OVN-Kubernetes, whose admin tier has a hundred priorities."""

from __future__ import annotations

from reachproof.engines.kubernetes import KubernetesProfile
from reachproof.network.options import Cni

OVN_KUBERNETES = KubernetesProfile(
    name=Cni.OVN_KUBERNETES,
    title="OVN-Kubernetes",
    api_groups=frozenset(("k8s.ovn.org",)),
    agents=frozenset(("ovnkube-node",)),
    last_admin_priority=99,
)
