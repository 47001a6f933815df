"""The pods that a custom resource makes, as the input tells them, and what a resource says besides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reachproof.manifests.kinds.kubernetes.pods import PodEntry
from reachproof.manifests.kinds.routes.ways_in import Route
from reachproof.manifests.object_identity import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePods:
    """The pods that an object makes: entries, each of which stands for all that are alike.

    `route`: the way in that the object is as well.
    """

    entries: tuple[PodEntry, ...]
    route: Route | None = None


def made_of(
    manifest: Manifest,
    entry: PodEntry,
    *,
    known: Mapping[str, str],
    unknown: Iterable[str],
    replicas: int,
    suffix: str = "",
) -> PodEntry:
    """The entry with the labels that an operator gives the pods; of the `unknown` ones the value is not known."""
    labels = {**entry.pod.labels, **known}
    workload, name = f"{manifest.kind}/{manifest.name}", f"{manifest.name}{suffix}"
    pod = replace(entry.pod, labels=labels, replicas=max(replicas, 1), workload=workload, name=name)
    return replace(entry, pod=pod, unknown=frozenset(unknown) - set(labels))
