"""Antrea, which judges by ClusterNetworkPolicy before AdminNetworkPolicy; its own kinds are not read.

The admin kinds need a feature gate (`kinds.settings`), and Antrea's page on AdminNetworkPolicy says that it has no
`sameLabels`. Its own node may always reach a pod, as specified (pull request 1816). What else the specifications leave
open stays open: nothing in its documents settles it.
"""

from __future__ import annotations

from reachproof.engines.kubernetes import KubernetesProfile
from reachproof.network.options import Cni

ANTREA = KubernetesProfile(
    name=Cni.ANTREA,
    title="Antrea",
    api_groups=frozenset(("crd.antrea.io",)),
    agents=frozenset(("antrea-agent",)),
    gated_kinds=frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")),
    cluster_policies_first=True,
)
