"""The parse tree of a text, turned into the AST bottom-up and without recursion.

A rule of the grammar has its form here, or in `grammar.sets`: exceptions, statements, prefixes, sentences and packs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lark import Token, Tree

from reachproof.grammar import ast, sets, terms
from reachproof.grammar.ast import Exempt, Name, Quantifier, SetExpr, Severity, Span
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.sets import Form, Node, Said, token_span, without
from reachproof.network.labels import Selector
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


def _tier_of(node: Node) -> ast.DenyTier | ast.NamedTier:
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
    return ast.DefaultDeny(_tier_of(node), _direction(node), node.the(Said).set, external, node.all(Exempt))


# ---------------------------------------------------------------- prefixes, whole sentences and packs


_SHORT_KINDS = {
    "netpol": "networkpolicy",
    "anp": "adminnetworkpolicy",
    "banp": "baselineadminnetworkpolicy",
    "cnp": "clusternetworkpolicy",
}
_CLUSTER_KINDS = ("adminnetworkpolicy", "baselineadminnetworkpolicy", "clusternetworkpolicy")


def policy_kind(written: str) -> str:
    """The kind that a word or several name, whole and in lower case: `anp` is `adminnetworkpolicy`."""
    kind = "".join(written.lower().split())
    return _SHORT_KINDS.get(kind, kind).replace("policies", "policy")


def _policy(node: Node) -> ast.PolicyName:
    """A policy by kind and name; the four Kubernetes kinds are checked for having a namespace or none."""
    written, last = node.all(Token)
    kind = policy_kind(str(written))
    if node.has("OBJECT"):
        named = node.read(terms.object_name)
        if kind in _CLUSTER_KINDS:
            text = f"a policy of kind {kind} has no namespace; write `{kind} {named.name}`"
            raise Mistake(text, token_span(last))
        return ast.PolicyName(kind, named.namespace, named.name, node.span)
    alone = node.read(terms.name)
    if kind == "networkpolicy":
        raise Mistake(f"{alone} has no namespace; write NAMESPACE/{alone}", token_span(last))
    return ast.PolicyName(kind, "", alone.text, node.span)


def _query(node: Node) -> ast.Query:
    (statement,) = (part for part in node.parts if isinstance(part, ast.Statement))
    return ast.Query(statement, tuple(part for part in node.parts if isinstance(part, ast.Prefix)), node.span)


@dataclass(frozen=True, slots=True)
class _Text:
    """The sentence that says what an invariant is for; empty where there is none."""

    text: str


def _invariant(node: Node) -> ast.Invariant:
    given = [Severity(part.lower()) for part in node.all(Token) if part.type == "SEVERITY"]
    severity = given[0] if given else Severity.MEDIUM
    return ast.Invariant(node.the(Name).text, severity, node.the(_Text).text, node.the(ast.Query), node.span)


def _expect(node: Node) -> ast.Expect:
    (verdict,) = (part for part in node.all(Token) if part.type == "VERDICT")
    return ast.Expect(verdict.lower(), node.the(_Text).text, node.the(ast.Query), node.span)


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        **sets.FORMS,
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
        "which_select": lambda node: ast.WhichSelect(node.the(Said).plain()),
        "unselected": lambda node: ast.Unselected(node.group, _direction(node)),
        "policy_allows": lambda node: ast.PolicyAllows(node.the(ast.PolicyName)),
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
        "policy": _policy,
        "without": lambda node: ast.Without(node.all(ast.PolicyName)),
        "with_only": lambda node: ast.WithOnly(_tier_of(node)),
        "for_every": lambda node: ast.ForEvery(node.group, node.the(Name)),
        "assuming_none": lambda node: ast.AssumingNone(node.the(Said).bare("no"), node.the(Selector)),
        "assuming_any": lambda node: ast.AssumingAnyPolicies(node.the(Said).set),
        "query": _query,
        "label_key": lambda node: Name(node.read(terms.label_key)),
        "define_tenants": lambda node: ast.DefineTenants(node.the(Name).text),
        "define_tenant": lambda node: ast.DefineTenant(node.the(Name), node.the(Selector)),
        "check_text": lambda node: _Text(terms.unquote(str(node.the(Token))) if node.parts else ""),
        "invariant": _invariant,
        "expect": _expect,
    }
)
"""By rule of `reachproof.lark`, which says what is written for each."""


def build(tree: Tree[Token], offset: int) -> object:
    """The value of a parse tree: what the form of its rule makes of the values of its children.

    Its spans, and that of the Mistake raised where a sentence of the right form says something impossible, are `offset`
    further on than in the text that was parsed.
    """
    values: dict[int, tuple[object, Span]] = {}
    for each in _bottom_up(tree):
        parts = [_token(part, offset) if isinstance(part, Token) else values.pop(id(part)) for part in each.children]
        spans = [span for _, span in parts if span.end]
        span = Span(min(s.start for s in spans), max(s.end for s in spans)) if spans else Span()
        values[id(each)] = FORMS[str(each.data)](Node(tuple(value for value, _ in parts), span)), span
    return values[id(tree)][0]


def _token(token: Token, offset: int) -> tuple[Token, Span]:
    start, end = token.start_pos or 0, token.end_pos or 0
    moved = Token(token.type, str(token), start_pos=start + offset, end_pos=end + offset)
    return moved, token_span(moved)


def _bottom_up(tree: Tree[Token]) -> list[Tree[Token]]:
    """Every subtree, children before their parents."""
    found, waiting = [], [tree]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting.extend(child for child in each.children if isinstance(child, Tree))
    return found[::-1]
