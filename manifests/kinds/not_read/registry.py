"""Look-up of kinds that are not read: the rows of the table, and what the name of a kind without a row tells.

| Kind without a row | Here |
|---|---|
| named like a network policy | a rule that may allow and may deny, in its namespace or the cluster |
| in a group, or of a name, about networks or policies | an assumption |
| any other | skipped: it cannot matter |
"""

from __future__ import annotations

import re
from dataclasses import replace

from reachproof.engines.registry import PROFILES
from reachproof.manifests.kinds.not_read.kind import Effect, NotReadKind
from reachproof.manifests.kinds.not_read.table import NOT_READ_KINDS
from reachproof.manifests.object_identity import Manifest

_BY_KIND: dict[tuple[str, str], list[NotReadKind]] = {}
for _row in NOT_READ_KINDS:
    for _kind in _row.kinds:
        _BY_KIND.setdefault((_row.group, _kind), []).append(_row)
_OF_ENGINES = frozenset(group for profile in PROFILES.values() for group in profile.api_groups)
_GROUP_ALIASES = {"crd.projectcalico.org": "projectcalico.org"}
_POLICY = re.compile(r"(?i)(?!staged).*networkpolicy")
_TELLING = re.compile(r"(?i)network|polic(y|ies)|firewall|egress|ingress|mesh|intention|authorization|securitygroup")
# Groups whose other kinds are known to decide nothing about connections; those of Kubernetes itself are more.
_HARMLESS_GROUPS = frozenset(
    (
        *("", "apps", "batch", "extensions", "policy", "autoscaling"),
        *(
            "authorization.openshift.io",
            "config.openshift.io",
            "network.operator.openshift.io",
            "operator.openshift.io",
        ),
        *("projectcalico.org", "operator.tigera.io", "gateway.envoyproxy.io", "gateway.networking.x-k8s.io"),
        *("kyverno.io", "policies.kyverno.io", "reports.kyverno.io", "wgpolicyk8s.io", "openreports.io"),
        *("constraints.gatekeeper.sh", "mutations.gatekeeper.sh", "policy.cert-manager.io", "metallb.io"),
        *("networking.internal.knative.dev", "nmstate.io", "sriovnetwork.openshift.io", "whereabouts.cni.cncf.io"),
    )
)


def not_read_kind(manifest: Manifest) -> NotReadKind | None:
    """The row of an object's kind, whatever its version, or one for a kind that is named like a network policy."""
    group = _GROUP_ALIASES.get(manifest.group, manifest.group)
    rows = _BY_KIND.get((group, manifest.kind))
    if rows is None and not _POLICY.fullmatch(manifest.kind):
        return None
    nothing = NotReadKind(group=manifest.group, kinds=(manifest.kind,), effect=Effect.NOTHING)
    if rows is None:
        return replace(nothing, effect=Effect.BOTH)
    return next((row for row in rows if row.when is None or row.when.holds(manifest.body)), nothing)


def has_row(manifest: Manifest) -> bool:
    """True if the kind is in the table."""
    return (_GROUP_ALIASES.get(manifest.group, manifest.group), manifest.kind) in _BY_KIND


def tells_of_networks(manifest: Manifest) -> bool:
    """True if the kind has no row, and its name or group is one of a thing that may decide what is reached."""
    group = _GROUP_ALIASES.get(manifest.group, manifest.group)
    if has_row(manifest) or group in _HARMLESS_GROUPS or group.endswith(".k8s.io"):
        return False
    return _TELLING.search(f"{group} {manifest.kind}") is not None and not manifest.kind.startswith("Staged")


def shows_implementation(manifest: Manifest) -> bool:
    """True if only a cluster with the implementation of its API group has such an object; Tetragon's run anywhere."""
    return manifest.group in _OF_ENGINES and has_row(manifest) and not manifest.kind.startswith("TracingPolicy")
