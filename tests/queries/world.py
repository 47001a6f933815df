"""The sets and ports of the language by brute force: whether one concrete flow is meant.

Written from the tables of the language alone: nothing of the binder or the solver is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import assert_never

from reachproof.grammar import ast
from reachproof.network.address import ALL_ADDRESSES, GLOBAL, family
from reachproof.network.cluster import EndpointAddress, Node, Pod, Service, ServicePort
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet, atoms
from reachproof.network.labels import Selector
from reachproof.network.policy import AddressPeer, Direction, Match
from reachproof.network.ports import ALL_PORTS, Protocol, place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth

Port = tuple[Protocol, int]


@dataclass(frozen=True, eq=False, slots=True)
class End:
    """A party and the address that it uses; one object for each in a world."""

    party: Party
    address: int


Triple = tuple[End, End, Port]
NodePorts = tuple[tuple[ast.ObjectName, ServicePort], ...]
Test = Callable[[End, End, Port], bool]


# ---------------------------------------------------------------- flows


@dataclass
class World:
    """The flows of a snapshot, one of every kind that its policies, its services or a question tell apart.

    `sure`: what may be a backend of a Service is none of it; else it is one. An exception is read the other way round.
    """

    snapshot: Snapshot
    ends: list[End]
    ports: list[Port]
    names: dict[tuple[ast.Group, str], str] = field(default_factory=dict)
    known: dict[Triple, Truth] = field(default_factory=dict)
    others: tuple[World, ...] = ()
    sure: bool = False
    node_ports: dict[tuple[ast.SetExpr, ast.Ports], NodePorts] = field(default_factory=dict)

    def reading(self, sure: bool) -> World:
        """The same world with one reading of what may be a backend."""
        return replace(self, sure=sure)

    def truth(self, triple: Triple) -> Truth:
        """The truth of a flow; over all of the other worlds that this one may be, too."""
        if triple not in self.known:
            found = {truth(self.snapshot, as_flow(triple)), *(other.truth(triple) for other in self.others)}
            self.known[triple] = found.pop() if len(found) == 1 else Truth.EITHER
        return self.known[triple]

    def flows(self, test: Test) -> Iterator[Triple]:
        """The flows that pass a test."""
        for source, destination in product(self.ends, repeat=2):
            if possible(source, destination):
                for port in self.ports:
                    if test(source, destination, port):
                        yield source, destination, port

    def under(self, snapshot: Snapshot) -> World:
        """The same flows where the policies are others."""
        return World(snapshot, self.ends, self.ports, self.names)

    def where(self, group: ast.Group, variable: str, value: str) -> World:
        """The same world with a name bound."""
        return replace(self, names=self.names | {(group, variable): value})

    def named(self, group: ast.Group, name: ast.Name) -> str:
        return self.names.get((group, name.text), name.text)


def as_flow(triple: Triple) -> Flow:
    source, destination, (protocol, port) = triple
    return Flow(
        source=source.party,
        destination=destination.party,
        source_address=source.address,
        destination_address=destination.address,
        protocol=protocol,
        port=port,
    )


def possible(source: End, destination: End) -> bool:
    """Whether a flow can be: of one family, not from outside to outside, and not from a pod or node to itself."""
    if family(source.address) != family(destination.address):
        return False
    if isinstance(source.party, External):
        return not isinstance(destination.party, External)
    if source.party != destination.party:
        return True
    return isinstance(source.party, Pod) and source.party.repeated and source.address != destination.address


def world(snapshot: Snapshot, questions: Iterable[ast.Query]) -> World:
    """The world that is fine enough for these questions."""
    mentioned = [part for question in questions for part in parts(question)]
    cuts = [match.peer.addresses for match in _matches(snapshot) if isinstance(match.peer, AddressPeer)]
    cuts += [IntervalSet(((part.low, part.high),)) for part in mentioned if isinstance(part, ast.Addresses)]
    cuts += [IntervalSet.single(address) for node in snapshot.nodes for address in node.addresses]
    entries = [each for service in snapshot.services for each in (*service.endpoints, *(service.managed or ()))]
    cuts += [IntervalSet.single(each.address) for each in entries]
    cuts.append(GLOBAL)
    numbers = [match.ports.numbers for match in _matches(snapshot) if match.ports is not None]
    numbers += [_range(part) for part in mentioned if isinstance(part, ast.PortNumbers)]
    singles = [place(port.protocol, port.number) for pod in snapshot.pods for port in pod.ports]
    for service in snapshot.services:
        singles += [place(port.protocol, port.target) for port in service.ports if isinstance(port.target, int)]
        singles += [place(port.protocol, port.port) for port in service.ports if service.headless]
        singles += [place(port.protocol, port.node_port) for port in service.ports if port.node_port]
    singles += [place(each[1], each[2]) for entry in entries for each in entry.ports]
    numbers += [IntervalSet.single(each) for each in singles]
    return World(snapshot, list(_ends(snapshot, cuts)), [protocol_port(low) for low, _ in atoms(ALL_PORTS, numbers)])


def _ends(snapshot: Snapshot, cuts: list[IntervalSet]) -> Iterator[End]:
    for pod in snapshot.pods:
        yield from (End(pod, address) for address in pod.addresses)
        if pod.abstract:
            for low, high in atoms(snapshot.free_range(pod), cuts):
                yield End(pod, low)
                if pod.repeated and high > low:
                    yield End(pod, low + 1)
    for node in snapshot.nodes:
        yield from (End(node, address) for address in node.addresses)
    yield from (End(External(), low) for low, _ in atoms(ALL_ADDRESSES - snapshot.held, cuts))


def _matches(snapshot: Snapshot) -> Iterator[Match]:
    for policy in snapshot.policies:
        for direction in Direction:
            for rule in policy.rules(direction):
                yield from rule.matches


def parts(node: object) -> Iterator[object]:
    """An AST and everything in it."""
    yield node
    if isinstance(node, tuple):
        for each in node:
            yield from parts(each)
    elif hasattr(node, "__dataclass_fields__") and not isinstance(node, Selector):
        for name in node.__dataclass_fields__:
            yield from parts(getattr(node, name))


# ---------------------------------------------------------------- sets


def group_of(world: World, group: ast.Group, party: Party) -> str | None:
    """The namespace or tenant of a pod."""
    if not isinstance(party, Pod):
        return None
    if group is ast.Group.NAMESPACE:
        return party.namespace
    assert group is ast.Group.TENANT
    return world.snapshot.namespace_of[party.namespace].labels.get(world.snapshot.options.tenant_label)


def together(world: World, group: ast.Group, one: Party, other: Party) -> bool:
    """Whether both are in one namespace or tenant."""
    found = group_of(world, group, one)
    return found is not None and found == group_of(world, group, other)


def inside(world: World, expression: ast.SetExpr, end: End, far: End) -> bool:
    """Whether an end is in the set; `far` is the other end, for `in the same ...`."""
    party, address = end.party, end.address
    match expression:
        case ast.Union(items):
            return any(inside(world, item, end, far) for item in items)
        case ast.Difference(base, removed):
            return inside(world, base, end, far) and not inside(world.reading(not world.sure), removed, end, far)
        case ast.Pods(filters):
            return isinstance(party, Pod) and all(_passes(world, each, party, far.party) for each in filters)
        case ast.PodNamed(name):
            return isinstance(party, Pod) and party.key == (name.namespace, name.name)
        case ast.WorkloadNamed(kind, name):
            return isinstance(party, Pod) and _owned(party, kind, name)
        case ast.ServiceNamed(name):
            return behind(world, name, end) is not None
        case ast.NodeNamed(name):
            return isinstance(party, Node) and party.name == name.text
        case ast.Nodes(selector):
            return isinstance(party, Node) and selector.matches(party.labels)
        case ast.Addresses(_, low, high):
            return low <= address <= high
        case ast.Internet():
            return isinstance(party, External) and address in GLOBAL
        case ast.OutsideCluster():
            return isinstance(party, External)
        case ast.Anything():
            return True
        case ast.Domain() | ast.IngressController():
            raise NotImplementedError
        case _:
            assert_never(expression)


def _passes(world: World, each: ast.Filter, pod: Pod, far: Party) -> bool:
    labels = world.snapshot.namespace_of[pod.namespace].labels
    match each:
        case ast.InNamespaces(names):
            return pod.namespace in {world.named(ast.Group.NAMESPACE, name) for name in names}
        case ast.InNamespacesLabelled(selector):
            return selector.matches(labels)
        case ast.InTenants(names):
            return group_of(world, ast.Group.TENANT, pod) in {world.named(ast.Group.TENANT, name) for name in names}
        case ast.InAny(group):
            return group_of(world, group, pod) is not None
        case ast.Labelled(selector):
            return selector.matches(pod.labels)
        case ast.OnNode(name):
            return pod.node == name.text
        case ast.WithServiceAccount(name):
            return (pod.namespace, pod.service_account) == (name.namespace, name.name)
        case ast.Relative(group, same):
            if same:
                return together(world, group, pod, far)
            return group_of(world, group, pod) is not None and not together(world, group, pod, far)
        case ast.Outside(group, names):
            return group_of(world, group, pod) not in {world.named(group, name) for name in names}
        case ast.InPossibleNamespaces():
            raise NotImplementedError
        case _:
            assert_never(each)


def _owned(pod: Pod, kind: str, name: ast.ObjectName) -> bool:
    if not pod.workload or pod.namespace != name.namespace:
        return False
    owner_kind, owner = pod.workload.split("/")
    return owner == name.name and kind in ("workload", owner_kind.lower())


def behind(world: World, name: ast.ObjectName, end: End) -> dict[Port, set[Port]] | None:
    """For each port of the Service the ports at which this end serves it; None where it is no backend of it."""
    snapshot = world.snapshot
    service = snapshot.service_of[name.namespace, name.name]
    ways = [*_selected(snapshot, service, end), *_listed(snapshot, service, end)]
    found = [(pairs, sure) for pairs, sure in ways if sure or not world.sure]
    if not found:
        return None
    serving: dict[Port, set[Port]] = {(port.protocol, port.port): set() for port in service.ports}
    for pairs, _ in found:
        for offered, number in pairs:
            serving[offered].add((offered[0], number))
    return serving if service.headless or any(serving.values()) else None


Pairs = set[tuple[Port, int]]


def _selected(snapshot: Snapshot, service: Service, end: End) -> Iterator[tuple[Pairs, bool]]:
    """What the selector makes of the end, and whether that is sure."""
    pod, address = end.party, end.address
    if not _selects(service, pod) or not isinstance(pod, Pod):
        return
    if pod.addresses and service.families and family(address) not in service.families:
        return
    own: Pairs = set()
    for port in service.ports:
        if isinstance(port.target, int):
            own.add(((port.protocol, port.port), port.target))
        for each in pod.service_ports:
            if (each.name, each.protocol) == (port.target, port.protocol):
                own.add(((port.protocol, port.port), each.number))
    if service.managed is None or not pod.addresses:
        yield own, True
        return
    entries = [each for each in service.managed if each.address == address and each.pod in ("", pod.name)]
    for entry in entries:
        yield _given(service, entry) & own, entry.ready
        yield _given(service, entry), False
    yield own, False


def _listed(snapshot: Snapshot, service: Service, end: End) -> Iterator[tuple[Pairs, bool]]:
    """What slices make of the end, and whether that is sure."""
    for entry in service.endpoints:
        if entry.address == end.address and _is_endpoint(snapshot, end):
            yield _given(service, entry), entry.ready
    for entry in (service.managed or ()) if not _selects(service, end.party) else ():
        taken = any(_selects(service, pod) and entry.address in pod.addresses for pod in snapshot.pods)
        if entry.address == end.address and not taken and _is_endpoint(snapshot, end):
            yield _given(service, entry), False


def _selects(service: Service, party: Party) -> bool:
    if service.selector is None or not isinstance(party, Pod):
        return False
    return party.namespace == service.namespace and service.selector.matches(party.labels)


def _given(service: Service, entry: EndpointAddress) -> Pairs:
    """The ports of the Service that an entry has by name and protocol."""
    return {
        ((port.protocol, port.port), number)
        for port in service.ports
        for label, protocol, number in entry.ports
        if (label, protocol) == (port.name, port.protocol)
    }


def _is_endpoint(snapshot: Snapshot, end: End) -> bool:
    """An address in an EndpointSlice is the pod's that has it, if a pod on the pod network has."""
    owners = [pod for pod in snapshot.pods if end.address in pod.addresses and not pod.host_network]
    return end.party in owners if owners else True


