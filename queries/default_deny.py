"""`TIER enforces default deny for SCOPE`: what it claims, as goals on changed policies.

A tier enforces default deny in one direction when no flow of the scope can be let through in a program that keeps of
the policies only what the claim is about. The other direction has no policies at all, so it lets everything through.

| Tier | Program | A flow gets through when |
|---|---|---|
| baseline | admin with allow turned into deny, baseline; no NetworkPolicy | neither decides it, or baseline allows it |
| admin | the admin tier alone | no admin rule denies it |
| one of Calico's by name | that tier alone | neither a rule nor the end of it denies it |
| network policies | NetworkPolicies and the engine's own kinds, with rules that pass only | the pod is not isolated |
| the cluster | every tier with allow turned into deny | nothing decides it: only the final default lets it through |

Objects that are not read may be network policies that isolate, so for these they keep their rules that may deny.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from reachproof.documents.words import Verdict
from reachproof.engines.not_read import is_not_read
from reachproof.engines.own_tiers import between_admin_and_baseline
from reachproof.engines.registry import profile_of
from reachproof.grammar import ast
from reachproof.network.cluster import Notice
from reachproof.network.policy import Action, Direction, Policy, Rule, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.queries.bind_sets import Binder
from reachproof.queries.plan import Check, Plan
from reachproof.queries.possible import mentions_possible, opened, with_new_namespaces
from reachproof.queries.what_if import in_tier
from reachproof.solver.goal import All, At, Formula, Members, Search, Side, Some, Wanted

_MEANING = {
    ast.DenyTier.BASELINE: "judged as if no NetworkPolicy were written: what the admin tier leaves open, a baseline "
    "rule must deny",
    ast.DenyTier.ADMIN: "judged by the admin tier alone",
    ast.DenyTier.NETWORK_POLICIES: "judged by isolation alone: what rules of NetworkPolicies allow is not looked at",
    ast.DenyTier.CLUSTER: "flows that a rule of any tier allows are not looked at, only those that nothing decides",
}
_SEES_EXTERNAL = {ast.DenyTier.NETWORK_POLICIES, ast.DenyTier.CLUSTER}


def _meaning(tier: ast.DenyTier | ast.NamedTier) -> str:
    if isinstance(tier, ast.NamedTier):
        return f"judged by the tier {tier.name.text} alone: its rules, and how it ends for the pods that it selects"
    return _MEANING[tier]


def _own_kinds(snapshot: Snapshot) -> str:
    """Kinds that count as network policies beside NetworkPolicy, where the implementation has some."""
    own = profile_of(snapshot.options).own_kinds
    return f"; {own}" if own else ""


def default_deny_plan(binder: Binder, claim: ast.DefaultDeny) -> Plan:
    """The goals of a default-deny claim: one per direction."""
    directions = (claim.direction,) if claim.direction else tuple(Direction)
    external = claim.including_external or (isinstance(claim.tier, ast.NamedTier) or claim.tier in _SEES_EXTERNAL)
    checks = tuple(_check(binder, claim, direction, external=external) for direction in directions)
    meaning = _meaning(claim.tier) + (
        _own_kinds(binder.snapshot) if claim.tier is ast.DenyTier.NETWORK_POLICIES else ""
    )
    binder.assumptions.append(Notice(code="DEFAULT_DENY_MEANING", text=meaning))
    if Direction.INGRESS in directions and not external:
        text = (
            f"ingress from outside the cluster is left out: no peer of {claim.tier} can match it, so it cannot be "
            "denied there; add `including from outside the cluster` to ask about it as well"
        )
        binder.assumptions.append(Notice(code="TIER_CANNOT_SEE_EXTERNAL_SOURCES", text=text))
    if binder.universe.host_pods:
        text = "pods on the host network are left out: they are no subject of policy and their traffic is their node's"
        binder.assumptions.append(Notice(code="HOST_NETWORK_LEFT_OUT", text=text))
    return Plan(form="deny", good=Verdict.HOLDS, checks=checks)


def _check(binder: Binder, claim: ast.DefaultDeny, direction: Direction, *, external: bool) -> Check:
    universe = binder.universe
    inside, outside = Side.SOURCE, Side.DESTINATION
    if direction is Direction.INGRESS:
        inside, outside = outside, inside
    pods = universe.pods & ~universe.host_pods
    others = pods | universe.external if external or direction is Direction.EGRESS else pods
    region = All(
        (
            binder.at(inside, claim.scope),
            _subjects(binder, inside, Members(pods), claim),
            _subjects(binder, outside, Members(others), claim),
            binder.negated(lambda: binder.exempt(claim.exceptions)),
        )
    )
    return Check(
        snapshot=_reduced(binder, claim.tier, direction),
        goal=Search(region, Wanted.CAN_ALLOW),
        if_found=Verdict.VIOLATED,
        if_absent=Verdict.HOLDS,
        direction=direction,
    )


def _subjects(binder: Binder, side: Side, members: Members, claim: ast.DefaultDeny) -> Formula:
    """The points, and possible pods where the scope has some."""
    if not mentions_possible(claim.scope):
        return At(side, members)
    possible = opened(ast.Pods(), new_namespaces=with_new_namespaces(claim.scope))
    return Some((At(side, members), binder.at(side, possible)))


def _reduced(binder: Binder, tier: ast.DenyTier | ast.NamedTier, direction: Direction) -> Snapshot:
    """The snapshot with what the claim about a tier keeps of the policies, in one direction only."""
    snapshot = binder.snapshot
    if isinstance(tier, ast.NamedTier):
        return snapshot.with_policies(tuple(_one_way(policy, direction) for policy in in_tier(binder, tier)))
    kept = (changed for policy in snapshot.policies if (changed := _kept(policy, tier)) is not None)
    return snapshot.with_policies(tuple(_one_way(policy, direction) for policy in kept))


def _kept(policy: Policy, tier: ast.DenyTier) -> Policy | None:
    """The part of a policy that the claim about the tier keeps."""
    match tier:
        case ast.DenyTier.BASELINE:
            if policy.tier is TierName.ADMIN:
                return _no_allow(policy)
            return policy if policy.tier is TierName.BASELINE else None
        case ast.DenyTier.ADMIN:
            return policy if policy.tier is TierName.ADMIN else None
        case ast.DenyTier.NETWORK_POLICIES:
            if is_not_read(policy):
                return _only_denials(policy)
            return _only_passes(policy) if between_admin_and_baseline(policy.tier) else None
        case ast.DenyTier.CLUSTER:
            return _no_allow(policy)
        case _:
            assert_never(tier)


def _only_passes(policy: Policy) -> Policy:
    """The policy with the rules alone that let a flow past the end of its tier, which NetworkPolicy has none of."""
    egress, ingress = (
        tuple(rule for rule in rules if rule.action is Action.PASS) for rules in (policy.egress, policy.ingress)
    )
    return replace(policy, egress=egress, ingress=ingress)


def _only_denials(policy: Policy) -> Policy:
    """The policy with the rules alone that deny: an object that is not read may isolate as well."""
    egress, ingress = (
        tuple(rule for rule in rules if rule.action is Action.DENY) for rules in (policy.egress, policy.ingress)
    )
    return replace(policy, egress=egress, ingress=ingress)


def _no_allow(policy: Policy) -> Policy:
    return replace(policy, egress=tuple(map(_decided, policy.egress)), ingress=tuple(map(_decided, policy.ingress)))


def _decided(rule: Rule) -> Rule:
    return replace(rule, action=Action.DENY) if rule.action is Action.ALLOW else rule


def _one_way(policy: Policy, direction: Direction) -> Policy:
    return replace(
        policy,
        egress=policy.egress if direction is Direction.EGRESS else (),
        ingress=policy.ingress if direction is Direction.INGRESS else (),
        isolates=policy.isolates & {direction},
    )


def selected_plan(binder: Binder, claim: ast.Selected) -> Plan:
    """`every pod in S is selected by a network policy`: each is isolated, in the direction or in both."""
    deny = ast.DefaultDeny(tier=ast.DenyTier.NETWORK_POLICIES, direction=claim.direction, scope=claim.scope)
    return replace(default_deny_plan(binder, deny), form="every")
