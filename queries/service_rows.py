"""Rows of `which services can A reach?`: Services of which some backend is reached, by the ports of the Service.

A port of the row depends on what is left open where policy leaves it open, or where only what may be a backend has it.
Of a headless Service it is the ports at its backends that count; one with ports of its own has those of its ports, and
of the ports that they lead to, that are reached.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reachproof.grammar import ast
from reachproof.network.cluster import Notice, Pod, Service
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import ALL_PORTS, format_ports, place
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Row
from reachproof.queries.service_sets import doubts, node_port_in, numbers_of
from reachproof.queries.services import Backend, backends
from reachproof.solver.goal import Side
from reachproof.solver.reachability_cells import Allowed, Reachability

_At = tuple[IntervalSet, Allowed]


class _Ends:
    """Allowed connections: by pod, and by address for those that a backend names by address alone."""

    def __init__(self, found: Reachability) -> None:
        self._pods: dict[tuple[str, str], list[_At]] = defaultdict(list)
        self._every: list[_At] = []
        for party, addresses, allowed in found.parties(Side.DESTINATION):
            self._every.append((addresses, allowed))
            if isinstance(party, Pod):
                self._pods[party.key].append((addresses, allowed))

    def at(self, backend: Backend) -> Allowed:
        """Connections allowed to a backend; open too where it is none for sure."""
        known = self._every if backend.pod is None else self._pods.get(backend.pod.key, ())
        total = Allowed()
        for addresses, allowed in known:
            if backend.addresses is None or addresses & backend.addresses:
                total = total | allowed
        return total if backend.doubt is None else Allowed(ports=total.ports, open=total.ports)


def service_rows(snapshot: Snapshot, found: Reachability, ports: ast.Ports) -> tuple[Row, ...]:
    """One row per set of ports, with the Services that are reached on exactly these."""
    ends = _Ends(found)
    total: dict[Allowed, list[str]] = defaultdict(list)
    for service in snapshot.services:
        each = [(backend, ends.at(backend)) for backend in backends(snapshot, service)]
        allowed = _headless(service, each, ports) if service.headless else _rewritten(service, each, ports)
        if allowed:
            total[allowed].append(str(service))
    return tuple(_row(total, allowed) for allowed in sorted(total, key=lambda one: total[one]))


def _row(total: Mapping[Allowed, list[str]], allowed: Allowed) -> Row:
    depends = format_ports(allowed.open) if allowed.open else ""
    return {"services": tuple(sorted(total[allowed])), "ports": format_ports(allowed.ports), "depends": depends}


def _rewritten(service: Service, ends: Sequence[tuple[Backend, Allowed]], ports: ast.Ports) -> Allowed:
    numbers = numbers_of(ports)
    sure: dict[int, bool] = {}
    for backend, allowed in ends:
        for at, number in backend.ports:
            port = service.ports[at]
            target, own = place(port.protocol, number), place(port.protocol, port.port)
            named = any(isinstance(item, ast.PortNamed) and item.name.text == port.name for item in ports.items)
            asked = not ports.items or named or own in numbers or node_port_in(port, numbers)
            if asked and target in allowed.ports:
                sure[own] = sure.get(own, False) or target not in allowed.open
    return Allowed(ports=_set_of(sure), open=_set_of(own for own in sure if not sure[own]))


def _headless(service: Service, ends: Sequence[tuple[Backend, Allowed]], ports: ast.Ports) -> Allowed:
    names = {item.name.text for item in ports.items if isinstance(item, ast.PortNamed)}
    declared = [(at, port) for at, port in enumerate(service.ports) if not ports.items or port.name in names]
    own = _set_of(place(port.protocol, port.port) for _, port in declared)
    if not ports.items and not service.ports:
        own = ALL_PORTS
    can, sure = EMPTY, EMPTY
    for backend, allowed in ends:
        places = dict(declared)
        led = _set_of(place(places[at].protocol, number) for at, number in backend.ports if at in places)
        within = allowed.ports & (own | led | numbers_of(ports))
        can, sure = can | within, sure | (within - allowed.open)
    return Allowed(ports=can, open=can - sure)


def service_doubts(snapshot: Snapshot) -> Iterator[Notice]:
    """Notices on what is left open about the backends of any Service."""
    for service in snapshot.services:
        if service.managed is not None or not all(each.ready for each in service.endpoints):
            yield from doubts(service, backends(snapshot, service))


def _set_of(places: Iterable[int]) -> IntervalSet:
    return IntervalSet.of((each, each) for each in places)