def on_ports(ports: ast.Ports, end: End, port: Port) -> bool:
    """Whether the port is one of those; a named port is the destination's."""
    if not ports.items:
        return True
    for item in ports.items:
        if isinstance(item, ast.PortNamed):
            declared = end.party.ports if isinstance(end.party, Pod) else ()
            if any((each.name, each.protocol, each.number) == (item.name.text, *port) for each in declared):
                return True
        elif place(*port) in _range(item):
            return True
    return False


def _range(item: ast.PortNumbers) -> IntervalSet:
    return IntervalSet(((place(item.protocol, item.low), place(item.protocol, item.high)),))


def into(world: World, expression: ast.SetExpr, ports: ast.Ports, triple: Triple) -> bool:
    """Whether a flow goes into a set on some ports; a Service's ports are its own."""
    source, destination, port = triple
    match expression:
        case ast.Union(items):
            return any(into(world, item, ports, triple) for item in items)
        case ast.Difference(base, removed):
            taken = inside(world.reading(not world.sure), removed, destination, source)
            return into(world, base, ports, triple) and not taken
        case ast.ServiceNamed(name):
            return _to_service(world, name, ports, destination, port)
        case _:
            plain = inside(world, expression, destination, source) and on_ports(ports, destination, port)
            led = _node_ports(world, expression, ports)
            if plain and not (_is_host(destination) and port in {(each.protocol, each.node_port) for _, each in led}):
                return True
            return any(_to_service(world, name, _only(each), destination, port) for name, each in led)


