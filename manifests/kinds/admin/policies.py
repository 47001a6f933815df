"""policy.networking.k8s.io: AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy.

| Kind | Versions | Tier |
|---|---|---|
| AdminNetworkPolicy | v1alpha1 | admin |
| BaselineAdminNetworkPolicy | v1alpha1 | baseline; the only one is `default`; no priority, Pass and domain names |
| ClusterNetworkPolicy | v1beta1, and v1alpha2 with the same schema | as it says; Accept is `allow` here |

None of them isolates. Trusted by every verdict; checked by tests/manifests and the agreement tests.
"""

from __future__ import annotations

from reachproof.manifests.field_reader import Field
from reachproof.manifests.kinds.admin.ports import read_protocol, read_v1alpha1_port
from reachproof.manifests.kinds.admin.rules import Dialect, read_rules, read_subject
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind, doubted
from reachproof.network.policy import Action, Direction, Policy, PolicyRef, TierName

GROUP = "policy.networking.k8s.io"
_TIERS = {"Admin": TierName.ADMIN, "Baseline": TierName.BASELINE}
_ADMIN = Dialect(
    actions={"Allow": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS},
    action_hints={"Accept": "AdminNetworkPolicy writes Allow where ClusterNetworkPolicy writes Accept"},
    most=100,
    ports="ports",
    read_port=read_v1alpha1_port,
    port_hints={"protocols": "AdminNetworkPolicy has ports where ClusterNetworkPolicy has protocols"},
    namespaces_required=True,
    domains=True,
)
_BASELINE = Dialect(
    actions={"Allow": Action.ALLOW, "Deny": Action.DENY},
    action_hints={
        "Accept": "this kind writes Allow where ClusterNetworkPolicy writes Accept",
        "Pass": "the last tier has nothing to pass to, leave the rule out or write Allow",
    },
    most=100,
    ports="ports",
    read_port=read_v1alpha1_port,
    port_hints={"protocols": "this kind has ports where ClusterNetworkPolicy has protocols"},
    namespaces_required=True,
    domains=False,
)
_CLUSTER = Dialect(
    actions={"Accept": Action.ALLOW, "Deny": Action.DENY, "Pass": Action.PASS},
    action_hints={"Allow": "ClusterNetworkPolicy writes Accept where AdminNetworkPolicy writes Allow"},
    most=25,
    ports="protocols",
    read_port=read_protocol,
    port_hints={"ports": "ClusterNetworkPolicy has protocols where AdminNetworkPolicy has ports"},
    namespaces_required=False,
    domains=True,
)


def lower_admin(manifest: Field, ref: PolicyRef, context: Context) -> Policy:
    """The policy of an AdminNetworkPolicy."""
    spec = manifest.get("spec")
    spec.only("priority", "subject", "ingress", "egress", hints={"tier": "ClusterNetworkPolicy is the kind with tiers"})
    priority, last = _priority(spec), context.profile.last_admin_priority
    if last is not None and priority > last:
        text = f"{context.options.cni} does not program priorities above {last}, so this policy has no effect"
        spec.get("priority").notice("PRIORITY_NOT_PROGRAMMED", text)
    return _policy(manifest, ref, _ADMIN, context, tier=TierName.ADMIN, priority=priority)


def lower_baseline(manifest: Field, ref: PolicyRef, context: Context) -> Policy:
    """The policy of a BaselineAdminNetworkPolicy."""
    if ref.name != "default":
        manifest.get("metadata").get("name").expected('"default", the only BaselineAdminNetworkPolicy of a cluster')
    hints = {"priority": "there is only one, so it has no priority"}
    manifest.get("spec").only("subject", "ingress", "egress", hints=hints)
    return _policy(manifest, ref, _BASELINE, context, tier=TierName.BASELINE)


def lower_cluster(manifest: Field, ref: PolicyRef, context: Context) -> Policy:
    """The policy of a ClusterNetworkPolicy."""
    spec = manifest.get("spec")
    spec.only("tier", "priority", "subject", "ingress", "egress")
    tier = spec.get("tier").choice(_TIERS) or TierName.ADMIN
    return _policy(manifest, ref, _CLUSTER, context, tier=tier, priority=_priority(spec))


def _priority(spec: Field) -> int:
    """spec.priority, 0 to 1000; after a report, 0."""
    priority = spec.get("priority")
    number = priority.integer()
    if number is None or not 0 <= number <= 1000:
        if number is not None or not priority.present:
            priority.expected("a whole number from 0 to 1000")
        return 0
    return number


def _policy(
    manifest: Field, ref: PolicyRef, dialect: Dialect, context: Context, *, tier: TierName, priority: int = 0
) -> Policy:
    spec = manifest.get("spec")
    policy = Policy(
        ref=ref,
        tier=tier,
        priority=priority,
        subject=read_subject(spec, dialect, context),
        ingress=read_rules(spec, Direction.INGRESS, dialect, context),
        egress=read_rules(spec, Direction.EGRESS, dialect, context),
        origin=manifest.origin,
    )
    return doubted(policy, manifest.place)


KINDS = tuple(
    PolicyKind(group=GROUP, version=version, also=also, kind=kind, namespaced=False, lower=lower, late=True)
    for kind, lower, version, also in (
        ("AdminNetworkPolicy", lower_admin, "v1alpha1", ()),
        ("BaselineAdminNetworkPolicy", lower_baseline, "v1alpha1", ()),
        ("ClusterNetworkPolicy", lower_cluster, "v1beta1", ("v1alpha2",)),
    )
)
