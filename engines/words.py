"""Words about policies that implementations have in their own ways; no verdict rests on them."""

from __future__ import annotations

from math import inf

from reachproof.engines.calico.placement import own_placement
from reachproof.engines.istio.membership import IN_MESH
from reachproof.engines.profile import EngineProfile
from reachproof.engines.selector_text import predicate_text
from reachproof.network.policy import Policy
from reachproof.network.predicate import ALWAYS, Conjunction, Predicate, both


def place_text(policy: Policy) -> str:
    """Where a policy of an implementation's own kinds stands: ` (tier security, order 10)`; nothing for others."""
    found = own_placement(policy)
    return f" (tier {found.tier}, {order_text(policy.priority)})" if found is not None else ""


def order_text(value: float) -> str:
    """An order in words."""
    return "no order" if value == inf else f"order {value:g}"


def own_tier(policy: Policy) -> str | None:
    """The name of the tier that decides about what the policy selects, where its kinds have such tiers."""
    found = own_placement(policy)
    return found.tier if found is not None else None


def tied_text(policy: Policy) -> str:
    """The priority that several policies have: `equal priority 5`, or the order that the implementation has for it."""
    if own_placement(policy) is None:
        return f"equal priority {policy.priority:g}"
    return f"equal order {policy.priority:g}" if policy.priority != inf else "no order"


def where_text(where: Predicate, profile: EngineProfile) -> str:
    """A condition on pods: `with` its text, or `in the mesh`."""
    items = where.items if isinstance(where, Conjunction) else (where,)
    if IN_MESH not in items:
        return f"with {predicate_text(where, profile.account_key)}"
    identity = both(*(item for item in items if item != IN_MESH))
    # The keys of the text for these two mean nothing to who writes policies of a mesh.
    text = predicate_text(identity).replace("projectcalico.org/", "")
    return "in the mesh" if identity == ALWAYS else f"in the mesh with {text}"
