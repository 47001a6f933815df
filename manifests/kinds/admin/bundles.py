"""The CRDs of network-policy-api in the input: their annotations tell which fields the admin kinds have.

| Annotation | Holds |
|---|---|
| policy.networking.k8s.io/channel | `standard` or `experimental` |
| policy.networking.k8s.io/bundle-version | a release, such as `v0.3.0` |

`nodes`, `domainNames` and `namedPort` are in the experimental channel of every bundle; `destinationNamedPort` was in
the standard channel up to v0.2.0. Where the input has no CRD of a kind, or one without the annotation, the kind has the
fields of the experimental channel. The option `channel` comes before all of this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reachproof.manifests.inventory import different
from reachproof.manifests.object_identity import Manifest
from reachproof.network.errors import Problem
from reachproof.network.options import Channel

CHANNEL = "policy.networking.k8s.io/channel"
VERSION = "policy.networking.k8s.io/bundle-version"
_KINDS = {
    f"{kind.lower().removesuffix('y')}ies.policy.networking.k8s.io": kind
    for kind in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy")
}
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+).*")
_LAST_WITH_NAMES = (0, 2, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Annotations of the CRD of a kind; `where`: how problems name it. `version` is empty where it says none."""

    channel: Channel | None
    version: str
    where: str

    @property
    def standard_names(self) -> bool | None:
        """True if the standard channel has `destinationNamedPort`; None for a version that is not known."""
        found = _VERSION.fullmatch(self.version)
        return None if found is None else tuple(map(int, found.groups())) <= _LAST_WITH_NAMES


def is_crd(manifest: Manifest) -> bool:
    """True if the object is the CRD of an admin kind."""
    return (manifest.group, manifest.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition") and (
        manifest.name in _KINDS
    )


def shown(manifest: Manifest) -> str:
    """The kind, its channel and its bundle, as far as the CRD tells."""
    return " ".join((_KINDS[manifest.name], *_annotations(manifest)))


def bundles(crds: Iterable[Manifest], problems: list[Problem]) -> dict[str, Bundle]:
    """The bundle of each kind that has a CRD; adds CRDs of one name that say different things."""
    found: dict[str, Bundle] = {}
    first: dict[str, Manifest] = {}
    for each in crds:
        other = first.setdefault(each.name, each)
        if shown(other) != shown(each):
            problems.append(each.problem(different(other.origin)))
        channel, version = _annotations(each)
        known = Channel(channel) if channel in list(Channel) else None
        where = f"the CRD {each.name} ({each.origin})"
        found.setdefault(_KINDS[each.name], Bundle(channel=known, version=version, where=where))
    return found


def _annotations(manifest: Manifest) -> tuple[str, str]:
    metadata = manifest.body.get("metadata")
    notes = metadata.get("annotations") if isinstance(metadata, dict) else None
    found = notes if isinstance(notes, dict) else {}
    channel, version = (each if isinstance(each, str) else "" for each in (found.get(CHANNEL), found.get(VERSION)))
    return channel, version
