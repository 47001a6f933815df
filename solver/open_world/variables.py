"""Variables of an open script, and their meaning.

| Variable at side x (`s` or `d`) | Values |
|---|---|
| `xk` | 0: a point of the view, 1: a possible pod |
| `x` | cells: points that nothing in the question or in the scope tells apart |
| `xn` | homes: the namespaces of the snapshot where the possible pod can be, then "a new one" |
| `xa` | regions: addresses of possible pods that no policy tells apart |
| `xw` | nodes that matter, then "any other" |
| `xl0`, `xl1`, ... and `xm0`, ... | labels of the possible pod; of its new namespace: codes of a `Domain` |

`p` numbers the atoms of ports; `q0`, ... say which named ports the possible destination declares for the flow's port.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reachproof.engines.cilium.port_names import names_a_port
from reachproof.engines.registry import profile_of
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import NAMESPACE_NAME, Requirement, Selector
from reachproof.network.policy import AddressPeer, Direction, NamedPort, Peer, PodSet, parts_of
from reachproof.network.ports import port_range
from reachproof.network.predicate import Holder, Textual, needs
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import ones, partition, positions
from reachproof.solver.boxes import near_of
from reachproof.solver.goal import (
    PEER,
    SUBJECT,
    At,
    Declares,
    InNewNamespace,
    InPorts,
    Labelled,
    OnNode,
    Same,
    Side,
    leaves,
)
from reachproof.solver.open_world.label_domains import Domain, NotModelledError, domains
from reachproof.solver.open_world.scope import Scope, ScopedMatch, ScopedPolicy, ScopedRule, Target
from reachproof.solver.slice import port_atoms
from reachproof.solver.universe import regions_of
from reachproof.solver.view import View

LETTER = {Side.SOURCE: "s", Side.DESTINATION: "d"}


@dataclass(frozen=True, kw_only=True)
class End:
    """One side. Without `cells` the end is a possible pod for certain; without `homes` it never is.

    `cells_of` gives the cells of every set of points that was planned for.
    """

    letter: str
    cells: tuple[int, ...]
    cells_of: dict[int, tuple[int, ...]]
    homes: tuple[str | None, ...]
    regions: tuple[IntervalSet, ...]
    nodes: tuple[str, ...]
    labels: tuple[Domain, ...]
    namespace_labels: tuple[Domain, ...]

    def sizes(self) -> dict[str, int]:
        """Number of values of each variable of this side."""
        found: dict[str, int] = {}
        if self.cells:
            found[self.letter] = len(self.cells)
        if self.homes:
            found[f"{self.letter}n"] = len(self.homes)
            found[f"{self.letter}a"] = len(self.regions)
            found[f"{self.letter}w"] = len(self.nodes) + 1
            found |= {f"{self.letter}l{i}": domain.size for i, domain in enumerate(self.labels)}
            found |= {f"{self.letter}m{i}": domain.size for i, domain in enumerate(self.namespace_labels)}
        if self.cells and self.homes:
            found[f"{self.letter}k"] = 2
        return found


@dataclass(frozen=True, kw_only=True)
class Variables:
    """Both sides, the atoms of ports, and the names of ports that matter at a possible destination."""

    scope: Scope
    ends: dict[Side, End]
    atoms: tuple[IntervalSet, ...]
    names: tuple[str, ...]

    def sizes(self) -> dict[str, int]:
        """Number of values of each variable."""
        names = {f"q{i}": 2 for i in range(len(self.names))}
        return {**self.ends[Side.SOURCE].sizes(), **self.ends[Side.DESTINATION].sizes(), "p": len(self.atoms), **names}


def layout(scope: Scope) -> Variables:
    """The variables of a scope.

    NotModelledError where a policy asks for the service account of a possible pod, or for the number that a port name
    has in the whole cluster, which a possible pod may change.
    """
    _demand_no_account(scope)
    _demand_no_number_per_name(scope)
    cuts = [leaf.ports for leaf in leaves(scope.region) if isinstance(leaf, InPorts)]
    asked = [each.match.ports for _, _, each in _matches(scope) if each.match.ports is not None]
    cuts += [numbers for ports in asked for numbers in (ports.numbers, ports.not_numbers)]
    cuts += [ports for _, _, each in _matches(scope) for ports, _ in (*each.declaring, *each.without)]
    cuts += [port_range(name.protocol) for name in _named_ports(scope) if name.protocol is not None]
    names = {leaf.where.name for leaf in _ats(scope) if isinstance(leaf.where, Declares)}
    names |= {name.name for name in _named_ports(scope)}
    return Variables(
        scope=scope,
        ends={side: _end(scope, side) for side in Side},
        atoms=port_atoms(scope.ports, cuts),
        names=tuple(sorted(names)) if scope.homes[Side.DESTINATION] else (),
    )


def _demand_no_account(scope: Scope) -> None:
    for _, policy in _policies(scope):
        matches = (target for rule in policy.rules for each in rule.matches for target in (each.peer, each.subject))
        peers = [target.peer for target in (policy.subjects, *matches) if target.peer is not None]
        if any(_asks_for_account(part) for peer in peers for part in (peer, *parts_of(peer))):
            message = f"{policy.policy.ref} asks for a service account, and those of possible pods are not modelled"
            raise NotModelledError(message)


def _demand_no_number_per_name(scope: Scope) -> None:
    profile = profile_of(scope.snapshot.options)
    if not profile.one_number_per_name:
        return
    naming = {policy.ref for policy in scope.snapshot.policies if any(map(names_a_port, policy.egress))}
    for direction, policy in _policies(scope):
        if direction is Direction.EGRESS and policy.policy.ref in naming:
            message = (
                f"{policy.policy.ref} names a port in an egress rule, which {profile} looks up among the pods of the "
                "whole cluster, and those of possible pods are not modelled"
            )
            raise NotModelledError(message)


def _asks_for_account(peer: Peer) -> bool:
    where = peer.where if isinstance(peer, PodSet) else None
    return where is not None and any(each.of is Holder.ACCOUNT for each in needs(where))


def pod_addresses(snapshot: Snapshot) -> IntervalSet:
    """Where a possible pod may have its address: the pod range and what pods have now, less nodes and Services."""
    now = IntervalSet.of((a, a) for pod in snapshot.pods if not pod.host_network for a in pod.addresses)
    taken = [address for node in snapshot.nodes for address in node.addresses]
    taken += [address for service in snapshot.services for address in service.virtual_ips]
    return (snapshot.declared_pod_range | now) - IntervalSet.of((address, address) for address in taken)


def _end(scope: Scope, side: Side) -> End:
    namespaces = scope.snapshot.namespaces
    homes = tuple(namespaces[home].name if home < len(namespaces) else None for home in positions(scope.homes[side]))
    regions = regions_of(pod_addresses(scope.snapshot), _address_sets(scope, side)) if homes else ()
    sets = _point_sets(scope, side, regions)
    cells, cells_of = partition(sets, len(scope.view.points))
    return End(
        letter=LETTER[side],
        cells=cells,
        cells_of={points: tuple(positions(of)) for points, of in zip(sets, cells_of, strict=True)},
        homes=homes,
        regions=regions,
        nodes=_nodes(scope, side) if homes else (),
        labels=domains(pod_selectors(scope, side), textual=_textual(scope, side, Holder.POD)) if homes else (),
        namespace_labels=_namespace_labels(scope, side) if scope.new(side) else (),
    )


# ---------------------------------------------------------------- what is mentioned


def _policies(scope: Scope) -> Iterator[tuple[Direction, ScopedPolicy]]:
    for direction in Direction:
        for tier in scope.tiers(direction):
            yield from ((direction, policy) for policy in tier.policies)


def _rules(scope: Scope) -> Iterator[tuple[Direction, ScopedRule]]:
    for direction, policy in _policies(scope):
        yield from ((direction, rule) for rule in policy.rules)
    for direction in Direction:
        for tier in scope.tiers(direction):
            yield from ((direction, rule) for rule in tier.isolation)


def _matches(scope: Scope) -> Iterator[tuple[Direction, ScopedRule, ScopedMatch]]:
    for direction, rule in _rules(scope):
        yield from ((direction, rule, match) for match in rule.matches)


def _named_ports(scope: Scope) -> Iterator[NamedPort]:
    for _, _, each in _matches(scope):
        if each.match.ports is not None:
            yield from (*each.match.ports.names, *each.match.ports.not_names)


def _ats(scope: Scope) -> Iterator[At]:
    return (leaf for leaf in leaves(scope.region) if isinstance(leaf, At))


def _targets(scope: Scope, side: Side) -> Iterator[Target]:
    """Subjects and peers at a side."""
    for direction, policy in _policies(scope):
        if SUBJECT[direction] is side:
            yield policy.subjects
    for direction, rule, match in _matches(scope):
        if SUBJECT[direction] is side:
            yield rule.subject
            yield match.subject
        if PEER[direction] is side:
            yield match.peer
        for each, at in ((match.peer, PEER[direction]), (match.subject, SUBJECT[direction])):
            if at is side and each.peer is not None:
                yield from (Target(0, part) for part in parts_of(each.peer))


def _pod_sets(scope: Scope, side: Side) -> Iterator[PodSet]:
    return (target.peer for target in _targets(scope, side) if isinstance(target.peer, PodSet))


def _tests(scope: Scope, side: Side, of: Holder) -> Iterator[Requirement | Textual]:
    """Single tests of labels in conditions that are more than a selector."""
    for pods in _pod_sets(scope, side):
        for each in needs(pods.where) if pods.where is not None else ():
            if each.of is of:
                yield each.test


def _textual(scope: Scope, side: Side, of: Holder) -> list[Textual]:
    return [test for test in _tests(scope, side, of) if isinstance(test, Textual)]


def _single(scope: Scope, side: Side, of: Holder) -> list[Selector]:
    return [Selector((test,)) for test in _tests(scope, side, of) if isinstance(test, Requirement)]


def pod_selectors(scope: Scope, side: Side) -> Iterator[Selector]:
    """The selectors that the labels of a possible pod at a side are asked about."""
    yield from (pods.pods for pods in _pod_sets(scope, side))
    yield from _single(scope, side, Holder.POD)
    for leaf in _ats(scope):
        if leaf.side is side and isinstance(leaf.where, Labelled):
            yield leaf.where.labels


def _namespace_labels(scope: Scope, side: Side) -> tuple[Domain, ...]:
    """Of both sides together: two new namespaces may be one and the same."""
    selectors: list[Selector] = []
    compared = {NAMESPACE_NAME}
    for each in Side:
        selectors += [pods.namespaces for pods in _pod_sets(scope, each)]
        selectors += _single(scope, each, Holder.NAMESPACE)
    for leaf in leaves(scope.region):
        if isinstance(leaf, Same):
            selectors += [selector for selector, _ in leaf.possible.selectors]
            compared |= {leaf.possible.by_value} - {""}
        elif isinstance(leaf, At) and isinstance(leaf.where, InNewNamespace):
            selectors.append(leaf.where.labels)
    existing = (namespace.name for namespace in scope.snapshot.namespaces)
    textual = [test for each in Side for test in _textual(scope, each, Holder.NAMESPACE)]
    return domains(selectors, textual=textual, compared=compared, taken=existing, name_key=NAMESPACE_NAME)


def _address_sets(scope: Scope, side: Side) -> list[IntervalSet]:
    """The sets of addresses that possible pods at a side are asked about."""
    peers = (target.peer for target in _targets(scope, side))
    return list(dict.fromkeys(peer.addresses for peer in peers if isinstance(peer, AddressPeer)))


def _nodes(scope: Scope, side: Side) -> tuple[str, ...]:
    """Nodes that a possible pod may be asked to be on: by the question, or as the own node of the pod."""
    found = {leaf.where.name for leaf in _ats(scope) if isinstance(leaf.where, OnNode) and leaf.side is side}
    for direction, _, match in _matches(scope):
        if SUBJECT[direction] is side and near_of(match.match.peer):
            found |= set(hosts_by_node(scope.view, match.peer.points)) - {""}
    return tuple(sorted(found))


def hosts_by_node(view: View, points: int) -> dict[str, int]:
    """Nodes and host-network pods by the node that they are on; under the empty name where it is not known."""
    found: dict[str, int] = {}
    for index in positions(points):
        party = view.points[index].party
        name = party.name if isinstance(party, Node) else (party.node or "") if isinstance(party, Pod) else ""
        found[name] = found.get(name, 0) | 1 << index
    return dict(sorted(found.items()))


# ---------------------------------------------------------------- points


def _point_sets(scope: Scope, side: Side, regions: Iterable[IntervalSet]) -> list[int]:
    """Every set of points of a side that terms will be asked for."""
    view, domain = scope.view, scope.points[side]
    sets = [domain, v6_points(view) & domain]
    sets += [target.points for target in _targets(scope, side)]
    for leaf in leaves(scope.region):
        if isinstance(leaf, At) and leaf.side is side:
            sets.append(view.points_of(leaf.where) & domain)
        elif isinstance(leaf, Same):
            sets += [points & domain for points in grouped(view, leaf).values()]
    for direction, _, match in _matches(scope):
        if side is Side.DESTINATION:
            sets += [points & domain for _, points in (*match.declaring, *match.without)]
        if PEER[direction] is side and near_of(match.match.peer):
            sets += hosts_by_node(view, match.peer.points).values()
    other = Side.DESTINATION if side is Side.SOURCE else Side.SOURCE
    if scope.homes[other]:
        facing = regions_of(pod_addresses(scope.snapshot), _address_sets(scope, other))
        sets += [points_at(view, region) & domain for region in facing if region.size == 1]
    return list(dict.fromkeys(sets))


def v6_points(view: View) -> int:
    """Points with an IPv6 address."""
    return view.lift(view.universe.v6)


def points_at(view: View, address: IntervalSet) -> int:
    """Points that have this one address and no other."""
    fixed = view.universe.with_addresses(address) & ones(view.universe.fixed)
    return fixed | sum(1 << index for index in positions(view.free) if view.points[index].addresses == address)


def grouped(view: View, same: Same) -> dict[int, int]:
    """The points of each group of a relation, by the group's number."""
    found: dict[int, int] = {}
    for index in positions(view.everything):
        if not isinstance(view.points[index].party, External) and (group := view.group(same, index)):
            found[group] = found.get(group, 0) | 1 << index
    return dict(sorted(found.items()))