def _node_ports(world: World, expression: ast.SetExpr, ports: ast.Ports) -> NodePorts:
    """The node ports that are asked for of a set of nodes, or of addresses of which a node has one."""
    if (expression, ports) not in world.node_ports:
        world.node_ports[expression, ports] = tuple(_find_node_ports(world, expression, ports))
    return world.node_ports[expression, ports]


def _find_node_ports(
    world: World, expression: ast.SetExpr, ports: ast.Ports
) -> Iterator[tuple[ast.ObjectName, ServicePort]]:
    match expression:
        case ast.NodeNamed() | ast.Nodes():
            pass
        case ast.Addresses(_, low, high) if any(_is_host(end) and low <= end.address <= high for end in world.ends):
            pass
        case _:
            return
    numbers = [item for item in ports.items if isinstance(item, ast.PortNumbers)]
    for service in world.snapshot.services:
        for port in service.ports:
            if port.node_port and any(place(port.protocol, port.node_port) in _range(item) for item in numbers):
                yield ast.ObjectName(*service.key), port


def _is_host(end: End) -> bool:
    return isinstance(end.party, Node) or (isinstance(end.party, Pod) and end.party.host_network)


def _only(port: ServicePort) -> ast.Ports:
    return ast.Ports((ast.PortNumbers(port.protocol, port.port, port.port),))


