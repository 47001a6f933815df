"""Pods in the mesh of Istio, by labels and by what running pods show; and what the input says of the mesh as a whole.

| Pods | By |
|---|---|
| with a sidecar | what a running pod shows, else the label that injection leaves, else what the webhooks select |
| gateway | its proxy routes for others: shown by its container, or asked for by its template |
| ambient | no proxy; what a running pod shows (its annotation), else its data plane mode, else that of its namespace |
| unclear | whether ztunnel takes its traffic is not known: a proxy and ztunnel both, or half of an enrolment |

Pods of the host network are never in it. What a pod shows is `Pod.mesh`, by the keys of this module; it is there only
where it differs from what labels ask for, and possible pods show nothing. Trusted by every verdict about a mesh of
Istio; checked by tests/engine_profiles/test_istio_membership.py and tests/agreement/test_istio.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reachproof.network.cluster import Namespace, Pod, Service
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import EVERYTHING, NAMESPACE_NAME, Labels, Operator, Requirement, Selector
from reachproof.network.options import AmbientPort
from reachproof.network.policy import PodSet
from reachproof.network.ports import Protocol, place, port_range
from reachproof.network.predicate import Holder, Needs, Predicate, both, either, negated
from reachproof.network.snapshot import Snapshot

INJECT = "sidecar.istio.io/inject"
INJECTED = "security.istio.io/tlsMode"
"""The label of a pod that has been given a sidecar, with the value `istio`."""
MODE = "istio.io/dataplane-mode"
TUNNEL = "networking.istio.io/tunnel"
USE_WAYPOINT = "istio.io/use-waypoint"
WAYPOINT_NAMESPACE = "istio.io/use-waypoint-namespace"
YES_TEXTS = ("ON", "On", "TRUE", "True", "Y", "YES", "Yes", "on", "true", "y", "yes")
"""What the injector takes for a yes."""
HBONE_PORT = 15008
HBONE = place(Protocol.TCP, HBONE_PORT)
_REVISION, _INJECTION = "istio.io/rev", "istio-injection"

# What a pod shows. PROXY: `yes` or `no`; AMBIENT_MODE: these or `perhaps`; GATEWAY_PROXY, BYPASS, INBOUND_OPEN and
# OUTBOUND_OPEN: `yes`; INBOUND and OUTBOUND: the TCP ports that its sidecar does not capture, as `ports_text`; ZTUNNEL,
# of a pod of ztunnel: an AmbientPort. CAPTURE, beside INBOUND_OPEN or OUTBOUND_OPEN: the annotations that say so.
PROXY, GATEWAY_PROXY, AMBIENT_MODE, BYPASS = "proxy", "gateway", "ambient", "bypass"
INBOUND, INBOUND_OPEN = "inbound", "inbound not known"
OUTBOUND, OUTBOUND_OPEN = "outbound", "outbound not known"
ZTUNNEL, CAPTURE = "ztunnel", "annotations of what is captured"
YES, NO, PERHAPS = "yes", "no", "perhaps"


def _is(of: Holder, key: str, *values: str) -> Predicate:
    return Needs(Requirement(key, Operator.IN, tuple(sorted(values))), of)


def _has(of: Holder, key: str) -> Predicate:
    return Needs(Requirement(key, Operator.EXISTS), of)


def shows(key: str, *values: str) -> Predicate:
    """The pod shows this."""
    return _is(Holder.MESH, key, *values)


def _shown_or(key: str, asked: Predicate) -> Predicate:
    return either(shows(key, YES), both(negated(_has(Holder.MESH, key)), asked))


_SELECTED = either(
    _is(Holder.NAMESPACE, _INJECTION, "enabled"),
    both(
        negated(_has(Holder.NAMESPACE, _INJECTION)),
        either(_has(Holder.NAMESPACE, _REVISION), _has(Holder.POD, _REVISION), _is(Holder.POD, INJECT, "true")),
    ),
)
ASKS_FOR_SIDECAR = either(
    _is(Holder.POD, INJECTED, "istio"),
    both(_SELECTED, either(negated(_has(Holder.POD, INJECT)), _is(Holder.POD, INJECT, "", *YES_TEXTS))),
)
"""Pods whose labels, and those of their namespace, ask for a proxy."""
ASKS_FOR_AMBIENT = either(
    _is(Holder.POD, MODE, "ambient"),
    both(_is(Holder.NAMESPACE, MODE, "ambient"), negated(_is(Holder.POD, MODE, "none"))),
)
"""Pods whose labels, or those of their namespace, ask for ztunnel."""
_TAKES_HBONE = _is(Holder.POD, TUNNEL, "http")
_PROXIED = _shown_or(PROXY, ASKS_FOR_SIDECAR)
_ROUTES = shows(GATEWAY_PROXY, YES)
UNCLEAR = shows(AMBIENT_MODE, PERHAPS)
"""Pods of which it is not known whether ztunnel takes their traffic."""
GATEWAY = both(_ROUTES, negated(UNCLEAR))
"""Gateways: their proxy routes for others, and asks for no mutual TLS by PeerAuthentication."""
SIDECAR = both(_PROXIED, negated(_ROUTES), negated(UNCLEAR))
"""Pods that have, or will get, a sidecar."""
AMBIENT = both(negated(_PROXIED), negated(_ROUTES), _shown_or(AMBIENT_MODE, either(ASKS_FOR_AMBIENT, _TAKES_HBONE)))
"""Pods whose traffic ztunnel takes."""
BYPASSED = both(AMBIENT, shows(BYPASS, YES))
"""Ambient pods that ztunnel leaves alone in what comes to them."""
TUNNELED = both(either(SIDECAR, GATEWAY), _TAKES_HBONE)
"""Pods whose own proxy takes HBONE."""
IN_MESH = either(SIDECAR, AMBIENT, GATEWAY, UNCLEAR)
_BEHIND_WAYPOINT = either(
    both(_has(Holder.POD, USE_WAYPOINT), negated(_is(Holder.POD, USE_WAYPOINT, "none"))),
    both(
        _has(Holder.NAMESPACE, USE_WAYPOINT),
        negated(_is(Holder.NAMESPACE, USE_WAYPOINT, "none")),
        negated(_is(Holder.POD, USE_WAYPOINT, "none")),
    ),
)


def pods(where: Predicate) -> PodSet:
    """The pods of which the predicate is true."""
    return PodSet(EVERYTHING, EVERYTHING, where=where)


def ports_text(numbers: Iterable[tuple[int, int]]) -> str:
    """Ranges of port numbers as text, `80,8000-8080`."""
    return ",".join(f"{low}-{high}" if low != high else str(low) for low, high in numbers)


def ports_of(text: str) -> IntervalSet:
    """The TCP ports of such a text."""
    found = EMPTY
    for part in text.split(",") if text else ():
        low, _, high = part.partition("-")
        found = found | port_range(Protocol.TCP, int(low), int(high or low))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Istio's mesh as the objects of a snapshot show it.

    `ambient`: there is something in ambient mode. `port`: what the network sees of HBONE. `inbound` and `outbound`: the
    texts that pods show of ports that their sidecars do not capture. `waypoints`: the pods that a waypoint may stand
    before, and `asked_waypoints` who asks for which. `tunnel_names`: names that a pod gives to the port of HBONE.
    `doubts`: of some pods it is not known what of their traffic the mesh takes; `unclear`: the annotations by which.
    """

    ambient: bool = False
    port: AmbientPort = AmbientPort.HBONE
    inbound: tuple[str, ...] = ()
    outbound: tuple[str, ...] = ()
    waypoints: tuple[PodSet, ...] = ()
    asked_waypoints: tuple[str, ...] = ()
    tunnel_names: frozenset[str] = frozenset()
    doubts: bool = False
    unclear: tuple[str, ...] = ()


