"""Ports of rules that fit nothing: names that no pod declares, ports of a Service in the place of the pods' port.

| Seen | Code |
|---|---|
| a name that no destination pod declares | UNKNOWN_PORT_NAME |
| the port of a Service that leads to another port of these pods | SERVICE_PORT |
| a number that no destination pod declares, though all of them declare some | UNDECLARED_PORT |

Containers may listen on ports that they do not declare, so the last one is information. No verdict rests on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reachproof.documents.findings import Code
from reachproof.documents.words import FindingSeverity
from reachproof.network.cluster import Pod, Service, ServicePort
from reachproof.network.intervals import IntervalSet
from reachproof.network.labels import NAMESPACE_NAME, Selector
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    Match,
    NamedPort,
    PartyPeer,
    PodSet,
    Policy,
    Rule,
    Union,
)
from reachproof.network.policy import Intersection as Both
from reachproof.network.ports import Protocol, place, port_range, ports_text
from reachproof.queries.findings import Finding
from reachproof.queries.lint_selectors import SelectorLint
from reachproof.queries.lint_words import distinct, finding, rule_name
from reachproof.solver.bitset import from_positions, positions
from reachproof.solver.peer_resolution import PeerResolution
from reachproof.solver.universe import Universe

_WIDEST = 16
"""Ranges of more ports than these are not meant for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lead:
    """A port of a Service that leads to other ports of its pods: `targets` are places, `backends` points."""

    service: Service
    port: ServicePort
    backends: int
    targets: IntervalSet