def _to_service(world: World, name: ast.ObjectName, ports: ast.Ports, end: End, port: Port) -> bool:
    """Whether a connection to the Service on one of the ports may become one to this end on this port."""
    service = world.snapshot.service_of[name.namespace, name.name]
    serving = behind(world, name, end)
    if serving is None:
        return False
    labels = {(each.protocol, each.port): each.name for each in service.ports}
    asked = {(each.protocol, each.port) for each in service.ports if _offered(ports, each)}
    if service.headless:
        # Clients connect to the pods: on the ports that are asked for by number, else on those of the Service.
        numbers = [item for item in ports.items if isinstance(item, ast.PortNumbers)]
        if any(place(*port) in _range(item) for item in numbers) or not (ports.items or serving):
            return True
        by_name = {item.name.text for item in ports.items if isinstance(item, ast.PortNamed)}
        asked = {each for each in serving if labels[each] in by_name or not ports.items}
        return port in asked or any(port in serving[each] for each in asked)
    return any(port in serving[each] for each in asked)


def arrives(world: World, source: ast.SetExpr, destination: ast.SetExpr, ports: ast.Ports, triple: Triple) -> bool:
    """Whether a flow from a node may be what a client outside, who is meant, sends to a Service that is meant.

    Services of the type NodePort or LoadBalancer are reached from outside; with externalTrafficPolicy Cluster the
    client's address may have become that of any node.
    """
    start, end, _ = triple
    if not isinstance(start.party, Node):
        return False
    outside = [each for each in world.ends if isinstance(each.party, External)]
    if not any(inside(world, source, each, end) for each in outside):
        return False
    named = [(part.name, ports) for part in parts(destination) if isinstance(part, ast.ServiceNamed)]
    sets = (part for part in parts(destination) if isinstance(part, ast.NodeNamed | ast.Nodes | ast.Addresses))
    named += [(name, _only(port)) for part in sets for name, port in _node_ports(world, part, ports)]
    opened = [(name, asked) for name, asked in named if _opened(world.snapshot, name)]
    return into(world, destination, ports, triple) and any(
        _to_service(world, name, asked, end, triple[2]) for name, asked in opened
    )


