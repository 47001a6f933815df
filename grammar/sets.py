"""From parse-tree nodes to the AST: names, filters, sets and ports.

`Said` is what stands between: a set with the quantifier that was written before it. Who uses it decides which
quantifiers have a meaning there, and refuses the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
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
        return any(part.type == terminal for part in self.all(Token))

    def meaning(self, table: Mapping[str, T], default: T | None = None) -> T:
        """The entry of a table of terminals for the first token that has one; one has, unless there is a default."""
        found = next((table[part.type] for part in self.all(Token) if part.type in table), default)
        assert found is not None, self
        return found

    def read(self, reader: Callable[[str, Span], T]) -> T:
        """The value of the last token, from its text and where it stands."""
        token = self.all(Token)[-1]
        return reader(str(token), token_span(token))

    @property
    def group(self) -> ast.Group:
        """The group that the token TENANT, NAMESPACE, WORKLOAD or POD names."""
        return self.meaning(_GROUPS)

    @property
    def names(self) -> tuple[ast.Name, ...]:
        """The names of a list, each once, in the order written."""
        return tuple(dict.fromkeys(self.all(ast.Name)))

    @property
    def ports(self) -> ast.Ports:
        """`on P`; every port where nothing was written."""
        return next(iter(self.all(ast.Ports)), ast.ANY_PORT)


Form = Callable[[Node], object]
"""The value of a rule of the grammar, from the values of its parts."""

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


def _selector(node: Node) -> Selector:
    """The requirements of a `-l` selector, all ANDed."""
    found = [terms.requirement(str(part), token_span(part)) for part in node.all(Token) if part.type == "REQUIREMENT"]
    return Selector.of(*found)


# ---------------------------------------------------------------- pods


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter after `pods ...`; `joined`: with `and` before it."""

    filter: ast.Filter
    joined: bool = False


def _condition(node: Node) -> Condition:
    (found,) = (part for part in node.parts if isinstance(part, ast.Filter))
    return Condition(found, joined=node.has("FILTER_AND"))


def _pods(node: Node, *first: ast.Filter) -> ast.Pods:
    conditions = node.all(Condition)
    for before, after in pairwise((*map(Condition, first), *conditions)):
        if isinstance(after.filter, ast.Labelled) and not after.joined and ast.is_of_any_namespace(before.filter):
            text = "it is not clear whose labels these are"
            hint = "write `pods labelled app=web in ...` for pods, `in namespaces labelled app=web` for namespaces"
            raise Mistake(f"{text}; {hint}", after.filter.span)
    return ast.Pods((*first, *(each.filter for each in conditions)), node.has("POSSIBLE"), node.span)


@dataclass(frozen=True, slots=True)
class Short:
    """Pods that were said as `namespace shop` or `tenant a`, without `pods in`."""

    pods: ast.Pods


def _workload_named(node: Node) -> ast.WorkloadNamed:
    kind = "workload" if node.has("WORKLOAD") else str(node.all(Token)[0]).lower()
    return ast.WorkloadNamed(kind, node.read(terms.object_name))


# ---------------------------------------------------------------- lists and differences of sets


@dataclass(frozen=True, slots=True)
class Said:
    """A set as said: with the quantifier before it, and those that were repeated before later items of its list."""

    quantifier: Quantifier
    set: SetExpr
    repeated: frozenset[Quantifier]
    span: Span

    def plain(self) -> SetExpr:
        """The set where the sentence itself quantifies."""
        if Quantifier.EVERY in self.repeated | {self.quantifier}:
            raise Mistake("`every` has no meaning here; write `any` or leave it out", self.span)
        return self.set

    def universal(self) -> SetExpr:
        """The set where all of it is meant."""
        if Quantifier.ANY in self.repeated | {self.quantifier}:
            raise Mistake("`any` could mean one or all here; write `every`", self.span)
        return self.set

    def bare(self, word: str) -> SetExpr:
        """The set where no quantifier may stand, because `word` is one."""
        if self.quantifier is not Quantifier.BARE:
            raise Mistake(f"after `{word}` comes the set itself, without `{self.quantifier}`", self.span)
        return self.plain()

    def quantified(self) -> ast.Quantified:
        """The set with its quantifier; different quantifiers within one list are refused."""
        if not self.repeated <= {self.quantifier}:
            raise Mistake("one list of sets has one quantifier: `any` before all of it, or `every`", self.span)
        return ast.Quantified(self.quantifier, self.set)


