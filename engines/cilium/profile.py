"""The profiles of Cilium, and what changed between its releases.

| Choice | 1.18 | 1.19 | 1.20 |
|---|---|---|---|
| `own_cluster_only` | no: selectors that only rule labels out also select what is no pod | yes | yes |
| `namespaces_of_anything` | yes: the same of peers of NetworkPolicy | no | no |
| `kinds_not_read` | all admin kinds | all admin kinds | the older admin kinds |
| `namespaces_beyond_pods` | there is no ClusterNetworkPolicy | there is none | yes |
| `rules_outside_types` | yes | yes | yes, to 1.20.2 |
| `last_of_port_name` | yes: the agent keeps the ports of a pod in a map by name | yes | yes |
| `one_number_per_name` | yes: egress rules ask for the number that a name has in the whole cluster | yes | no |
| `groups_beyond_cidrs` | yes: pods and nodes have no label of a group | yes | no: only addresses outside are asked |
| `one_value_per_label` | yes: an identity has one value of a label | no: the values are keys | no |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reachproof.engines.cilium.dns import with_learned_names
from reachproof.engines.cilium.names import with_uncertain_names
from reachproof.engines.cilium.tiers import adapted, filtered, tiers
from reachproof.engines.profile import DenyingNames, EngineProfile
from reachproof.network.errors import Problem
from reachproof.network.options import CidrMatches, Cni, Options
from reachproof.network.policy import Direction, Policy
from reachproof.network.tier import Programs


@dataclass(frozen=True, slots=True, kw_only=True)
class CiliumProfile(EngineProfile):
    """A release of Cilium."""

    def arranged(self, policies: list[Policy], options: Options) -> Programs:
        """The programs of these policies."""
        learned = with_learned_names(map(adapted, policies))
        seen = with_uncertain_names(learned, options.cidr_matches or self.cidr_matches)
        egress, ingress = (tiers(seen, direction, options) for direction in Direction)
        return Programs(egress=egress, ingress=ingress)

    def refusal(self, options: Options) -> Problem | None:
        """Nothing: every option can be had."""
        return None

    def sees_label(self, key: str) -> bool:
        """False for labels that make no part of an identity."""
        return not filtered(key)

    def as_selected(self, policy: Policy) -> Policy:
        """The policy with selectors that do not see filtered labels."""
        return adapted(policy)


_CILIUM_1_20 = CiliumProfile(
    name=Cni.CILIUM,
    title="Cilium",
    version="1.20",
    api_groups=frozenset(("cilium.io",)),
    agents=frozenset(("cilium",)),
    agent_container="cilium-agent",
    kinds_not_read=frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")),
    cidr_matches=CidrMatches.WORLD,
    own_reading=True,
    denying_names=DenyingNames.NOT_PROGRAMMED,
    learns_names=True,
    names_in_cidrs=True,
    own_cluster_only=True,
    clustered=True,
    rules_outside_types=True,
    last_of_port_name=True,
    namespaces_beyond_pods=True,
    account_key="io.cilium.k8s.policy.serviceaccount",
    baseline_first=True,
    own_kinds="CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies count too",
)
_CILIUM_1_19 = replace(
    _CILIUM_1_20,
    version="1.19",
    kinds_not_read=_CILIUM_1_20.kinds_not_read | {"ClusterNetworkPolicy"},
    one_number_per_name=True,
    groups_beyond_cidrs=True,
)
RELEASES = (
    replace(
        _CILIUM_1_19, version="1.18", own_cluster_only=False, namespaces_of_anything=True, one_value_per_label=True
    ),
    _CILIUM_1_19,
    _CILIUM_1_20,
)
"""The releases that are modelled, oldest first."""
