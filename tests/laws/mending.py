"""A cluster and a flow changed so that conditions hold which a near miss says to fail: labels, addresses, ports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reachproof.network.address import family
from reachproof.network.cluster import ContainerPort, Pod
from reachproof.network.flow import Flow
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import Labels, Requirement
from reachproof.network.policy import AddressPeer, Complement, Direction, PodSet, PortMatch, Union
from reachproof.network.ports import ALL_PORTS, Protocol, place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.queries.rule_conditions import About, Alternative, Condition, is_any_pod


@dataclass(frozen=True)
class World:
    snapshot: Snapshot
    flow: Flow


def mended(world: World, direction: Direction, found: Alternative, only: Iterable[Condition]) -> World | None:
    """The world in which these conditions of an alternative hold; None where no labels, address or port do it."""
    chosen: World | None = world
    wanted = list(only)
    for about in (About.PEER, About.SUBJECT):
        tests = [each.test for each in wanted if each.about is about]
        held = [each.test for each in found.conditions if each.about is about and each not in wanted]
        if tests and chosen is not None:
            side = "source" if (direction is Direction.INGRESS) == (about is About.PEER) else "destination"
            chosen = _with_end(chosen, side, tests, held)
    for each in wanted:
        if each.about is About.RULE:
            return None
        if isinstance(each.test, PortMatch) and chosen is not None:
            chosen = _with_port(chosen, each.test)
    return chosen


def _with_end(world: World, side: str, tests: Sequence[object], held: Sequence[object]) -> World | None:
    if not all(isinstance(test, PodSet | AddressPeer) for test in tests) or any(
        isinstance(test, Union | Complement) for test in held
    ):
        return None
    flow = world.flow
    address = flow.source_address if side == "source" else flow.destination_address
    blocks = [test for test in (*tests, *held) if isinstance(test, AddressPeer)]
    if any(isinstance(test, AddressPeer) for test in tests):
        free = IntervalSet(((address, address),)) if not blocks else blocks[0].addresses
        for block in blocks:
            free = free & block.addresses
        fitting = [low for low, _ in free if family(low) == family(address)]
        if not fitting:
            return None
        address = fitting[0]
    flow = replace(flow, source_address=address) if side == "source" else replace(flow, destination_address=address)
    sets = [test for test in tests if isinstance(test, PodSet)]
    return _with_labels(World(world.snapshot, flow), side, sets, held) if sets else World(world.snapshot, flow)


def _with_labels(world: World, side: str, tests: list[PodSet], held: Sequence[object]) -> World | None:
    snapshot, flow = world.snapshot, world.flow
    party = flow.source if side == "source" else flow.destination
    if not isinstance(party, Pod) or any(is_any_pod(test) or test.where is not None for test in tests):
        return None
    every = [*tests, *(test for test in held if isinstance(test, PodSet))]
    if any(test.where is not None for test in every):
        return None  # it may look at the same labels
    pods = _labelled(party.labels, (n for t in tests for n in t.pods.requirements), _needs(every, of_pods=True))
    space = snapshot.namespace_of[party.namespace]
    spaces = _labelled(space.labels, (n for t in tests for n in t.namespaces.requirements), _needs(every))
    if pods is None or spaces is None:
        return None
    home = f"mended-{side}"
    accounts = tuple(replace(each, namespace=home) for each in snapshot.accounts if each.namespace == party.namespace)
    snapshot = replace(
        snapshot,
        namespaces=(*snapshot.namespaces, replace(space, name=home, labels=spaces)),
        accounts=snapshot.accounts + accounts,
    )
    pod = replace(party, namespace=home, labels=pods)
    return World(snapshot, replace(flow, source=pod) if side == "source" else replace(flow, destination=pod))


def _needs(sets: Iterable[PodSet], *, of_pods: bool = False) -> list[Requirement]:
    return [need for each in sets for need in (each.pods if of_pods else each.namespaces).requirements]


def _labelled(labels: Labels, wanted: Iterable[Requirement], every: list[Requirement]) -> Labels | None:
    """The labels with other values of the keys that are wanted, so that all requirements on these keys hold."""
    for key in {need.key for need in wanted}:
        own = [need for need in every if need.key == key]
        values = [None, "mended", *(value for need in own for value in need.values)]
        rest = {each: value for each, value in labels.items() if each != key}
        tries = [rest if value is None else {**rest, key: value} for value in values]
        fitting = [each for each in tries if all(need.matches(each) for need in own)]
        if not fitting:
            return None
        labels = fitting[0]
    return labels


def _with_port(world: World, ports: PortMatch) -> World | None:
    flow = world.flow
    numbers = ports.numbers - ports.not_numbers
    if not ports.names and not ports.not_names:
        return _at(world, numbers.first) if numbers else None
    pod = flow.destination
    if not isinstance(pod, Pod) or pod.host_network or not ports.names or ports.not_names:
        return None
    name = ports.names[0]
    free = (ALL_PORTS - ports.not_numbers) & IntervalSet(
        ((place(name.protocol or Protocol.TCP, 1), place(name.protocol or Protocol.TCP, 65535)),)
    )
    protocol, number = protocol_port(free.first)
    port = ContainerPort(name=name.name, number=number, protocol=protocol)
    declared = replace(pod, ports=(*pod.ports, port))
    return World(world.snapshot, replace(flow, destination=declared, protocol=protocol, port=number))


def _at(world: World, number: int) -> World:
    protocol, port = protocol_port(number)
    return World(world.snapshot, replace(world.flow, protocol=protocol, port=port))
