"""policy.networking.k8s.io ClusterNetworkPolicy, v1beta1 or v1alpha2, to a policy of the admin or the baseline tier.

The two versions have one schema. Accept is `allow` here.
Trusted by every verdict; checked by tests/manifests and the agreement tests.
"""

from __future__ import annotations

from reachproof.manifests.doubts import doubted
from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.admin.common import Dialect, read_priority, read_rules, read_subject
from reachproof.manifests.kinds.admin.ports import read_protocol
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind
from reachproof.network.policy import Action, Direction, Policy, PolicyRef, TierName

_TIERS = {"Admin": TierName.ADMIN, "Baseline": TierName.BASELINE}
_DIALECT = Dialect(
    actions={"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS},
    action_hints={"Allow": "ClusterNetworkPolicy writes Accept where AdminNetworkPolicy writes Allow"},
    most_rules=25,
    most_entries=25,
    ports="protocols",
    read_port=read_protocol,
    port_hints={"ports": "ClusterNetworkPolicy has protocols where AdminNetworkPolicy has ports"},
    namespaces_required=False,
    domains=True,
)


def lower(manifest: Field, ref: PolicyRef, context: Context) -> Policy:
    """The policy; it never isolates."""
    spec = manifest.get("spec")
    spec.only("tier", "priority", "subject", "ingress", "egress")
    policy = Policy(
        ref=ref,
        tier=spec.get("tier").choice(_TIERS) or TierName.ADMIN,
        priority=read_priority(spec),
        subject=read_subject(spec, _DIALECT, context),
        ingress=read_rules(spec, Direction.INGRESS, _DIALECT, context),
        egress=read_rules(spec, Direction.EGRESS, _DIALECT, context),
        origin=manifest.origin,
    )
    return doubted(policy, manifest.place)


KIND = PolicyKind(
    group="policy.networking.k8s.io",
    version="v1beta1",
    also=("v1alpha2",),
    kind="ClusterNetworkPolicy",
    namespaced=False,
    lower=lower,
    late=True,
)
