"""Phrases about possible pods: which sentences have some, where they can be, and what an answer about them assumes.

| Phrase | Possible pods |
|---|---|
| `possible pods in namespace shop`, `in tenant a`, `outside tenant a`, ... | in such namespaces of the snapshot |
| `... in possible namespaces` | in these, and in any namespace that could be created and is like that |
| `... labelled app=web` | those with such labels |
| `... on node worker-1` | those on that node |
| `... in a different tenant` | relative to the other end, whether that is possible or exists |

Labels of namespaces that exist are kept as they are. A pod of the snapshot is a possible pod too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reachproof.grammar import ast
from reachproof.network.address import format_cidrs
from reachproof.network.cluster import Notice, Pod
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Operator, Requirement, Selector
from reachproof.network.snapshot import Snapshot
from reachproof.queries.sentence_parts import parts_of
from reachproof.queries.tenancy import tenant_of
from reachproof.solver.goal import (
    FALSE,
    TRUE,
    All,
    At,
    Formula,
    Grouping,
    InNamespaces,
    InNewNamespace,
    Labelled,
    Not,
    OnNode,
    Side,
    Some,
)

_SHOWN = 4


def possible_sets(node: object) -> Iterator[ast.Pods]:
    """The phrases in a part of a sentence that are about possible pods, in order."""
    return (each for each in parts_of(node) if isinstance(each, ast.Pods) and each.possible)


def mentions_possible(node: object) -> bool:
    """True if a part of a sentence is about possible pods."""
    return next(possible_sets(node), None) is not None


def with_new_namespaces(node: object) -> bool:
    """True if it is about possible pods in namespaces that could be created."""
    return any(isinstance(each, ast.InPossibleNamespaces) for pods in possible_sets(node) for each in pods.filters)


def opened(expression: ast.SetExpr, *, new_namespaces: bool) -> ast.SetExpr:
    """The same set with possible pods in place of pods."""
    match expression:
        case ast.Pods(filters=filters):
            more = (ast.InPossibleNamespaces(),) if new_namespaces and ast.InPossibleNamespaces() not in filters else ()
            return replace(expression, filters=(*filters, *more), possible=True)
        case ast.Union(items):
            return ast.Union(tuple(opened(item, new_namespaces=new_namespaces) for item in items))
        case ast.Difference(base, removed):
            return ast.Difference(
                opened(base, new_namespaces=new_namespaces), opened(removed, new_namespaces=new_namespaces)
            )
        case _:
            return expression


# ---------------------------------------------------------------- formulas


def possible_homes(snapshot: Snapshot, side: Side, filters: tuple[ast.Filter, ...]) -> Formula:
    """The possible pods whose namespace meets the filters; FALSE where no namespace can."""
    names = tuple(n.name for n in snapshot.namespaces if all(_in_home(snapshot, n.name, each) for each in filters))
    ways: list[Formula] = [At(side, InNamespaces(names))] if names else []
    if ast.InPossibleNamespaces() in filters:
        new = [_in_new(snapshot, side, each) for each in filters]
        if FALSE not in new:
            ways.append(All((At(side, InNewNamespace(EVERYTHING)), *new)))
    return Some(tuple(ways)) if ways else FALSE


def possible_conditions(side: Side, filters: Iterable[ast.Filter]) -> Iterator[Formula]:
    """Conditions of the filters on a possible pod besides its namespace."""
    for each in filters:
        match each:
            case ast.Labelled(selector):
                yield At(side, Labelled(selector))
            case ast.OnNode(name):
                yield At(side, OnNode(name.text))
            case _:
                pass


def _in_home(snapshot: Snapshot, namespace: str, each: ast.Filter) -> bool:
    """True if a namespace of the snapshot meets a filter; a filter about something else is met."""
    tenant = tenant_of(snapshot, namespace)
    match each:
        case ast.InNamespaces(names):
            return namespace in {name.text for name in names}
        case ast.InNamespacesLabelled(selector):
            return selector.matches(snapshot.namespace_of[namespace].labels)
        case ast.InTenants(names):
            return tenant in {name.text for name in names}
        case ast.InAny(ast.Group.TENANT) | ast.Relative(ast.Group.TENANT):
            return tenant is not None
        case ast.Outside(ast.Group.TENANT, names):
            return tenant not in {name.text for name in names}
        case ast.Outside(_, names):
            return namespace not in {name.text for name in names}
        case ast.WithServiceAccount(name):
            return namespace == name.namespace
        case _:
            return True


def _in_new(snapshot: Snapshot, side: Side, each: ast.Filter) -> Formula:
    """The conditions on the labels of a new namespace; FALSE where none can meet the filter."""
    match each:
        case ast.InNamespaces() | ast.WithServiceAccount():
            return FALSE
        case ast.InNamespacesLabelled(selector):
            return At(side, InNewNamespace(selector))
        case ast.InTenants(names):
            return Some(tuple(_of_tenant(snapshot, side, name.text) for name in names))
        case ast.InAny(ast.Group.TENANT) | ast.Relative(ast.Group.TENANT):
            return _of_some_tenant(snapshot, side)
        case ast.Outside(ast.Group.TENANT, names):
            return Not(Some(tuple(_of_tenant(snapshot, side, name.text) for name in names)))
        case _:
            return TRUE


def _of_tenant(snapshot: Snapshot, side: Side, tenant: str) -> Formula:
    """A new namespace is of the tenant: by the first declaration that fits it, else by the label."""
    earlier: list[Formula] = []
    ways: list[Formula] = []
    for name, selector in snapshot.options.tenants:
        if name == tenant:
            ways.append(All((At(side, InNewNamespace(selector)), *earlier)))
        earlier.append(Not(At(side, InNewNamespace(selector))))
    if snapshot.options.tenant_label:
        by_label = Selector.equal(snapshot.options.tenant_label, tenant)
        ways.append(All((At(side, InNewNamespace(by_label)), *earlier)))
    return Some(tuple(ways))


def _of_some_tenant(snapshot: Snapshot, side: Side) -> Formula:
    selectors = [selector for _, selector in snapshot.options.tenants]
    if snapshot.options.tenant_label:
        selectors.append(Selector.of(Requirement(snapshot.options.tenant_label, Operator.EXISTS)))
    return Some(tuple(At(side, InNewNamespace(selector)) for selector in selectors))


def possible_groups(snapshot: Snapshot, group: ast.Group, names: Mapping[int, str]) -> Grouping:
    """The groups of possible pods, with the numbers that `names` has."""
    numbers = {name: number for number, name in names.items()}
    match group:
        case ast.Group.NAMESPACE:
            return Grouping(namespaces=tuple((n.name, numbers[n.name]) for n in snapshot.namespaces), apart=True)
        case ast.Group.TENANT:
            label = snapshot.options.tenant_label
            declared = tuple((selector, numbers[name]) for name, selector in snapshot.options.tenants)
            by_label = tuple((Selector.equal(label, name), n) for name, n in sorted(numbers.items())) if label else ()
            of = ((n.name, tenant_of(snapshot, n.name)) for n in snapshot.namespaces)
            return Grouping(
                namespaces=tuple((name, numbers[tenant]) for name, tenant in of if tenant is not None),
                selectors=(*declared, *by_label),
                by_value=label,
            )
        case _:
            return Grouping()


# ---------------------------------------------------------------- notices


def possible_notice(snapshot: Snapshot, query: object) -> Notice:
    """The notice on what is taken to be possible."""
    listed = format_cidrs(snapshot.declared_pod_range)
    where = ", ".join(listed) if len(listed) <= _SHOWN else f"the pod range ({len(listed)} CIDRs)"
    namespaces = (
        "in a new namespace with any labels, or in one of the snapshot, which keep their labels"
        if with_new_namespaces(query)
        else "in a namespace of the snapshot; add `in possible namespaces` to ask about new ones as well"
    )
    text = (
        f"a possible pod has any labels, any named ports, any node and any address in {where}, and is {namespaces}; "
        "it is on the pod network: who may create pods with hostNetwork is decided by admission control"
    )
    return Notice(code="POSSIBLE_PODS", text=text)


def invented_notices(snapshot: Snapshot) -> Iterator[Notice]:
    """Notices on pods and namespaces invented for a witness."""
    for key in sorted(snapshot.possible):
        pod = snapshot.pod_of[key]
        text = f"pod {pod} does not exist yet: a pod {described(snapshot, pod)}"
        yield Notice(code="INVENTED_POD", text=text)


def described(snapshot: Snapshot, pod: Pod) -> str:
    """Namespace and properties of an invented pod, as far as they matter."""
    namespace = snapshot.namespace_of[pod.namespace]
    where = f"in namespace {pod.namespace}"
    if namespace.origin == pod.origin:
        name = "" if pod.namespace.startswith("(") else f" {pod.namespace}"
        own = ",".join(f"{key}={value}" for key, value in sorted(namespace.labels.items()) if key != NAMESPACE_NAME)
        where = f"in a new namespace{name} {f'labelled {own}' if own else 'without labels'}"
    parts = [where]
    if pod.ports:
        parts.append("declaring " + ",".join(f"{p.name}={p.protocol.lower()}/{p.number}" for p in pod.ports))
    if pod.labels:
        labels = ",".join(f"{key}={value}" for key, value in sorted(pod.labels.items()))
        parts.append(f"labelled {labels}, with no other label that a policy asks for")
    else:
        parts.append("with no label that a policy asks for")
    return " ".join(parts)
