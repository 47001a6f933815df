"""Where a policy of Calico stands: its tier, its order there, and whether it is staged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reachproof.network.policy import Action, Extension, Policy, TierName

NETWORK_POLICY_ORDER = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A tier of Calico: lower orders first, names break ties. `ends`: deny or pass, for those that it selects."""

    tier: str
    order: float
    ends: Action


DEFAULT = Placement(tier="default", order=1_000_000, ends=Action.DENY)
ADMIN = Placement(tier="kube-admin", order=1_000, ends=Action.PASS)
BASELINE = Placement(tier="kube-baseline", order=10_000_000, ends=Action.PASS)
BUILT_IN_TIERS = {each.tier: each for each in (ADMIN, DEFAULT, BASELINE)}
_OF_KUBERNETES = {TierName.ADMIN: ADMIN, TierName.NETWORK_POLICY: DEFAULT, TierName.BASELINE: BASELINE}


class Staged(StrEnum):
    """The effect that a staged policy would have to the enforced one of its name: take its place, or take it away."""

    SET = "Set"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalicoPolicy(Extension):
    """`placement`: the tier, of Calico's own kinds. `staged`: the policy is not enforced unless the options say so."""

    placement: Placement | None = None
    staged: Staged | None = None


def own_placement(policy: Policy) -> Placement | None:
    """The tier of a policy of Calico's own kinds; None for others."""
    return policy.extension.placement if isinstance(policy.extension, CalicoPolicy) else None


def placement(policy: Policy) -> Placement:
    """The tier that the policy is in."""
    found = own_placement(policy)
    if found is None:
        assert isinstance(policy.tier, TierName)
        return _OF_KUBERNETES[policy.tier]
    return found


def order(policy: Policy) -> float:
    """Its order in its tier; infinite where it has none."""
    return NETWORK_POLICY_ORDER if policy.tier is TierName.NETWORK_POLICY else policy.priority


def staged(policy: Policy) -> Staged | None:
    """The effect of a staged policy if it were enforced; None for one that is."""
    return policy.extension.staged if isinstance(policy.extension, CalicoPolicy) else None
