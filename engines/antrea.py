"""Antrea, which judges by ClusterNetworkPolicy before AdminNetworkPolicy; its own kinds are not read."""

from __future__ import annotations

from reachproof.engines.kubernetes import KubernetesProfile
from reachproof.network.options import Cni

ANTREA = KubernetesProfile(
    name=Cni.ANTREA,
    title="Antrea",
    api_groups=frozenset(("crd.antrea.io",)),
    agents=frozenset(("antrea-agent",)),
    cluster_policies_first=True,
)