class PortLint:
    """The ports that pods declare and Services lead to, for all policies of a universe."""

    def __init__(self, universe: Universe, resolution: PeerResolution) -> None:
        self._universe = universe
        self._resolution = resolution

    def findings(self, policy: Policy, selectors: SelectorLint) -> tuple[Finding, ...]:
        """Findings about the ports of a policy."""
        return distinct(
            found
            for direction in Direction
            for rule in policy.rules(direction)
            for match in dict.fromkeys(rule.matches)
            for found in self._match(policy, direction, rule, match, selectors)
        )

    def _match(
        self, policy: Policy, direction: Direction, rule: Rule, match: Match, selectors: SelectorLint
    ) -> Iterator[Finding]:
        ports = match.ports
        destinations = self._destinations(direction, match, selectors) if ports is not None else 0
        if ports is None or not destinations:
            return
        name = rule_name(policy, direction, rule)
        missing = [each for each in (*ports.names, *ports.not_names) if not self._declared(each, destinations)]
        useful = bool(ports.numbers) or len(missing) < len(ports.names)
        yield from (_unknown_name(name, each, rule, useful=useful) for each in missing)
        chosen = direction is Direction.INGRESS or isinstance(match.peer, PodSet)
        if not chosen or ports.names or rule.action is not Action.ALLOW:
            return
        lead = self._lead(policy, direction, ports.numbers, destinations)
        if lead is not None:
            yield _service_port(name, lead, rule)
        elif self._undeclared(ports.numbers, destinations):
            text = f"{name} names {ports_text(ports.numbers)}, which none of the pods declares that it is about"
            severity = FindingSeverity.INFO
            yield finding(Code.UNDECLARED_PORT, name, text, rule.origin, ports_text(ports.numbers), severity=severity)

    def _destinations(self, direction: Direction, match: Match, selectors: SelectorLint) -> int:
        if direction is Direction.INGRESS:
            return selectors.subjects
        match match.peer:
            case PodSet():
                return selectors.pods(match.peer)
            case Union() | Both() | AnyPeer() | PartyPeer():
                return selectors.visible & self._resolution.peer(match.peer)
            case _:
                return 0

    def _declared(self, name: NamedPort, destinations: int) -> bool:
        return any(
            points & destinations
            and any(port.name == name.name and name.protocol in (None, port.protocol) for port in ports)
            for ports, points in self._universe.by_ports.items()
        )

    # ------------------------------------------------------------ numbers

    @cached_property
    def _by_declared(self) -> tuple[tuple[IntervalSet, int], ...]:
        """The places of all ports that containers declare, with the pods that declare just these."""
        found: dict[tuple[tuple[int, Protocol], ...], list[int]] = defaultdict(list)
        for index, point in enumerate(self._universe.points):
            if isinstance(point.party, Pod):
                found[point.party.declared].append(index)
        return tuple(
            (IntervalSet.of((place(each, number),) * 2 for number, each in declared), from_positions(members))
            for declared, members in found.items()
        )

    @cached_property
    def _leads(self) -> dict[int, tuple[_Lead, ...]]:
        """Ports of Services that lead to other ports, by their places."""
        found: dict[int, list[_Lead]] = defaultdict(list)
        for service in self._universe.snapshot.services:
            if service.selector is None or service.headless:
                continue
            home = self._universe.in_namespaces(Selector.equal(NAMESPACE_NAME, service.namespace))
            backends = home & self._universe.labelled(service.selector)
            for port in service.ports if backends else ():
                targets = self._targets(port, backends)
                at = place(port.protocol, port.port)
                if targets and at not in targets:
                    found[at].append(_Lead(service=service, port=port, backends=backends, targets=targets))
        return {at: tuple(leads) for at, leads in found.items()}

    def _targets(self, port: ServicePort, backends: int) -> IntervalSet:
        if isinstance(port.target, int):
            return IntervalSet.single(place(port.protocol, port.target))
        pods = {each.key: each for index in positions(backends) if isinstance(each := self._party(index), Pod)}
        return IntervalSet.of(
            (place(each.protocol, each.number),) * 2
            for pod in pods.values()
            for each in pod.service_ports
            if each.name == port.target and each.protocol is port.protocol
        )

    def _party(self, index: int) -> object:
        return self._universe.points[index].party

    def _lead(self, policy: Policy, direction: Direction, numbers: IntervalSet, destinations: int) -> _Lead | None:
        """The Service whose port the rule has instead of the pods'; None where the policy has the pods' port too."""
        if numbers.size > _WIDEST:
            return None
        for at in (each for low, high in numbers for each in range(low, high + 1)):
            for lead in self._leads.get(at, ()):
                meant = lead.backends & destinations
                if meant and not self._listens(at, meant) and not self._has(policy, direction, lead.targets):
                    return lead
        return None

    def _listens(self, at: int, pods: int) -> bool:
        """True if one of the pods declares the port."""
        return any(points & pods and at in declared for declared, points in self._by_declared)

    def _has(self, policy: Policy, direction: Direction, targets: IntervalSet) -> bool:
        """True if some rule of the policy names one of the ports, or all, or any by name."""
        matches = (match for rule in policy.rules(direction) for match in rule.matches)
        return any(each.ports is None or each.ports.names or each.ports.numbers & targets for each in matches)

    def _undeclared(self, numbers: IntervalSet, destinations: int) -> bool:
        """True if all of the pods declare ports of the protocols, and none of them one of these."""
        if numbers.size > _WIDEST or not numbers:
            return False
        protocols = [each for each in Protocol if numbers & port_range(each)]
        return not any(
            declared & numbers or not all(declared & port_range(each) for each in protocols)
            for declared, points in self._by_declared
            if points & destinations
        )


def _unknown_name(subject: str, port: NamedPort, rule: Rule, *, useful: bool) -> Finding:
    protocol = f" of {port.protocol.lower()}" if port.protocol else ""
    text = f"{subject} names the port {port.name}{protocol}, which no destination pod that it selects declares"
    severity = FindingSeverity.WARNING if useful else FindingSeverity.ERROR
    return finding(Code.UNKNOWN_PORT_NAME, subject, text, rule.origin, f"port {port.name}{protocol}", severity=severity)


def _service_port(subject: str, lead: _Lead, rule: Rule) -> Finding:
    protocol = lead.port.protocol.lower()
    text = (
        f"{subject} names {protocol}/{lead.port.port}, the port of Service {lead.service}, which leads to "
        f"{ports_text(lead.targets)} of its pods; policies see the port of the pods"
    )
    return finding(Code.SERVICE_PORT, subject, text, rule.origin, f"{protocol}/{lead.port.port}")
