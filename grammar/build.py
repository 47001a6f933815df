"""The parse tree of a text, turned into the AST bottom-up and without recursion: prefixes, whole sentences and packs.

A rule of the grammar has a form here, in `grammar.sentences` or in `grammar.sets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lark import Token, Tree

from reachproof.grammar import ast, sentences, sets, terms
from reachproof.grammar.ast import Name, Severity, Span
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.sentences import tier_of
from reachproof.grammar.sets import Form, Node, Said, token_span
from reachproof.network.labels import Selector

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
        **sentences.FORMS,
        "policy": _policy,
        "without": lambda node: ast.Without(node.all(ast.PolicyName)),
        "with_only": lambda node: ast.WithOnly(tier_of(node)),
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
