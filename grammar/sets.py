"""From parse-tree nodes to the AST: names, filters, sets and ports.

`Said` is what stands between: a set with the quantifier that was written before it. Who uses it decides which
quantifiers have a meaning there, and refuses the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from lark import Token

from reachproof.grammar import ast, terms
from reachproof.grammar.ast import Quantifier, SetExpr, Span
from reachproof.grammar.mistakes import Mistake
from reachproof.network.labels import EVERYTHING, Selector

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Node:
    """A rule of the grammar that was recognised: its parts are tokens and the values of other nodes, in order."""

    parts: tuple[object, ...]
    span: Span

    def all(self, kind: type[T]) -> tuple[T, ...]:
        """The parts that are values of a class."""
        return tuple(part for part in self.parts if isinstance(part, kind))

    def the(self, kind: type[T]) -> T:
        """The one part that is a value of a class."""
        (part,) = self.all(kind)
        return part

    def has(self, terminal: str) -> bool:
        """True if a token of that terminal was written."""
        return any(isinstance(part, Token) and part.type == terminal for part in self.parts)

    @property
    def last(self) -> object:
        """The last part."""
        return self.parts[-1]

    @property
    def text(self) -> str:
        """The last token, as written."""
        return str(self.all(Token)[-1])

    @property
    def text_span(self) -> Span:
        """Where the last token stands."""
        return token_span(self.all(Token)[-1])

    @property
    def group(self) -> ast.Group:
        """The group that the token TENANT, NAMESPACE, WORKLOAD or POD names."""
        for part in self.all(Token):
            if part.type in _GROUPS:
                return _GROUPS[part.type]
        raise AssertionError(f"no group in {self}")


_GROUPS = {
    "TENANT": ast.Group.TENANT,
    "ALL_TENANTS": ast.Group.TENANT,
    "NAMESPACE": ast.Group.NAMESPACE,
    "ALL_NAMESPACES": ast.Group.NAMESPACE,
    "WORKLOAD": ast.Group.WORKLOAD,
    "POD": ast.Group.POD,
}


def token_span(token: Token) -> Span:
    """Where a token stands in the text that was parsed."""
    return Span(token.start_pos or 0, token.end_pos or 0)


# ---------------------------------------------------------------- names and labels


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names."""

    items: tuple[ast.Name, ...]


def name(node: Node) -> ast.Name:
    """A name, bare or quoted."""
    return terms.name(node.text, node.span)


def names(node: Node) -> Names:
    """The names of a list, each once, in the order written."""
    return Names(tuple(dict.fromkeys(node.all(ast.Name))))


def selector(node: Node) -> Selector:
    """The requirements of a `-l` selector, all ANDed."""
    found = [terms.requirement(str(part), token_span(part)) for part in node.all(Token) if part.type == "REQUIREMENT"]
    return Selector.of(*found)


# ---------------------------------------------------------------- filters


def in_namespaces(node: Node) -> ast.Filter:
    """`in namespaces a or b`."""
    return ast.InNamespaces(node.the(Names).items)


def in_namespaces_labelled(node: Node) -> ast.Filter:
    """`in namespaces labelled env=prod`."""
    return ast.InNamespacesLabelled(node.the(Selector), node.span)


def in_possible_namespaces(node: Node) -> ast.Filter:
    """`in possible namespaces`."""
    return ast.InPossibleNamespaces()


def in_tenants(node: Node) -> ast.Filter:
    """`in tenants a or b`."""
    return ast.InTenants(node.the(Names).items)


def in_any(node: Node) -> ast.Filter:
    """`in any tenant`, `in every namespace`."""
    return ast.InAny(node.group)


def in_same(node: Node) -> ast.Filter:
    """`in the same tenant`."""
    return ast.Relative(node.group, True)


def in_different(node: Node) -> ast.Filter:
    """`in a different tenant`, `in another namespace`."""
    return ast.Relative(node.group, False)


def outside(node: Node) -> ast.Filter:
    """`outside tenant a`."""
    return ast.Outside(node.group, node.the(Names).items)


def labelled(node: Node) -> ast.Filter:
    """`labelled app=web`."""
    return ast.Labelled(node.the(Selector), node.span)