NO_MESH = Mesh()


def in_ambient_mode(namespaces: Iterable[Namespace], found: Iterable[Pod]) -> bool:
    """True if something is in ambient mode, or is said to be."""
    return any(each.labels.get(MODE) == "ambient" for each in namespaces) or any(
        pod.mesh.get(AMBIENT_MODE) in (YES, PERHAPS)
        or pod.labels.get(MODE) == "ambient"
        or pod.labels.get(TUNNEL) == "http"
        for pod in found
    )


def mesh_of(snapshot: Snapshot) -> Mesh:
    """The mesh of a snapshot, made once; the option comes before what ztunnel shows."""
    return snapshot.derived(_mesh)


def _mesh(snapshot: Snapshot) -> Mesh:
    spaces, members, port = snapshot.namespaces, snapshot.pods, snapshot.options.ambient_port
    ambient = in_ambient_mode(spaces, members)
    if not ambient and not any(pod.mesh for pod in members):
        return NO_MESH
    return Mesh(
        ambient=ambient,
        port=port or ambient_port(members) or AmbientPort.HBONE,
        inbound=_texts(members, INBOUND),
        outbound=_texts(members, OUTBOUND),
        waypoints=_waypoints(spaces, members, snapshot.services) if ambient else (),
        asked_waypoints=_asked_waypoints(spaces, members, snapshot.services) if ambient else (),
        tunnel_names=frozenset(
            port_.name
            for pod in members
            for port_ in pod.ports
            if port_.number == HBONE_PORT and port_.protocol is Protocol.TCP
        ),
        unclear=tuple(
            sorted(
                {
                    f"{pod.namespace}/{pod.workload or pod.name}: {pod.mesh[CAPTURE]}"
                    for pod in members
                    if CAPTURE in pod.mesh
                }
            )
        ),
        doubts=any(OUTBOUND_OPEN in pod.mesh or pod.mesh.get(AMBIENT_MODE) == PERHAPS for pod in members),
    )


