"""Kinds that a question needs and the input has no object of: an answer without them is about less than it seems.

| Question | Needs |
|---|---|
| about tenants, unless they are declared by names of namespaces alone | Namespace |
| about `namespaces labelled ...`, unless by name | Namespace |
| default deny, but of network policies for named pods and namespaces | Namespace |
| about `nodes` | Node |

A namespace that is used but not given has its name and nothing else, so it stands for no Namespace here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from reachproof.grammar import ast
from reachproof.network.cluster import Notice
from reachproof.network.labels import NAMESPACE_NAME, Selector
from reachproof.network.snapshot import Snapshot
from reachproof.queries.tenancy import tenants

TENANTS = "tenants"


def missing_kinds(query: ast.Query, snapshot: Snapshot) -> tuple[Notice, ...]:
    """A warning for each kind that the sentence needs and the input lacks, and for the label that tells tenants."""
    found: list[Notice] = []
    parts = list(_parts((query.statement, query.prefixes)))
    about = list(dict.fromkeys(said for part in parts if (said := _of_namespaces(part, snapshot))))
    if about and all(namespace.assumed for namespace in snapshot.namespaces):
        found.append(_missing(" and ".join(about), "Namespace"))
    elif TENANTS in about and not tenants(snapshot):
        text = (
            f"no namespace has the label {snapshot.options.tenant_label}, which tells tenants; "
            "the option tenantLabel (--tenant-label) names another"
        )
        found.append(Notice(code="NO_TENANTS", text=text))
    if not snapshot.nodes and any(_of_nodes(part) for part in parts):
        found.append(_missing("nodes", "Node"))
    return tuple(found)


def _missing(about: str, kind: str) -> Notice:
    text = f"the question is about {about}, and the input has no {kind}; add `kubectl get {kind.lower()}s -o yaml`"
    return Notice(code="KIND_MISSING", text=text)


def _parts(node: object) -> Iterator[object]:
    """A sentence and everything in it."""
    yield node
    if isinstance(node, tuple):
        for each in node:
            yield from _parts(each)
    elif is_dataclass(node) and not isinstance(node, (type, Selector)):
        for field in fields(node):
            yield from _parts(getattr(node, field.name))


def _of_namespaces(part: object, snapshot: Snapshot) -> str:
    """The thing in a part of a sentence that only Namespaces tell; empty where there is none."""
    match part:
        case ast.DefaultDeny(tier=ast.DenyTier.NETWORK_POLICIES, scope=scope) | ast.Selected(scope=scope):
            return "default deny" if _of_all(scope) else ""
        case ast.DefaultDeny():
            return "default deny"
        case ast.InNamespacesLabelled(selector):
            return "" if _by_name(selector) else "labels of namespaces"
        case (
            ast.InTenants()
            | ast.InAny(ast.Group.TENANT)
            | ast.Relative(ast.Group.TENANT)
            | ast.Outside(ast.Group.TENANT)
            | ast.Isolated(ast.Group.TENANT)
            | ast.Show(ast.Group.TENANT)
            | ast.ForEvery(ast.Group.TENANT)
            | ast.Which(ast.Listed.TENANTS)
        ):
            return "" if _tenants_by_name(snapshot) else TENANTS
        case _:
            return ""


def _of_all(scope: ast.SetExpr) -> bool:
    """Whether a set has pods of namespaces that it does not name."""
    return any(
        isinstance(part, ast.Pods) and not any(isinstance(each, ast.InNamespaces) for each in part.filters)
        for part in _parts(scope)
    )


def _by_name(selector: Selector) -> bool:
    return all(requirement.key == NAMESPACE_NAME for requirement in selector.requirements)


def _tenants_by_name(snapshot: Snapshot) -> bool:
    """Whether names of namespaces alone decide who is in which tenant."""
    options = snapshot.options
    return not options.tenant_label and all(_by_name(selector) for _, selector in options.tenants)


def _of_nodes(part: object) -> bool:
    return isinstance(part, ast.Nodes | ast.Which) and (isinstance(part, ast.Nodes) or part.listed is ast.Listed.NODES)
