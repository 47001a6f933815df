"""From parse-tree nodes to the AST: exceptions and statements."""

from __future__ import annotations

from dataclasses import dataclass

from lark import Token

from reachproof.grammar import ast, terms
from reachproof.grammar.ast import Quantifier
from reachproof.grammar.mistakes import Mistake
from reachproof.grammar.sets import Node, Said, without
from reachproof.network.policy import Direction

# ---------------------------------------------------------------- exceptions


@dataclass(frozen=True, slots=True)
class Exceptions:
    """The exceptions of a claim; empty where nothing does."""

    items: tuple[ast.Exempt, ...] = ()


def exempt_source(node: Node) -> ast.Exempt:
    """`from A`."""
    return ast.Exempt(source=node.the(Said).plain(every=True))


def exempt_destination(node: Node) -> ast.Exempt:
    """`to B`."""
    return ast.Exempt(destination=node.the(Said).plain(every=True))


def exempt_ports(node: Node) -> ast.Exempt:
    """`on P`."""
    return ast.Exempt(ports=node.the(ast.Ports))


def exempt_within(node: Node) -> ast.Exempt:
    """`within the same namespace`."""
    return ast.Exempt(within=node.group)


def exempt(node: Node) -> ast.Exempt:
    """One exception: its parts hold together, and each is said at most once."""
    parts = node.all(ast.Exempt)
    for word, said in (
        ("from", [part.source for part in parts if part.source is not None]),
        ("to", [part.destination for part in parts if part.destination is not None]),
        ("on", [part.ports for part in parts if part.ports is not None]),
        ("within", [part.within for part in parts if part.within is not None]),
    ):
        if len(said) > 1:
            raise Mistake(f"one exception says `{word}` once; join several exceptions with `and`", node.span)
    whole = parts[0]
    for part in parts[1:]:
        whole = ast.Exempt(
            whole.source if whole.source is not None else part.source,
            whole.destination if whole.destination is not None else part.destination,
            whole.ports if whole.ports is not None else part.ports,
            whole.within if whole.within is not None else part.within,
        )
    return whole


def some_exceptions(node: Node) -> Exceptions:
    """At least one exception, joined by `and` or a comma."""
    return Exceptions(node.all(ast.Exempt))


def exceptions(node: Node) -> Exceptions:
    """The exceptions of a claim, if it has any."""
    return node.the(Exceptions) if node.parts else Exceptions()


# ---------------------------------------------------------------- questions


def _ends(node: Node) -> tuple[Said, Said]:
    source, destination = node.all(Said)
    return source, destination


def can(node: Node) -> ast.Can:
    """`can A reach B on P`."""
    source, destination = _ends(node)
    exempted = node.the(Exceptions).items
    return ast.Can(source.quantified(), destination.quantified(), node.the(ast.Ports), exempted)


def why(node: Node) -> ast.Why:
    """`why can A reach B on P`."""
    source, destination = _ends(node)
    return ast.Why(False, source.plain(), destination.plain(), node.the(ast.Ports))


def why_not(node: Node) -> ast.Why:
    """`why can A not reach B on P`, `why can't A reach B on P`."""
    source, destination = _ends(node)
    return ast.Why(True, source.plain(), destination.plain(), node.the(ast.Ports))


_LISTED = {
    "POD": ast.Listed.PODS,
    "NAMESPACE": ast.Listed.NAMESPACES,
    "TENANT": ast.Listed.TENANTS,
    "WORKLOAD": ast.Listed.WORKLOADS,
    "SERVICE": ast.Listed.SERVICES,
    "NODE": ast.Listed.NODES,
    "ADDRESS_WORD": ast.Listed.ADDRESSES,
}


def listed(node: Node) -> ast.Listed:
    """The things that `which` asks for."""
    return _LISTED[node.the(Token).type]


def which_sources(node: Node) -> ast.Which:
    """`which pods can reach B on P`."""
    destination = node.the(Said).plain()
    return ast.Which(node.the(ast.Listed), None, destination, node.the(ast.Ports), node.the(Exceptions).items)


