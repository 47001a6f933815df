"""Pods as the mesh of Istio has them: what they show where their labels would say something else; and what is assumed.

A proxy is injected, and a pod enrolled, when it is made. A running pod shows its outcome, and then that counts, not
what labels of today would do; of a pod that is still a file, labels count, and an annotation where there is no label.

Trusted by every verdict about policies of Istio; checked by tests/manifests/test_mesh.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reachproof.engines.istio.membership import (
    AMBIENT_MODE,
    ASKS_FOR_AMBIENT,
    ASKS_FOR_SIDECAR,
    GATEWAY_PROXY,
    NO,
    PERHAPS,
    PROXY,
    YES,
    ZTUNNEL,
    ambient_port,
    in_ambient_mode,
)
from reachproof.engines.own_tiers import MESH
from reachproof.manifests.kinds.kubernetes.pods import PodEntry
from reachproof.network.cluster import Namespace, Notice, Pod
from reachproof.network.labels import Labels
from reachproof.network.options import AmbientPort, Options
from reachproof.network.policy import Policy
from reachproof.network.predicate import Holder, holds

_NAMED = 3


def in_use(policies: Iterable[Policy], entries: Iterable[PodEntry], namespaces: Iterable[Namespace]) -> bool:
    """True if anything of a mesh can change a verdict: a policy of Istio, or something in ambient mode."""
    if any(policy.tier == MESH for policy in policies):
        return True
    given = tuple(entries)
    return in_ambient_mode(namespaces, (entry.pod for entry in given)) or any(
        entry.signs.get(AMBIENT_MODE) for entry in given
    )


def as_seen(entries: Iterable[PodEntry], namespaces: Iterable[Namespace]) -> tuple[PodEntry, ...]:
    """The pods with what they show of the mesh."""
    homes = {namespace.name: namespace.labels for namespace in namespaces}
    return tuple(_as_seen(entry, homes[entry.pod.namespace]) for entry in entries)


def _as_seen(entry: PodEntry, home: Labels) -> PodEntry:
    pod = entry.pod
    if pod.host_network:
        shown = {ZTUNNEL: entry.signs[ZTUNNEL]} if ZTUNNEL in entry.signs else {}
    else:
        shown = {key: value for key, value in entry.signs.items() if key != AMBIENT_MODE}
        shown |= _enrolled(entry, {Holder.POD: pod.labels, Holder.NAMESPACE: home})
    return replace(entry, pod=replace(pod, mesh=shown)) if shown else entry


def _enrolled(entry: PodEntry, labels: dict[Holder, Labels]) -> dict[str, str]:
    """True if it has a proxy and is ambient, where that is not what labels ask for."""
    found: dict[str, str] = {}
    asked = holds(ASKS_FOR_SIDECAR, labels)
    proxied = asked if entry.sidecar is None else entry.sidecar
    if proxied is not asked:
        found[PROXY] = YES if proxied else NO
    wanted = holds(ASKS_FOR_AMBIENT, labels)
    mode = entry.signs.get(AMBIENT_MODE, NO) if entry.running else YES if wanted else NO
    routes = GATEWAY_PROXY in entry.signs
    if mode == PERHAPS or (mode == YES and (routes or (proxied and entry.running and AMBIENT_MODE in entry.signs))):
        found[AMBIENT_MODE] = PERHAPS
    elif mode != (YES if wanted else NO):
        found[AMBIENT_MODE] = mode
    return found


def assumptions(entries: Iterable[PodEntry], namespaces: Iterable[Namespace], options: Options) -> tuple[Notice, ...]:
    """Assumptions of every answer where there is a mesh of Istio."""
    pods = [entry.pod for entry in entries]
    told = options.ambient_port or ambient_port(pods)
    parts = [
        "the mesh of Istio: pods are in it as labels, annotations and containers show",
        "a sidecar captures all TCP of its pod but for what annotations say",
        "no DestinationRule turns mutual TLS off",
        f"{options.root_namespace} is its root namespace",
    ]
    if told is None and in_ambient_mode(namespaces, pods):
        parts.append(
            f"between ambient pods the network sees tcp/{AmbientPort.HBONE} (HBONE), as long as ztunnel does not have "
            "TRANSPARENT_NETWORK_POLICIES (say so with the option ambientPort)"
        )
    return (Notice(code="MESH_ASSUMED", text="; ".join(parts)),)


def warnings(before: Iterable[PodEntry], after: Iterable[PodEntry]) -> tuple[Notice, ...]:
    """The running pods that were to get a sidecar, or ztunnel, and have none: policies of Istio do not protect them."""
    changed = [new for old, new in zip(before, after, strict=True) if old.pod is not new.pod and new.running]
    bare = [new.pod for new in changed if new.pod.mesh.get(PROXY) == NO]
    outside = [new.pod for new in changed if new.pod.mesh.get(AMBIENT_MODE) == NO and not new.sidecar]
    found = []
    if bare:
        text = (
            f"labels ask for a sidecar, and there is none, so policies of Istio do not hold: {_names(bare)}; restart "
            "what is meant"
        )
        found.append(Notice(code="SIDECAR_MISSING", text=text, origin=bare[0].origin))
    if outside:
        text = (
            "labels ask for ambient mode, and the annotation ambient.istio.io/redirection does not say enabled, so "
            f"ztunnel does not take the traffic of {_names(outside)}"
        )
        found.append(Notice(code="AMBIENT_MISSING", text=text, origin=outside[0].origin))
    return tuple(found)


def _names(pods: list[Pod]) -> str:
    more = f" and {len(pods) - _NAMED} more" if len(pods) > _NAMED else ""
    return ", ".join(map(str, pods[:_NAMED])) + more
