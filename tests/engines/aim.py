"""Flows that a rule is about: from a pod that its policy selects, mostly with a peer and a port that it matches.

Aiming uses reachproof's own reading of the policies. It decides which flows are compared, and nothing about verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from reachproof.network.address import family
from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.policy import Direction, Match, Policy, PortMatch
from reachproof.network.ports import ALL_PORTS, Protocol, place, protocol_port
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.match import Matched, in_pod_set, peer_matches
from tests.engines.words import Chance
from tests.strategies.flows import End, ends, ports, possible

_TRIES = 12


@dataclass(frozen=True)
class Aim:
    """Where flows of a snapshot may begin, end and go to."""

    snapshot: Snapshot
    chance: Chance

    @cached_property
    def _ends(self) -> list[End]:
        return ends(self.snapshot)

    @cached_property
    def _ports(self) -> list[tuple[Protocol, int]]:
        return ports(self.snapshot)

    @cached_property
    def _targets(self) -> list[tuple[Policy, Direction, Match | None]]:
        """Every match of every rule; a direction without one stands for its isolation."""
        found: list[tuple[Policy, Direction, Match | None]] = []
        for policy in self.snapshot.policies:
            for direction in Direction:
                matches = [match for rule in policy.rules(direction) for match in rule.matches]
                found += [(policy, direction, match) for match in matches or (None,)]
        return found

    def flows(self, count: int) -> list[Flow]:
        """At most `count` flows; none where no policy selects a pod."""
        made = (self._flow() for _ in range(count if self._targets else 0))
        return [flow for flow in made if flow is not None]

    def _flow(self) -> Flow | None:
        policy, direction, match = self.chance.choice(self._targets)
        subjects = [end for end in self._ends if in_pod_set(self.snapshot, policy.subject, end[0])]
        if not subjects:
            return None
        near = self.chance.choice(subjects)
        far = [end for end in self._ends if family(end[1]) == family(near[1]) and end[0] != near[0]]
        made = [self._between(near, end, direction, match) for end in self.chance.some(far, 0, _TRIES)]
        fitting = [flow for flow in made if match is not None and self._fits(match, flow, direction)]
        chosen = fitting if fitting and self.chance.likely(0.8) else made
        return next((flow for flow in chosen if flow is not None), None)

    def _fits(self, match: Match, flow: Flow | None, direction: Direction) -> bool:
        return flow is not None and peer_matches(self.snapshot, match.peer, flow, direction) is Matched.YES

    def _between(self, near: End, far: End, direction: Direction, match: Match | None) -> Flow | None:
        source, destination = (near, far) if direction is Direction.EGRESS else (far, near)
        if not possible(source, destination):
            return None
        protocol, port = self._port(None if match is None else match.ports, destination)
        return Flow(
            source=source[0],
            destination=destination[0],
            source_address=source[1],
            destination_address=destination[1],
            protocol=protocol,
            port=port,
        )

    def _port(self, wanted: PortMatch | None, destination: End) -> tuple[Protocol, int]:
        """A port at an edge of what the rule names, inside or just outside."""
        pod = destination[0]
        declared = pod.ports if isinstance(pod, Pod) else ()
        near = [place(each.protocol, each.number) for each in declared]
        if wanted is not None:
            near = [each for low, high in wanted.numbers for each in (low, low, high, high, low - 1, high + 1)]
            near += [
                place(port.protocol, port.number)
                for port in declared
                for name in wanted.names
                if name.name == port.name
            ]
        inside = [each for each in near if each in ALL_PORTS]
        if inside and self.chance.likely(0.85):
            return protocol_port(self.chance.choice(inside))
        return self.chance.choice(self._ports)


def aimed_flows(snapshot: Snapshot, count: int, seed: int) -> Sequence[Flow]:
    """At most `count` flows that rules of the snapshot are about."""
    return Aim(snapshot, Chance(seed)).flows(count)
