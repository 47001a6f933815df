"""Traffic to a pod in the mesh that passes by its proxy, or goes through a waypoint.

| What comes | To | Then |
|---|---|---|
| anything, on a port that annotations take out of the sidecar | that pod | past the mesh |
| anything, where it is not known what the sidecar captures | that pod | perhaps |
| anything, on 15020, 15021 or 15090 | a pod with a sidecar, a gateway | perhaps: its proxy answers there itself |
| what the pod's own node sends: probes, with the address 169.254.7.127 | an ambient pod | past the mesh |
| what is not in the mesh | an ambient pod that bypasses inbound capture | past the mesh |
| what is in the mesh | such a pod | perhaps |
| anything | a pod of which it is not clear whether ztunnel takes its traffic | perhaps |
| what is in the mesh | a pod behind a waypoint | the waypoint decides, in connections of its own |

Past the mesh is to the network's policies. Trusted by every verdict about policies of Istio; checked by
tests/cases/istio.yaml, and against an oracle that reads the manifests by tests/agreement/test_istio.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reachproof.engines.built_in import PAST_MESH, WAYPOINT
from reachproof.engines.istio.membership import (
    AMBIENT,
    BYPASSED,
    GATEWAY,
    IN_MESH,
    INBOUND,
    INBOUND_OPEN,
    SIDECAR,
    UNCLEAR,
    YES,
    Mesh,
    pods,
    ports_of,
    shows,
)
from reachproof.engines.istio.mutual_tls import TCP
from reachproof.engines.own_tiers import MESH
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import EVERYTHING
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Complement,
    Direction,
    Match,
    OwnNodePeer,
    Peer,
    PodSet,
    Policy,
    PortMatch,
    Rule,
    Union,
)
from reachproof.network.ports import Protocol, place
from reachproof.network.predicate import Predicate, both, either
from reachproof.network.tier import BUILT_IN, Group

BETWEEN, EXEMPT = 0, 1
OWN_PORTS = IntervalSet.of((place(Protocol.TCP, port),) * 2 for port in (15020, 15021, 15090))
_ANYWHERE = PodSet(EVERYTHING, EVERYTHING)
_EXCLUDED = "annotations of the pod take the port out of its sidecar"
_NOT_KNOWN = "annotations of the pod do not tell which ports its sidecar captures"
_PROXY = "15020, 15021 and 15090 are ports of the pod's proxy itself, where policies of the mesh need not hold"
_PROBES = "what its own node sends to an ambient pod has the address 169.254.7.127 and does not go through ztunnel"
_BYPASS = "ambient.istio.io/bypass-inbound-capture takes what comes to the pod out of ztunnel"
_PERHAPS_BYPASS = "the pod bypasses inbound capture, and what comes from the mesh may go through ztunnel all the same"
_UNCLEAR = "whether ztunnel takes what comes to the pod is not known"
_BEHIND = "whether a waypoint stands between, and lets it through, is not known"


def exemptions(mesh: Mesh) -> Group:
    """The policy, in a group of its own, that lets past the mesh what its proxies do not see."""
    rules = tuple(_rules(mesh))
    return (Policy(ref=PAST_MESH, tier=MESH, priority=EXEMPT, subject=_ANYWHERE, ingress=rules, origin=BUILT_IN),)


def _rules(mesh: Mesh) -> Iterator[Rule]:
    for text in mesh.inbound:
        yield _past(_EXCLUDED, both(SIDECAR, shows(INBOUND, text)), AnyPeer(), ports_of(text))
    yield _past(_PROBES, AMBIENT, OwnNodePeer())
    yield _past(_BYPASS, BYPASSED, Complement(pods(IN_MESH)))
    yield _perhaps(_PERHAPS_BYPASS, BYPASSED, pods(IN_MESH))
    open_ = _perhaps(_NOT_KNOWN, both(SIDECAR, shows(INBOUND_OPEN, YES)), AnyPeer())
    yield replace(open_, condition="; ".join(mesh.unclear))
    yield _perhaps(_UNCLEAR, UNCLEAR, AnyPeer())
    yield replace(_perhaps(_PROXY, either(SIDECAR, GATEWAY), AnyPeer(), OWN_PORTS), reason_code="PROXY_PORTS")


def _past(why: str, where: Predicate, peer: Peer, ports: IntervalSet = TCP, *, may: bool = False) -> Rule:
    return Rule(
        action=Action.PASS,
        matches=(Match(peer, PortMatch(ports), subject=pods(where)),) if ports else (),
        may=may,
        name="past the mesh",
        reason=why,
        reason_code="MESH_UNCLEAR",
        origin=BUILT_IN,
    )


def _perhaps(why: str, where: Predicate, peer: Peer, ports: IntervalSet = TCP) -> Rule:
    return _past(why, where, peer, ports, may=True)


def waypoint(mesh: Mesh, direction: Direction) -> Group:
    """The policy that leaves open what a waypoint does, in a group of its own; none where there is no waypoint."""
    if not mesh.waypoints:
        return ()
    behind, callers = _any_of(mesh.waypoints), pods(IN_MESH)
    if direction is Direction.EGRESS:
        match, actions = Match(behind, PortMatch(TCP), subject=callers), [Action.ALLOW]
    else:
        match, actions = Match(callers, PortMatch(TCP), subject=behind), [Action.ALLOW, Action.DENY]
    rules = tuple(
        Rule(
            action=action,
            matches=(match,),
            may=True,
            name="waypoint",
            reason=_BEHIND,
            reason_code="WAYPOINT_IN_USE",
            condition="; ".join(mesh.asked_waypoints),
            origin=BUILT_IN,
        )
        for action in actions
    )
    return (
        Policy(
            ref=WAYPOINT,
            tier=MESH,
            priority=BETWEEN,
            subject=_ANYWHERE,
            egress=rules if direction is Direction.EGRESS else (),
            ingress=rules if direction is Direction.INGRESS else (),
            origin=BUILT_IN,
        ),
    )


def _any_of(found: Iterable[PodSet]) -> Peer:
    sets = tuple(found)
    return sets[0] if len(sets) == 1 else Union(sets)
