"""Tiers that implementations have of their own, and what sentences count them as."""

from __future__ import annotations

from reachproof.network.policy import OwnTier, TierId, TierName

MESH = OwnTier(engine="istio", name="istio")
"""Before a pod; it lets through what the network must allow too (`engines.istio.tiers`)."""
NOT_READ = OwnTier(engine="", name="not read")
"""Before all others, with objects that decide what may be reached and are not read (`engines.not_read`)."""
NORMAL = OwnTier(engine="cilium", name="normal")
"""Cilium's, which holds NetworkPolicy too (`engines.cilium.tiers`)."""


def calico_tier(name: str) -> OwnTier:
    """A tier of Calico, which users may name as they like (`engines.calico.tiers`)."""
    return OwnTier(engine="calico", name=name)


def with_network_policies(tier: TierId) -> bool:
    """True of the tier of NetworkPolicy, also where kinds of an implementation share it for good."""
    return tier in (TierName.NETWORK_POLICY, NORMAL)


def between_admin_and_baseline(tier: TierId) -> bool:
    """True of the tier of NetworkPolicy, and of those of an implementation's own kinds of network policy."""
    return tier is TierName.NETWORK_POLICY or (isinstance(tier, OwnTier) and tier not in (MESH, NOT_READ))
