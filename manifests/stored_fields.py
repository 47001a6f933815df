"""The fields of an object that are stored: those that its reader looks at, and no other.

So env, images, volumes, annotations, managed fields and the like never get into a store, and of a kind that cannot
matter (Secret; ConfigMap, but for the settings of Cilium's that are read) not even the name. Objects of the inventory
are read once more to see what that looks at. Policies and what they refer to are read differently under other options,
so of these the whole spec is stored. That nothing is missing is checked at every storing (`stored_snapshot`) and by
tests/manifests/test_stored.py.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from reachproof.manifests.inventory import reader_of
from reachproof.manifests.inventory_fields import Misfit, Watched
from reachproof.manifests.kinds.admin import bundles
from reachproof.manifests.kinds.calico.objects import METADATA
from reachproof.manifests.kinds.cilium import own_cluster
from reachproof.manifests.kinds.istio.policies import DRY_RUN
from reachproof.manifests.kinds.not_read import objects as not_read
from reachproof.manifests.kinds.registry import depends_on_cni, support_kind
from reachproof.manifests.kinds.unmodelled import REQUEST_AUTHENTICATION
from reachproof.manifests.object_identity import Manifest, identify
from reachproof.manifests.yaml_document import Document


def kept(document: Document) -> tuple[Manifest, dict[str, Any]] | None:
    """The object of a document and its stored fields; None for one that is not looked at."""
    assert isinstance(document.value, dict)
    watched = Watched(document.value)
    manifest = identify(replace(document, value=watched), [])
    if manifest is None:
        return None
    if depends_on_cni(manifest) or (manifest.group, manifest.kind) == REQUEST_AUTHENTICATION:
        support = support_kind(manifest)
        _look_at_policy(watched, labelled=support is not None and support.labelled)
    elif not_read.acts(manifest):
        watched.whole(*not_read.contents(manifest))
    elif own_cluster.is_config(manifest):
        own_cluster.cluster_name([manifest], [])
    elif bundles.is_crd(manifest):
        bundles.shown(manifest)
    elif (reader := reader_of(manifest)) is not None:
        with suppress(Misfit):  # then nothing is stored
            reader(manifest)
    elif not not_read.matters(manifest):
        return None
    return manifest, watched.seen()


def _look_at_policy(body: Watched, *, labelled: bool) -> None:
    body.whole("spec", "specs")
    metadata = body.get("metadata")
    if isinstance(metadata, Watched):
        metadata.whole(*(("labels",) if labelled else ()))
        annotations = metadata.get("annotations")
        if isinstance(annotations, Watched):
            annotations.get(METADATA if labelled else DRY_RUN)
