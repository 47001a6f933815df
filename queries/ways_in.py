"""Ways in: what requests from outside become by Ingresses and other routes, as rows from the proxies to the backends.

    a row's flows  =  from a pod that serves a route, to a backend of a Service that it names, on the port it names

A flow is undetermined where policy leaves it open, and where it is allowed and not certain that some request becomes
it: since the route may lead nowhere, it is not known which pods serve it, or the Service may not have the backend.

Trusted by reports and differences; checked by tests/queries/test_route_rows.py and, against questions about each
proxy, pod and port, by tests/laws/test_route_laws.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from reachproof.grammar import ast
from reachproof.network.cluster import EVERYWHERE, Ingress, Notice, Service
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.queries import ingress_controller
from reachproof.queries.bind_sets import Binder
from reachproof.queries.connectivity import Connectivity, Flows, Request, report_of
from reachproof.queries.entry_points import from_outside
from reachproof.queries.ingress_controller import Servers, servers, unserved, with_stand_in
from reachproof.queries.report_nodes import End
from reachproof.queries.sentence_parts import parts_of
from reachproof.queries.service_sets import backend_points, doubts
from reachproof.queries.services import Backend, backends
from reachproof.solver.budget import Budget
from reachproof.solver.connection_matrix import Access
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.goal import All, At, Formula, InPorts, Members, Side, Some
from reachproof.solver.universe import Universe

if TYPE_CHECKING:
    from reachproof.queries.ask import Session  # which loads Z3; a report needs none of it

Key = tuple[str, str]
Place = tuple[int, int]
"""The numbers of two ends of a report."""
NOT_KNOWN = "which pods serve it is not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A route, pods that serve it, and a backend of a Service that it leads to on a port, by its place.

    `doubt`: the reason why no request may become such a flow; empty where some do.
    """

    route: Ingress
    sources: tuple[Key, ...]
    service: Service
    backend: Backend
    port: int
    doubt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteShare:
    """The ports of a pair of ends that a route leads to; `doubt`: the reason why it may not, empty where it does."""

    route: Ingress
    ports: IntervalSet
    doubt: str


@dataclass(frozen=True)
class WaysIn:
    """The rows of all ways in that a request asks for, and the routes behind them.

    `report`: rows and ends; their flows are those of `leads` alone. It has no row where policy stops everything.
    """

    report: Connectivity
    leads: tuple[Lead, ...]

    @cached_property
    def between(self) -> Mapping[Place, tuple[Lead, ...]]:
        """The leads from one end to another, by the numbers of these, also those that policy stops."""
        found: dict[Place, list[Lead]] = defaultdict(list)
        sources, destinations = _end_of(self.report.ends), _Destinations(self.report)
        for lead in self.leads:
            ends = destinations.of(lead.backend)
            for src in dict.fromkeys(sources[key] for key in lead.sources if key in sources):
                for dst in ends:
                    found[src, dst].append(lead)
        return {pair: tuple(leads) for pair, leads in found.items()}

    def shares(self, pair: Place) -> tuple[RouteShare, ...]:
        """The routes between two ends, each with its ports."""
        return shares_of(self.between.get(pair, ()))

    def access(self, pair: Place) -> Access:
        """The connections of a row; `partial` also where no route leads from some of its pods to some of the others."""
        found = self.report.matrix.access(*pair)
        sources, destinations = ({pod.key for pod in self.report.ends[number].pods} for number in pair)
        if not destinations:
            return found
        led: dict[int, dict[Key, set[Key]]] = defaultdict(lambda: defaultdict(set))
        for lead in self.between[pair]:
            pod, where = lead.backend.pod, lead.backend.addresses
            if pod is not None and (where is None or all(each in where for each in pod.addresses)):
                led[lead.port][pod.key].update(lead.sources)
        ports = {lead.port for lead in self.between[pair]}
        some = (port for port in ports if not all(led[port][key] >= sources for key in destinations))
        lacking = IntervalSet.of((port, port) for port in some)
        return replace(found, partial=found.partial | (lacking & found.ports))


def ways_in(where: Session | Encoding, request: Request, budget: Budget) -> WaysIn | None:
    """The ways in; None where the input has no route, or the request is not about what comes from outside.

    Raises what `connectivity` does. Cost: that of a second report, of the flows of routes alone; where the input does
    not tell which pods serve a route also that of preparing the snapshot with a pod for them.
    """
    snapshot = where.snapshot
    if not snapshot.ingresses or not _asks_for_outside(request.source):
        return None
    encoding = _place_of(where, unserved(snapshot, snapshot.ingresses))
    leads = tuple(_leads(encoding.snapshot))
    universe = encoding.universe
    certain = (each for each in leads if not each.doubt)
    flows = Flows(
        region=All((_flows(universe, leads), _asked(Binder(universe), request))),
        certain=All((_flows(universe, certain), _asked(Binder(universe, sure=True), request))),
        nodes=True,
    )
    found = report_of(encoding, request, flows, budget)
    pods = {key: encoding.snapshot.pod_of[key] for lead in leads for key in lead.sources}
    notices = (*ingress_controller.notices(pods.values()), *_doubts(leads), *found.assumptions)
    return WaysIn(replace(found, assumptions=tuple(dict.fromkeys(notices))), leads)


