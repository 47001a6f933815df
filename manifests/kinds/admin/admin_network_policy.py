"""policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy to a policy of the admin tier.

Trusted by every verdict; checked by tests/manifests and the agreement tests.
"""

from __future__ import annotations

from reachproof.manifests.doubts import doubted
from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.admin.common import Dialect, read_priority, read_rules, read_subject
from reachproof.manifests.kinds.admin.ports import read_v1alpha1_port
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind
from reachproof.network.policy import Action, Direction, Policy, PolicyRef, TierName

_DIALECT = Dialect(
    actions={"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS},
    action_hints={"Accept": "AdminNetworkPolicy writes Allow where ClusterNetworkPolicy writes Accept"},
    most_rules=100,
    most_entries=100,
    ports="ports",
    read_port=read_v1alpha1_port,
    port_hints={"protocols": "AdminNetworkPolicy has ports where ClusterNetworkPolicy has protocols"},
    namespaces_required=True,
    domains=True,
)


def lower(manifest: Field, ref: PolicyRef, context: Context) -> Policy:
    """The policy; it never isolates."""
    spec = manifest.get("spec")
    spec.only("priority", "subject", "ingress", "egress", hints={"tier": "ClusterNetworkPolicy is the kind with tiers"})
    priority = read_priority(spec)
    last = context.profile.last_admin_priority
    if last is not None and priority > last:
        text = f"{context.options.cni} does not program priorities above {last}, so this policy has no effect"
        spec.get("priority").notice("PRIORITY_NOT_PROGRAMMED", text)
    policy = Policy(
        ref=ref,
        tier=TierName.ADMIN,
        priority=priority,
        subject=read_subject(spec, _DIALECT, context),
        ingress=read_rules(spec, Direction.INGRESS, _DIALECT, context),
        egress=read_rules(spec, Direction.EGRESS, _DIALECT, context),
        origin=manifest.origin,
    )
    return doubted(policy, manifest.place)


KIND = PolicyKind(
    group="policy.networking.k8s.io",
    version="v1alpha1",
    kind="AdminNetworkPolicy",
    namespaced=False,
    lower=lower,
    late=True,
)
