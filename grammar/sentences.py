"""From parse-tree nodes to the AST: exceptions and statements."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lark import Token

from reachproof.grammar import ast
from reachproof.grammar.ast import Exempt, Quantifier, SetExpr
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.sets import Form, Node, Said, without
from reachproof.network.policy import Direction


def _exempt(node: Node) -> Exempt:
    """One exception: its parts hold together, and each is said at most once."""
    whole: dict[str, Any] = {}
    for word, name in (("from", "source"), ("to", "destination"), ("on", "ports"), ("within", "within")):
        said = [value for part in node.all(Exempt) if (value := getattr(part, name)) is not None]
        if len(said) > 1:
            raise Mistake(f"one exception says `{word}` once; join several exceptions with `and`", node.span)
        if said:
            whole[name] = said[0]
    return Exempt(**whole)


# ---------------------------------------------------------------- questions


def _ends(node: Node) -> tuple[SetExpr, SetExpr]:
    """Both sets of a sentence that quantifies them itself."""
    source, destination = node.all(Said)
    return source.plain(), destination.plain()


def _can(node: Node) -> ast.Can:
    source, destination = node.all(Said)
    return ast.Can(source.quantified(), destination.quantified(), node.ports, node.all(Exempt))


_LISTED = {
    "POD": ast.Listed.PODS,
    "NAMESPACE": ast.Listed.NAMESPACES,
    "TENANT": ast.Listed.TENANTS,
    "WORKLOAD": ast.Listed.WORKLOADS,
    "SERVICE": ast.Listed.SERVICES,
    "NODE": ast.Listed.NODES,
    "ADDRESS_WORD": ast.Listed.ADDRESSES,
}


def _which(node: Node, source: SetExpr | None, destination: SetExpr | None) -> ast.Which:
    return ast.Which(node.meaning(_LISTED), source, destination, node.ports, node.all(Exempt))


_HYGIENE = {
    "RULE": ast.Hygiene.SHADOWED,
    "POLICIES": ast.Hygiene.REDUNDANT,
    "SELECTOR_WORD": ast.Hygiene.MATCHES_NOTHING,
    "VERDICT_WORD": ast.Hygiene.AMBIGUOUS,
}


def _changed(node: Node, form: ast.ChangeForm) -> ast.Changed:
    return ast.Changed(form, node.the(ast.Name), node.all(Exempt))


# ---------------------------------------------------------------- claims


def _no(node: Node) -> ast.No:
    source, destination = node.all(Said)
    return ast.No(source.bare("no"), destination.plain(), node.ports, node.all(Exempt))


def _only(node: Node) -> ast.Only:
    source, destination = node.all(Said)
    return ast.Only(source.bare("only"), destination.plain(), node.ports, node.all(Exempt))


def _every(node: Node) -> ast.Every:
    """`every A can reach B on P`; another quantifier is refused."""
    source, destination = node.all(Said)
    if source.quantifier is not Quantifier.EVERY:
        raise Mistake("a claim that something can be reached begins with `every` (a question with `can`)", source.span)
    return ast.Every(source.quantified().set, destination.quantified(), node.ports, node.all(Exempt))


def _reach_only(node: Node) -> ast.ReachOnly:
    """Targets have their ports; the last may have none."""
    source, *last = node.all(Said)
    targets = (*node.all(ast.Target), *(ast.Target(said.plain()) for said in last))
    return ast.ReachOnly(source.universal(), targets, node.has("EXACTLY"), node.all(Exempt))


def _isolated(node: Node) -> ast.Isolated:
    """Two tenants or two namespaces, each named alone."""
    (group, left), (other, right) = map(_one_group, node.all(Said))
    if group is not other:
        raise Mistake(f"a {group} is isolated from another {group}", node.all(Said)[1].span)
    return ast.Isolated(group, left, right, node.all(Exempt))


def _one_group(said: Said) -> tuple[ast.Group, ast.Name]:
    if said.quantifier is Quantifier.BARE:
        match said.set:
            case ast.Pods(filters=(ast.InTenants(names=(name,)),), possible=False):
                return ast.Group.TENANT, name
            case ast.Pods(filters=(ast.InNamespaces(names=(name,)),), possible=False):
                return ast.Group.NAMESPACE, name
    raise Mistake("isolation is between one `tenant NAME` and another, or one `namespace NAME` and another", said.span)


_TIERS = {
    "BASELINE": ast.DenyTier.BASELINE,
    "ADMIN": ast.DenyTier.ADMIN,
    "NETWORK_POLICIES": ast.DenyTier.NETWORK_POLICIES,
    "CLUSTER": ast.DenyTier.CLUSTER,
}


def tier_of(node: Node) -> ast.DenyTier | ast.NamedTier:
    """The tier that a node speaks of, by a word or by name."""
    (found,) = (part for part in node.parts if isinstance(part, ast.DenyTier | ast.NamedTier))
    return found


def _direction(node: Node) -> Direction | None:
    """The direction that is named; None is both."""
    if node.has("FOR_INGRESS"):
        return Direction.INGRESS
    return Direction.EGRESS if node.has("FOR_EGRESS") else None


def _scope_of_groups(node: Node) -> Said:
    """`every tenant`: the pods of every tenant; `every namespace`: every pod."""
    tenants = ast.Pods((ast.InAny(ast.Group.TENANT),), span=node.span)
    base = tenants if node.group is ast.Group.TENANT else ast.Pods(span=node.span)
    whole = without(base, [said.set for said in node.all(Said)])
    return Said(Quantifier.EVERY, whole, frozenset(), node.span)


def _default_deny(node: Node) -> ast.DefaultDeny:
    external = node.has("INCLUDING")
    return ast.DefaultDeny(tier_of(node), _direction(node), node.the(Said).set, external, node.all(Exempt))


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "exempt_source": lambda node: Exempt(source=node.the(Said).set),
        "exempt_destination": lambda node: Exempt(destination=node.the(Said).set),
        "exempt_ports": lambda node: Exempt(ports=node.ports),
        "exempt_within": lambda node: Exempt(within=node.group),
        "exempt": _exempt,
        "can": _can,
        "why": lambda node: ast.Why(node.has("NOT") or node.has("CANNOT"), *_ends(node), node.ports),
        "which_sources": lambda node: _which(node, None, node.the(Said).plain()),
        "which_destinations": lambda node: _which(node, node.the(Said).plain(), None),
        "which_ports": lambda node: ast.WhichPorts(*_ends(node)),
        "which_policies": lambda node: ast.WhichPolicies(*_ends(node), node.ports),
        "show": lambda node: ast.Show(node.group, node.ports),
        "hygiene_question": lambda node: ast.HygieneQuestion(node.meaning(_HYGIENE), claim=False),
        "hygiene_claim": lambda node: ast.HygieneQuestion(node.meaning(_HYGIENE), claim=True),
        "what_changed": lambda node: _changed(node, ast.ChangeForm.WHAT),
        "nothing_new": lambda node: _changed(node, ast.ChangeForm.NOTHING_NEW),
        "nothing_changed": lambda node: _changed(node, ast.ChangeForm.NOTHING),
        "no": _no,
        "only": _only,
        "every": _every,
        "ported": lambda node: ast.Target(node.the(Said).plain(), node.ports),
        "reach_only": _reach_only,
        "all_isolated": lambda node: ast.Isolated(node.group, exceptions=node.all(Exempt)),
        "isolated": _isolated,
        "tier": lambda node: _TIERS[node.the(Token).type],
        "named_tier": lambda node: ast.NamedTier(node.the(ast.Name)),
        "scope_of_groups": _scope_of_groups,
        "default_deny": _default_deny,
        "selected": lambda node: ast.Selected(node.the(Said).universal(), _direction(node)),
    }
)
"""By rule of `reachproof.lark`, which says what is written for each."""
