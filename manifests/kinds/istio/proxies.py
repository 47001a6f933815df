"""Signs of Istio's mesh on a pod object: its annotations, and the proxies among its containers.

| Sign | Shows |
|---|---|
| container `istio-proxy` | a sidecar; with the argument `router` a gateway, with `ztunnel` a pod of ztunnel |
| `inject.istio.io/templates` | `gateway`: a gateway; one of gRPC: traffic is not captured as a sidecar does |
| `ambient.istio.io/redirection` of a running pod | `enabled`: ambient; `pending`: perhaps; else not |
| `networking.istio.io/tunnel: http`, the label | a running pod without a proxy is as good as ambient |
| `ambient.istio.io/bypass-inbound-capture` | ztunnel leaves alone what comes to it |
| `traffic.sidecar.istio.io/...`, `status.sidecar.istio.io/port`, `.../interceptionMode` | what a sidecar captures |
| TRANSPARENT_NETWORK_POLICIES in the environment of ztunnel | what the network sees of HBONE |

A setting that cannot be read leaves it open what is captured. The keys are those of `engines.istio.membership`.
Trusted by every verdict about a mesh of Istio; checked by tests/manifests/test_mesh.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from reachproof.engines.istio import membership as mesh
from reachproof.engines.istio.membership import INJECT, PERHAPS, YES, YES_TEXTS
from reachproof.manifests.inventory_fields import Fields
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.options import AmbientPort
from reachproof.network.ports import MAX_PORT, Protocol, port_range

PROXY = "istio-proxy"
"""The name of the container that a sidecar of Istio is."""
ROUTER, ZTUNNEL = "router", "ztunnel"
"""Arguments by which the proxy of a gateway, and ztunnel, can be told."""
TRANSPARENT = "TRANSPARENT_NETWORK_POLICIES"
_TRAFFIC = "traffic.sidecar.istio.io"
_REDIRECTION, _BYPASS = "ambient.istio.io/redirection", "ambient.istio.io/bypass-inbound-capture"
_TEMPLATES, _MODE, _STATUS = (
    "inject.istio.io/templates",
    "sidecar.istio.io/interceptionMode",
    "status.sidecar.istio.io/port",
)
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
"""What Go's strconv.ParseBool takes for true."""
_EXCLUDED_IN, _INCLUDED_IN = f"{_TRAFFIC}/excludeInboundPorts", f"{_TRAFFIC}/includeInboundPorts"
_EXCLUDED_OUT, _INTERFACES = f"{_TRAFFIC}/excludeOutboundPorts", f"{_TRAFFIC}/excludeInterfaces"
_EXCLUDED_RANGES, _INCLUDED_RANGES = f"{_TRAFFIC}/excludeOutboundIPRanges", f"{_TRAFFIC}/includeOutboundIPRanges"
_CAPTURING = (
    *(_TEMPLATES, _MODE, _STATUS, _EXCLUDED_IN, _INCLUDED_IN),
    *(_EXCLUDED_OUT, _INTERFACES, _EXCLUDED_RANGES, _INCLUDED_RANGES),
)
_ALL = port_range(Protocol.TCP)


def true(text: object) -> bool:
    """True if a setting is true as Go reads it."""
    return str(text) in _TRUE or text is True


def proxies_of(spec: Fields) -> list[Fields]:
    """The containers that are the proxy of Istio, or ztunnel."""
    return [
        each for name in ("containers", "initContainers") for each in spec.objects(name) if each.says("name", PROXY)
    ]


def sidecar(metadata: Fields, proxies: list[Fields], *, running: bool) -> bool | None:
    """True if one of the proxies is not ztunnel's.

    Where there is none, and the pod is not running, the value of the annotation, unless there is a label; else None.
    """
    there = any(ZTUNNEL not in _args(each) for each in proxies)
    if there or running:
        return there
    asked = metadata.object("annotations", lax=True).get(INJECT)
    return None if asked is None or INJECT in metadata.labels() else str(asked) in YES_TEXTS


