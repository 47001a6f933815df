"""policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy to a policy of the baseline tier.

There is one per cluster, with the name `default`; it has no priority, no Pass and no domain names.
Trusted by every verdict; checked by tests/manifests and the agreement tests.
"""

from __future__ import annotations

from reachproof.manifests.doubts import doubted
from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.admin.common import Dialect, read_rules, read_subject
from reachproof.manifests.kinds.admin.ports import read_v1alpha1_port
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind
from reachproof.network.policy import Action, Direction, Policy, PolicyRef, TierName

_DIALECT = Dialect(
    actions={"Allow": Action.ALLOW, "Deny": Action.DENY},
    action_hints={
        "Accept": "this kind writes Allow where ClusterNetworkPolicy writes Accept",
        "Pass": "the last tier has nothing to pass to, leave the rule out or write Allow",
    },
    most_rules=100,
    most_entries=100,
    ports="ports",
    read_port=read_v1alpha1_port,
    port_hints={"protocols": "this kind has ports where ClusterNetworkPolicy has protocols"},
    namespaces_required=True,
    domains=False,
)


def lower(manifest: Field, ref: PolicyRef, context: Context) -> Policy:
    """The policy; it never isolates."""
    if ref.name != "default":
        manifest.get("metadata").get("name").expected('"default", the only BaselineAdminNetworkPolicy of a cluster')
    spec = manifest.get("spec")
    spec.only("subject", "ingress", "egress", hints={"priority": "there is only one, so it has no priority"})
    policy = Policy(
        ref=ref,
        tier=TierName.BASELINE,
        subject=read_subject(spec, _DIALECT, context),
        ingress=read_rules(spec, Direction.INGRESS, _DIALECT, context),
        egress=read_rules(spec, Direction.EGRESS, _DIALECT, context),
        origin=manifest.origin,
    )
    return doubted(policy, manifest.place)


KIND = PolicyKind(
    group="policy.networking.k8s.io",
    version="v1alpha1",
    kind="BaselineAdminNetworkPolicy",
    namespaced=False,
    lower=lower,
    late=True,
)