def on_node(node: Node) -> ast.Filter:
    """`on node worker-1`."""
    return ast.OnNode(node.the(ast.Name))


def with_service_account(node: Node) -> ast.Filter:
    """`with service account shop/api`."""
    return ast.WithServiceAccount(terms.object_name(node.text, node.text_span))


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter after `pods ...`; `joined`: with `and` before it."""

    filter: ast.Filter
    joined: bool = False


def condition(node: Node) -> Condition:
    """One filter, with or without `and` before it."""
    (found,) = (part for part in node.parts if not isinstance(part, Token))
    assert isinstance(found, ast.Filter)
    return Condition(found, joined=node.has("FILTER_AND"))


# ---------------------------------------------------------------- sets


def _pods(node: Node, *first: ast.Filter) -> ast.Pods:
    conditions = node.all(Condition)
    for before, after in pairwise((*map(Condition, first), *conditions)):
        if isinstance(after.filter, ast.Labelled) and not after.joined and ast.is_of_any_namespace(before.filter):
            text = "it is not clear whose labels these are"
            hint = "write `pods labelled app=web in ...` for pods, `in namespaces labelled app=web` for namespaces"
            raise Mistake(f"{text}; {hint}", after.filter.span)
    return ast.Pods((*first, *(each.filter for each in conditions)), node.has("POSSIBLE"), node.span)


def pods(node: Node) -> SetExpr:
    """`pods`, `possible pods`, and filters."""
    return _pods(node)


@dataclass(frozen=True, slots=True)
class Short:
    """Pods that were said as `namespace shop` or `tenant a`, without `pods in`."""

    pods: ast.Pods


def pods_in_namespaces(node: Node) -> Short:
    """`namespace shop`, and filters."""
    return Short(_pods(node, in_namespaces(node)))


def pods_in_labelled(node: Node) -> SetExpr:
    """`namespaces labelled env=prod`, and filters."""
    return _pods(node, in_namespaces_labelled(node))


def pods_in_tenants(node: Node) -> Short:
    """`tenant a`, and filters."""
    return Short(_pods(node, in_tenants(node)))


def pods_outside(node: Node) -> SetExpr:
    """`outside tenant a`, and filters."""
    return _pods(node, outside(node))


def pod_named(node: Node) -> SetExpr:
    """`pod shop/web-1`."""
    return ast.PodNamed(terms.object_name(node.text, node.text_span))


def workload_named(node: Node) -> SetExpr:
    """`deployment shop/web`, `workload shop/web`."""
    kind = str(node.all(Token)[0]).lower()
    kind = "workload" if node.has("WORKLOAD") else kind
    return ast.WorkloadNamed(kind, terms.object_name(node.text, node.text_span))


def service_named(node: Node) -> SetExpr:
    """`service shop/web`."""
    return ast.ServiceNamed(terms.object_name(node.text, node.text_span))


def node_named(node: Node) -> SetExpr:
    """`node worker-1`."""
    return ast.NodeNamed(node.the(ast.Name))


def nodes(node: Node) -> SetExpr:
    """`nodes`, `nodes labelled zone=a`."""
    return ast.Nodes(node.the(Selector) if node.has("LABELLED") else EVERYTHING, node.span)


def addresses(node: Node) -> SetExpr:
    """An address, a CIDR or a range."""
    return terms.addresses(node.text, node.span)


def internet(node: Node) -> SetExpr:
    """`the internet`."""
    return ast.Internet()


def ingress_controller(node: Node) -> SetExpr:
    """`the ingress controller`."""
    return ast.IngressController()


def outside_cluster(node: Node) -> SetExpr:
    """`outside the cluster`."""
    return ast.OutsideCluster()


def domain(node: Node) -> SetExpr:
    """`domain api.example.com`."""
    return ast.Domain(terms.name(node.text, node.text_span))


def anything(node: Node) -> SetExpr:
    """`anything`."""
    return ast.Anything()


@dataclass(frozen=True, slots=True)
class Said:
    """A set as said: with the quantifier before it, and those that were repeated before later items of its list."""

    quantifier: Quantifier
    set: SetExpr
    repeated: frozenset[Quantifier]
    span: Span

    def plain(self, *, every: bool = False) -> SetExpr:
        """The set where the sentence itself quantifies; `every` says whether "every" before it means the same."""
        if not every and Quantifier.EVERY in self.repeated | {self.quantifier}:
            raise Mistake("`every` has no meaning here; write `any` or leave it out", self.span)
        return self.set

    def quantified(self) -> ast.Quantified:
        """The set with its quantifier; different quantifiers within one list are refused."""
        if not self.repeated <= {self.quantifier}:
            raise Mistake("one list of sets has one quantifier: `any` before all of it, or `every`", self.span)
        return ast.Quantified(self.quantifier, self.set)


def quantifier(node: Node) -> Quantifier:
    """`any` and its synonyms, `every` and its synonyms, or nothing."""
    if node.has("EVERY"):
        return Quantifier.EVERY
    return Quantifier.ANY if node.has("ANY") else Quantifier.BARE


def parenthesised(node: Node) -> Said:
    """The phrase between parentheses."""
    return node.the(Said)


def items(node: Node) -> Said:
    """A list of sets; a list of one is that set, and lists within lists are one list."""
    found: list[SetExpr] = []
    repeated = set(node.all(Quantifier))
    for part in node.parts:
        if isinstance(part, Said):
            repeated |= part.repeated | {part.quantifier}
            part = part.set
        if isinstance(part, Short):
            if found:
                _check_joined(found[-1], part.pods)
            part = part.pods
        if isinstance(part, ast.SetExpr):
            found.extend(part.items if isinstance(part, ast.Union) else (part,))
    return Said(Quantifier.BARE, union(found), frozenset(repeated - {Quantifier.BARE}), node.span)


def _check_joined(before: SetExpr, short: ast.Pods) -> None:
    """Refuses `pods labelled x=y in namespace a or namespace b`, which says one thing and may be meant as another.

    Where the first pods have no condition but their namespaces or tenants, both readings are the same set.
    """
    if not isinstance(before, ast.Pods) or not before.filters:
        return
    last = before.filters[-1]
    places = isinstance(last, ast.InNamespaces | ast.InNamespacesLabelled | ast.InTenants | ast.Outside)
    plain = len(before.filters) == 1 and not before.possible and not isinstance(last, ast.Outside)
    if places and not plain:
        raise Mistake(
            "it is not clear whether the conditions before hold for this one too; write `in namespaces a or b` if so, "
            "and `pods in ...` if not",
            short.span,
        )


def union(sets: list[SetExpr]) -> SetExpr:
    """The one set, or the list of them; equal ones are kept once."""
    distinct = tuple(dict.fromkeys(sets))
    return distinct[0] if len(distinct) == 1 else ast.Union(distinct)


def quantified(node: Node) -> Said:
    """A quantifier, a list of sets, and the lists of sets taken away from it."""
    first, *rest = node.all(Said)
    for each in rest:
        each.plain(every=True)
    whole = without(first.set, [each.set for each in rest])
    return Said(node.the(Quantifier), whole, first.repeated, node.span)


def without(base: SetExpr, removed: list[SetExpr]) -> SetExpr:
    """The base less the others; `A except B except C` is `A except (B or C)`."""
    if not removed:
        return base
    match base:
        case ast.Difference(base=within, removed=already):
            base, removed = within, [already, *removed]
    flat = [item for each in removed for item in (each.items if isinstance(each, ast.Union) else (each,))]
    return ast.Difference(base, union(flat))


# ---------------------------------------------------------------- ports


def port(node: Node) -> ast.PortNumbers | ast.PortNamed:
    """One item of a list of ports."""
    if node.has("PROTOCOL_PORT"):
        return terms.protocol_port(node.text, node.span)
    if node.has("PORT_NUMBER"):
        return terms.port_number(node.text, node.text_span)
    return ast.PortNamed(terms.name(node.text, node.text_span))


def ports(node: Node) -> ast.Ports:
    """`any port`, or a list."""
    listed = tuple(part for part in node.parts if isinstance(part, ast.PortNumbers | ast.PortNamed))
    return ast.Ports(listed, node.has("ANY_PORT") or node.has("ANY_OF"))


def on(node: Node) -> ast.Ports:
    """`on P`; every port where nothing was written."""
    return node.the(ast.Ports) if node.parts else ast.ANY_PORT