def signs(metadata: Fields, proxies: list[Fields], *, running: bool) -> dict[str, str]:
    """The signs of the pod, by the keys of `engines.istio.membership`; of the ambient mode only where it is running."""
    annotations = metadata.object("annotations", lax=True)
    found: dict[str, str] = {}
    if any(ROUTER in _args(each) for each in proxies) or "gateway" in str(annotations.get(_TEMPLATES, "")):
        found[mesh.GATEWAY_PROXY] = YES
    if running and (mode := _ambient(annotations, metadata, proxied=bool(proxies))):
        found[mesh.AMBIENT_MODE] = mode
    if true(annotations.get(_BYPASS)):
        found[mesh.BYPASS] = YES
    ztunnel = [each for each in proxies if ZTUNNEL in _args(each)]
    if ztunnel:
        found[mesh.ZTUNNEL] = _seen_port(ztunnel)
    if annotations:
        found |= _captured(annotations)
    return found


def _args(container: Fields) -> list[str]:
    return container.some("args", lambda each: each in (ROUTER, ZTUNNEL))


def _ambient(annotations: Fields, metadata: Fields, *, proxied: bool) -> str | None:
    match annotations.get(_REDIRECTION):
        case "enabled":
            return YES
        case "pending":
            return PERHAPS
        case _:
            tunneled = metadata.object("labels", lax=True).get(mesh.TUNNEL) == "http"
            return YES if tunneled and not proxied else None


def _seen_port(containers: Iterable[Fields]) -> str:
    found = AmbientPort.HBONE
    known = {"true": AmbientPort.ORIGINAL, "false": AmbientPort.HBONE}
    for container in containers:
        variables = map(Fields, container.some("env", _is_transparent))
        for text in {each.get("name"): str(each.get("value", "?")) for each in variables}.values():
            found = known.get(text.lower(), AmbientPort.UNKNOWN)
    return str(found)


def _is_transparent(variable: object) -> bool:
    return isinstance(variable, dict) and variable.get("name") == TRANSPARENT


# ---------------------------------------------------------------- what a sidecar captures


def _captured(annotations: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    odd = annotations.get(_MODE) == "NONE" or "grpc" in str(annotations.get(_TEMPLATES, ""))
    odd = odd or bool(annotations.get(_INTERFACES))
    inbound, outbound = _uncaptured(annotations), _numbers(annotations.get(_EXCLUDED_OUT))
    if odd or inbound is None:
        found[mesh.INBOUND_OPEN] = YES
    elif inbound:
        found[mesh.INBOUND] = mesh.ports_text(inbound)
    ranges = annotations.get(_EXCLUDED_RANGES) or annotations.get(_INCLUDED_RANGES, "*") != "*"
    if odd or outbound is None or ranges:
        found[mesh.OUTBOUND_OPEN] = YES
    if outbound:
        found[mesh.OUTBOUND] = mesh.ports_text(outbound)
    if mesh.INBOUND_OPEN in found or mesh.OUTBOUND_OPEN in found:
        found[mesh.CAPTURE] = "; ".join(
            f"{key}: {annotations.get(key)}" for key in _CAPTURING if annotations.get(key) is not None
        )
    return found


def _uncaptured(annotations: Fields) -> IntervalSet | None:
    """The ports that are not captured of what comes in; None where that cannot be read. A list of ports to capture
    comes before one of ports to leave out."""
    included = annotations.get(_INCLUDED_IN, "*")
    if included != "*":
        listed = _numbers(included)
        return None if listed is None else _ALL - listed
    excluded, status = _numbers(annotations.get(_EXCLUDED_IN)), _numbers(annotations.get(_STATUS))
    return None if excluded is None or status is None else excluded | status


def _numbers(value: object) -> IntervalSet | None:
    """Port numbers with commas between; None where it is something else."""
    found = EMPTY
    for text in str(value if value is not None else "").split(","):
        number = text.strip()
        if not number:
            continue
        if not (number.isascii() and number.isdecimal() and 1 <= int(number) <= MAX_PORT):
            return None
        found = found | port_range(Protocol.TCP, int(number), int(number))
    return found