def offers_what_is_asked(snapshot: Snapshot, query: ast.Query) -> bool:
    """True if each Service that a sentence has as a destination has one of the ports that it asks for."""
    asked = (
        (name, getattr(node, "ports", None) or ast.ANY_PORT)
        for node in parts(query)
        if hasattr(node, "ports") and hasattr(node, "destination")
        for name in _services_in(node.destination)
    )
    return all(_offers(snapshot.service_of[name.namespace, name.name], ports) for name, ports in asked)


def _services_in(destination: object) -> Iterator[ast.ObjectName]:
    """The Services of a destination, but for those that are taken away from it, whatever the port."""
    match destination:
        case ast.ServiceNamed(name):
            yield name
        case ast.Union(items):
            yield from (name for item in items for name in _services_in(item))
        case ast.Difference(base, _):
            yield from _services_in(base)
        case ast.Quantified():
            yield from _services_in(destination.set)


def _offers(service: Service, ports: ast.Ports) -> bool:
    """A headless one has every number, since clients connect to its pods."""
    if service.headless and (not ports.items or any(isinstance(item, ast.PortNumbers) for item in ports.items)):
        return True
    return any(_offered(ports, port) for port in service.ports)


def _opened(snapshot: Snapshot, name: ast.ObjectName) -> bool:
    service = snapshot.service_of[name.namespace, name.name]
    return service.type in ("NodePort", "LoadBalancer") and not service.keeps_client


def _offered(ports: ast.Ports, port: ServicePort) -> bool:
    """True if a port of a Service is asked for: by its name, its number, or its node port."""
    numbers = [place(port.protocol, number) for number in (port.port, port.node_port) if number]

    def asked(item: ast.PortNumbers | ast.PortNamed) -> bool:
        if isinstance(item, ast.PortNamed):
            return item.name.text == port.name
        return any(number in _range(item) for number in numbers)

    return not ports.items or any(map(asked, ports.items))


def exempt(world: World, exceptions: Iterable[ast.Exempt], triple: Triple) -> bool:
    """Whether any exception takes the flow out."""
    world = world.reading(not world.sure)
    return any(_exempt(world, each, triple) for each in exceptions)


def _exempt(world: World, each: ast.Exempt, triple: Triple) -> bool:
    source, destination, port = triple
    if each.source is not None and not inside(world, each.source, source, destination):
        return False
    if each.destination is not None and not into(world, each.destination, each.ports or ast.ANY_PORT, triple):
        return False
    if each.destination is None and each.ports is not None and not on_ports(each.ports, destination, port):
        return False
    return each.within is None or together(world, each.within, source.party, destination.party)


def names_nodes(expression: ast.SetExpr) -> bool:
    """Whether the words of a set name nodes, so that they take part in `only`."""
    return any(isinstance(part, (ast.NodeNamed, ast.Nodes, ast.Anything)) for part in parts(expression))
