"""Flows with invented pods, drawn by chance (with a fixed seed), for a second opinion on a proof about possible pods.

A draw likes what selectors ask for: labels that meet one of a policy or of the question. Whether a flow is in the
region is decided here on the invented objects themselves, without the terms that the script is made of.
"""

from __future__ import annotations

import random
from typing import assert_never

from reachproof.network.address import family
from reachproof.network.cluster import Namespace, Pod
from reachproof.network.flow import Flow
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import Selector
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import positions
from reachproof.solver.goal import (
    All,
    At,
    Declares,
    Formula,
    Hypothetical,
    InAddresses,
    InNamespaces,
    InNewNamespace,
    InPorts,
    Labelled,
    Members,
    Not,
    OnNode,
    Possible,
    Same,
    Side,
    Some,
)
from reachproof.solver.open_world.concretize import (
    Picture,
    Values,
    is_new,
    is_possible,
    new_namespace,
    picture,
    with_invented,
)
from reachproof.solver.open_world.label_domains import Domain
from reachproof.solver.open_world.variables import Variables, pod_selectors

DRAWS = 96
ATTEMPTS = 16
Group = int | str | None


def attempts(layout: Variables) -> tuple[Snapshot, tuple[Flow, ...]]:
    """A snapshot with invented pods, and flows of the region with such a pod at an end; at most ATTEMPTS.

    Cost: a few milliseconds, and one pass over the snapshot.
    """
    chance = random.Random(0)
    snapshot = layout.scope.snapshot
    used = snapshot.held
    invented = EMPTY
    found: list[Picture] = []
    namespaces: dict[str, Namespace] = {}
    for number in range(DRAWS):
        if len(found) == ATTEMPTS:
            break
        values = _draw(layout, chance)
        shown = picture(layout, values, names=(f"(possible-{2 * number})", f"(possible-{2 * number + 1})"), avoid=used)
        if shown is None or not shown.pods or not holds(layout, values, shown):
            continue
        if any(namespaces.get(each.name, each) != each for each in shown.namespaces):
            continue  # another draw has a namespace of that name with other labels
        ends = IntervalSet.of((a, a) for a in (shown.flow.source_address, shown.flow.destination_address))
        if ends & invented:
            continue  # another draw has a pod there
        found.append(shown)
        namespaces |= {each.name: each for each in shown.namespaces}
        invented |= IntervalSet.of((a, a) for pod in shown.pods for a in pod.addresses)
        used |= ends
    pods = [pod for each in found for pod in each.pods]
    return with_invented(snapshot, pods, namespaces.values()), tuple(each.flow for each in found)


def _draw(layout: Variables, chance: random.Random) -> Values:
    values = {name: chance.randrange(size) for name, size in layout.sizes().items()}
    for side, end in layout.ends.items():
        if end.homes:
            values |= _labels(f"{end.letter}l", end.labels, list(pod_selectors(layout.scope, side)), chance)
            for number, domain in enumerate(end.namespace_labels):
                if domain.always and not values[f"{end.letter}m{number}"]:
                    values[f"{end.letter}m{number}"] = 1
    return values


def _labels(
    prefix: str, domains: tuple[Domain, ...], selectors: list[Selector], chance: random.Random
) -> dict[str, int]:
    """Few labels, such that some selectors match if they can together."""
    values = {f"{prefix}{number}": 0 for number in range(len(domains))}
    number_of = {domain.key: number for number, domain in enumerate(domains)}
    for selector in chance.sample(selectors, min(len(selectors), chance.randrange(4))):
        for requirement in selector.requirements:
            number = number_of[requirement.key]
            codes = domains[number].codes(requirement)
            if codes and values[f"{prefix}{number}"] not in codes:
                values[f"{prefix}{number}"] = chance.choice(codes)
    return values


# ---------------------------------------------------------------- is it in the region?


def holds(layout: Variables, values: Values, shown: Picture) -> bool:
    """True if the flow that values show is in the region, and its ends are of one address family."""
    one_family = family(shown.flow.source_address) == family(shown.flow.destination_address)
    return one_family and _holds(layout, values, shown, layout.scope.region)


def _holds(layout: Variables, values: Values, shown: Picture, formula: Formula) -> bool:
    match formula:
        case At(side=side, where=where):
            end = layout.ends[side]
            if is_possible(end, values):
                return _possible_in(_party(shown, side), is_new(end, values), shown, where)
            return isinstance(where, Members | InAddresses) and bool(
                end.cells[values[end.letter]] & layout.scope.view.points_of(where)
            )
        case InPorts(ports):
            return place(shown.flow.protocol, shown.flow.port) in ports
        case Same():
            groups = [_group(layout, values, shown, formula, side) for side in Side]
            return groups[0] == groups[1] and groups[0] is not None
        case Not(item):
            return not _holds(layout, values, shown, item)
        case All(items):
            return all(_holds(layout, values, shown, item) for item in items)
        case Some(items):
            return any(_holds(layout, values, shown, item) for item in items)
        case _:
            assert_never(formula)


def _party(shown: Picture, side: Side) -> Pod:
    party = shown.flow.source if side is Side.SOURCE else shown.flow.destination
    assert isinstance(party, Pod)
    return party


def _possible_in(pod: Pod, new: bool, shown: Picture, where: Members | InAddresses | Hypothetical) -> bool:
    match where:
        case Members() | InAddresses():
            return False
        case Possible():
            return True
        case InNamespaces(names):
            return not new and pod.namespace in names
        case InNewNamespace(labels):
            return new and labels.matches(_namespace(pod, shown).labels)
        case Labelled(labels):
            return labels.matches(pod.labels)
        case OnNode(name):
            return pod.node == name
        case Declares(name):
            flow = shown.flow
            return any((p.name, p.number, p.protocol) == (name, flow.port, flow.protocol) for p in pod.ports)
        case _:
            assert_never(where)


def _namespace(pod: Pod, shown: Picture) -> Namespace:
    return next(namespace for namespace in shown.namespaces if namespace.name == pod.namespace)


def _group(layout: Variables, values: Values, shown: Picture, same: Same, side: Side) -> Group:
    """The group of an end: a number, or for a new namespace that has none a text; None for no group."""
    end = layout.ends[side]
    if not is_possible(end, values):
        first = next(positions(end.cells[values[end.letter]]))
        return layout.scope.view.group(same, first) or None
    grouping, pod = same.possible, _party(shown, side)
    if not is_new(end, values):
        return dict(grouping.namespaces).get(pod.namespace)
    labels = new_namespace(end, values).labels
    for selector, number in grouping.selectors:
        if selector.matches(labels):
            return number
    if grouping.by_value:
        return labels.get(grouping.by_value)
    return pod.namespace if grouping.apart else None
