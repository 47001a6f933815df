"""Clients outside that a load balancer may not serve (loadBalancerSourceRanges), and have no other way to its Service.

The API says that the field "will be ignored if the cloud-provider does not support the feature", so what becomes of the
others is not known. Node ports and external IPs take every client; a port without one is reached by the load balancer
alone. What such a client sends with a node's address (externalTrafficPolicy Cluster) has the same fate.

Trusted by verdicts on traffic from outside to such Services; checked by tests/queries/test_source_ranges.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.network.cluster import Notice, Service
from reachproof.queries.bind_sets import Binder
from reachproof.queries.plan import PossibleFlows
from reachproof.queries.service_sets import Reach
from reachproof.solver.goal import (
    All,
    At,
    Formula,
    InAddresses,
    Members,
    Not,
    Side,
    addresses_in,
)
from reachproof.solver.universe import Universe
from reachproof.solver.view import View


def limited(binder: Binder, reach: Reach) -> Formula | None:
    """The flows to ports of a named Service that clients come to by its load balancer alone; None where there are none.

    What also goes to another named Service is left out, if clients may come by that.
    """
    if not reach.service.limits_clients:
        return None
    parts = reach.parts(binder.universe, lambda port, _: "" if reach.service.by_load_balancer_alone(port) else None)
    found = [flows for _, flows in parts]
    others = (each.into for each in binder.reached if each.service.entry_point and not each.service.limits_clients)
    return All((*found, *(Not(into) for into in others))) if found else None


def perhaps_dropped(binder: Binder, source: Formula) -> tuple[PossibleFlows, ...]:
    """Flows of clients that the load balancers of named Services may not serve, each with the notice that says so.

    `source`: the sources that are asked for. What arrives from nodes is among them where no client is served for sure.
    """
    return tuple(_dropped(binder, source))


def _dropped(binder: Binder, source: Formula) -> Iterator[PossibleFlows]:
    universe = binder.universe
    for reach in binder.reached:
        flows = limited(binder, reach)
        if flows is None:
            continue
        ranges = InAddresses(reach.service.source_ranges)
        clients = All((At(Side.SOURCE, Members(universe.external)), Not(At(Side.SOURCE, ranges))))
        yield PossibleFlows(All((source, clients, flows)), _notice(reach.service))
        if universe.nodes and not reach.service.keeps_client and not serves_some(universe, reach.service, source):
            yield PossibleFlows(All((At(Side.SOURCE, Members(universe.nodes)), flows)), _notice(reach.service))


def serves_some(universe: Universe, service: Service, source: Formula) -> bool:
    """True if a load balancer serves some of the sources outside for sure; also in doubt about the sources."""
    wanted = All((source, At(Side.SOURCE, InAddresses(service.source_ranges))))
    view = View.of(universe, addresses_in(wanted))
    return bool(view.upper_bound(wanted, Side.SOURCE) & view.lift(universe.external))


def ranges_ignored(service: Service) -> Notice:
    """The notice that all clients are judged, although the load balancer is asked to serve some alone."""
    why = (
        "not every platform does"
        if all(map(service.by_load_balancer_alone, service.ports))
        else "others may come by node ports or external IPs"
    )
    text = f"{_asks(service)}; {why}, so all clients are judged"
    return Notice(code="SOURCE_RANGES_IGNORED", text=text, origin=service.origin)


def _notice(service: Service) -> Notice:
    text = f"{_asks(service)}, and has no node port there; whether it drops what others send depends on the platform"
    return Notice(code="SOURCE_RANGES", text=text, origin=service.origin)


def _asks(service: Service) -> str:
    return f"service {service} asks its load balancer to serve some clients only (loadBalancerSourceRanges)"
