"""The meaning of a sentence, by brute force: one concrete flow after the other, by the tables of the language.

The evaluator says what is true of a flow. A claim has to hold in every outcome; to a question about "any" a possible
one is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from reachproof.documents.words import Verdict
from reachproof.grammar import ast
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.trace import Truth
from tests.queries.deny import all_selected, denies_by_default
from tests.queries.prefixes import changed, spared
from tests.queries.world import End, Port, Test, World, arrives, exempt, group_of, inside, into, names_nodes, parts


@dataclass(frozen=True)
class Meaning:
    """The meaning of a sentence; `vacuous`: it has nothing to check."""

    verdict: Verdict
    vacuous: bool


def claim(holds: bool, about: bool) -> Meaning:
    return Meaning(Verdict.HOLDS if holds else Verdict.VIOLATED, vacuous=not about)


def question(reachable: bool, about: bool) -> Meaning:
    return Meaning(Verdict.REACHABLE if reachable else Verdict.UNREACHABLE, vacuous=not about)


def meaning(world: World, query: ast.Query) -> Meaning:
    """What the sentence comes to."""
    for number, prefix in enumerate(query.prefixes):
        if isinstance(prefix, ast.ForEvery):
            rest = query.prefixes[:number] + query.prefixes[number + 1 :]
            return _for_every(world, prefix, ast.Query(query.statement, rest))
    absent = [prefix for prefix in query.prefixes if isinstance(prefix, ast.AssumingNone)]
    inner = changed(world, query.prefixes)
    return _statement(inner, query.statement, lambda s, d, p: not spared(inner, absent, s, d))


def _for_every(world: World, prefix: ast.ForEvery, query: ast.Query) -> Meaning:
    snapshot = world.snapshot
    values = {group for n in snapshot.namespaces if (group := _value(snapshot, prefix.group, n.name)) is not None}
    found = [meaning(world.where(prefix.group, prefix.variable.text, value), query) for value in sorted(values)]
    bad = [each for each in found if each.verdict is Verdict.VIOLATED]
    return bad[0] if bad else claim(True, not all(each.vacuous for each in found))


def _value(snapshot: Snapshot, group: ast.Group, namespace: str) -> str | None:
    if group is ast.Group.NAMESPACE:
        return namespace
    return snapshot.namespace_of[namespace].labels.get(snapshot.options.tenant_label)


def _statement(world: World, statement: ast.Statement, there: Test) -> Meaning:
    """`there`: the flows that the prefixes leave in the world."""
    match statement:
        case ast.Can():
            return _can(world, statement, there)
        case ast.No(source, destination, ports, exceptions):
            return _never(world, _from_into(world, source, destination, ports, exceptions), there)
        case ast.Every(source, destination, ports, exceptions):
            every = (True, destination.quantifier is not ast.Quantifier.ANY, not ports.any_of)
            meant = _from_into(
                world, source, destination.set, ports, exceptions, arriving=all(every), sure=_sure(every)
            )
            test = _and(meant, there)
            return claim(*_ranked(world, test, every, (source, destination.set)))
        case ast.Only():
            return _only(world, statement, there)
        case ast.ReachOnly():
            return _reach_only(world, statement, there)
        case ast.Isolated():
            return _never(world, _isolation(world, statement), there)
        case ast.DefaultDeny():
            return claim(*denies_by_default(world, statement, there))
        case ast.Selected():
            return claim(*all_selected(world, statement, there))
        case _:
            raise NotImplementedError(statement)


def _and(one: Test, other: Test) -> Test:
    return lambda s, d, p: one(s, d, p) and other(s, d, p)


def _from_into(
    world: World,
    source: ast.SetExpr,
    destination: ast.SetExpr,
    ports: ast.Ports,
    exceptions: tuple[ast.Exempt, ...],
    *,
    arriving: bool = True,
    sure: tuple[bool, bool] = (False, False),
) -> Test:
    """`arriving`: with what clients outside send, as it may arrive from a node. `sure`: how each set is read."""
    start, end = (world.reading(each) for each in sure)

    def test(s: End, d: End, p: Port) -> bool:
        if exempt(world, exceptions, (s, d, p)):
            return False
        if inside(start, source, s, d) and into(end, destination, ports, (s, d, p)):
            return True
        return arriving and arrives(world, source, destination, ports, (s, d, p))

    return test


def _sure(every: tuple[bool, bool, bool]) -> tuple[bool, bool]:
    """Where one end will do it must be a backend for sure, unless the question is one about any flow."""
    return (False, False) if all(every) or not any(every[:2]) else (not every[0], not every[1])


def _never(world: World, test: Test, there: Test) -> Meaning:
    """No flow that passes is allowed in any outcome."""
    about = False
    for triple in world.flows(_and(test, there)):
        about = True
        if world.truth(triple) is not Truth.DENIED:
            return claim(False, True)
    return claim(True, about)


def _always(world: World, test: Test, there: Test) -> Meaning:
    """Every flow that passes is allowed in every outcome."""
    about = False
    for triple in world.flows(_and(test, there)):
        about = True
        if world.truth(triple) is not Truth.ALLOWED:
            return claim(False, True)
    return claim(True, about)


def _only(world: World, only: ast.Only, there: Test) -> Meaning:
    """Pods and addresses outside, nodes where the source names some, and where one stands for a client outside."""
    test = _from_into(world, ast.Anything(), only.destination, only.ports, only.exceptions)
    nodes = names_nodes(only.source)

    def other(s: End, d: End, p: Port) -> bool:
        if not test(s, d, p) or inside(world.reading(True), only.source, s, d):
            return False
        others = ast.Difference(ast.OutsideCluster(), only.source)
        arriving = arrives(world, others, only.destination, only.ports, (s, d, p))
        return nodes or arriving or not isinstance(s.party, Node)

    return _never(world, other, there)


def _reach_only(world: World, only: ast.ReachOnly, there: Test) -> Meaning:
    nodes = any(names_nodes(target.destination) for target in only.targets)

    def listed(s: End, d: End, p: Port, sure: bool = False) -> bool:
        return any(into(world.reading(sure), each.destination, each.ports, (s, d, p)) for each in only.targets)

    def asked(s: End, d: End, p: Port) -> bool:
        return inside(world, only.source, s, d) and not exempt(world, only.exceptions, (s, d, p))

    def unlisted(s: End, d: End, p: Port) -> bool:
        return asked(s, d, p) and not listed(s, d, p, True) and (nodes or not isinstance(d.party, Node))

    found = _never(world, unlisted, there)
    if not only.exactly or found.verdict is Verdict.VIOLATED:
        return found
    reached = _always(world, _and(asked, listed), there)
    return claim(reached.verdict is Verdict.HOLDS, not (found.vacuous and reached.vacuous))


def _isolation(world: World, isolated: ast.Isolated) -> Test:
    group = isolated.group

    def apart(s: End, d: End) -> bool:
        here, there = group_of(world, group, s.party), group_of(world, group, d.party)
        if isolated.left is None or isolated.right is None:
            return here is not None and there is not None and here != there
        left, right = world.named(group, isolated.left), world.named(group, isolated.right)
        return (here, there) in ((left, right), (right, left))

    return lambda s, d, p: apart(s, d) and not exempt(world, isolated.exceptions, (s, d, p))


def _can(world: World, can: ast.Can, there: Test) -> Meaning:
    every_source = can.source.quantifier is ast.Quantifier.EVERY
    every_destination = can.destination.quantifier is ast.Quantifier.EVERY
    every_destination |= every_source and can.destination.quantifier is ast.Quantifier.BARE
    every = (every_source, every_destination, not can.ports.any_of)
    arriving = all(every) or not (every_source or every_destination)
    meant = _from_into(
        world, can.source.set, can.destination.set, can.ports, can.exceptions, arriving=arriving, sure=_sure(every)
    )
    test = _and(meant, there)
    if every_source or every_destination:
        return question(*_ranked(world, test, every, (can.source.set, can.destination.set)))
    found = [world.truth(triple) for triple in world.flows(test)]
    return question(any(each is not Truth.DENIED for each in found), bool(found))


def _ranked(
    world: World, test: Test, every: tuple[bool, bool, bool], sets: tuple[ast.SetExpr, ast.SetExpr]
) -> tuple[bool, bool]:
    """Whether the quantifiers (of source, destination and port) hold in every outcome; whether there is a flow at all.

    They range over endpoints: pods, nodes, and single addresses outside. One reaches another on a port when every flow
    between them on it that is meant is allowed, whichever addresses they have. Ends without any flow between them are
    passed over where all ends are meant, and are no example where one will do.
    """
    every_source, every_destination, every_port = every
    table: dict[str, dict[str, dict[Port, bool]]] = {}
    for triple in world.flows(test):
        ports = table.setdefault(_who(triple[0]), {}).setdefault(_who(triple[1]), {})
        ports[triple[2]] = ports.get(triple[2], True) and world.truth(triple) is Truth.ALLOWED
    good = {
        source: _all_or_any(every_destination, (_all_or_any(every_port, on.values()) for on in to.values()))
        for source, to in table.items()
    }
    if every_source and not every_destination:
        # Each source needs an example, so one without any flow has none.
        relative = any(isinstance(part, ast.Relative) for part in parts(sets[0]))
        for end in world.ends:
            others = [far for far in world.ends if not relative or inside(world, sets[1], far, end)]
            if any(inside(world, sets[0], end, far) for far in others):
                good.setdefault(_who(end), False)
    return _all_or_any(every_source, good.values()), bool(table)


def _all_or_any(every: bool, items: Iterable[bool]) -> bool:
    return all(items) if every else any(items)


def _who(end: End) -> str:
    match end.party:
        case Pod() as pod:
            return f"pod {pod}"
        case Node(name=name):
            return f"node {name}"
        case External():
            return f"address {end.address}"
        case _:
            assert_never(end.party)
