"""The profiles of Calico, and what changed between its releases.

| Choice | 3.29 | 3.30, 3.31 | 3.32 |
|---|---|---|---|
| `kinds_not_read` | ClusterNetworkPolicy, BaselineAdminNetworkPolicy | ClusterNetworkPolicy | the older admin kinds |
| `port_names_programmed` | no: a rule of an admin kind that names a port is not programmed | no | yes |
| `names_of_tcp` | yes: a port name without a protocol is one of TCP | yes | no |
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reachproof.engines.calico import tiers
from reachproof.engines.calico.placement import placement
from reachproof.engines.kubernetes import exemption
from reachproof.engines.own_tiers import MESH
from reachproof.engines.profile import DenyingNames, EngineProfile
from reachproof.network.errors import Problem
from reachproof.network.options import CidrMatches, Cni, Options
from reachproof.network.policy import Direction, Policy
from reachproof.network.tier import Programs


@dataclass(frozen=True, slots=True, kw_only=True)
class CalicoProfile(EngineProfile):
    """A release of Calico. `port_names_programmed`: rules of ClusterNetworkPolicy with port names can be programmed."""

    port_names_programmed: bool = True

    def arranged(self, policies: list[Policy], options: Options) -> Programs:
        """The programs of these policies."""
        programmed = [tiers.programmed(policy, names=self.port_names_programmed) for policy in policies]
        egress, ingress = ((*exemption(each), *tiers.tiers(programmed, each)) for each in Direction)
        return Programs(egress=egress, ingress=ingress)

    def refusal(self, options: Options) -> Problem | None:
        """The reason why the options cannot be had with this profile."""
        if options.cidr_matches in (None, CidrMatches.ALL):
            return EngineProfile.refusal(self, options)
        message = (
            f"{options.cidr_matches} is not possible with cni calico, which matches a CIDR with whatever has the "
            "address; leave the option out"
        )
        return EngineProfile.refusal(self, options) or Problem(file="options", path="cidrMatches", message=message)

    def tier_name(self, policy: Policy) -> str | None:
        """The name of the tier that the policy is in; none for policies of a mesh."""
        return None if policy.tier == MESH else placement(policy).tier


_CALICO_3_32 = CalicoProfile(
    name=Cni.CALICO,
    title="Calico",
    version="3.32",
    api_groups=frozenset(("projectcalico.org", "crd.projectcalico.org")),
    agents=frozenset(("calico-node", "canal")),
    agent_container="calico-node",
    kinds_not_read=frozenset(("AdminNetworkPolicy", "BaselineAdminNetworkPolicy")),
    own_reading=True,
    takes_any_value=True,
    late_reading=True,
    denying_names=DenyingNames.DENY_ALL,
    programs_names=False,
    names_in_cidrs=True,
    namespaces_of_sets=True,
    own_kinds="policies of Calico's own kinds count too, unless their tier ends in pass or a rule passes",
    tiers_by_name=True,
)
_CALICO_3_30 = replace(
    _CALICO_3_32,
    version="3.30",
    kinds_not_read=frozenset(("ClusterNetworkPolicy",)),
    port_names_programmed=False,
    names_of_tcp=True,
)
RELEASES = (
    replace(_CALICO_3_30, version="3.29", kinds_not_read=_CALICO_3_30.kinds_not_read | {"BaselineAdminNetworkPolicy"}),
    _CALICO_3_30,
    _CALICO_3_32,
)
"""The releases that are modelled, oldest first."""