def which_destinations(node: Node) -> ast.Which:
    """`which pods can A reach on P`."""
    source = node.the(Said).plain()
    return ast.Which(node.the(ast.Listed), source, None, node.the(ast.Ports), node.the(Exceptions).items)


def which_ports(node: Node) -> ast.WhichPorts:
    """`on which ports can A reach B`."""
    source, destination = _ends(node)
    return ast.WhichPorts(source.plain(), destination.plain())


def which_policies(node: Node) -> ast.WhichPolicies:
    """`which policies decide A to B on P`."""
    source, destination = _ends(node)
    return ast.WhichPolicies(source.plain(), destination.plain(), node.the(ast.Ports))


def group(node: Node) -> ast.Group:
    """The grouping of `show`."""
    return node.group


def show(node: Node) -> ast.Show:
    """`show reachability between tenants on P`."""
    return ast.Show(node.the(ast.Group), node.the(ast.Ports))


_HYGIENE = {
    "RULE": ast.Hygiene.SHADOWED,
    "POLICIES": ast.Hygiene.REDUNDANT,
    "SELECTOR_WORD": ast.Hygiene.MATCHES_NOTHING,
    "VERDICT_WORD": ast.Hygiene.AMBIGUOUS,
}


def hygiene(node: Node) -> ast.Hygiene:
    """`rule is shadowed` and its like."""
    return _HYGIENE[node.all(Token)[0].type]


def hygiene_question(node: Node) -> ast.HygieneQuestion:
    """`which rules are shadowed`."""
    return ast.HygieneQuestion(node.the(ast.Hygiene), claim=False)


def hygiene_claim(node: Node) -> ast.HygieneQuestion:
    """`no rule is shadowed`."""
    return ast.HygieneQuestion(node.the(ast.Hygiene), claim=True)


def snapshot(node: Node) -> ast.Name:
    """The name or the digest of a snapshot."""
    return terms.name(node.text, node.span)


def what_changed(node: Node) -> ast.Changed:
    """`what changed since snapshot S`."""
    return ast.Changed(ast.ChangeForm.WHAT, node.the(ast.Name), node.the(Exceptions).items)


def nothing_new(node: Node) -> ast.Changed:
    """`nothing is newly allowed since snapshot S`."""
    return ast.Changed(ast.ChangeForm.NOTHING_NEW, node.the(ast.Name), node.the(Exceptions).items)


def nothing_changed(node: Node) -> ast.Changed:
    """`nothing changed since snapshot S`."""
    return ast.Changed(ast.ChangeForm.NOTHING, node.the(ast.Name), node.the(Exceptions).items)


# ---------------------------------------------------------------- claims


def no(node: Node) -> ast.No:
    """`no A can reach B on P`."""
    source, destination = _ends(node)
    exempted = node.the(Exceptions).items
    return ast.No(bare(source, "no"), destination.plain(), node.the(ast.Ports), exempted)


def only(node: Node) -> ast.Only:
    """`only A can reach B on P`."""
    source, destination = _ends(node)
    exempted = node.the(Exceptions).items
    return ast.Only(bare(source, "only"), destination.plain(), node.the(ast.Ports), exempted)


def bare(said: Said, word: str) -> ast.SetExpr:
    """The set where no quantifier may stand, because `word` is one."""
    if said.quantifier is not Quantifier.BARE:
        raise Mistake(f"after `{word}` comes the set itself, without `{said.quantifier}`", said.span)
    return said.plain()


