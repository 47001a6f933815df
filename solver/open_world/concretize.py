"""Values of a layout turned into invented pods, a flow between its ends, and a snapshot in which they exist.

An invented pod has the labels, named ports and namespace that the values give it and nothing else; its address is one
that no pod has, where there is such a choice. Where there is none, the pod that has it now is taken to be gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reachproof.network.cluster import ContainerPort, Namespace, Pod
from reachproof.network.flow import Flow
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import NAMESPACE_NAME
from reachproof.network.origin import Origin
from reachproof.network.ports import protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.solver.goal import Side
from reachproof.solver.open_world.variables import End, Variables
from reachproof.solver.universe import Point
from reachproof.solver.witness import flow_at, ordered, telling_address, telling_port

INVENTED = Origin(file="", path="invented")
NAMES = ("(possible)", "(possible-2)")
_ELSEWHERE = "(another)"

Values = Mapping[str, int]
"""The value of each variable of a layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A flow, with the pods and namespaces that are invented for it."""

    flow: Flow
    pods: tuple[Pod, ...]
    namespaces: tuple[Namespace, ...]


def picture(
    layout: Variables, values: Values, *, names: tuple[str, str] = NAMES, avoid: IntervalSet = EMPTY
) -> Picture | None:
    """The picture of values: the flow between the two ends that they choose. None where no two addresses are left.

    `names`: of an invented source and destination. `avoid`: addresses that no invented pod may have.
    """
    candidates = {side: _candidates(layout, side, values, name, avoid) for side, name in zip(Side, names, strict=True)}
    for a in candidates[Side.SOURCE]:
        for b in candidates[Side.DESTINATION]:
            addresses = _apart(layout.scope.snapshot, a, b)
            if addresses is not None:
                return _picture(layout, values, (a, b), addresses)
    return None


def _picture(layout: Variables, values: Values, ends: tuple[Point, Point], addresses: tuple[int, int]) -> Picture:
    source, destination = (end.party for end in ends)
    chosen = telling_port(layout.atoms[values["p"]], destination)
    protocol, port = protocol_port(chosen)
    if isinstance(destination, Pod) and destination.origin is INVENTED:
        named = tuple(
            ContainerPort(name=name, number=port, protocol=protocol)
            for number, name in enumerate(layout.names)
            if values[f"q{number}"]
        )
        destination = replace(destination, ports=named, addresses=(addresses[1],))
    if isinstance(source, Pod) and source.origin is INVENTED:
        source = replace(source, addresses=(addresses[0],))
    return Picture(
        flow=flow_at((source, destination), addresses, chosen),
        pods=tuple(end for end in (source, destination) if isinstance(end, Pod) and end.origin is INVENTED),
        namespaces=tuple(new_namespace(end, values) for end in layout.ends.values() if is_new(end, values)),
    )


def with_invented(snapshot: Snapshot, pods: Iterable[Pod], namespaces: Iterable[Namespace]) -> Snapshot:
    """The snapshot with pods and namespaces that do not exist; pods whose addresses they have are gone."""
    invented = list(pods)
    taken = {address for pod in invented for address in pod.addresses}
    kept = [pod for pod in snapshot.pods if pod.host_network or not taken.intersection(pod.addresses)]
    new = {namespace.name: namespace for namespace in namespaces}
    return replace(
        snapshot,
        pods=tuple(sorted((*kept, *invented), key=lambda pod: pod.key)),
        namespaces=tuple(sorted((*snapshot.namespaces, *new.values()), key=lambda namespace: namespace.name)),
        possible=frozenset(pod.key for pod in invented),
    )


# ---------------------------------------------------------------- one end


def is_possible(end: End, values: Values) -> bool:
    """True if the values have a possible pod at that side."""
    return bool(end.homes) and (not end.cells or bool(values[f"{end.letter}k"]))


def is_new(end: End, values: Values) -> bool:
    """True if that pod is in a namespace that is not in the snapshot."""
    return is_possible(end, values) and end.homes[values[f"{end.letter}n"]] is None


def _candidates(layout: Variables, side: Side, values: Values, name: str, avoid: IntervalSet) -> list[Point]:
    """The points of the chosen cell, best first; or the invented pod with the addresses it may have."""
    end = layout.ends[side]
    if not is_possible(end, values):
        return ordered(layout.scope.view, end.cells[values[end.letter]])
    choices = end.regions[values[f"{end.letter}a"]] - avoid
    return [Point(invented_pod(end, values, name), choices)] if choices else []


def invented_pod(end: End, values: Values, name: str) -> Pod:
    """The possible pod of a side, but for its address and ports."""
    home = end.homes[values[f"{end.letter}n"]]
    on = values[f"{end.letter}w"]
    return Pod(
        namespace=new_namespace(end, values).name if home is None else home,
        name=name,
        labels=_labels(end, values),
        addresses=(),
        node=None if not end.nodes else end.nodes[on] if on < len(end.nodes) else _ELSEWHERE,
        origin=INVENTED,
    )


def _labels(end: End, values: Values) -> dict[str, str]:
    found = ((domain.key, domain.text(values[f"{end.letter}l{n}"])) for n, domain in enumerate(end.labels))
    return {key: text for key, text in found if text is not None}


def new_namespace(end: End, values: Values) -> Namespace:
    """The new namespace that the possible pod of a side is in."""
    found = ((domain.key, domain.text(values[f"{end.letter}m{n}"])) for n, domain in enumerate(end.namespace_labels))
    labels = {key: text for key, text in found if text is not None}
    return Namespace(name=labels[NAMESPACE_NAME], labels=labels, origin=INVENTED)


def _apart(snapshot: Snapshot, a: Point, b: Point) -> tuple[int, int] | None:
    """An address for each end, different ones; an invented pod has one that is free, where it can."""
    first = _address(snapshot, a, None)
    second = _address(snapshot, b, first)
    if second is None and first is not None:
        second = _address(snapshot, b, None)
        first = _address(snapshot, a, second)
    return None if first is None or second is None else (first, second)


def _address(snapshot: Snapshot, point: Point, other: int | None) -> int | None:
    choices = point.addresses - IntervalSet.single(other) if other is not None else point.addresses
    if not choices:
        return None
    if isinstance(point.party, Pod) and point.party.origin is INVENTED:
        choices = (choices - snapshot.held) or choices
    return telling_address(snapshot, Point(point.party, choices))
