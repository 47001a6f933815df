"""The parts of a sentence as canonical text: names, labels, sets and ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from reachproof.grammar import ast
from reachproof.grammar.ast import Group, Quantifier, SetExpr
from reachproof.grammar.words import is_plain_label_key, is_plain_name, is_plain_part, is_reserved
from reachproof.network.labels import Operator, Requirement, Selector
from reachproof.network.ports import MAX_PORT


def quoted(text: str) -> str:
    """The text between quotes that it does not hold itself."""
    return f"'{text}'" if '"' in text else f'"{text}"'


def format_name(name: ast.Name) -> str:
    """The name, quoted where it is no plain word."""
    return name.text if is_plain_name(name.text) else quoted(name.text)


def format_object(name: ast.ObjectName) -> str:
    """`namespace/name`, each part quoted where it is no plain word."""
    return f"{_part(name.namespace)}/{_part(name.name)}"


def _part(text: str) -> str:
    return text if is_plain_part(text) else quoted(text)


def names(group: Group, listed: tuple[ast.Name, ...]) -> str:
    """`tenant a`, `tenants a, b or c`."""
    *first, last = map(format_name, listed)
    return f"{group}s {', '.join(first)} or {last}" if first else f"{group} {last}"


# ---------------------------------------------------------------- labels


def format_selector(selector: Selector) -> str:
    """kubectl's `-l` syntax, with the quotes that the query language needs."""
    return ",".join(map(_requirement, selector.requirements))


def _requirement(requirement: Requirement) -> str:
    key = requirement.key if is_plain_label_key(requirement.key) else quoted(requirement.key)
    values = [_value(value) for value in requirement.values]
    match requirement.operator:
        case Operator.IN:
            return f"{key}={values[0]}" if len(values) == 1 else f"{key} in ({','.join(values)})"
        case Operator.NOT_IN:
            return f"{key}!={values[0]}" if len(values) == 1 else f"{key} notin ({','.join(values)})"
        case Operator.EXISTS:
            return key
        case Operator.DOES_NOT_EXIST:
            return f"!{key}"
        case _:
            assert_never(requirement.operator)


def _value(value: str) -> str:
    return value if is_plain_part(value) else quoted(value)


# ---------------------------------------------------------------- sets


def format_set(expression: SetExpr) -> str:
    """The set; at its outermost level a list needs no parentheses."""
    return _set(expression, one=False)


def format_quantified(quantified: ast.Quantified) -> str:
    """The set after its quantifier, in the singular where that reads better."""
    if quantified.quantifier is Quantifier.BARE:
        return format_set(quantified.set)
    return f"{quantified.quantifier} {format_one(quantified.set)}"


def format_one(expression: SetExpr) -> str:
    """The set as it reads after `any`, `every` or `no`: `pod in tenant a`."""
    return _set(expression, one=True)


def _set(expression: SetExpr, *, one: bool) -> str:
    match expression:
        case ast.Union(items):
            return " or ".join(_atom(item, one=one and place == 0) for place, item in enumerate(items))
        case ast.Difference(base, removed):
            taken = _atom(removed) if isinstance(removed, ast.Difference) else _set(removed, one=False)
            return f"{_set(base, one=one)} except {taken}"
        case _:
            return _atom(expression, one=one)


def _atom(expression: SetExpr, *, one: bool = False) -> str:
    """A set that stands in a list: lists and differences in parentheses."""
    match expression:
        case ast.Union() | ast.Difference():
            return f"({format_set(expression)})"
        case ast.Pods(filters, possible):
            noun = "pod" if one else "pods"
            return " ".join(("possible " * possible + noun, *_filters(filters)))
        case ast.PodNamed(name):
            return f"pod {format_object(name)}"
        case ast.WorkloadNamed(kind, name):
            return f"{kind} {format_object(name)}"
        case ast.ServiceNamed(name):
            return f"service {format_object(name)}"
        case ast.NodeNamed(name):
            return f"node {format_name(name)}"
        case ast.Nodes(selector):
            noun = "node" if one else "nodes"
            return f"{noun} labelled {format_selector(selector)}" if selector.requirements else noun
        case ast.Addresses(text):
            return text
        case ast.Internet():
            return "the internet"
        case ast.IngressController():
            return "the ingress controller"
        case ast.OutsideCluster():
            return "address outside the cluster" if one else "outside the cluster"
        case ast.Domain(name):
            return f"domain {format_domain(name.text)}"
        case ast.Anything():
            return "anything"
        case _:
            assert_never(expression)


def format_domain(text: str) -> str:
    """A domain name, quoted where it is no plain word."""
    return text if is_plain_part(text.removeprefix("*.")) and not is_reserved(text) else quoted(text)


def _filters(filters: tuple[ast.Filter, ...]) -> Iterator[str]:
    """One after the other; labels right behind namespaces that have no name could be taken for theirs."""
    before: ast.Filter | None = None
    for each in filters:
        apart = isinstance(each, ast.Labelled) and before is not None and ast.is_of_any_namespace(before)
        yield f"and {_filter(each)}" if apart else _filter(each)
        before = each


def _filter(filter_: ast.Filter) -> str:
    match filter_:
        case ast.InNamespaces(listed):
            return f"in {names(Group.NAMESPACE, listed)}"
        case ast.InNamespacesLabelled(selector):
            return f"in namespaces labelled {format_selector(selector)}"
        case ast.InPossibleNamespaces():
            return "in possible namespaces"
        case ast.InTenants(listed):
            return f"in {names(Group.TENANT, listed)}"
        case ast.InAny(group):
            return f"in any {group}"
        case ast.Labelled(selector):
            return f"labelled {format_selector(selector)}"
        case ast.OnNode(name):
            return f"on node {format_name(name)}"
        case ast.WithServiceAccount(account):
            return f"with service account {format_object(account)}"
        case ast.Relative(group, same):
            return f"in the same {group}" if same else f"in a different {group}"
        case ast.Outside(group, listed):
            return f"outside {names(group, listed)}"
        case _:
            assert_never(filter_)


# ---------------------------------------------------------------- ports


def format_ports(ports: ast.Ports) -> str:
    """The list of ports as it reads after `on`."""
    if not ports.items:
        return "any port" if ports.any_of else "every port"
    listed = ", ".join(map(_port, ports.items))
    return f"any of {listed}" if ports.any_of else listed


def _port(port: ast.PortNumbers | ast.PortNamed) -> str:
    match port:
        case ast.PortNumbers(protocol, low, high):
            if (low, high) == (1, MAX_PORT):
                return protocol.lower()
            return f"{protocol.lower()}/{low}" if low == high else f"{protocol.lower()}/{low}-{high}"
        case ast.PortNamed(name):
            return f"port {format_port_name(name.text)}"
        case _:
            assert_never(port)


def format_port_name(text: str) -> str:
    """The name of a container port as it reads after `port`, where bare digits are a number."""
    return quoted(text) if text[0].isdigit() else format_name(ast.Name(text))