def ambient_port(found: Iterable[Pod]) -> AmbientPort | None:
    """The setting that the pods of ztunnel show; unknown where they disagree, None where there are none."""
    shown = {pod.mesh[ZTUNNEL] for pod in found if ZTUNNEL in pod.mesh}
    if not shown:
        return None
    return AmbientPort(shown.pop()) if len(shown) == 1 else AmbientPort.UNKNOWN


def _texts(found: Iterable[Pod], key: str) -> tuple[str, ...]:
    return tuple(sorted({pod.mesh[key] for pod in found if key in pod.mesh}))


def _waypoints(
    namespaces: Iterable[Namespace], found: Iterable[Pod], services: Iterable[Service]
) -> tuple[PodSet, ...]:
    marks = [*(each.labels for each in namespaces), *(each.labels for each in found)]
    labelled = any(each.get(USE_WAYPOINT, "none") != "none" for each in marks)
    chosen = (each for each in services if each.waypoint and each.selector is not None)
    return (
        *((pods(_BEHIND_WAYPOINT),) if labelled else ()),
        *(PodSet(Selector.equal(NAMESPACE_NAME, each.namespace), each.selector or EVERYTHING) for each in chosen),
    )


def asked_waypoint(labels: Labels) -> str:
    """The waypoint that labels ask for, with its namespace if they name one; empty where they ask for none."""
    name, namespace = labels.get(USE_WAYPOINT, ""), labels.get(WAYPOINT_NAMESPACE, "")
    return "" if name in ("", "none") else f"{namespace}/{name}"


def _asked_waypoints(
    namespaces: Iterable[Namespace], found: Iterable[Pod], services: Iterable[Service]
) -> tuple[str, ...]:
    """Askers of waypoints, as texts; pods of one workload are one."""
    asking = [(f"namespace {each.name}", asked_waypoint(each.labels)) for each in namespaces]
    asking += [(f"pod {each.namespace}/{each.workload or each.name}", asked_waypoint(each.labels)) for each in found]
    asking += [(f"service {each}", each.waypoint) for each in services]
    return tuple(sorted({f"{who}: {waypoint}" for who, waypoint in asking if waypoint}))
