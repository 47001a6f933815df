"""`service NAME` in a sentence as a formula: the backends that a Service leads to, on the ports that are asked for.

| Phrase | Formula |
|---|---|
| `service S`, as a source or in an exception | its backends, on every port |
| `service S on P`, as a destination | for each of its ports in P: its backends, on the port that it leads to there |
| P holds a node port of S | as the port that the node port belongs to; the answer says so |
| S is headless: P is a number | its backends, on that port: clients connect to the pods themselves |
| S is headless: no P, or a name | its backends, on its ports and those that they lead to; without ports, on all |
| a node, or its address, on a node port of S | not the node: `service S` on the port that the node port belongs to |

`sure`: backends of which it is not known whether they are any are left out; else they are in. Trusted by questions
about Services; checked by tests/queries/test_brute_force.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from reachproof.grammar import ast
from reachproof.network.cluster import Notice, Pod, Service, ServicePort
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import place, port_range
from reachproof.queries.services import Backend, Doubt, backends
from reachproof.semantics.sentences import some_of
from reachproof.solver.goal import FALSE, All, At, Formula, InAddresses, InPorts, Members, Side, Some
from reachproof.solver.universe import Universe

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The formula of a phrase. `doubtful`: some backend in question is none for sure. `refusal`: it means nothing."""

    formula: Formula = FALSE
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    doubtful: bool = False
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """A Service that a sentence is about, the ports of it that are asked for, and the flows that it becomes."""

    service: Service
    ports: ast.Ports
    into: Formula

    def parts(self, universe: Universe, key: Callable[[ServicePort, int], str | None]) -> Iterator[tuple[str, Formula]]:
        """The flows by the key of their port of the Service and of the pod, in order; not those without a key."""
        service = self.service
        found = [each for each in backends(universe.snapshot, service) if each.ports]
        pairs: dict[str, list[tuple[int, int]]] = {}
        for at, number in sorted({pair for each in found for pair in each.ports}):
            port = service.ports[at]
            if service.headless or asks_for(self.ports, port):
                value = key(port, number)
                if value is not None:
                    pairs.setdefault(value, []).append((at, number))
        for value in sorted(pairs):
            flows = Some(tuple(_at(universe, service, pair, found) for pair in pairs[value]))
            yield value, All((self.into, flows))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The ports of a Service that are asked for, by their places; of a headless one also numbers of the pods' ports."""

    own: tuple[int, ...] = ()
    numbers: IntervalSet = EMPTY
    every: bool = False
    by_node_port: tuple[ServicePort, ...] = field(default=())


def numbers_of(ports: ast.Ports) -> IntervalSet:
    """The ports that are asked for by number."""
    items = (item for item in ports.items if isinstance(item, ast.PortNumbers))
    return IntervalSet.of(span for item in items for span in port_range(item.protocol, item.low, item.high))


def anywhere(universe: Universe, side: Side, service: Service, *, sure: bool) -> Reached:
    """The backends, whatever the port."""
    found = [each for each in backends(universe.snapshot, service) if each.ports or service.headless]
    return Reached(
        formula=backend_points(universe, side, (each for each in found if not (sure and each.doubt))),
        assumptions=tuple(doubts(service, found)),
        warnings=() if found else (_nothing_behind(service),),
        doubtful=any(each.doubt for each in found),
    )


def into(universe: Universe, service: Service, ports: ast.Ports, *, sure: bool) -> Reached:
    """The flows to the backends that connections to the Service on some of its ports become."""
    asked = _asked(service, ports)
    if not (asked.own or asked.numbers or asked.every):
        offered = ", ".join(_shown(port) for port in service.ports) or "none"
        return Reached(refusal=f"service {service} has none of these ports; its ports: {offered}")
    every = [each for each in backends(universe.snapshot, service) if each.ports or service.headless]
    found = every if service.headless else [each for each in every if any(at in asked.own for at, _ in each.ports)]
    chosen = [each for each in found if not (sure and each.doubt)]
    return Reached(
        formula=Some(tuple(_formulas(universe, service, asked, chosen))),
        assumptions=(*_by_node_port(service, asked), *_headless(service, ports), *doubts(service, found)),
        warnings=() if every else (_nothing_behind(service),),
        doubtful=any(each.doubt for each in found),
    )


