"""Tenants: sets of namespaces with equal value of the tenant label (no Kubernetes kind has them)."""

from __future__ import annotations

from reachproof.network.cluster import Pod
from reachproof.network.flow import Party
from reachproof.network.snapshot import Snapshot


def tenant_of(snapshot: Snapshot, namespace: str) -> str | None:
    """The tenant that a namespace belongs to, if any."""
    return snapshot.namespace_of[namespace].labels.get(snapshot.options.tenant_label)


def tenant_of_party(snapshot: Snapshot, party: Party) -> str | None:
    """The tenant of a pod's namespace; nodes and the outside have none."""
    return tenant_of(snapshot, party.namespace) if isinstance(party, Pod) else None


def tenants(snapshot: Snapshot) -> tuple[str, ...]:
    """All tenants, sorted."""
    found = {tenant_of(snapshot, namespace.name) for namespace in snapshot.namespaces}
    return tuple(sorted(name for name in found if name is not None))


def namespaces_of(snapshot: Snapshot, tenant: str) -> tuple[str, ...]:
    """The namespaces of a tenant, sorted."""
    return tuple(n.name for n in snapshot.namespaces if tenant_of(snapshot, n.name) == tenant)
