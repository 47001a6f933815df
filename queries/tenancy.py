"""Tenants: sets of namespaces, declared by name or with equal value of the tenant label (no Kubernetes kind has them).

A pack declares them with `define tenant NAME as namespaces labelled ...` and `define tenants by label KEY`. With
declared names alone there are no other tenants; with both, namespaces that no declaration names go by the label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.grammar.ast import NOWHERE, DefineTenant, DefineTenants
from reachproof.grammar.mistakes import Mistake
from reachproof.network.cluster import Pod
from reachproof.network.flow import Party
from reachproof.network.options import Options
from reachproof.network.snapshot import Snapshot


def tenant_of(snapshot: Snapshot, namespace: str) -> str | None:
    """The tenant that a namespace belongs to, if any."""
    options = snapshot.options
    labels = snapshot.namespace_of[namespace].labels
    for name, selector in options.tenants:
        if selector.matches(labels):
            return name
    return labels.get(options.tenant_label) if options.tenant_label else None


def tenant_of_party(snapshot: Snapshot, party: Party) -> str | None:
    """The tenant of a pod's namespace; nodes and the outside have none."""
    return tenant_of(snapshot, party.namespace) if isinstance(party, Pod) else None


def tenants(snapshot: Snapshot) -> tuple[str, ...]:
    """All tenants, sorted; the declared ones exist even if no namespace is theirs."""
    found = {tenant_of(snapshot, namespace.name) for namespace in snapshot.namespaces}
    found |= {name for name, _ in snapshot.options.tenants}
    return tuple(sorted(name for name in found if name is not None))


def namespaces_of(snapshot: Snapshot, tenant: str) -> tuple[str, ...]:
    """The namespaces of a tenant, sorted."""
    return tuple(n.name for n in snapshot.namespaces if tenant_of(snapshot, n.name) == tenant)


def with_tenants(snapshot: Snapshot, definitions: Iterable[DefineTenants | DefineTenant]) -> Snapshot:
    """The snapshot with the tenants of a pack; the same object where the pack defines none."""
    labels = [each.label for each in definitions if isinstance(each, DefineTenants)]
    declared = tuple((each.name.text, each.selector) for each in definitions if isinstance(each, DefineTenant))
    if not labels and not declared:
        return snapshot
    options: Options = replace(snapshot.options, tenants=declared, tenant_label=labels[0] if labels else "")
    return snapshot.with_options(options)


def tenancy_mistakes(snapshot: Snapshot, definitions: Iterable[DefineTenants | DefineTenant]) -> Iterator[Mistake]:
    """Mistakes in the definitions of a pack: a name or the label defined twice, a namespace of two tenants."""
    labels = [each for each in definitions if isinstance(each, DefineTenants)]
    if len(labels) > 1:
        text = f"tenants are defined by label {labels[0].label} and by label {labels[1].label}; use one label"
        yield Mistake(text, NOWHERE)
    seen: dict[str, DefineTenant] = {}
    for each in definitions:
        if not isinstance(each, DefineTenant):
            continue
        if each.name.text in seen:
            yield Mistake(f"tenant {each.name} is defined above", each.name.span)
        for other in seen.values():
            theirs = (n.name for n in snapshot.namespaces if other.selector.matches(n.labels))
            shared = next((name for name in theirs if each.selector.matches(snapshot.namespace_of[name].labels)), None)
            if shared is not None and other.name != each.name:
                text = (
                    f"namespace {shared} is in tenant {other.name} and in tenant {each.name}; a namespace "
                    "has at most one tenant"
                )
                yield Mistake(text, each.name.span)
        seen.setdefault(each.name.text, each)
