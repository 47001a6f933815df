"""Prefixes of a statement: other policies, a bound name, a restricted world.

| Prefix | Effect |
|---|---|
| `without networkpolicy shop/allow-db:` | the policy is not there |
| `with only the baseline tier:` | policies of the other tiers are not there |
| `for every tenant T:` | the statement, once for each tenant; all must agree |
| `assuming no pod in S is labelled L:` | pods of S with these labels are not there |
| `assuming whatever network policies S writes:` | S has every possible set of NetworkPolicies at once |

The last one makes the NetworkPolicy tier of S a free value per flow and direction: each flow may be allowed by it,
denied by it, or left to the baseline tier, which is all that a set of NetworkPolicies can do to a flow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TypeVar, assert_never

from reachproof.engines.own_tiers import with_network_policies
from reachproof.engines.registry import PROFILES, profile_of
from reachproof.grammar import ast
from reachproof.network.cluster import Notice
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.origin import Origin
from reachproof.network.policy import Action, AnyPeer, Direction, Match, PodSet, Policy, PolicyRef, Rule, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.queries.bind_sets import Binder
from reachproof.queries.possible import opened, with_new_namespaces
from reachproof.queries.tenancy import namespaces_of, tenants
from reachproof.solver.goal import TRUE, All, Formula, Side

FREE = PolicyRef(kind="NetworkPolicy", namespace="", name="(any that could be written)")
_BY_NAME = " or ".join(profile.name for profile in PROFILES.values() if profile.tiers_by_name)
ASSUMED = Origin(file="", path="assumed")


@dataclass(frozen=True, slots=True)
class Instance:
    """A sentence with its names bound: the prefixes that are left, the statement, and what was bound."""

    prefixes: tuple[ast.Prefix, ...]
    statement: ast.Statement
    bound: tuple[Notice, ...] = ()


def instances(query: ast.Query, snapshot: Snapshot) -> tuple[Instance, ...]:
    """One instance per choice of the names that `for every` binds; one where it binds none."""
    found = [Instance(query.prefixes, query.statement)]
    for prefix in query.prefixes:
        if isinstance(prefix, ast.ForEvery):
            found = [bound for each in found for bound in _bound(each, prefix, snapshot)]
    return tuple(found)


def _bound(instance: Instance, prefix: ast.ForEvery, snapshot: Snapshot) -> Iterator[Instance]:
    tenant = prefix.group is ast.Group.TENANT
    values = tenants(snapshot) if tenant else tuple(namespace.name for namespace in snapshot.namespaces)
    rest = tuple(each for each in instance.prefixes if each != prefix)
    for value in values:
        notice = Notice(code="BOUND_NAME", text=f"{prefix.variable} is {prefix.group} {value}")
        yield Instance(
            tuple(_substituted(each, prefix, value) for each in rest),
            _substituted(instance.statement, prefix, value),
            (*instance.bound, notice),
        )


Node = TypeVar("Node")


def _substituted(node: Node, prefix: ast.ForEvery, value: str) -> Node:
    """The AST with the bound name replaced where a name of its group stands."""
    changes = {
        each.name: _replaced(node, getattr(node, each.name), prefix, value)
        for each in fields(node)  # type: ignore[arg-type]
    }
    return replace(node, **changes)  # type: ignore[type-var]


def _replaced(owner: object, part: object, prefix: ast.ForEvery, value: str) -> object:
    match part:
        case tuple():
            return tuple(_replaced(owner, each, prefix, value) for each in part)
        case ast.Name(text=text, span=span) if text == prefix.variable.text and _names(owner, prefix.group):
            return ast.Name(value, span)
        case ast.ObjectName(namespace=namespace) if prefix.group is ast.Group.NAMESPACE:
            return replace(part, namespace=value) if namespace == prefix.variable.text else part
        case _ if is_dataclass(part) and not isinstance(part, (type, Selector)):
            return _substituted(part, prefix, value)
        case _:
            return part


def _names(owner: object, group: ast.Group) -> bool:
    match owner:
        case ast.InTenants():
            return group is ast.Group.TENANT
        case ast.InNamespaces():
            return group is ast.Group.NAMESPACE
        case ast.Outside(group=other) | ast.Isolated(group=other):
            return group is other
        case _:
            return False


# ---------------------------------------------------------------- other policies


def with_prefixes(binder: Binder, instance: Instance) -> Formula:
    """Apply the prefixes to the binder's snapshot; the result is what they restrict the world to."""
    world: list[Formula] = []
    new_namespaces = with_new_namespaces((instance.prefixes, instance.statement))
    for prefix in instance.prefixes:
        match prefix:
            case ast.Without(policies):
                gone = {ref for policy in policies for ref in policies_named(binder, policy)}
                binder.use(tuple(policy for policy in binder.snapshot.policies if policy.ref not in gone))
            case ast.WithOnly(ast.NamedTier() as named):
                binder.use(in_tier(binder, named))
            case ast.WithOnly(ast.DenyTier() as tier):
                binder.use(tuple(policy for policy in binder.snapshot.policies if _is_of(policy, tier)))
            case ast.AssumingNone(scope, selector):
                labelled: ast.SetExpr = ast.Pods((ast.Labelled(selector),))
                world += [_nobody(binder, side, scope, labelled) for side in Side]
                if binder.open:
                    scope, labelled = (opened(each, new_namespaces=new_namespaces) for each in (scope, labelled))
                    world += [_nobody(binder, side, scope, labelled) for side in Side]
            case ast.AssumingAnyPolicies(scope):
                binder.use(_with_free_policies(binder, scope, new_namespaces=new_namespaces))
            case ast.ForEvery():
                raise AssertionError(prefix)
    return All(tuple(world)) if world else TRUE


