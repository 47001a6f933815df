"""Exposure of each end of a report: the outside, the entire cluster, and pods that could be created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from reachproof.grammar import ast
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.policy import Direction
from reachproof.queries.connectivity import Connectivity
from reachproof.queries.report_nodes import End, EndKind
from reachproof.solver.connection_matrix import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Potential:
    """Ports that some possible pod may use with an end, and a pod that does, in words; no two share a port."""

    ports: IntervalSet
    pod: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facing:
    """One direction of an end.

    `outside`: the external ends with something allowed. `everywhere`: the ports that are certainly allowed with every
    other pod of the snapshot, no matter which; none where there is no other. `possible`: what pods that could be
    created may do. Each is None where it was not looked at, such as for a side that the report narrows down.
    """

    outside: tuple[tuple[End, Access], ...] | None
    everywhere: IntervalSet | None
    possible: tuple[Potential, ...] | None = None

    @property
    def looked_at(self) -> bool:
        """True if anything was looked at."""
        return not (self.outside is None and self.everywhere is None and self.possible is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Traffic that an end inside the cluster receives (`ingress`) and sends (`egress`); None where not asked for."""

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

    Of a report that is narrowed to some sources, destinations or ports, the exposure is to these, and nothing is said
    about every pod of a side that is narrowed.
    """
    matrix, request = report.matrix, report.request
    inside = {at for at, end in enumerate(report.ends) if end.kind is not EndKind.EXTERNAL}
    outside = [at for at, end in enumerate(report.ends) if end.kind is EndKind.EXTERNAL]
    sources, destinations = inside & set(matrix.sources), inside & set(matrix.destinations)
    for at in sorted(sources | destinations):
        own = [matrix.access(at, at)] if at in matrix.own else []
        received = (matrix.access(other, at) for other in sorted(sources - {at}))
        sent = (matrix.access(at, other) for other in sorted(destinations - {at}))
        come_in = _outside(report, ((other, matrix.access(other, at)) for other in outside), request.source)
        go_out = _outside(report, ((other, matrix.access(at, other)) for other in outside), request.destination)
        ingress = Facing(outside=come_in, everywhere=_everywhere(chain(own, received), request.source))
        egress = Facing(outside=go_out, everywhere=_everywhere(chain(own, sent), request.destination))
        yield Exposure(
            end=report.ends[at],
            ingress=ingress if at in destinations else None,
            egress=egress if at in sources else None,
        )


def _outside(
    report: Connectivity, accesses: Iterable[tuple[int, Access]], asked: ast.SetExpr | None
) -> tuple[tuple[End, Access], ...] | None:
    found = tuple((report.ends[other], access) for other, access in accesses if access)
    return found if found or asked is None else None


def _everywhere(accesses: Iterable[Access], asked: ast.SetExpr | None) -> IntervalSet | None:
    return _common(accesses) if _is_every_pod(asked) else None


def _is_every_pod(asked: ast.SetExpr | None) -> bool:
    """True if one side of a report has every pod."""
    return asked is None or (isinstance(asked, ast.Pods) and not asked.filters)


def _common(accesses: Iterable[Access]) -> IntervalSet:
    """The ports that all have for certain; none where there are none to have them."""
    found: IntervalSet | None = None
    for access in accesses:
        certain = access.ports - access.partial - access.open
        found = certain if found is None else found & certain
        if not found:
            return EMPTY
    return found or EMPTY
