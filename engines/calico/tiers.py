"""Calico's arrangement of policies: tiers by order, in each of them one list by order and name, and what ends it.

| Tier | Order | Ends in | Holds |
|---|---|---|---|
| kube-admin | 1,000 | pass | ClusterNetworkPolicy of tier Admin, by priority |
| of the user | free, absent last | deny unless set | NetworkPolicy and GlobalNetworkPolicy of Calico |
| default | 1,000,000 | deny | those without a tier; every Kubernetes NetworkPolicy at order 1,000 |
| kube-baseline | 10,000,000 | pass | ClusterNetworkPolicy of tier Baseline |

A tier ends only what a policy of it selects in the direction; that is the `isolation` of the tier. After the last tier
the profile of the namespace allows.

Trusted by every verdict with `cni: calico`; checked by tests/agreement/test_calico.py against an evaluator that reads
the manifests themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from reachproof.engines.built_in import END_OF_TIER
from reachproof.engines.calico.placement import Staged, order, placement, staged
from reachproof.engines.own_tiers import calico_tier
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    DomainPeer,
    Match,
    NodePeer,
    Policy,
    Rule,
    TierName,
)
from reachproof.network.tier import BUILT_IN, Tier, perhaps_isolating

END = Rule(action=Action.DENY, matches=(Match(AnyPeer()),), name=END_OF_TIER, origin=BUILT_IN)


def tiers(policies: Iterable[Policy], direction: Direction) -> Iterator[Tier]:
    """The tiers of one direction that have a policy which acts in it, first to last."""
    acting = [policy for policy in policies if policy.acts(direction)]
    acting.sort(key=_place)
    for found, group in groupby(acting, key=placement):
        members = list(group)
        isolation = (END,) if found.ends is Action.DENY else ()
        perhaps = tuple(perhaps_isolating(members, direction, (replace(rule, may=True) for rule in isolation)))
        yield Tier(name=calico_tier(found.tier), chains=((*_groups(members), *perhaps),), isolation=isolation)


def _place(policy: Policy) -> tuple[float, str, float, str, str, str]:
    ref, tier = policy.ref, placement(policy)
    return tier.order, tier.tier, order(policy), ref.name, ref.namespace, ref.kind


def _groups(policies: list[Policy]) -> Iterator[tuple[Policy, ...]]:
    """Policies one by one. NetworkPolicies, whose rules all allow, are one group.

    Under which name a NetworkPolicy is sorted differs between releases, so with a policy of Calico that has the same
    order it is in one group without order.
    """
    for _, same in groupby(policies, key=order):
        tied = list(same)
        if any(policy.tier is TierName.NETWORK_POLICY for policy in tied):
            yield tuple(tied)
        else:
            yield from ((policy,) for policy in tied)


def enforced(policies: Iterable[Policy], *, with_staged: bool) -> list[Policy]:
    """The policies that are in force: without the staged ones, or as if these had been applied."""
    every = list(policies)
    then = [policy for policy in every if staged(policy) is not None]
    now = [policy for policy in every if staged(policy) is None]
    if not with_staged or not then:
        return now
    replaced = {(stand_in(policy), policy.ref.namespace, policy.ref.name) for policy in then}
    kept = [policy for policy in now if (policy.ref.kind, policy.ref.namespace, policy.ref.name) not in replaced]
    return kept + [policy for policy in then if staged(policy) is Staged.SET]


def stand_in(policy: Policy) -> str:
    """The kind of the enforced policy whose place a staged one would take."""
    return {
        "StagedNetworkPolicy": "CalicoNetworkPolicy",
        "StagedGlobalNetworkPolicy": "GlobalNetworkPolicy",
        "StagedKubernetesNetworkPolicy": "NetworkPolicy",
    }[policy.ref.kind]


def programmed(policy: Policy, *, names: bool) -> Policy:
    """The policy as it is programmed: of rules that cannot be, an allow is dropped and others deny all.

    Those with peers that are nodes or domain names cannot be; nor could, to release 3.31, those of a
    ClusterNetworkPolicy that name a port. `names`: they can be.
    """
    if policy.tier not in (TierName.ADMIN, TierName.BASELINE):
        return policy
    egress, ingress = (_programmed(rules, names=names) for rules in (policy.egress, policy.ingress))
    return replace(policy, egress=egress, ingress=ingress)


def _programmed(rules: tuple[Rule, ...], *, names: bool) -> tuple[Rule, ...]:
    """`names`: rules with port names can be programmed."""
    out = {rule.index for rule in rules if not _can_be_programmed(rule, names=names)}
    denied = Match(AnyPeer())
    found: dict[int, Rule] = {}
    for rule in rules:
        if rule.index not in out:
            found[rule.index] = rule
        elif rule.action is not Action.ALLOW:
            uncertain = rule.reason_code == "MAYBE_NOT_PROGRAMMED"
            found[rule.index] = replace(rule, action=Action.DENY, matches=(denied,), may=uncertain)
    return tuple(found.values())


def _can_be_programmed(rule: Rule, *, names: bool) -> bool:
    """`names`: whether port names can be. A rule without matches has names that only pods could have."""
    if any(isinstance(each.peer, NodePeer | DomainPeer) for each in rule.matches):
        return False
    return names or (bool(rule.matches) and not any(each.ports and each.ports.names for each in rule.matches))