def _is_of(policy: Policy, tier: ast.DenyTier) -> bool:
    match tier:
        case ast.DenyTier.BASELINE:
            return policy.tier is TierName.BASELINE
        case ast.DenyTier.ADMIN:
            return policy.tier is TierName.ADMIN
        case ast.DenyTier.NETWORK_POLICIES:
            return with_network_policies(policy.tier)
        case ast.DenyTier.CLUSTER:
            return True
        case _:
            assert_never(tier)


def _nobody(binder: Binder, side: Side, scope: ast.SetExpr, labelled: ast.SetExpr) -> Formula:
    """Not one of the scope that is labelled so."""
    return binder.negated(lambda: All((binder.at(side, scope), binder.at(side, labelled))))


def in_tier(binder: Binder, tier: ast.NamedTier) -> tuple[Policy, ...]:
    """The policies in a tier that users name; reports one that no policy is in, and a profile without such tiers."""
    snapshot, name = binder.snapshot, tier.name
    profile = profile_of(snapshot.options)
    if not profile.tiers_by_name:
        message = f"cni {profile.name} has no tier {name.text}; tiers by name need cni {_BY_NAME}"
        binder.refuse(message, name.span)
        return ()
    tiers = {policy.ref: own for policy in snapshot.policies if (own := profile.tier_name(policy)) is not None}
    if name.text not in tiers.values():
        binder.names.demand("tier", name.text, sorted(set(tiers.values())), name.span)
    return tuple(policy for policy in snapshot.policies if tiers.get(policy.ref) == name.text)


def policies_named(binder: Binder, name: ast.PolicyName) -> list[PolicyRef]:
    """The policies of that kind and name; none is a problem of the sentence."""
    known = [policy.ref for policy in binder.snapshot.policies if policy.ref.kind.lower() == name.kind]
    found = [ref for ref in known if (ref.namespace, ref.name) == (name.namespace, name.name)]
    if not found:
        listed = [f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name for ref in known]
        wanted = f"{name.namespace}/{name.name}" if name.namespace else name.name
        binder.names.demand(name.kind, wanted, listed, name.span)
    return found


def _with_free_policies(binder: Binder, scope: ast.SetExpr, *, new_namespaces: bool) -> tuple[Policy, ...]:
    names = _namespaces(binder, scope)
    allow = Rule(action=Action.ALLOW, matches=(Match(AnyPeer()),), may=True, origin=ASSUMED)
    selectors = [Selector.equal(NAMESPACE_NAME, *names)]
    if new_namespaces:
        selectors += _new_namespaces(binder.snapshot, scope)
    free = tuple(
        Policy(
            ref=FREE,
            tier=TierName.NETWORK_POLICY,
            subject=PodSet(selector, EVERYTHING),
            egress=(allow,),
            ingress=(allow,),
            may_isolate=frozenset(Direction),
            origin=ASSUMED,
        )
        for selector in selectors
    )
    others = (p for p in binder.snapshot.policies if not with_network_policies(p.tier) or p.ref.namespace not in names)
    return (*others, *free)


def _new_namespaces(snapshot: Snapshot, scope: ast.SetExpr) -> list[Selector]:
    """Selectors of the namespaces that could be created in the scope: by the labels that make them a tenant's."""
    label, declared = snapshot.options.tenant_label, snapshot.options.tenants
    match scope:
        case ast.Pods(filters=(ast.InTenants(names),)):
            wanted = {name.text for name in names}
            by_label = [Selector.equal(label, *wanted)] if label else []
            return [*(selector for name, selector in declared if name in wanted), *by_label]
        case ast.Pods(filters=(ast.InAny(group=ast.Group.TENANT),)):
            by_label = [Selector.of(Requirement(label, Operator.EXISTS))] if label else []
            return [*(selector for _, selector in declared), *by_label]
        case ast.Pods(filters=()):
            return [EVERYTHING]
        case _:
            return []


def _namespaces(binder: Binder, scope: ast.SetExpr) -> tuple[str, ...]:
    """The namespaces whose owners write: those of tenants or namespaces by name, or all of them."""
    snapshot = binder.snapshot
    match scope:
        case ast.Pods(filters=(ast.InTenants(names),)):
            binder.at(Side.SOURCE, scope)
            return tuple(n for name in names for n in namespaces_of(snapshot, name.text))
        case ast.Pods(filters=(ast.InNamespaces(names),)):
            binder.at(Side.SOURCE, scope)
            return tuple(name.text for name in names)
        case ast.Pods(filters=(ast.InAny(group=ast.Group.TENANT),)):
            return tuple(n for tenant in tenants(snapshot) for n in namespaces_of(snapshot, tenant))
        case ast.Pods(filters=()):
            return tuple(namespace.name for namespace in snapshot.namespaces)
        case _:
            binder.refuse("network policies are written by tenants or namespaces; name one of these")
            return ()