def _asks_for_outside(source: ast.SetExpr | None) -> bool:
    """True if sources are not narrowed down, or are clients outside or the ingress controller among others."""
    outside = ast.OutsideCluster | ast.Internet | ast.Addresses | ast.Anything | ast.IngressController
    return source is None or any(isinstance(each, outside) for each in parts_of(source))


def _place_of(where: Session | Encoding, stand_in: bool) -> Encoding:
    if not isinstance(where, Encoding):
        return where.with_controller.encoding if stand_in else where.encoding
    return prepare(with_stand_in(where.snapshot)) if stand_in else where


def _asked(binder: Binder, request: Request) -> Formula:
    """The part of the ways in that is asked for. A client outside may come by each of them."""
    into = binder.ports(request.ports)
    if request.destination is not None:
        into = binder.to(request.destination, request.ports)
    if request.source is None:
        return into
    source = binder.at(Side.SOURCE, request.source)
    return into if from_outside(binder.universe, source) else All((source, into))


# ---------------------------------------------------------------- leads


def _leads(snapshot: Snapshot) -> Iterator[Lead]:
    serving: dict[tuple[object, ...], Servers] = {}
    behind: dict[Key, tuple[Backend, ...]] = {}
    for route in snapshot.ingresses:
        kind = bool(route.other_kind), bool(route.open), route.proxies
        if kind not in serving:
            serving[kind] = servers(snapshot, route)
        for service in _services(snapshot, route):
            if service.key not in behind:
                behind[service.key] = backends(snapshot, service)
            for backend in behind[service.key]:
                yield from _leads_to(route, serving[kind], service, backend)


def _services(snapshot: Snapshot, route: Ingress) -> Iterator[Service]:
    """The Services that a route names, or may."""
    named: dict[Key, Service] = {}
    for each in route.backends:
        home = each.namespace or route.namespace
        if each.service and home != EVERYWHERE:
            key = home, each.service
            named |= {key: snapshot.service_of[key]} if key in snapshot.service_of else {}
        else:
            named |= {service.key: service for service in snapshot.services if route.leads_to(service)}
    yield from named.values()


def _leads_to(route: Ingress, found: Servers, service: Service, backend: Backend) -> Iterator[Lead]:
    for at, number in sorted(backend.ports):
        port = service.ports[at]
        doubt = route.doubt(service, port, number)
        if doubt is None:
            continue
        doubt = doubt or (f"{backend} is {backend.doubt}" if backend.doubt else "")
        for pods, why in ((found.certain, doubt), (found.perhaps, doubt or NOT_KNOWN)):
            if pods:
                keys = tuple(pod.key for pod in pods)
                where = place(port.protocol, number)
                yield Lead(route=route, sources=keys, service=service, backend=backend, port=where, doubt=why)


def _flows(universe: Universe, leads: Iterable[Lead]) -> Formula:
    together: dict[tuple[tuple[Key, ...], int], dict[int, Backend]] = defaultdict(dict)
    for lead in leads:
        together[lead.sources, lead.port][id(lead.backend)] = lead.backend
    return Some(
        tuple(
            All(
                (
                    At(Side.SOURCE, Members(universe.pods_of(sources))),
                    backend_points(universe, Side.DESTINATION, found.values()),
                    InPorts(IntervalSet.single(port)),
                )
            )
            for (sources, port), found in together.items()
        )
    )


def _doubts(leads: Iterable[Lead]) -> Iterator[Notice]:
    """Notices on backends of which it is not known whether they are any."""
    doubtful: dict[Key, tuple[Service, dict[int, Backend]]] = {}
    for lead in leads:
        if lead.backend.doubt:
            doubtful.setdefault(lead.service.key, (lead.service, {}))[1][id(lead.backend)] = lead.backend
    for service, found in doubtful.values():
        yield from doubts(service, found.values())


# ---------------------------------------------------------------- routes of a row


def _end_of(ends: tuple[End, ...]) -> dict[Key, int]:
    """The number of the end that each pod belongs to."""
    return {pod.key: number for number, end in enumerate(ends) for pod in end.pods}


class _Destinations:
    """The ends of a report that a backend may be in."""

    def __init__(self, report: Connectivity) -> None:
        self.snapshot = report.snapshot
        self.ends = report.ends
        self.of_pod = _end_of(report.ends)

    def of(self, backend: Backend) -> tuple[int, ...]:
        """By its pod, else by its addresses."""
        if backend.pod is not None:
            number = self.of_pod.get(backend.pod.key)
            return () if number is None else (number,)
        addresses = backend.addresses or EMPTY
        return tuple(number for number, end in enumerate(self.ends) if self._has(end, addresses))

    def _has(self, end: End, addresses: IntervalSet) -> bool:
        own = (*(end.node.addresses if end.node else ()), *(each for pod in end.pods for each in pod.addresses))
        free = (self.snapshot.free_range(pod) for pod in end.pods if pod.abstract)
        return any(each in addresses for each in own) or any(each & addresses for each in (end.addresses, *free))


def shares_of(leads: Iterable[Lead]) -> tuple[RouteShare, ...]:
    """The routes, each with its ports."""
    by_route: dict[str, list[Lead]] = defaultdict(list)
    for lead in leads:
        by_route[lead.route.subject].append(lead)
    return tuple(map(_share, by_route.values()))


def _share(leads: list[Lead]) -> RouteShare:
    ports = IntervalSet.of((lead.port, lead.port) for lead in leads)
    return RouteShare(route=leads[0].route, ports=ports, doubt=min(lead.doubt for lead in leads))
