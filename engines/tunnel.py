"""The port that the network sees of a flow where it is not the flow's own, in words. No verdict rests on it.

Checked by tests/engine_profiles/test_tunnel.py.
"""

from __future__ import annotations

from reachproof.engines.istio.membership import (
    AMBIENT,
    BYPASSED,
    GATEWAY,
    OUTBOUND,
    SIDECAR,
    TUNNELED,
    UNCLEAR,
    mesh_of,
    ports_of,
)
from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow, Party
from reachproof.network.options import AmbientPort
from reachproof.network.ports import Protocol, place
from reachproof.network.predicate import Predicate, holds
from reachproof.network.snapshot import Snapshot

_HBONE = f"tcp/{AmbientPort.HBONE} (HBONE)"


def seen(snapshot: Snapshot, flow: Flow) -> str:
    """`, which the network sees as tcp/15008 (HBONE)`, or that it may; empty where it sees the flow as it is."""
    mesh = mesh_of(snapshot)
    if not mesh.ambient or mesh.port is AmbientPort.ORIGINAL or flow.protocol is not Protocol.TCP:
        return ""
    certain = _is(snapshot, flow.source, AMBIENT) and (
        _is(snapshot, flow.destination, TUNNELED)
        or (_is(snapshot, flow.destination, AMBIENT) and not _is(snapshot, flow.destination, BYPASSED))
    )
    if certain and mesh.port is AmbientPort.HBONE:
        return f", which the network sees as {_HBONE}"
    if certain or _perhaps(snapshot, flow):
        return f", which the network sees as that or as {_HBONE}"
    return ""


def _perhaps(snapshot: Snapshot, flow: Flow) -> bool:
    unclear = _is(snapshot, flow.destination, UNCLEAR)
    if _is(snapshot, flow.source, AMBIENT):
        return unclear or _is(snapshot, flow.destination, BYPASSED)
    sends = _is(snapshot, flow.source, UNCLEAR) or (
        (_is(snapshot, flow.source, SIDECAR) or _is(snapshot, flow.source, GATEWAY)) and not _leaves_out(flow)
    )
    return sends and (unclear or _is(snapshot, flow.destination, AMBIENT))


def _leaves_out(flow: Flow) -> bool:
    """True if the sidecar of the source does not capture what goes to the port."""
    pod = flow.source
    return isinstance(pod, Pod) and place(flow.protocol, flow.port) in ports_of(pod.mesh.get(OUTBOUND, ""))


def _is(snapshot: Snapshot, party: Party, where: Predicate) -> bool:
    return isinstance(party, Pod) and not party.host_network and holds(where, snapshot.labels_of(party))
