"""Which kinds of policy there are, and what is done with each. A new kind is one module and one line here."""

from __future__ import annotations

import re

from reachproof.manifests import (
    adminnetworkpolicy,
    baselineadminnetworkpolicy,
    clusternetworkpolicy,
    networkpolicy,
)
from reachproof.manifests.fields import Field
from reachproof.manifests.manifest import Manifest
from reachproof.manifests.policykind import Context, PolicyKind
from reachproof.manifests.syntax import is_namespace_name, is_subdomain
from reachproof.network.policy import Policy, PolicyRef

POLICY_KINDS = (
    networkpolicy.KIND,
    adminnetworkpolicy.KIND,
    baselineadminnetworkpolicy.KIND,
    clusternetworkpolicy.KIND,
)
_BY_KIND = {(kind.group, kind.kind): kind for kind in POLICY_KINDS}
_ADMIN_GROUP = adminnetworkpolicy.KIND.group

# Kinds of other products that decide what may be reached. Kinds that only observe, route or stage are not here.
_UNSUPPORTED = {
    "projectcalico.org": frozenset(
        ("NetworkPolicy", "GlobalNetworkPolicy", "Tier", "NetworkSet", "GlobalNetworkSet", "HostEndpoint", "Profile")
    ),
    "cilium.io": frozenset(("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup")),
    "crd.antrea.io": frozenset(("NetworkPolicy", "ClusterNetworkPolicy", "Tier", "ClusterGroup", "Group")),
    "security.istio.io": frozenset(("AuthorizationPolicy", "PeerAuthentication")),
    "networking.istio.io": frozenset(("Sidecar",)),
    "policy.linkerd.io": frozenset(("Server", "ServerAuthorization", "AuthorizationPolicy")),
    "kuma.io": frozenset(("MeshTrafficPermission", "TrafficPermission")),
    "k8s.ovn.org": frozenset(("EgressFirewall", "UserDefinedNetwork", "ClusterUserDefinedNetwork")),
}
_GROUP_ALIASES = {"crd.projectcalico.org": "projectcalico.org"}
# Groups in which a policy of ours is an old version or a slip, not somebody else's kind.
_OWN_GROUPS = frozenset(("", "apps", "extensions", "networking", "networking.k8s.io", "policy", _ADMIN_GROUP))
_ANY_POLICY = re.compile(r"(?i)(?!staged).*networkpolicy")
# `tcp:` without a value is reported where ports are read.
_REPORTED_NULLS = ("tcp", "udp", "sctp")


def policy_kind(manifest: Manifest) -> PolicyKind | None:
    """The kind of a policy that is supported, whatever its version; None for any other object."""
    return _BY_KIND.get((manifest.group, manifest.kind))


def unsupported(manifest: Manifest) -> str | None:
    """What is wrong with an object of a policy kind that is not supported; None for kinds that are no policy."""
    group, kind = _GROUP_ALIASES.get(manifest.group, manifest.group), manifest.kind
    for known in POLICY_KINDS:
        if known.kind.lower() == kind.lower() and group in _OWN_GROUPS:
            return f"found {manifest.api_version} {kind}, expected {known.api_version} {known.kind}"
    if group == _ADMIN_GROUP:
        kinds = ", ".join(known.kind for known in POLICY_KINDS if known.group == _ADMIN_GROUP)
        return f"found {manifest.api_version} {kind}, expected one of the kinds {kinds}"
    if kind in _UNSUPPORTED.get(group, ()) or _ANY_POLICY.fullmatch(kind):
        return (
            f"found a kind of policy that is not supported, {kind} of {manifest.api_version}, expected none; to go on "
            f"without it, ignore the kind {kind}.{manifest.group}, and every answer says so"
        )
    return None


def ignored(manifest: Manifest, ignore_kinds: frozenset[str]) -> bool:
    """Whether the user chose to go on without this kind, given as `Kind` or `Kind.group`."""
    return manifest.kind in ignore_kinds or f"{manifest.kind}.{manifest.group}" in ignore_kinds


def read_policy(manifest: Manifest, kind: PolicyKind, whole: Field, context: Context) -> Policy | None:
    """The policy of an object, with `whole` the cursor on it; it counts only if no problem has been reported."""
    if manifest.version != kind.version:
        whole.get("apiVersion").expected(f'"{kind.api_version}", the version of {kind.kind} that is supported')
        return None
    whole.only("apiVersion", "kind", "metadata", "spec", "status")
    _check_names(manifest, whole)
    spec = whole.get("spec")
    if not isinstance(spec.value, dict) and (spec.present or not kind.namespaced):
        spec.expected("an object")
        return None
    ref = PolicyRef(kind=kind.kind, namespace=manifest.namespace, name=manifest.name)
    policy = kind.lower(whole, ref, context)
    if not kind.namespaced:
        _refuse_nulls(spec)
    return policy


def _check_names(manifest: Manifest, whole: Field) -> None:
    name = whole.get("metadata").get("name")
    if not is_subdomain(manifest.name):
        name.expected("a name: at most 253 of a-z, 0-9, dashes and dots, begun and ended by a letter or digit")
    if manifest.namespace and not is_namespace_name(manifest.namespace):
        whole.get("metadata").get("namespace").expected("a DNS label: at most 63 of a-z, 0-9 and dashes")


def _refuse_nulls(spec: Field) -> None:
    """Custom resources have no null: their schema refuses it, and whoever wrote it may have meant everything."""
    reported = {problem.path for problem in spec.place.problems}
    waiting = [spec]
    while waiting:
        field = waiting.pop()
        if isinstance(field.value, dict):
            for name, value in field.value.items():
                child = field.get(name)
                if value is None and child.path not in reported and name not in _REPORTED_NULLS:
                    child.expected("a value; leave the field out, or write {} for a selector of everything")
                waiting.append(child)
        elif isinstance(field.value, list):
            waiting += field.items()