def every(node: Node) -> ast.Every:
    """`every A can reach B on P`; another quantifier is refused."""
    source, destination = _ends(node)
    if source.quantifier is not Quantifier.EVERY:
        raise Mistake("a claim that something can be reached begins with `every` (a question with `can`)", source.span)
    exempted = node.the(Exceptions).items
    return ast.Every(source.quantified().set, destination.quantified(), node.the(ast.Ports), exempted)


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets that may be reached: at least one."""

    items: tuple[ast.Target, ...]


def ported(node: Node) -> ast.Target:
    """`B on P`."""
    return ast.Target(node.the(Said).plain(), node.the(ast.Ports))


def targets(node: Node) -> Targets:
    """The targets with their ports; the last may have none."""
    last = tuple(ast.Target(said.plain()) for said in node.all(Said))
    return Targets(node.all(ast.Target) + last)


def reach_only(node: Node) -> ast.ReachOnly:
    """`A can reach only B on P, or C on Q`."""
    return _reach(node, exactly=False)


def reach_exactly(node: Node) -> ast.ReachOnly:
    """`A can reach exactly B on P`."""
    return _reach(node, exactly=True)


def _reach(node: Node, *, exactly: bool) -> ast.ReachOnly:
    source = node.the(Said)
    if Quantifier.ANY in source.repeated | {source.quantifier}:
        raise Mistake("`any` could mean one or all here; write `every`", source.span)
    return ast.ReachOnly(source.set, node.the(Targets).items, exactly, node.the(Exceptions).items)


def all_isolated(node: Node) -> ast.Isolated:
    """`all tenants are isolated`."""
    return ast.Isolated(node.group, exceptions=node.the(Exceptions).items)


def isolated(node: Node) -> ast.Isolated:
    """Two tenants or two namespaces, each named alone."""
    left, right = (_one_group(said) for said in _ends(node))
    if left[0] is not right[0]:
        raise Mistake(f"a {left[0]} is isolated from another {left[0]}", node.all(Said)[1].span)
    return ast.Isolated(left[0], left[1], right[1], node.the(Exceptions).items)


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


def named_tier(node: Node) -> ast.NamedTier:
    """`the tier security`."""
    return ast.NamedTier(node.the(ast.Name))


def tier_of(node: Node) -> ast.DenyTier | ast.NamedTier:
    """The tier that a node speaks of, by a word or by name."""
    (found,) = (part for part in node.parts if isinstance(part, ast.DenyTier | ast.NamedTier))
    return found


def tier(node: Node) -> ast.DenyTier:
    """The tier that a word such as `BANP` means."""
    return _TIERS[node.the(Token).type]


@dataclass(frozen=True, slots=True)
class Directions:
    """The direction named; None is both."""

    direction: Direction | None


def directions(node: Node) -> Directions:
    """`for ingress`, `for egress`, or both."""
    if node.has("FOR_INGRESS"):
        return Directions(Direction.INGRESS)
    return Directions(Direction.EGRESS if node.has("FOR_EGRESS") else None)


def scope_of_groups(node: Node) -> Said:
    """`every tenant`: the pods of every tenant; `every namespace`: every pod."""
    tenants = ast.Pods((ast.InAny(ast.Group.TENANT),), span=node.span)
    base = tenants if node.group is ast.Group.TENANT else ast.Pods(span=node.span)
    whole = without(base, [said.plain(every=True) for said in node.all(Said)])
    return Said(Quantifier.EVERY, whole, frozenset(), node.span)


@dataclass(frozen=True, slots=True)
class DenyTail:
    """The rest of a default-deny claim after its scope."""

    including_external: bool
    exceptions: tuple[ast.Exempt, ...]


def seen_by_tier(node: Node) -> DenyTail:
    """No word about sources outside the cluster."""
    return DenyTail(False, node.the(Exceptions).items)


def including_external(node: Node) -> DenyTail:
    """`including from outside the cluster`."""
    return DenyTail(True, node.the(Exceptions).items)


def default_deny(node: Node) -> ast.DefaultDeny:
    """`TIER enforces default deny for SCOPE`."""
    tail = node.the(DenyTail)
    return ast.DefaultDeny(
        tier_of(node),
        node.the(Directions).direction,
        node.the(Said).plain(every=True),
        tail.including_external,
        tail.exceptions,
    )


def selected(node: Node) -> ast.Selected:
    """`every A is selected by a network policy`."""
    said = node.the(Said)
    if Quantifier.ANY in said.repeated | {said.quantifier}:
        raise Mistake("`any` could mean one or all here; write `every`", said.span)
    return ast.Selected(said.set, node.the(Directions).direction)
