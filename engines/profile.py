"""What each implementation does where the specifications leave a choice.

| Choice | `spec` | why it is open |
|---|---|---|
| `ties_by_name` | no | policies of equal priority that disagree: either may win |
| `cluster_policies_first` | no | nothing orders AdminNetworkPolicy against ClusterNetworkPolicy |
| `own_node_egress` | undefined | NetworkPolicy v1 exempts traffic with the pod's own node in one sentence only |
| `selection_ends_baseline` | no | whether a pod selected by a NetworkPolicy of the other direction meets the baseline |
| `last_admin_priority` | none | implementations that do not program higher AdminNetworkPolicy priorities |
| `cidr_matches` | all | whether ipBlock matches pods and nodes |
| `normal_tier` | no | whether NetworkPolicy shares a tier with Cilium's kinds (`engines.cilium.tiers`) |
| `kinds_not_read` | none | kinds that the implementation does not know |
| `calico_tiers` | no | whether NetworkPolicy shares a tier with Calico's kinds (`engines.calico`) |

What changed between releases is in one place, `_CALICO` and `_CILIUM` below, which model the release `version`:

| Choice | modelled release | releases before |
|---|---|---|
| `kinds_not_read` | Calico 3.32: the older admin kinds | to 3.31 they were read, and ClusterNetworkPolicy was not |
| `port_names_programmed` | Calico 3.32: yes | to 3.31 a port name in a ClusterNetworkPolicy was not |
| `names_of_tcp` | Calico 3.32: no | to 3.31 a port name without a protocol was one of TCP |
| `own_cluster_only` | Cilium 1.20: yes | to 1.18 selectors that only rule labels out also selected what is no pod |
| `rules_outside_types` | Cilium 1.20: yes | the same in every release to 1.20.2 |
| `last_of_port_name` | Cilium 1.20: yes | not looked at: its agent keeps the ports of a pod in a map by name |
| `namespaces_beyond_pods` | Cilium 1.20: yes | there was no ClusterNetworkPolicy before 1.20 |
"""

from __future__ import annotations

from dataclasses import dataclass

from reachproof.network.options import CidrMatches, Cni


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The choices of one implementation; the defaults leave open what the specifications leave open.

    `version`: the release that is modelled, empty where releases do not differ in what is read here.

    `names_of_tcp`: port names without a protocol are ports of TCP. `own_cluster_only`: every selector of pods asks for
    the label of the own cluster, which nodes and the outside do not have. `rules_outside_types`: rules of a
    NetworkPolicy apply, and isolate, also in a direction that policyTypes leaves out. `last_of_port_name`: a port
    name that a pod declares more than once stands for the last of them. `namespaces_beyond_pods`: a
    `namespaces` peer that only rules labels out selects nodes and the outside.
    """

    version: str = ""
    ties_by_name: bool = False
    cluster_policies_first: bool = False
    own_node_egress_allowed: bool = False
    selection_ends_baseline: bool = False
    last_admin_priority: int | None = None
    cidr_matches: CidrMatches = CidrMatches.ALL
    normal_tier: bool = False
    kinds_not_read: frozenset[str] = frozenset()
    calico_tiers: bool = False
    port_names_programmed: bool = True
    names_of_tcp: bool = False
    own_cluster_only: bool = False
    rules_outside_types: bool = False
    last_of_port_name: bool = False
    namespaces_beyond_pods: bool = False


_OLD_KINDS = frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"))
_CALICO = Profile(version="3.32", ties_by_name=True, calico_tiers=True, kinds_not_read=_OLD_KINDS)
_CILIUM = Profile(
    version="1.20",
    cidr_matches=CidrMatches.WORLD,
    normal_tier=True,
    kinds_not_read=_OLD_KINDS,
    own_cluster_only=True,
    rules_outside_types=True,
    last_of_port_name=True,
    namespaces_beyond_pods=True,
)
PROFILES = {
    Cni.SPEC: Profile(),
    Cni.CALICO: _CALICO,
    Cni.CILIUM: _CILIUM,
    Cni.OVN_KUBERNETES: Profile(last_admin_priority=99),
    Cni.ANTREA: Profile(cluster_policies_first=True),
    Cni.KUBE_NETWORK_POLICIES: Profile(ties_by_name=True, own_node_egress_allowed=True, selection_ends_baseline=True),
    Cni.AUTO: Profile(),  # loading puts another one in its place where the input shows it
}