_QUANTIFIERS = {"EVERY": Quantifier.EVERY, "ANY": Quantifier.ANY}


def _items(node: Node) -> Said:
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


def _quantified(node: Node) -> Said:
    """A quantifier, a list of sets, and the lists of sets taken away from it."""
    first, *rest = node.all(Said)
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


def _port(node: Node) -> ast.PortNumbers | ast.PortNamed:
    if node.has("PROTOCOL_PORT"):
        return node.read(terms.protocol_port)
    return node.read(terms.port_number) if node.has("PORT_NUMBER") else ast.PortNamed(node.read(terms.name))


def _ports(node: Node) -> ast.Ports:
    listed = tuple(part for part in node.parts if isinstance(part, ast.PortNumbers | ast.PortNamed))
    return ast.Ports(listed, node.has("ANY_PORT") or node.has("ANY_OF"))


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "name": lambda node: node.read(terms.name),
        "selector": _selector,
        "in_namespaces": lambda node: ast.InNamespaces(node.names),
        "in_namespaces_labelled": lambda node: ast.InNamespacesLabelled(node.the(Selector), node.span),
        "in_possible_namespaces": lambda node: ast.InPossibleNamespaces(),
        "in_tenants": lambda node: ast.InTenants(node.names),
        "in_any": lambda node: ast.InAny(node.group),
        "relative": lambda node: ast.Relative(node.group, node.has("SAME")),
        "outside": lambda node: ast.Outside(node.group, node.names),
        "labelled": lambda node: ast.Labelled(node.the(Selector), node.span),
        "on_node": lambda node: ast.OnNode(node.the(ast.Name)),
        "with_service_account": lambda node: ast.WithServiceAccount(node.read(terms.object_name)),
        "filter": _condition,
        "pods": _pods,
        "pods_in_namespaces": lambda node: Short(_pods(node, ast.InNamespaces(node.names))),
        "pods_in_labelled": lambda node: _pods(node, ast.InNamespacesLabelled(node.the(Selector), node.span)),
        "pods_in_tenants": lambda node: Short(_pods(node, ast.InTenants(node.names))),
        "pods_outside": lambda node: _pods(node, ast.Outside(node.group, node.names)),
        "pod_named": lambda node: ast.PodNamed(node.read(terms.object_name)),
        "workload_named": _workload_named,
        "service_named": lambda node: ast.ServiceNamed(node.read(terms.object_name)),
        "node_named": lambda node: ast.NodeNamed(node.the(ast.Name)),
        "nodes": lambda node: ast.Nodes(node.the(Selector) if node.has("LABELLED") else EVERYTHING, node.span),
        "addresses": lambda node: node.read(terms.addresses),
        "internet": lambda node: ast.Internet(),
        "ingress_controller": lambda node: ast.IngressController(),
        "outside_cluster": lambda node: ast.OutsideCluster(),
        "domain": lambda node: ast.Domain(node.read(terms.name)),
        "anything": lambda node: ast.Anything(),
        "quantifier": lambda node: node.meaning(_QUANTIFIERS, Quantifier.BARE),
        "item_": lambda node: node.the(Said),
        "items": _items,
        "quantified": _quantified,
        "port": _port,
        "ports": _ports,
    }
)
"""By rule of `reachproof.lark`, which says what is written for each."""
