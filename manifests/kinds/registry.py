"""The registry of policy kinds, and how objects of each are read. A new kind is one module and one line here."""

from __future__ import annotations

from dataclasses import replace

from reachproof.manifests.field_reader import NO_NULL, Field
from reachproof.manifests.k8s_names import is_namespace_name, is_subdomain
from reachproof.manifests.kinds.admin import policies as admin
from reachproof.manifests.kinds.calico import objects as calico_objects
from reachproof.manifests.kinds.calico import policies as calico
from reachproof.manifests.kinds.cilium import policies as cilium
from reachproof.manifests.kinds.istio import policies as istio
from reachproof.manifests.kinds.kubernetes import network_policy
from reachproof.manifests.kinds.policy_kind import Context, PolicyKind, SupportKind
from reachproof.manifests.object_identity import Manifest
from reachproof.network.options import Cni
from reachproof.network.policy import Policy, PolicyRef

POLICY_KINDS = (
    network_policy.KIND,
    *admin.KINDS,
    *calico.KINDS,
    *cilium.KINDS,
    *istio.KINDS,
)
SUPPORT_KINDS: tuple[SupportKind, ...] = (*calico_objects.SUPPORT, cilium.SUPPORT)
_BY_KIND = {(kind.group, kind.kind): kind for kind in POLICY_KINDS}
_SUPPORT_BY_KIND = {(kind.group, kind.kind): kind for kind in SUPPORT_KINDS}

_GROUP_ALIASES = {"crd.projectcalico.org": "projectcalico.org"}
# Groups in which a policy of ours is an old version or a slip, not somebody else's kind.
_OWN_GROUPS = frozenset(("", "apps", "extensions", "networking", "networking.k8s.io", "policy", admin.GROUP))


def policy_kind(manifest: Manifest, cni: Cni | None = None) -> PolicyKind | None:
    """The kind of a policy that is read under the profile, or any, whatever its version; None for any other object."""
    kind = _BY_KIND.get((manifest.group, manifest.kind))
    return kind if kind is not None and (cni is None or kind.cni in (None, cni)) else None


def in_one_version(manifest: Manifest) -> Manifest:
    """The object under the newest version of its kind, for the admin kinds, whose versions say the same."""
    kind = _BY_KIND.get((manifest.group, manifest.kind))
    known = kind is not None and manifest.group == admin.GROUP and manifest.version in kind.also
    return replace(manifest, version=kind.version) if kind is not None and known else manifest


def depends_on_cni(manifest: Manifest) -> bool:
    """True if how the object is read depends on the profile: policies, and what they refer to."""
    key = (manifest.group, manifest.kind)
    return key in _BY_KIND or key in _SUPPORT_BY_KIND


def support_kind(manifest: Manifest, cni: Cni | None = None) -> SupportKind | None:
    """The kind of an object that policies refer to, if read under the profile, or any; None for any other object."""
    kind = _SUPPORT_BY_KIND.get((manifest.group, manifest.kind))
    return kind if kind is not None and cni in (None, kind.cni) else None


def misplaced(manifest: Manifest) -> str | None:
    """The message about a policy under a wrong name, group or profile; None for any other object."""
    group, kind = _GROUP_ALIASES.get(manifest.group, manifest.group), manifest.kind
    if is_staged(manifest):
        return None  # enforced by nobody
    engine = _BY_KIND.get((manifest.group, kind)) or _SUPPORT_BY_KIND.get((manifest.group, kind))
    if engine is not None and engine.cni is not None:
        return (
            f"{kind} of {manifest.api_version} needs the option cni {engine.cni}; to skip it, ignore "
            f"the kind {kind}.{manifest.group}, and each answer says so"
        )
    for known in POLICY_KINDS:
        if known.cni is None and known.kind.lower() == kind.lower() and group in _OWN_GROUPS:
            return f"found {manifest.api_version} {kind}, expected {known.api_version} {known.kind}"
    if group == admin.GROUP:
        kinds = ", ".join(known.kind for known in POLICY_KINDS if known.group == admin.GROUP)
        return f"found {manifest.api_version} {kind}, expected one of the kinds {kinds}"
    return None