def _formulas(universe: Universe, service: Service, asked: _Asked, found: list[Backend]) -> Iterator[Formula]:
    if service.headless:
        whole = backend_points(universe, Side.DESTINATION, found)
        own = IntervalSet.of((_place(service.ports[at], service.ports[at].port),) * 2 for at in asked.own)
        yield whole if asked.every else All((whole, InPorts(asked.numbers | own)))
    for pair in sorted({pair for each in found for pair in each.ports if pair[0] in asked.own}):
        yield _at(universe, service, pair, found)


def _at(universe: Universe, service: Service, pair: tuple[int, int], found: Iterable[Backend]) -> Formula:
    """The flows to those that are backends on a pair of ports."""
    ends = backend_points(universe, Side.DESTINATION, (each for each in found if pair in each.ports))
    return All((ends, InPorts(IntervalSet.single(_place(service.ports[pair[0]], pair[1])))))


def _asked(service: Service, ports: ast.Ports) -> _Asked:
    names = {item.name.text for item in ports.items if isinstance(item, ast.PortNamed)}
    numbers = numbers_of(ports)
    if service.headless:
        own = tuple(at for at, port in enumerate(service.ports) if not ports.items or port.name in names)
        return _Asked(own, numbers, every=not ports.items and not service.ports)
    offered = list(enumerate(service.ports))
    if not ports.items:
        return _Asked(tuple(at for at, _ in offered))
    direct = [at for at, port in offered if _place(port, port.port) in numbers or port.name in names]
    by_node = [at for at, port in offered if at not in direct and node_port_in(port, numbers)]
    return _Asked(tuple(sorted((*direct, *by_node))), by_node_port=tuple(service.ports[at] for at in by_node))


def asks_for(ports: ast.Ports, port: ServicePort) -> bool:
    """True if a port of a Service is asked for: by its number, its name or its node port, or since none is named."""
    numbers = numbers_of(ports)
    named = any(isinstance(item, ast.PortNamed) and item.name.text == port.name for item in ports.items)
    return not ports.items or named or _place(port, port.port) in numbers or node_port_in(port, numbers)


def node_port_in(port: ServicePort, numbers: IntervalSet) -> bool:
    """True if the port has a node port, and that is in the set."""
    return bool(port.node_port) and _place(port, port.node_port) in numbers


def _place(port: ServicePort, number: int) -> int:
    return place(port.protocol, number)


def backend_points(universe: Universe, side: Side, found: Iterable[Backend]) -> Formula:
    """The flows that have a backend at a side: whole pods, of pods by some of their addresses, and of addresses."""
    whole: list[Pod] = []
    parts: list[Pod] = []
    addresses: list[tuple[int, int]] = []
    loose: list[tuple[int, int]] = []
    for each in found:
        if each.pod is None:
            loose.extend(each.addresses or ())
        elif each.addresses is None:
            whole.append(each.pod)
        else:
            parts.append(each.pod)
            addresses.extend(each.addresses)
    formulas: list[Formula] = []
    if whole:
        formulas.append(At(side, Members(_points(universe, whole))))
    if parts:
        members = At(side, Members(_points(universe, parts)))
        formulas.append(All((members, At(side, InAddresses(IntervalSet.of(addresses))))))
    if loose:
        formulas.append(At(side, InAddresses(IntervalSet.of(loose))))
    return formulas[0] if len(formulas) == 1 else Some(tuple(formulas))


def _points(universe: Universe, pods: Iterable[Pod]) -> int:
    return universe.pods_of(dict.fromkeys(pod.key for pod in pods))


# ---------------------------------------------------------------- nodes


