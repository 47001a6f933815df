"""What each implementation does where the specifications leave a choice.

| Choice | `spec` | why it is open |
|---|---|---|
| `ties_by_name` | no | policies of equal priority that disagree: either may win |
| `cluster_policies_first` | no | nothing orders AdminNetworkPolicy against ClusterNetworkPolicy |
| `own_node_egress` | undefined | NetworkPolicy v1 exempts traffic with the pod's own node in one sentence only |
| `selection_ends_baseline` | no | whether a pod selected by a NetworkPolicy of the other direction meets the baseline |
| `last_admin_priority` | none | implementations that do not program higher AdminNetworkPolicy priorities |
| `cidr_matches` | all | whether ipBlock matches pods and nodes |
| `normal_tier` | no | whether NetworkPolicy shares a tier with Cilium's kinds (`network.cilium`) |
| `kinds_not_read` | none | kinds that the implementation does not know |
| `calico_tiers` | no | whether NetworkPolicy shares a tier with Calico's kinds (`network.calico`) |
| `unsupported_peers_deny` | no | nodes and domain names that it cannot program: an allow is dropped, others deny all |
"""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.options import CidrMatches, Cni


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The choices of one implementation; the defaults leave open what the specifications leave open."""

    ties_by_name: bool = False
    cluster_policies_first: bool = False
    own_node_egress_allowed: bool = False
    selection_ends_baseline: bool = False
    last_admin_priority: int | None = None
    cidr_matches: CidrMatches = CidrMatches.ALL
    normal_tier: bool = False
    kinds_not_read: frozenset[str] = frozenset()
    calico_tiers: bool = False
    unsupported_peers_deny: bool = False


PROFILES = {
    Cni.SPEC: Profile(),
    Cni.CALICO: Profile(ties_by_name=True, calico_tiers=True, unsupported_peers_deny=True),
    Cni.CILIUM: Profile(
        cidr_matches=CidrMatches.WORLD,
        normal_tier=True,
        kinds_not_read=frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")),
    ),
    Cni.OVN_KUBERNETES: Profile(last_admin_priority=99),
    Cni.ANTREA: Profile(cluster_policies_first=True),
    Cni.KUBE_NETWORK_POLICIES: Profile(ties_by_name=True, own_node_egress_allowed=True, selection_ends_baseline=True),
    Cni.AUTO: Profile(),  # loading puts another one in its place where the input shows it
}
