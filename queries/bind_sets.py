"""SETs, PORTS and exceptions of the language as formulas over the points of an encoding.

| Phrase | Formula at a side |
|---|---|
| pods with filters | points of these pods |
| relative filters (`in a different tenant`) | the group relation of both ends |
| addresses | every point that uses such an address |
| service, as a destination | for each of its ports in P: its backends, and the port they listen on |

What a phrase refers to that does not exist is an error; what matches nothing is a warning that names the phrase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import assert_never

from reachproof.grammar import ast
from reachproof.grammar.format import format_set
from reachproof.grammar.mistakes import Mistake
from reachproof.network.address import GLOBAL
from reachproof.network.cluster import Notice, Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Policy
from reachproof.network.ports import place
from reachproof.network.snapshot import Snapshot
from reachproof.queries import ingress_controller, service_sets
from reachproof.queries.address_sets import domain_set, of_services, why_not_askable
from reachproof.queries.errors import QueryError
from reachproof.queries.ingress_controller import controllers
from reachproof.queries.names import Names
from reachproof.queries.possible import possible_conditions, possible_groups, possible_homes
from reachproof.queries.service_sets import Reach, Reached, numbers_of
from reachproof.queries.tenancy import namespaces_of, tenant_of, tenants
from reachproof.solver.goal import (
    FALSE,
    TRUE,
    All,
    At,
    Declares,
    Formula,
    InAddresses,
    InPorts,
    Members,
    Not,
    Possible,
    Same,
    Side,
    Some,
)
from reachproof.solver.universe import Universe, party_key


@dataclass(frozen=True, slots=True)
class Groups:
    """`numbers[i]` is the group of point i, 0 for none; `names` of the groups by number."""

    numbers: tuple[int, ...]
    names: dict[int, str]


class Binder:
    """Binder of the phrases of one sentence; `finish` raises all problems together.

    `open`: the sentence mentions possible pods. `sure`: of what may be a backend of a Service only that is taken which
    certainly is one, and under a negation all of it; else the other way round. `doubtful`: that makes a difference.
    `snapshot`: the one that the sentence is about; `universe`: the points that formulas are about.
    """

    def __init__(self, universe: Universe, *, open_world: bool = False, sure: bool = False) -> None:
        self.open = open_world
        self.sure = sure
        self.doubtful = False
        self.universe = universe
        self.snapshot: Snapshot = universe.snapshot
        self.warnings: list[Notice] = []
        self.names = Names(self.snapshot, self.warnings)
        self.assumptions: list[Notice] = []
        self.services: list[ast.ObjectName] = []
        self.reached: list[Reach] = []
        self.names_nodes = False

    def use(self, policies: tuple[Policy, ...]) -> None:
        """From now on, ask about the same cluster with these policies."""
        self.snapshot = self.snapshot.with_policies(policies)

    def finish(self) -> None:
        """Raise QueryError with every name that does not exist."""
        if self.names.problems:
            raise QueryError(self.names.problems)

    def refuse(self, message: str, span: ast.Span = ast.NOWHERE) -> None:
        """Note a problem of the sentence."""
        self.names.problems.append(Mistake(message, span))

    # ------------------------------------------------------------ sets

    def negated(self, bound: Callable[[], Formula]) -> Formula:
        """The complement of a formula, which is bound with the other reading of what may be a backend."""
        return Not(self.read(not self.sure, bound))

    def read(self, sure: bool, bound: Callable[[], Formula]) -> Formula:
        """A formula that is bound with one reading of what may be a backend."""
        before, self.sure = self.sure, sure
        try:
            return bound()
        finally:
            self.sure = before

    def at(self, side: Side, expression: ast.SetExpr, *, removed: bool = False) -> Formula:
        """The flows whose end at `side` is in the set. A service stands for its backends, whatever the port.

        `removed`: the set is taken away from another, so it may name addresses that no question can be about.
        """
        match expression:
            case ast.Union(items):
                return Some(tuple(self.at(side, item, removed=removed) for item in items))
            case ast.Difference(base, less):
                taken = self.negated(lambda: self.at(side, less, removed=True))
                return All((self.at(side, base, removed=removed), taken))
            case ast.Addresses(written, low, high):
                if not removed and (why := why_not_askable(written, low, high)) is not None:
                    self.refuse(why, expression.span)
                self.warnings += of_services(self.snapshot, low, high)
                return At(side, InAddresses(IntervalSet(((low, high),))))
            case ast.Pods():
                return self._pods(side, expression)
            case ast.ServiceNamed(name):
                return self._service(side, name)
            case _:
                return self._simple(side, expression)

    def to(self, expression: ast.SetExpr, ports: ast.Ports, *, removed: bool = False) -> Formula:
        """The flows into a set on some ports; the ports of a service are its own, and are resolved."""
        match expression:
            case ast.Union(items):
                return Some(tuple(self.to(item, ports, removed=removed) for item in items))
            case ast.Difference(base, less):
                taken = self.negated(lambda: self.at(Side.DESTINATION, less, removed=True))
                return All((self.to(base, ports, removed=removed), taken))
            case ast.ServiceNamed(name):
                return self._service_ports(name, ports)
            case _:
                plain = All((self.at(Side.DESTINATION, expression, removed=removed), self.ports(ports)))
                return self._by_node_ports(expression, plain, ports)

    def exempt(self, exceptions: Iterable[ast.Exempt]) -> Formula:
        """The flows that a claim leaves out."""
        return Some(tuple(self._exempt(each) for each in exceptions))

    def _exempt(self, exempt: ast.Exempt) -> Formula:
        parts: list[Formula] = []
        if exempt.source is not None:
            parts.append(self.at(Side.SOURCE, exempt.source, removed=True))
        if exempt.destination is not None:
            parts.append(self.to(exempt.destination, exempt.ports or ast.ANY_PORT, removed=True))
        elif exempt.ports is not None:
            parts.append(self.ports(exempt.ports))
        if exempt.within is not None:
            parts.append(self.same(exempt.within))
        return All(tuple(parts))

    def _simple(self, side: Side, expression: ast.SetExpr) -> Formula:
        universe = self.universe
        match expression:
            case ast.PodNamed(name):
                pod = self.names.pod(name)
                return self._members(side, universe.pods_of([pod.key]) if pod else 0, expression)
            case ast.WorkloadNamed(kind, name):
                pods = self.names.workload(kind, name)
                return self._members(side, universe.pods_of(pod.key for pod in pods), expression)
            case ast.NodeNamed(name):
                self.names_nodes = True
                node = self.names.node(name)
                return self._members(side, universe.by_party.get(party_key(node), 0) if node else 0, expression)
            case ast.Nodes(selector):
                self.names_nodes = True
                nodes = [node for node in self.snapshot.nodes if selector.matches(node.labels)]
                points = reduce(or_, (universe.by_party.get(party_key(node), 0) for node in nodes), 0)
                return self._members(side, points, expression)
            case ast.Internet():
                return All((At(side, Members(universe.external)), At(side, InAddresses(GLOBAL))))
            case ast.IngressController():
                pods = controllers(self.snapshot)
                self.assumptions += ingress_controller.notices(pods)
                return self._members(side, universe.pods_of(pod.key for pod in pods), expression)
            case ast.OutsideCluster():
                return At(side, Members(universe.external))
            case ast.Anything():
                self.names_nodes = True
                return TRUE
            case ast.Domain(name):
                found, notice = domain_set(self.snapshot, universe, side, name.text)
                self.assumptions.append(notice)
                return found
            case _:
                raise AssertionError(expression)

    def _members(self, side: Side, points: int, expression: ast.SetExpr) -> Formula:
        if not points and not self.names.problems:
            text = f"{format_set(expression)!r} matches nothing in this snapshot"
            self.warnings.append(Notice(code="EMPTY_SET", text=text))
        return At(side, Members(points))

    # ------------------------------------------------------------ pods

    def _pods(self, side: Side, pods: ast.Pods) -> Formula:
        points = self.universe.pods
        relations: list[Formula] = []
        for each in pods.filters:
            match each:
                case ast.Relative(group, same):
                    relation = self.same(group)
                    points &= self._grouped(group)
                    relations.append(relation if same else Not(relation))
                case ast.InPossibleNamespaces():
                    if not pods.possible:
                        text = "no pod is in a possible namespace yet: write `possible pods in possible namespaces`"
                        self.refuse(text, pods.span)
                case _:
                    points &= self._filter(each)
        found = self._possible(side, pods, points) if pods.possible else self._members(side, points, pods)
        return All((found, *relations)) if relations else found

    def _possible(self, side: Side, pods: ast.Pods, points: int) -> Formula:
        """Possible pods, and with them those of the snapshot's points that are what could be created."""
        homes = possible_homes(self.snapshot, side, pods.filters)
        if homes == FALSE and not self.names.problems:
            text = f"{format_set(pods)!r}: no such pod can exist, since no namespace matches"
            self.warnings.append(Notice(code="EMPTY_SET", text=text))
        possible = All((At(side, Possible()), homes, *possible_conditions(side, pods.filters)))
        return Some((At(side, Members(points & ~self.universe.host_pods)), possible))

    def _filter(self, each: ast.Filter) -> int:
        universe = self.universe
        match each:
            case ast.InNamespaces(names):
                return self._in_namespaces(name.text for name in names if self.names.namespace(name))
            case ast.InNamespacesLabelled(selector):
                return universe.in_namespaces(selector)
            case ast.InTenants(names):
                return self._in_tenants(names)
            case ast.InAny(group):
                return self._grouped(group)
            case ast.Labelled(selector):
                return universe.labelled(selector)
            case ast.OnNode(name):
                node = self.names.node(name)
                return universe.by_node.get(node.name, 0) & universe.pods if node else 0
            case ast.WithServiceAccount(name):
                return universe.pods_of(pod.key for pod in self.names.service_account(name))
            case ast.Outside(ast.Group.TENANT, names):
                return universe.pods & ~self._in_tenants(names)
            case ast.Outside(_, names):
                known = [name.text for name in names if self.names.namespace(name)]
                return universe.pods & ~self._in_namespaces(known)
            case ast.Relative() | ast.InPossibleNamespaces():
                raise AssertionError(each)
            case _:
                assert_never(each)

    def _in_namespaces(self, names: Iterable[str]) -> int:
        return reduce(or_, (self.universe.by_namespace.get(name, 0) for name in names), 0)

    def _in_tenants(self, names: Iterable[ast.Name]) -> int:
        known = [name.text for name in names if self.names.tenant(name)]
        return self._in_namespaces(n for name in known for n in namespaces_of(self.snapshot, name))

    def _grouped(self, group: ast.Group) -> int:
        """Pods that belong to some group of that kind: every pod has a namespace, not every one a tenant."""
        if group is not ast.Group.TENANT:
            return self.universe.pods
        names = (namespace.name for namespace in self.snapshot.namespaces)
        return self._in_namespaces(name for name in names if tenant_of(self.snapshot, name) is not None)

    def same(self, group: ast.Group) -> Formula:
        """Both ends are pods of one group."""
        groups = self.group_names(group)
        return Same(groups.numbers, possible_groups(self.snapshot, group, groups.names))

    def group_names(self, group: ast.Group) -> Groups:
        """The group of every point, numbered in order of name; 0 for points that belong to none."""
        of_pod = {pod.key: name for pod in self.snapshot.pods if (name := self._group_name(group, pod)) is not None}
        names = {*of_pod.values(), *self._groups_without_pods(group)}
        numbers = {name: number for number, name in enumerate(sorted(names), start=1)}
        points = self.universe.points
        return Groups(
            numbers=tuple(
                numbers[of_pod[point.party.key]] if isinstance(point.party, Pod) and point.party.key in of_pod else 0
                for point in points
            ),
            names={number: name for name, number in numbers.items()},
        )

    def _groups_without_pods(self, group: ast.Group) -> Iterable[str]:
        match group:
            case ast.Group.NAMESPACE:
                return [namespace.name for namespace in self.snapshot.namespaces]
            case ast.Group.TENANT:
                return tenants(self.snapshot)
            case _:
                return []

    def _group_name(self, group: ast.Group, pod: Pod) -> str | None:
        match group:
            case ast.Group.POD:
                return str(pod)
            case ast.Group.WORKLOAD:
                return f"{pod.namespace}/{pod.workload or pod.name}"
            case ast.Group.NAMESPACE:
                return pod.namespace
            case ast.Group.TENANT:
                return tenant_of(self.snapshot, pod.namespace)
            case _:
                assert_never(group)

    # ------------------------------------------------------------ ports and services

    def ports(self, ports: ast.Ports) -> Formula:
        """The flows on one of the ports; a named port is looked up at each destination."""
        if not ports.items:
            return TRUE
        numbers = numbers_of(ports)
        named = [self._named_port(item) for item in ports.items if isinstance(item, ast.PortNamed)]
        return Some((InPorts(numbers), *named)) if named else InPorts(numbers)

    def _named_port(self, item: ast.PortNamed) -> Formula:
        declaring: dict[int, int] = {}
        for index, point in enumerate(self.universe.points):
            if isinstance(point.party, Pod):
                for port in point.party.ports:
                    if port.name == item.name.text:
                        where = place(port.protocol, port.number)
                        declaring[where] = declaring.get(where, 0) | 1 << index
        if not declaring and not self.open:
            known = sorted({port.name for pod in self.snapshot.pods for port in pod.ports})
            self.names.demand("container port named", item.name.text, known, item.name.span)
        found: list[Formula] = [
            All((At(Side.DESTINATION, Members(points)), InPorts(IntervalSet.single(where))))
            for where, points in sorted(declaring.items())
        ]
        return Some((*found, At(Side.DESTINATION, Declares(item.name.text))) if self.open else tuple(found))

    def _service(self, side: Side, name: ast.ObjectName) -> Formula:
        service = self.names.service(name)
        if service is None:
            return FALSE
        return self._noted(service_sets.anywhere(self.universe, side, service, sure=self.sure))

    def _service_ports(self, name: ast.ObjectName, ports: ast.Ports) -> Formula:
        """The backends of the service on the ports that its own ports in `ports` lead to."""
        service = self.names.service(name)
        if service is None:
            return FALSE
        reached = service_sets.into(self.universe, service, ports, sure=self.sure)
        if reached.refusal:
            self.refuse(reached.refusal, name.span)
            return FALSE
        self.services.append(name)
        self.reached.append(Reach(service, ports, reached.formula))
        return self._noted(reached)

    def _noted(self, reached: Reached) -> Formula:
        """The formula; what is to be said of it is noted."""
        self.assumptions += reached.assumptions
        self.warnings += reached.warnings
        self.doubtful = self.doubtful or reached.doubtful
        return reached.formula

    def _by_node_ports(self, expression: ast.SetExpr, plain: Formula, ports: ast.Ports) -> Formula:
        """The flows, but what is sent to a node on a node port as what it becomes: flows to the backends."""
        found = service_sets.node_ports(self.universe, expression, ports)
        if not found:
            return plain
        self.assumptions += [service_sets.to_node(service, port) for service, port in found]
        behind = (
            self._service_ports(ast.ObjectName(*service.key), service_sets.by_port(port)) for service, port in found
        )
        return Some((All((plain, Not(service_sets.at_node_ports(self.universe, found)))), *behind))