def is_staged(manifest: Manifest) -> bool:
    """True of a policy of Calico that is not enforced, whichever implementation is asked about."""
    group = _GROUP_ALIASES.get(manifest.group, manifest.group)
    return manifest.kind.startswith("Staged") and group == "projectcalico.org"


def of_one_implementation(manifest: Manifest) -> bool:
    """True if only one implementation has the kind: a policy, or what policies refer to."""
    kind = policy_kind(manifest) or support_kind(manifest)
    return kind is not None and kind.cni is not None


def read_policy(manifest: Manifest, kind: PolicyKind, whole: Field, context: Context) -> tuple[Policy, ...]:
    """The policies of an object, with `whole` the cursor on it; they count only if no problem has been reported."""
    if manifest.version not in (kind.version, *kind.also):
        versions = " or ".join(f'"{kind.group}/{version}"' for version in (kind.version, *kind.also))
        noun = "versions" if kind.also else "version"
        are = "are" if kind.also else "is"
        whole.get("apiVersion").expected(f"{versions}, the {noun} of {kind.kind} that {are} supported")
        return ()
    whole.only("apiVersion", "kind", "metadata", *kind.fields, "status")
    _check_names(manifest, whole)
    spec = whole.get("spec")
    optional = kind.namespaced or len(kind.fields) > 1
    if not isinstance(spec.value, dict) and (spec.present or not optional):
        spec.expected("an object")
        return ()
    ref = PolicyRef(kind=kind.kind, namespace=manifest.namespace, name=manifest.name)
    found = kind.lower(whole, ref, context)
    if manifest.group != network_policy.KIND.group:
        for name in kind.fields:
            _without_nulls(whole.get(name))
    return found if isinstance(found, tuple) else (found,)


def read_support(manifest: Manifest, kind: SupportKind, whole: Field) -> object:
    """The part of a supporting object that policies need; it counts only if no problem has been reported."""
    if manifest.version not in kind.versions:
        versions = " or ".join(f"{kind.group}/{version}" for version in kind.versions)
        whole.get("apiVersion").expected(f"{versions}, the versions of {kind.kind} that are supported")
        return None
    whole.only("apiVersion", "kind", "metadata", "spec", "status")
    _check_names(manifest, whole)
    found = kind.read(whole)
    _without_nulls(whole.get("spec"))
    return found


def _check_names(manifest: Manifest, whole: Field) -> None:
    name = whole.get("metadata").get("name")
    if not is_subdomain(manifest.name):
        name.expected("a name: at most 253 of a-z, 0-9, dashes and dots, begun and ended by a letter or digit")
    if manifest.namespace and not is_namespace_name(manifest.namespace):
        whole.get("metadata").get("namespace").expected("a DNS label: at most 63 of a-z, 0-9 and dashes")


def _without_nulls(spec: Field) -> None:
    """Note nulls in a kind that is no built-in one: the server leaves such a field out, and refuses such an item.

    Not so the server of Calico's API, which has the empty value in the place of the item.
    """
    noted = {notice.origin.path for notice in spec.place.notices if notice.origin is not None}
    reported = {problem.path for problem in spec.place.problems} | noted
    waiting = [spec]
    while waiting:
        field = waiting.pop()
        if isinstance(field.value, dict):
            for name, value in field.value.items():
                child = field.get(name)
                if value is not None:
                    waiting.append(child)
                elif child.path not in reported:
                    child.null_is("nothing")
        elif isinstance(field.value, list):
            waiting += field.items()
            for item in field.items():
                if item.value is None and item.path not in reported and not spec.place.built_in:
                    item.expected(NO_NULL)
