"""The order of policies: ties that a name decides or nothing does, and policies that come last without saying so.

| Seen | Code |
|---|---|
| policies of one order or priority that do different things | TIED_ORDER |
| a policy of Calico without an order that denies, after all others of its tier | NO_ORDER |

No verdict rests on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from math import inf
from operator import or_

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.engines.assembly import programs
from reachproof.engines.not_read import apart, stands_apart
from reachproof.engines.policies import is_staged
from reachproof.engines.words import order_text, own_tier, tied_text
from reachproof.network.policy import Action, Direction, Policy, TierName
from reachproof.queries.findings import Finding
from reachproof.queries.lint_words import finding
from reachproof.semantics.sentences import listed
from reachproof.solver.peer_resolution import PeerResolution
from reachproof.solver.universe import Universe


def order_findings(universe: Universe, resolution: PeerResolution) -> Iterator[Finding]:
    """The findings about the order of policies."""
    policies = apart(universe.snapshot.policies)[0]
    yield from _tied_by_name(policies)
    yield from _tied(universe)
    yield from _last(universe, resolution, policies)


def _tied_by_name(policies: Iterable[Policy]) -> Iterator[Finding]:
    """Policies of one tier with the same order, of which the name decides which comes first."""
    groups: dict[tuple[str, float], list[Policy]] = {}
    for policy in policies:
        tier = own_tier(policy)
        if tier is not None and not is_staged(policy):
            groups.setdefault((tier, policy.priority), []).append(policy)
    for (tier, order), tied in sorted(groups.items()):
        if len(tied) < 2 or not _differ(tied, Direction):
            continue
        names = listed(str(policy.ref) for policy in tied)
        text = f"{names} have {order_text(order)} in the tier {tier} and rules that do different things; "
        yield finding(Code.TIED_ORDER, names, f"{text}their names decide", tied[0].origin)


def _tied(universe: Universe) -> Iterator[Finding]:
    """Policies of one priority between which nothing decides."""
    told: set[str] = set()
    for direction in Direction:
        for tier in programs(universe.snapshot).tiers(direction):
            for group in tier.groups if tier.name in (TierName.ADMIN, TierName.BASELINE) else ():
                tied = [policy for policy in group if not stands_apart(policy)]
                if len(tied) < 2 or not _differ(tied, (direction,)):
                    continue
                names = listed(str(policy.ref) for policy in tied)
                text = (
                    f"{names} have {tied_text(tied[0])} and rules that do different things; where both match, which "
                    "one applies is not defined"
                )
                if names not in told:
                    told.add(names)
                    yield finding(Code.TIED_ORDER, names, text, tied[0].origin)


def _differ(policies: Iterable[Policy], directions: Iterable[Direction]) -> bool:
    ways = tuple(directions)
    return len({rule.action for policy in policies for each in ways for rule in policy.rules(each)}) > 1


def _last(universe: Universe, resolution: PeerResolution, policies: Iterable[Policy]) -> Iterator[Finding]:
    """Policies that deny, and come after others for the same pods because they have no order."""
    every = [policy for policy in policies if not is_staged(policy)]
    for policy in every:
        tier = own_tier(policy)
        if tier is None or policy.priority != inf:
            continue
        for direction in Direction:
            if not any(rule.action is Action.DENY for rule in policy.rules(direction)):
                continue
            before = [other for other in every if _is_before(other, tier, direction)]
            points = reduce(or_, (resolution.peer(other.subject) for other in before), 0)
            if points & resolution.peer(policy.subject):
                text = (
                    f"{policy.ref} has no order, so its rules come after those of every policy in the tier {tier} that "
                    "has one"
                )
                shared = any(other.tier is TierName.NETWORK_POLICY for other in before)
                text += "; NetworkPolicies have 1000 there" if shared else ""
                yield finding(Code.NO_ORDER, str(policy.ref), text, policy.origin, severity=FindingSeverity.INFO)
                break


def _is_before(other: Policy, tier: str, direction: Direction) -> bool:
    if not other.acts(direction):
        return False
    of_kubernetes = tier == "default" and other.tier is TierName.NETWORK_POLICY
    return of_kubernetes or (own_tier(other) == tier and other.priority != inf)
