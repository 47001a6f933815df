"""The arrangement of policies under Cilium.

| Place | Tier | Holds | Order |
|---|---|---|---|
| 1 | admin | ClusterNetworkPolicy Admin | priority, index of the rule; then deny, allow, pass |
| 2 | normal | CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy, NetworkPolicy | deny, then allow |
| 3 | baseline | ClusterNetworkPolicy Baseline | as admin |
| 4 | default | no rules: all policies that isolate the subject | its own node (ingress), then deny |

So a deny comes before every allow of its priority, whatever the kind, and isolation is judged after the baseline tier.
Under `always`, ClusterNetworkPolicies and policies that may isolate count as entries of the place 4 perhaps, and every
other pod is isolated too.

A policy stands in a program several times, each time with some of its rules. Trusted by every verdict under this
profile; checked by tests/cases, and by tests/agreement/test_cilium.py against an oracle that reads manifests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from reachproof.engines.built_in import ENFORCED_ALWAYS, LOCAL_HOST
from reachproof.engines.own_tiers import NORMAL
from reachproof.network.labels import EVERYTHING, Operator, Requirement, Selector
from reachproof.network.options import Enforcement, Options
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    Match,
    NodePeer,
    OwnNodePeer,
    PodSet,
    Policy,
    Rule,
    TierName,
)
from reachproof.network.tier import BUILT_IN, Chain, Group, Tier, perhaps_isolating

_NORMAL = (NORMAL, TierName.NETWORK_POLICY)
_ORDER = (Action.DENY, Action.ALLOW, Action.PASS)
_ANY = (Match(AnyPeer()),)
Rank = tuple[int, int]
# Label keys of pods that make no part of an identity, by their beginnings (the agent's default filter).
_FILTERED = re.compile(
    r"io\.kubernetes|io\.cilium\.k8s|kubernetes\.io|k8s\.io|.*beta\.kubernetes\.io"
    r"|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index"
    r"|batch\.kubernetes\.io/(job-completion-index|controller-uid)"
    r"|pod-template-(generation|hash)|controller-revision-hash|controller-uid|annotation|etcd_node"
)


def filtered(key: str) -> bool:
    """True if labels of pods with this key are left out of identities, so that no selector sees them."""
    return _FILTERED.match(key) is not None


# ---------------------------------------------------------------- what a policy means here


def adapted(policy: Policy) -> Policy:
    """The policy as Cilium reads it: selectors do not see filtered labels, and nodes peers may not be known."""
    return replace(
        policy,
        subject=_visible(policy.subject),
        egress=_rules(policy, policy.egress),
        ingress=_rules(policy, policy.ingress),
    )


def _rules(policy: Policy, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    return tuple(each for rule in rules for each in _rule(policy, rule))


def _rule(policy: Policy, rule: Rule) -> Iterator[Rule]:
    """A rule with a peer that is not supported is dropped if it allows, else it is of every peer: either may hold."""
    matches = tuple(map(_match, rule.matches))
    seen = rule if matches == rule.matches else replace(rule, matches=matches)
    if policy.tier in _NORMAL or not any(isinstance(match.peer, NodePeer) for match in rule.matches):
        yield seen
        return
    if rule.action is not Action.ALLOW:
        yield replace(rule, action=Action.DENY, matches=_ANY, may=True)
    yield replace(seen, may=True)


def _match(match: Match) -> Match:
    if not isinstance(match.peer, PodSet):
        return match
    seen = _visible(match.peer)
    return match if seen is match.peer else replace(match, peer=seen)


def _visible(pods: PodSet) -> PodSet:
    if not any(filtered(need.key) for need in pods.pods.requirements):
        return pods
    return replace(pods, pods=Selector.of(*(seen for need in pods.pods.requirements for seen in _seen(need))))


def _seen(need: Requirement) -> Iterator[Requirement]:
    """A filtered label is never there: what needs it cannot be met, what rules it out is always met."""
    if not filtered(need.key):
        yield need
    elif need.operator in (Operator.IN, Operator.EXISTS):
        yield Requirement(need.key, Operator.IN, ())


# ---------------------------------------------------------------- tiers


def tiers(policies: list[Policy], direction: Direction, options: Options) -> tuple[Tier, ...]:
    """The tiers of one direction; `policies` are those in force, in order of priority."""
    acting = [p for p in policies if p.acts(direction)]
    found = (
        Tier(name=TierName.ADMIN, chains=_ranked(acting, TierName.ADMIN, direction)),
        Tier(name=NORMAL, chains=_normal([p for p in acting if p.tier in _NORMAL], direction)),
        Tier(name=TierName.BASELINE, chains=_ranked(acting, TierName.BASELINE, direction)),
        *_default(acting, direction, options),
    )
    return tuple(tier for tier in found if tier.chains)


def _with(policy: Policy, direction: Direction, rules: tuple[Rule, ...]) -> Policy:
    """The policy with these rules only, which does not isolate."""
    egress = rules if direction is Direction.EGRESS else ()
    ingress = rules if direction is Direction.INGRESS else ()
    return replace(policy, egress=egress, ingress=ingress, isolates=frozenset(), may_isolate=frozenset())


def _by_rank(policies: Iterable[Policy], direction: Direction, rank: Callable[[Rule], Rank]) -> Chain:
    """Groups in order of rank: the policies that have rules of the rank, with these alone."""
    groups: dict[Rank, list[Policy]] = {}
    for policy in policies:
        parts: dict[Rank, list[Rule]] = {}
        for rule in policy.rules(direction):
            parts.setdefault(rank(rule), []).append(rule)
        for each, rules in parts.items():
            groups.setdefault(each, []).append(_with(policy, direction, tuple(rules)))
    return tuple(tuple(groups[each]) for each in sorted(groups))


def _normal(policies: Iterable[Policy], direction: Direction) -> tuple[Chain, ...]:
    """Rules that match for certain come before those of the same action that may, so that they are named if both do."""
    chain = _by_rank(policies, direction, lambda rule: (_ORDER.index(rule.action), int(rule.may)))
    return (chain,) if chain else ()


def _ranked(policies: Iterable[Policy], tier: TierName, direction: Direction) -> tuple[Chain, ...]:
    """Rules of one index of policies of one priority are of equal rank; so no two of a rank disagree in order."""
    chain: list[Group] = []
    for _, tied in groupby((p for p in policies if p.tier is tier), key=lambda policy: policy.priority):
        chain += _by_rank(tied, direction, lambda rule: (rule.index, _ORDER.index(rule.action)))
    return (tuple(chain),) if chain else ()


def _default(policies: list[Policy], direction: Direction, options: Options) -> tuple[Tier, ...]:
    """A pod accepts its own node where an entry of this direction selects it, unless a rule has denied that."""
    local = Rule(action=Action.ALLOW, matches=(Match(OwnNodePeer()),), name=LOCAL_HOST, origin=BUILT_IN)
    deny = Rule(action=Action.DENY, matches=_ANY, name="isolation", origin=BUILT_IN)
    first = (local,) if direction is Direction.INGRESS else ()
    entries = [p for p in policies if p.tier in _NORMAL]
    if options.enforcement is not Enforcement.ALWAYS:
        return (
            *_perhaps_isolating(entries, direction, (*first, replace(deny, may=True))),
            _isolating([p for p in entries if direction in p.isolates], direction, (*first, deny)),
        )
    entries = [p for p in entries if direction not in p.may_isolate]
    ranked = [p for p in policies if p.tier not in _NORMAL or direction in p.may_isolate]
    perhaps = tuple(replace(rule, may=True) for rule in first)
    pods = PodSet(EVERYTHING, EVERYTHING)
    every = Policy(ref=ENFORCED_ALWAYS, tier=TierName.DEFAULT, subject=pods, origin=BUILT_IN)
    return (
        _isolating(entries, direction, (*first, deny)),
        *((_isolating(ranked, direction, perhaps),) if perhaps else ()),
        _isolating([every], direction, (deny,)),
    )


def _perhaps_isolating(policies: list[Policy], direction: Direction, rules: tuple[Rule, ...]) -> tuple[Tier, ...]:
    chain = tuple(perhaps_isolating(policies, direction, rules))
    return (Tier(name=TierName.DEFAULT, chains=(chain,)),) if chain else ()


def _isolating(policies: list[Policy], direction: Direction, rules: tuple[Rule, ...]) -> Tier:
    """A tier in which these policies isolate, each once, and the rules say what holds then."""
    only = frozenset((direction,))
    alone = tuple(replace(policy, egress=(), ingress=(), isolates=only, may_isolate=frozenset()) for policy in policies)
    return Tier(name=TierName.DEFAULT, chains=((alone,),) if alone else (), isolation=rules)
