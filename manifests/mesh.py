"""Pods that have a sidecar although their labels do not ask for one, or none although they do; and what is assumed.

Injection happens when a pod is made. A running pod shows its outcome, and then that counts, not what labels of today
would do; of a pod that is still a file, an annotation counts where there is no label. `network.mesh` looks at labels
only, so here a pod is given the label that says what was seen.

Trusted by every verdict about policies of Istio; checked by tests/manifests/test_mesh.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reachproof.manifests.pods import PodEntry
from reachproof.network.cluster import Namespace, Notice, Pod
from reachproof.network.labels import Labels
from reachproof.network.mesh import INJECT, INJECTED, SIDECAR
from reachproof.network.policy import Policy, TierName
from reachproof.network.predicate import Holder, holds

_NAMED = 3
_WAYPOINT = "istio.io/use-waypoint"


def in_use(policies: Iterable[Policy]) -> bool:
    """Whether any of these is a policy of Istio."""
    return any(policy.tier is TierName.ISTIO for policy in policies)


def as_injected(entries: Iterable[PodEntry], namespaces: Iterable[Namespace]) -> tuple[PodEntry, ...]:
    """The pods with labels that say whether they have a sidecar, where something else than labels shows it."""
    homes = {namespace.name: namespace.labels for namespace in namespaces}
    return tuple(_as_injected(entry, homes[entry.pod.namespace]) for entry in entries)


def _as_injected(entry: PodEntry, home: Labels) -> PodEntry:
    pod = entry.pod
    asked = holds(SIDECAR, {Holder.POD: pod.labels, Holder.NAMESPACE: home})
    if entry.sidecar is None or entry.sidecar is asked or pod.host_network:
        return entry
    shown = {INJECTED: "istio"} if entry.sidecar else {INJECT: "false"}
    kept = {key: value for key, value in pod.labels.items() if entry.sidecar or key != INJECTED}
    return replace(entry, pod=replace(pod, labels={**kept, **shown}))


def assumptions() -> tuple[Notice, ...]:
    """What every answer rests on where there are policies of Istio."""
    text = (
        "the mesh of Istio: pods are in it as labels and containers show; it sees all TCP to them (no excluded port, "
        "no waypoint; ports 15020, 15021 and 15090 of a sidecar do not count); no DestinationRule turns mutual TLS "
        "off; istio-system is its root namespace"
    )
    return (Notice(code="MESH_ASSUMED", text=text),)


def waypoints(entries: Iterable[PodEntry], namespaces: Iterable[Namespace]) -> tuple[Notice, ...]:
    """The namespaces and pods that what comes to them reaches through a waypoint, against what is assumed."""
    named = [(f"namespace {each.name}", each.labels, each.origin) for each in namespaces]
    named += [(f"pod {each.pod}", each.pod.labels, each.pod.origin) for each in entries]
    return tuple(
        Notice(
            code="WAYPOINT_IN_USE",
            text=f"{name} is behind the waypoint {labels[_WAYPOINT]}, which is not modelled: who calls is judged as if "
            "it were not there",
            origin=origin,
        )
        for name, labels, origin in named
        if labels.get(_WAYPOINT, "none") != "none"
    )


def warnings(before: Iterable[PodEntry], after: Iterable[PodEntry]) -> tuple[Notice, ...]:
    """The running pods that were to get a sidecar and have none: policies of Istio do not protect them."""
    bare: list[Pod] = [
        new.pod
        for old, new in zip(before, after, strict=True)
        if old.pod is not new.pod and not new.sidecar and not new.pod.abstract
    ]
    if not bare:
        return ()
    names = ", ".join(map(str, bare[:_NAMED])) + (f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else "")
    text = (
        f"labels ask for a sidecar, and there is none, so policies of Istio do not hold: {names}; restart what is meant"
    )
    return (Notice(code="SIDECAR_MISSING", text=text, origin=bare[0].origin),)
