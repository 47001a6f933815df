"""From parse-tree nodes to the AST: prefixes, whole sentences, and the items of packs."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from reachproof.grammar import ast, terms
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.sentences import bare, tier_of
from reachproof.grammar.sets import Node, Said
from reachproof.network.labels import Selector

# ---------------------------------------------------------------- prefixes

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


def policy(node: Node) -> ast.PolicyName:
    """A policy by kind and name; the four Kubernetes kinds are checked for having a namespace or none."""
    kind = policy_kind(str(node.all(Token)[0]))
    if node.has("OBJECT"):
        named = terms.object_name(node.text, node.text_span)
        if kind in _CLUSTER_KINDS:
            raise Mistake(f"a policy of kind {kind} has no namespace; write `{kind} {named.name}`", node.text_span)
        return ast.PolicyName(kind, named.namespace, named.name, node.span)
    alone = terms.name(node.text, node.text_span)
    if kind == "networkpolicy":
        raise Mistake(f"{alone} has no namespace; write NAMESPACE/{alone}", node.text_span)
    return ast.PolicyName(kind, "", alone.text, node.span)


def without_policies(node: Node) -> ast.Without:
    """`without networkpolicy shop/allow-db:`."""
    return ast.Without(node.all(ast.PolicyName))


def with_only(node: Node) -> ast.WithOnly:
    """`with only the baseline tier:`."""
    return ast.WithOnly(tier_of(node))


def for_every(node: Node) -> ast.ForEvery:
    """`for every tenant T:`."""
    return ast.ForEvery(node.group, node.the(ast.Name))


def assuming_none(node: Node) -> ast.AssumingNone:
    """`assuming no A is labelled admin=true:`."""
    return ast.AssumingNone(bare(node.the(Said), "no"), node.the(Selector))


def assuming_any(node: Node) -> ast.AssumingAnyPolicies:
    """`assuming whatever network policies A writes:`."""
    return ast.AssumingAnyPolicies(node.the(Said).plain(every=True))


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prefixes of a sentence, in the order written."""

    items: tuple[ast.Prefix, ...]


def prefixes(node: Node) -> Prefixes:
    """The prefixes, none or more."""
    return Prefixes(tuple(part for part in node.parts if isinstance(part, ast.Prefix)))


def query(node: Node) -> ast.Query:
    """A whole sentence."""
    (statement,) = (part for part in node.parts if isinstance(part, ast.Statement))
    found = tuple(each for part in node.all(Prefixes) for each in part.items)
    return ast.Query(statement, found, node.span)


# ---------------------------------------------------------------- packs


@dataclass(frozen=True, slots=True)
class LabelKey:
    """The key of a label."""

    text: str


def label_key(node: Node) -> LabelKey:
    """The key of a label, bare or quoted."""
    return LabelKey(terms.label_key(node.text, node.span))


def severity(node: Node) -> ast.Severity:
    """The severity named; `medium` where none is."""
    for part in node.all(Token):
        if part.type == "SEVERITY":
            return ast.Severity(part.lower())
    return ast.Severity.MEDIUM


def define_tenants(node: Node) -> ast.DefineTenants:
    """`define tenants by label KEY`."""
    return ast.DefineTenants(node.the(LabelKey).text)


def define_tenant(node: Node) -> ast.DefineTenant:
    """`define tenant acme as namespaces labelled team=acme`."""
    return ast.DefineTenant(node.the(ast.Name), node.the(Selector))


@dataclass(frozen=True, slots=True)
class CheckName:
    """The name of an invariant."""

    text: str


def check_name(node: Node) -> CheckName:
    """The name of an invariant; an empty one is refused."""
    return CheckName(terms.name(node.text, node.span).text)


@dataclass(frozen=True, slots=True)
class CheckText:
    """The sentence that says what an invariant is for."""

    text: str


def check_text(node: Node) -> CheckText:
    """The sentence in quotes, or nothing."""
    return CheckText(terms.unquote(node.text) if node.parts else "")


def invariant(node: Node) -> ast.Invariant:
    """`invariant NAME (severity) "text": CLAIM`."""
    text = node.the(CheckText).text
    return ast.Invariant(node.the(CheckName).text, node.the(ast.Severity), text, node.the(ast.Query), node.span)


def expect(node: Node) -> ast.Expect:
    """`expect unreachable "text": QUESTION`."""
    (verdict,) = (part for part in node.all(Token) if part.type == "VERDICT")
    return ast.Expect(verdict.lower(), node.the(CheckText).text, node.the(ast.Query), node.span)
