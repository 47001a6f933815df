"""The edges of a report, from end to end, and what ends are exposed to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reachproof.documents import connectivity as documents
from reachproof.documents.connectivity import ports_of
from reachproof.documents.words import Partial
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import format_ports
from reachproof.render.connectivity_words import remarks
from reachproof.render.report_nodes import ReportEnd, end_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Ports that are allowed for some pair of the pods or addresses of two ends.

    Of these, `open` are undetermined, and `partial` some other pair lacks, for the reason that `partial_by` names.
    """

    ports: IntervalSet = EMPTY
    open: IntervalSet = EMPTY
    partial: IntervalSet = EMPTY
    partial_by: Partial | None = None

    @property
    def remarks(self) -> str:
        """Remarks beside the ports; mostly nothing."""
        return remarks(self, self.partial_by or Partial.PODS_OR_ADDRESSES, ports_text=format_ports, option="podCidr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A pair of ends with something allowed from `src` to `dst`."""

    src: ReportEnd
    dst: ReportEnd
    access: Access

    @property
    def ports(self) -> IntervalSet:
        """Ports on which something is allowed."""
        return self.access.ports

    def __str__(self) -> str:
        said = self.access.remarks
        return f"{self.src} => {self.dst} : {format_ports(self.ports)}{f'  ({said})' if said else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facing:
    """One direction of an end: the ports with addresses outside, with every pod, and with possible pods.

    Each is None where it was not looked at.
    """

    outside: IntervalSet | None
    everywhere: IntervalSet | None
    possible: IntervalSet | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """The ports that an end receives on (`ingress`) and sends to (`egress`); None where that is not asked for."""

    end: ReportEnd
    ingress: Facing | None
    egress: Facing | None


def rows_of(document: documents.Connectivity) -> tuple[tuple[Access, ...], tuple[tuple[int, int, int], ...]]:
    """The accesses of a report, each once, and its rows as numbers of a source, a destination and an access."""
    number = {end: at for at, end in enumerate(document.ends)}
    allowed: dict[_Allowed, int] = {}
    places = tuple(
        (number[row.src], number[row.dst], allowed.setdefault(_allowed(row), len(allowed))) for row in document.rows
    )
    return tuple(_access(*each) for each in allowed), places


def exposure_of(document: documents.Exposure, by: str) -> Exposure:
    """The view of what an end is exposed to."""
    return Exposure(end=end_of(document.end, by), ingress=_facing(document.ingress), egress=_facing(document.egress))


def _facing(document: documents.Facing | None) -> Facing | None:
    if document is None:
        return None
    outside, everywhere, possible = document.outside, document.entire_cluster, document.possible_pods
    return Facing(
        outside=None if outside is None else _union(each.connections for each in outside),
        everywhere=None if everywhere is None else ports_of(everywhere),
        possible=None if possible is None else _union(each.connections for each in possible),
    )


def _union(found: Iterable[documents.Connections]) -> IntervalSet:
    return IntervalSet.of(span for each in found for span in ports_of(each))


_Ports = documents.Connections | None
_Allowed = tuple[_Ports, _Ports, _Ports, Partial | None]


def _allowed(row: documents.Connection) -> _Allowed:
    return row.connections, row.depends, row.partial, row.partial_by


def _access(allowed: _Ports, depends: _Ports, partial: _Ports, by: Partial | None) -> Access:
    ports, undetermined, lacking = map(ports_of, (allowed, depends, partial))
    return Access(ports=ports, open=undetermined, partial=lacking, partial_by=by)
