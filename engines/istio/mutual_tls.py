"""Resolution of PeerAuthentications for pods and ports: workload before namespace before mesh.

Of two that are about the same pods and ask for different things the older one counts, and ages are not read: there it
is not clear. Trusted by every verdict about policies of Istio; checked by tests/agreement/test_istio.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import combinations

from reachproof.engines.istio.membership import GATEWAY
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Extension, PodSet, Policy
from reachproof.network.ports import Protocol, place, port_range
from reachproof.network.predicate import NEVER, Holder, Needs, Predicate, both, either, negated


class TlsMode(StrEnum):
    """Connections that a pod in the mesh accepts: with a proven identity, with or without one, or without."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLE = "DISABLE"


class Level(IntEnum):
    """The scope of a PeerAuthentication; the highest that says something counts."""

    MESH = 0
    NAMESPACE = 1
    WORKLOAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls(Extension):
    """The modes of a PeerAuthentication; `mode` None: that of the level below. `ports` come before `mode`.

    The rules of its policy are made in `engines.istio.tiers`.
    """

    level: Level
    mode: TlsMode | None = None
    ports: tuple[tuple[int, TlsMode | None], ...] = ()


TCP = port_range(Protocol.TCP)
Authentication = tuple[Policy, MutualTls]
_TAKING = negated(GATEWAY)
"""Pods that take connections for themselves; gateways ask for mutual TLS in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The mode that one object asks for; `pods`: those of which nothing more special says something."""

    policy: Policy
    mode: TlsMode
    pods: Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """Modes on some ports. `unclear`: pods of which two objects of a level ask for different things."""

    ports: IntervalSet
    asked: tuple[Asked, ...]
    unclear: Predicate

    def certain(self, mode: TlsMode) -> Predicate:
        """The pods of which this is asked, and nothing else."""
        return _except(either(*(each.pods for each in self.asked if each.mode is mode)), self.unclear)

    def clear(self, asked: Asked) -> Predicate:
        """The pods of which this object asks something, and no other."""
        return _except(asked.pods, self.unclear)


def authentications(policies: Iterable[Policy]) -> list[Authentication]:
    """The PeerAuthentications among policies."""
    return [(policy, policy.extension) for policy in policies if isinstance(policy.extension, MutualTls)]


def modes(objects: Sequence[Authentication]) -> Iterator[Modes]:
    """The modes of all TCP ports: those that some object names, and then all others at once."""
    rest = TCP
    for number in sorted({port for _, asks in objects for port, _ in asks.ports}):
        ports = IntervalSet.single(place(Protocol.TCP, number))
        rest = rest - ports
        yield _modes(objects, number, ports)
    yield _modes(objects, 0, rest)


def _modes(objects: Sequence[Authentication], number: int, ports: IntervalSet) -> Modes:
    asked: list[Asked] = []
    unclear: list[Predicate] = []
    rest: Predicate = _TAKING
    for level in reversed(Level):
        found = [
            Asked(policy=policy, mode=mode, pods=both(_condition(policy.subject), rest))
            for policy, asks in objects
            if asks.level is level and (mode := dict(asks.ports).get(number, asks.mode)) is not None
        ]
        unclear += (both(a.pods, b.pods) for a, b in combinations(found, 2) if _differ(a, b))
        rest = both(rest, negated(either(*(each.pods for each in found))))
        asked += found
    return Modes(ports=ports, asked=tuple(asked), unclear=either(*unclear))


def _differ(one: Asked, other: Asked) -> bool:
    return one.mode is not other.mode and one.policy.ref.namespace == other.policy.ref.namespace


def _condition(subject: PodSet) -> Predicate:
    own = [Needs(test) for test in subject.pods.requirements]
    return both(*(Needs(test, Holder.NAMESPACE) for test in subject.namespaces.requirements), *own)


def _except(these: Predicate, others: Predicate) -> Predicate:
    return NEVER if these == NEVER else both(these, negated(others))
