"""The parse tree of a text, turned into the AST bottom-up and without recursion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lark import Token, Tree

from reachproof.grammar import sentences, sets, wholes
from reachproof.grammar.ast import Span
from reachproof.grammar.sets import Node, token_span

Rule = Callable[[Node], object]

_NAMED_LIKE_THEIR_RULE: tuple[Rule, ...] = (
    *(
        sets.name,
        sets.names,
        sets.selector,
        sets.in_namespaces,
        sets.in_namespaces_labelled,
        sets.in_possible_namespaces,
        sets.in_tenants,
        sets.in_any,
        sets.in_same,
        sets.in_different,
        sets.outside,
        sets.labelled,
        sets.on_node,
        sets.with_service_account,
        sets.pods,
        sets.pods_in_namespaces,
        sets.pods_in_labelled,
        sets.pods_in_tenants,
        sets.pods_outside,
        sets.pod_named,
        sets.workload_named,
        sets.service_named,
        sets.node_named,
        sets.nodes,
        sets.addresses,
        sets.internet,
        sets.ingress_controller,
        sets.outside_cluster,
        sets.domain,
        sets.anything,
        sets.quantifier,
        sets.items,
        sets.quantified,
        sets.port,
        sets.ports,
        sets.on,
    ),
    *(
        sentences.exempt_source,
        sentences.exempt_destination,
        sentences.exempt_ports,
        sentences.exempt_within,
        sentences.exempt,
        sentences.some_exceptions,
        sentences.exceptions,
        sentences.can,
        sentences.why,
        sentences.why_not,
        sentences.listed,
        sentences.which_sources,
        sentences.which_destinations,
        sentences.which_ports,
        sentences.which_policies,
        sentences.group,
        sentences.show,
        sentences.hygiene,
        sentences.hygiene_question,
        sentences.hygiene_claim,
        sentences.snapshot,
        sentences.what_changed,
        sentences.nothing_new,
        sentences.nothing_changed,
        sentences.no,
        sentences.only,
        sentences.every,
        sentences.ported,
        sentences.targets,
        sentences.reach_only,
        sentences.reach_exactly,
        sentences.all_isolated,
        sentences.isolated,
        sentences.tier,
        sentences.named_tier,
        sentences.directions,
        sentences.scope_of_groups,
        sentences.seen_by_tier,
        sentences.including_external,
        sentences.default_deny,
        sentences.selected,
    ),
    *(
        wholes.policy,
        wholes.with_only,
        wholes.for_every,
        wholes.assuming_none,
        wholes.assuming_any,
        wholes.prefixes,
        wholes.query,
        wholes.label_key,
        wholes.severity,
        wholes.define_tenants,
        wholes.define_tenant,
        wholes.check_name,
        wholes.check_text,
        wholes.invariant,
        wholes.expect,
    ),
)
RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.__name__: rule for rule in _NAMED_LIKE_THEIR_RULE}
    | {"filter": sets.condition, "item_": sets.parenthesised, "without": wholes.without_policies}
)


def build(tree: Tree[Token], offset: int) -> object:
    """The value of a parse tree: what the function named like its rule makes of the values of its children.

    Its spans, and that of the Mistake raised where a sentence of the right form says something impossible, are `offset`
    further on than in the text that was parsed.
    """
    values: dict[int, Node] = {}
    for each in _bottom_up(tree):
        nodes = [_token(part, offset) if isinstance(part, Token) else values.pop(id(part)) for part in each.children]
        spans = [node.span for node in nodes if node.span.end]
        span = Span(min(s.start for s in spans), max(s.end for s in spans)) if spans else Span()
        value = RULES[str(each.data)](Node(tuple(node.last for node in nodes), span))
        values[id(each)] = Node((value,), span)
    return values[id(tree)].last


def _token(token: Token, offset: int) -> Node:
    start, end = token.start_pos or 0, token.end_pos or 0
    moved = Token(token.type, str(token), start_pos=start + offset, end_pos=end + offset)
    return Node((moved,), token_span(moved))


def _bottom_up(tree: Tree[Token]) -> list[Tree[Token]]:
    """Every subtree, children before their parents."""
    found, waiting = [], [tree]
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting.extend(child for child in each.children if isinstance(child, Tree))
    return found[::-1]
