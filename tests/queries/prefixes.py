"""Prefixes by brute force: worlds with other policies, and ends that are assumed not to be there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reachproof.grammar import ast
from reachproof.network.cluster import Pod
from reachproof.network.labels import NAMESPACE_NAME, Selector
from reachproof.network.origin import Origin
from reachproof.network.policy import Action, AnyPeer, Direction, Match, PodSet, Policy, PolicyRef, Rule, TierName
from tests.queries.world import End, World, inside

_TIERS = {
    ast.DenyTier.BASELINE: {TierName.BASELINE},
    ast.DenyTier.ADMIN: {TierName.ADMIN},
    ast.DenyTier.NETWORK_POLICIES: {TierName.NETWORK_POLICY},
}
WRITTEN = Origin(file="written by brute force")


def changed(world: World, prefixes: Iterable[ast.Prefix]) -> World:
    """The world with the policies that the prefixes leave or suppose."""
    for prefix in prefixes:
        policies = world.snapshot.policies
        match prefix:
            case ast.Without(gone):
                names = {(name.kind, name.namespace, name.name) for name in gone}
                kept = (p for p in policies if (p.ref.kind.lower(), p.ref.namespace, p.ref.name) not in names)
                world = world.under(world.snapshot.with_policies(tuple(kept)))
            case ast.WithOnly(ast.DenyTier() as tier):
                kept = (p for p in policies if tier is ast.DenyTier.CLUSTER or p.tier in _TIERS[tier])
                world = world.under(world.snapshot.with_policies(tuple(kept)))
            case ast.AssumingAnyPolicies(scope):
                ends = [end for end in world.ends if inside(world, scope, end, end)]
                world = _with_any_policies(world, {end.party.namespace for end in ends if isinstance(end.party, Pod)})
            case ast.AssumingNone() | ast.ForEvery():
                pass
    return world


def spared(world: World, prefixes: Iterable[ast.AssumingNone], source: End, destination: End) -> bool:
    """Whether an end of the flow is assumed not to be there."""
    return any(
        isinstance(end.party, Pod)
        and prefix.selector.matches(end.party.labels)
        and inside(world.reading(not world.sure), prefix.scope, end, far)
        for prefix in prefixes
        for end, far in ((source, destination), (destination, source))
    )


def _with_any_policies(world: World, namespaces: Iterable[str]) -> World:
    """The NetworkPolicies of these namespaces are any: those that allow or stop all, each way, or none."""
    homes = sorted(namespaces)
    kept = [p for p in world.snapshot.policies if p.tier is not TierName.NETWORK_POLICY or p.ref.namespace not in homes]
    egress, ingress = ([[], *([_written(direction, allow)] for allow in (True, False))] for direction in Direction)
    sets = [
        (*kept, *(_at(policy, home) for home in homes for policy in (*one, *other)))
        for one in egress
        for other in ingress
    ]
    none, *others = (world.under(world.snapshot.with_policies(policies)) for policies in sets)
    return replace(none, others=tuple(others))


def _written(direction: Direction, allow: bool) -> Policy:
    rules = (Rule(action=Action.ALLOW, matches=(Match(AnyPeer()),), origin=WRITTEN),) if allow else ()
    return Policy(
        ref=PolicyRef(kind="NetworkPolicy", namespace="", name=f"{direction}-{allow}"),
        tier=TierName.NETWORK_POLICY,
        subject=PodSet(Selector(), Selector()),
        egress=rules if direction is Direction.EGRESS else (),
        ingress=rules if direction is Direction.INGRESS else (),
        isolates=frozenset({direction}),
        origin=WRITTEN,
    )


def _at(policy: Policy, namespace: str) -> Policy:
    subject = PodSet(Selector.equal(NAMESPACE_NAME, namespace), Selector())
    return replace(policy, ref=replace(policy.ref, namespace=namespace), subject=subject)