def node_ports(universe: Universe, expression: ast.SetExpr, ports: ast.Ports) -> list[tuple[Service, ServicePort]]:
    """The node ports that are asked for by number, with their Services, where the set is one of nodes or addresses."""
    numbers = numbers_of(ports)
    if not numbers or not _holds_nodes(universe, expression):
        return []
    services = universe.snapshot.services
    return [(service, port) for service in services for port in service.ports if node_port_in(port, numbers)]


def _holds_nodes(universe: Universe, expression: ast.SetExpr) -> bool:
    match expression:
        case ast.NodeNamed() | ast.Nodes():
            return True
        case ast.Addresses(_, low, high):
            return bool(universe.with_addresses(IntervalSet(((low, high),))) & _hosts(universe))
        case _:
            return False


def _hosts(universe: Universe) -> int:
    return universe.nodes | universe.host_pods


def at_node_ports(universe: Universe, found: Iterable[tuple[Service, ServicePort]]) -> Formula:
    """The flows to nodes, and to what has their addresses, on the node ports."""
    numbers = IntervalSet.of((_place(port, port.node_port),) * 2 for _, port in found)
    return All((At(Side.DESTINATION, Members(_hosts(universe))), InPorts(numbers)))


def by_port(port: ServicePort) -> ast.Ports:
    """A port of a Service as one that is asked for."""
    return ast.Ports((ast.PortNumbers(port.protocol, port.port, port.port),))


def to_node(service: Service, port: ServicePort) -> Notice:
    """The notice that traffic to a node port is judged as what it becomes."""
    local = (
        "; one without a backend of its own drops what comes from outside (externalTrafficPolicy: Local)"
        if service.keeps_client
        else ""
    )
    text = (
        f"{_shown(port, port.node_port)} is a node port: what is sent to a node there goes to a backend of service "
        f"{service} on its port {_shown(port)}, and is judged as that{local}"
    )
    return Notice(code="NODE_PORT", text=text, origin=service.origin)


# ---------------------------------------------------------------- notices


def _by_node_port(service: Service, asked: _Asked) -> Iterator[Notice]:
    for port in asked.by_node_port:
        text = (
            f"{_shown(port, port.node_port)} is the node port of service {service}; it leads to its port {_shown(port)}"
        )
        yield Notice(code="NODE_PORT", text=text, origin=service.origin)


def _headless(service: Service, ports: ast.Ports) -> Iterator[Notice]:
    if not service.headless or ports.items:
        return
    on = ", ".join(_shown(port) for port in service.ports)
    judged = f"checked: {on} and the ports they lead to" if on else "it declares no ports, so all ports are checked"
    text = f"service {service} is headless: clients connect to its pods directly, on all ports; {judged}"
    yield Notice(code="HEADLESS_SERVICE", text=text, origin=service.origin)


def doubts(service: Service, found: Iterable[Backend]) -> Iterator[Notice]:
    """Notices on differences of slices and selector, and on backends not ready; each says what is left open."""
    by_doubt: dict[Doubt, dict[str, None]] = {}
    for each in found:
        if each.doubt is not None:
            by_doubt.setdefault(each.doubt, {})[str(each)] = None
    for doubt in Doubt:
        if doubt in by_doubt:
            text = (
                f"service {service}: {_are(list(by_doubt[doubt]))} {doubt}; whether traffic goes there is undetermined"
            )
            if doubt is Doubt.NOT_READY:
                yield Notice(code="ENDPOINT_NOT_READY", text=text, origin=service.origin)
            else:
                yield Notice(code="SLICES_DIFFER", text=text, origin=service.origin)


def _are(names: list[str]) -> str:
    return f"{some_of(names, _SHOWN)} {'is' if len(names) == 1 else 'are'}"


def _nothing_behind(service: Service) -> Notice:
    text = f"service {service} has no endpoints: nothing is behind it"
    return Notice(code="NO_ENDPOINTS", text=text, origin=service.origin)


def _shown(port: ServicePort, number: int = 0) -> str:
    return f"{port.protocol.lower()}/{number or port.port}"
