"""The tiers of Kubernetes' own kinds, as the specifications have them and implementations complete them.

| Tier | Holds | Order |
|---|---|---|
| default (ingress) | the exemption of the pod's own node | |
| admin | AdminNetworkPolicy, ClusterNetworkPolicy Admin | priority; one API is not ordered against the other |
| networkpolicy | NetworkPolicy | none: all rules allow; then isolation |
| baseline | BaselineAdminNetworkPolicy, ClusterNetworkPolicy Baseline | as admin |

| Choice | the specifications | why it is open |
|---|---|---|
| `ties_by_name` | no | policies of equal priority that disagree: either may win |
| `cluster_policies_first` | no | nothing orders AdminNetworkPolicy against ClusterNetworkPolicy |
| `own_node_egress_allowed` | undefined | NetworkPolicy v1 exempts traffic with its own node in one sentence only |

Trusted by every verdict but those under Calico and Cilium; checked by tests/cases and tests/engine_profiles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reachproof.engines.built_in import EXEMPTION
from reachproof.engines.not_read import PastOthers
from reachproof.engines.profile import EngineProfile
from reachproof.network.labels import EVERYTHING
from reachproof.network.options import Cni, Options
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    Match,
    OwnNodePeer,
    PodSet,
    Policy,
    Rule,
    TierName,
)
from reachproof.network.tier import BUILT_IN, Chain, Programs, Tier, perhaps_isolating


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesProfile(EngineProfile):
    """An implementation with the tiers of Kubernetes alone; the defaults leave open what the specifications do."""

    ties_by_name: bool = False
    cluster_policies_first: bool = False
    own_node_egress_allowed: bool = False

    def settled(self, unread: Policy, others: Sequence[Policy]) -> Policy:
        """An object that does not let past the policies of what the input shows denies only, as specified."""
        if self.name not in (Cni.SPEC, Cni.AUTO):
            return unread
        egress, ingress = (
            tuple(rule for rule in rules if not isinstance(rule.extension, PastOthers))
            for rules in (unread.egress, unread.ingress)
        )
        return replace(unread, egress=egress, ingress=ingress)

    def arranged(self, policies: list[Policy], options: Options) -> Programs:
        """The programs of these policies."""
        return Programs(
            egress=_tiers(policies, Direction.EGRESS, self), ingress=_tiers(policies, Direction.INGRESS, self)
        )


SPEC = KubernetesProfile(name=Cni.SPEC, isolation_open=True)


def _tiers(policies: list[Policy], direction: Direction, profile: KubernetesProfile) -> tuple[Tier, ...]:
    def acting(tier: TierName) -> list[Policy]:
        return [p for p in policies if p.tier is tier and p.acts(direction)]

    tiers = [
        *exemption(direction),
        *_ranked(TierName.ADMIN, acting(TierName.ADMIN), profile),
        *_network_policy(acting(TierName.NETWORK_POLICY), direction, profile),
        *(_selection_ends(policies) if profile.selection_ends_baseline else ()),
        *_ranked(TierName.BASELINE, acting(TierName.BASELINE), profile),
    ]
    return tuple(tier for tier in tiers if tier.chains)


def exemption(direction: Direction) -> tuple[Tier, ...]:
    """A tier by which a pod always accepts traffic from the node it runs on, as NetworkPolicy v1 says."""
    if direction is Direction.EGRESS:
        return ()
    rule = Rule(action=Action.ALLOW, matches=(Match(OwnNodePeer()),), name="own node", origin=BUILT_IN)
    pods = PodSet(EVERYTHING, EVERYTHING, host_network=True)
    exemption = Policy(ref=EXEMPTION, tier=TierName.DEFAULT, subject=pods, ingress=(rule,), origin=BUILT_IN)
    return (Tier(name=TierName.DEFAULT, chains=(((exemption,),),)),)


def _ranked(name: TierName, policies: list[Policy], profile: KubernetesProfile) -> tuple[Tier, ...]:
    """Admin kinds: one chain per API, ordered by priority; the APIs are not ordered against each other."""
    cluster = _chain([p for p in policies if p.ref.kind == "ClusterNetworkPolicy"], profile)
    admin = _chain([p for p in policies if p.ref.kind != "ClusterNetworkPolicy"], profile)
    chains = tuple(chain for chain in (cluster, admin) if chain)
    if profile.cluster_policies_first:
        return tuple(Tier(name=name, chains=(chain,)) for chain in chains)
    return (Tier(name=name, chains=chains),)


def _chain(policies: list[Policy], profile: KubernetesProfile) -> Chain:
    def rank(policy: Policy) -> tuple[float, str]:
        return policy.priority, policy.ref.name if profile.ties_by_name else ""

    return tuple(tuple(group) for _, group in groupby(policies, key=rank))


def _network_policy(policies: list[Policy], direction: Direction, profile: KubernetesProfile) -> tuple[Tier, ...]:
    if not policies:
        return ()
    deny = Rule(action=Action.DENY, matches=(Match(AnyPeer()),), name="isolation", origin=BUILT_IN)
    own_node = Rule(
        action=Action.ALLOW,
        matches=(Match(OwnNodePeer()),),
        may=not profile.own_node_egress_allowed,
        name="own node",
        origin=BUILT_IN,
    )
    isolation = (own_node, deny) if direction is Direction.EGRESS else (deny,)
    perhaps = [replace(rule, may=True) for rule in isolation]
    chain = (tuple(policies), *perhaps_isolating(policies, direction, perhaps))
    return (Tier(name=TierName.NETWORK_POLICY, chains=(chain,), isolation=isolation),)


def _selection_ends(policies: list[Policy]) -> tuple[Tier, ...]:
    """A pod that any NetworkPolicy selects, in whichever direction, never meets the baseline.

    One that may isolate is one that may select; in a direction in which it may, its isolation says so already.
    """
    allow = Rule(action=Action.ALLOW, matches=(Match(AnyPeer()),), name="selected", origin=BUILT_IN)

    def rules(policy: Policy, direction: Direction) -> tuple[Rule, ...]:
        return () if direction in policy.may_isolate else (replace(allow, may=bool(policy.may_isolate)),)

    selecting = tuple(
        replace(
            policy,
            egress=rules(policy, Direction.EGRESS),
            ingress=rules(policy, Direction.INGRESS),
            isolates=frozenset(),
            may_isolate=frozenset(),
        )
        for policy in policies
        if policy.tier is TierName.NETWORK_POLICY
    )
    return (Tier(name=TierName.NETWORK_POLICY, chains=((selecting,),)),) if selecting else ()
