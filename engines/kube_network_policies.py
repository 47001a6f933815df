"""kube-network-policies, the implementation of the Kubernetes project itself."""

from __future__ import annotations

from reachproof.engines.kubernetes import KubernetesProfile
from reachproof.engines.profile import DenyingNames
from reachproof.network.options import Cni

KUBE_NETWORK_POLICIES = KubernetesProfile(
    name=Cni.KUBE_NETWORK_POLICIES,
    title="kube-network-policies",
    agents=frozenset(("kube-network-policies",)),
    invalid_is_nothing=True,
    denying_names=DenyingNames.MATCHED,
    ties_by_name=True,
    own_node_egress_allowed=True,
    selection_ends_baseline=True,
)
