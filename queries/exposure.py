"""What each end of a report is exposed to: the outside, and the entire cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import ALL_PORTS
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.report_ends import End, EndKind
from reachproof.solver.matrix import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Facing:
    """One direction of an end.

    `outside`: the external ends with something allowed. `everywhere`: the ports that are certainly allowed with every
    other pod of the report, no matter which; all ports where there is no other.
    """

    outside: tuple[tuple[End, Access], ...]
    everywhere: IntervalSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What an end inside the cluster receives from (`ingress`) and sends to (`egress`)."""

    end: End
    ingress: Facing
    egress: Facing


def exposure(report: Connectivity) -> Iterator[Exposure]:
    """The exposure of every end inside the cluster, in the order of ends.

    Of a report that is narrowed to some sources, destinations or ports, the exposure is to these.
    """
    matrix = report.matrix
    inside = [at for at, end in enumerate(report.ends) if end.kind is not EndKind.EXTERNAL]
    outside = [at for at, end in enumerate(report.ends) if end.kind is EndKind.EXTERNAL]
    sources = [at for at in matrix.sources if at < len(inside)]
    destinations = [at for at in matrix.destinations if at < len(inside)]
    for at in inside:
        yield Exposure(
            end=report.ends[at],
            ingress=Facing(
                outside=_allowed(report, ((other, matrix.access(other, at)) for other in outside)),
                everywhere=_common(matrix.access(other, at) for other in sources if other != at),
            ),
            egress=Facing(
                outside=_allowed(report, ((other, matrix.access(at, other)) for other in outside)),
                everywhere=_common(matrix.access(at, other) for other in destinations if other != at),
            ),
        )


def _allowed(report: Connectivity, accesses: Iterator[tuple[int, Access]]) -> tuple[tuple[End, Access], ...]:
    return tuple((report.ends[other], access) for other, access in accesses if access)


def _common(accesses: Iterator[Access]) -> IntervalSet:
    found = ALL_PORTS
    for access in accesses:
        found = found & (access.ports - access.partial - access.open)
        if not found:
            return EMPTY
    return found
