"""What each end of a report is exposed to: the outside, the entire cluster, and pods that could be created."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.policy import Direction
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.report_ends import End, EndKind
from reachproof.solver.matrix import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Potential:
    """Ports that some possible pod may use with an end, and a pod that does, in words; no two share a port."""

    ports: IntervalSet
    pod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facing:
    """One direction of an end.

    `outside`: the external ends with something allowed. `everywhere`: the ports that are certainly allowed with every
    other pod of the report, no matter which; none where there is no other. `possible`: what pods that could be created
    may do; None where that was not looked at.
    """

    outside: tuple[tuple[End, Access], ...]
    everywhere: IntervalSet
    possible: tuple[Potential, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What an end inside the cluster receives (`ingress`) and sends (`egress`); None where that is not asked for."""

    end: End
    ingress: Facing | None
    egress: Facing | None

    def facing(self, direction: Direction) -> Facing | None:
        """One direction."""
        return self.ingress if direction is Direction.INGRESS else self.egress

    def with_possible(self, direction: Direction, possible: tuple[Potential, ...]) -> Exposure:
        """The same, with what possible pods may do in one direction."""
        if direction is Direction.INGRESS and self.ingress is not None:
            return replace(self, ingress=replace(self.ingress, possible=possible))
        if direction is Direction.EGRESS and self.egress is not None:
            return replace(self, egress=replace(self.egress, possible=possible))
        return self


def exposure(report: Connectivity) -> Iterator[Exposure]:
    """The exposure of every end inside the cluster that the report asks about, in the order of ends.

    Of a report that is narrowed to some sources, destinations or ports, the exposure is to these.
    """
    matrix = report.matrix
    inside = [at for at, end in enumerate(report.ends) if end.kind is not EndKind.EXTERNAL]
    outside = [at for at, end in enumerate(report.ends) if end.kind is EndKind.EXTERNAL]
    sources, destinations = set(inside) & set(matrix.sources), set(inside) & set(matrix.destinations)
    for at in sorted(sources | destinations):
        received = ((other, matrix.access(other, at)) for other in outside)
        sent = ((other, matrix.access(at, other)) for other in outside)
        ingress = Facing(
            outside=_allowed(report, received),
            everywhere=_common(matrix.access(other, at) for other in sorted(sources - {at})),
        )
        egress = Facing(
            outside=_allowed(report, sent),
            everywhere=_common(matrix.access(at, other) for other in sorted(destinations - {at})),
        )
        yield Exposure(
            end=report.ends[at],
            ingress=ingress if at in destinations else None,
            egress=egress if at in sources else None,
        )


def _allowed(report: Connectivity, accesses: Iterator[tuple[int, Access]]) -> tuple[tuple[End, Access], ...]:
    return tuple((report.ends[other], access) for other, access in accesses if access)


def _common(accesses: Iterator[Access]) -> IntervalSet:
    """The ports that all have for certain; none where there are none to have them."""
    found: IntervalSet | None = None
    for access in accesses:
        certain = access.ports - access.partial - access.open
        found = certain if found is None else found & certain
        if not found:
            return EMPTY
    return found or EMPTY
