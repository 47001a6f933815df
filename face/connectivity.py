"""Every allowed connection, as a view of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from reachproof.documents import connectivity as documents
from reachproof.documents.connectivity import ports_of
from reachproof.documents.parts import Notice
from reachproof.documents.words import Partial
from reachproof.face.access_graph import access_graph
from reachproof.face.cells import Cell, Cells
from reachproof.face.drawing import Picture
from reachproof.face.ends import ReportEnd, end_of, named, outside_lines
from reachproof.face.exposure_chart import exposure_chart
from reachproof.face.html import Html, joined, tag
from reachproof.face.interactive import heat_map
from reachproof.face.markup import folded, folded_lines
from reachproof.face.matrix_chart import MOST_ENDS, matrix_chart
from reachproof.face.page import table
from reachproof.face.shown import Shown
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import format_ports

if TYPE_CHECKING:
    import altair

MOST_ROWS = 200
"""As many rows a notebook shows; the frame has all."""


PARTIAL_WORDS = {
    "pods": "only between some of their pods",
    "addresses": "only at some of their addresses",
    "unknownAddresses": "depends on pod addresses that are not known; narrow them with podCidr",
    "podsOrAddresses": "only between some of their pods or addresses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Ports that are allowed for some pair of the pods or addresses of two ends.

    Of these, `open` are undetermined, and `partial` some other pair lacks, which `partial_by` says why.
    """

    ports: IntervalSet = EMPTY
    open: IntervalSet = EMPTY
    partial: IntervalSet = EMPTY
    partial_by: str = ""

    @property
    def remarks(self) -> str:
        """What else there is to say about the ports, in words; mostly nothing."""
        said = []
        if self.open:
            said.append(f"{self._which(self.open)}undetermined")
        if self.partial:
            said.append(f"{self._which(self.partial)}{PARTIAL_WORDS[self.partial_by]}")
        return ", ".join(said)

    def _which(self, ports: IntervalSet) -> str:
        return "" if ports == self.ports else f"{format_ports(ports)} "


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
    """What an end receives (`ingress`) and sends (`egress`); None where that is not asked for."""

    end: ReportEnd
    ingress: Facing | None
    egress: Facing | None


@dataclass(frozen=True, kw_only=True, repr=False)
class Connectivity(Shown):
    """Every allowed connection, as an iterable of rows in order of their ends.

    `ends` are all of the report, also such without a row. `exposures` is empty unless it was asked for. `snapshot` is
    the digest of what was asked about.
    """

    by: str
    ends: tuple[ReportEnd, ...]
    accesses: Sequence[Access] = field(repr=False)
    places: Iterable[tuple[int, int, int]] = field(repr=False)
    exposures: tuple[Exposure, ...] = ()
    assumptions: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    snapshot: str = ""

    def __iter__(self) -> Iterator[Row]:
        """The rows, made one by one: they may be many."""
        for src, dst, number in self.places:
            yield Row(src=self.ends[src], dst=self.ends[dst], access=self.accesses[number])

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows; kept after the first use."""
        return tuple(self)

    @cached_property
    def count(self) -> int:
        """How many rows there are."""
        return sum(1 for _ in self.places)

    @cached_property
    def between(self) -> Mapping[tuple[ReportEnd, ReportEnd], Access]:
        """What is allowed by source and destination; pairs with nothing are absent."""
        return {(row.src, row.dst): row.access for row in self.rows}

    def cells(self) -> Cells:
        """The rows, with the namespaces and tenants of both ends."""
        columns = ("src", "dst", "ports", "remarks", "src_namespace", "dst_namespace", "src_tenant", "dst_tenant")
        return columns, (_cells_of(row) for row in self)

    def lines(self) -> Iterator[str]:
        """A line for each row, then what they assume."""
        yield from map(str, self)
        yield from outside_lines(self.ends)
        yield from (f"assuming {notice.code}: {notice.text}" for notice in self.assumptions)

    def html(self) -> Html:
        """The matrix where it is small enough, the rows, and what they assume."""
        head = tag("div", f"{self.count} connections between {len(self.ends)} ends, by {self.by}", class_="rp-title")
        matrix = self.matrix().html() if 1 < len(self.ends) <= MOST_ENDS else ""
        return joined(
            [
                head,
                matrix,
                self._rows(),
                folded_lines("addresses behind short names", outside_lines(self.ends)),
                folded("assumption", self.assumptions),
                folded("warning", self.warnings),
            ]
        )

    def _rows(self) -> Html:
        shown = tuple(islice(self, MOST_ROWS))
        cells = ((str(row.src), str(row.dst), format_ports(row.ports), row.access.remarks) for row in shown)
        left = self.count - len(shown)
        more = tag("div", f"and {left} more: see frame()", class_="rp-faint") if left else ""
        title = tag("summary", "connections")
        opened = {"open": "open"} if self.count <= 12 else {}
        return tag("details", title, table(("from", "to", "ports", ""), cells), more, **opened)

    def matrix(self) -> Picture:
        """Who may connect to whom, as a picture: sources are lines. ValueError for more than 80 ends."""
        return matrix_chart(self)

    def graph(self) -> Picture:
        """The connections as arrows, from left to right. ValueError for more than 60 ends."""
        return access_graph(self)

    def exposure(self) -> Picture:
        """What each end is exposed to. ValueError for a report that was made without `exposure=True`."""
        return exposure_chart(self)

    def interactive(self) -> altair.Chart:
        """The matrix as an altair chart with tips, in which a click on a kind of access fades the others."""
        return heat_map(self)

    @property
    def title(self) -> str:
        """What it is, on one line."""
        return f"Connectivity by {self.by}: ends {len(self.ends)}, rows {self.count}"


def _cells_of(row: Row) -> tuple[Cell, ...]:
    src, dst = row.src, row.dst
    spaces = (src.namespace, dst.namespace, src.tenant, dst.tenant)
    return str(src), str(dst), format_ports(row.ports), row.access.remarks, *spaces


def connectivity_of(document: documents.Connectivity) -> Connectivity:
    """The view of a report."""
    by = document.by
    given = tuple(end_of(each, by) for each in document.ends)
    number = {end: at for at, end in enumerate(document.ends)}
    allowed: dict[_Allowed, int] = {}
    places = tuple(
        (number[row.src], number[row.dst], allowed.setdefault(_allowed(row), len(allowed))) for row in document.rows
    )
    return Connectivity(
        by=by,
        ends=tuple(named(given).values()),
        accesses=tuple(_access(*each) for each in allowed),
        places=places,
        exposures=tuple(exposure_of(each, by) for each in document.exposure or ()),
        assumptions=document.assumptions,
        warnings=document.warnings,
        snapshot=document.evidence.snapshot,
    )


_Ports = documents.Connections | None
_Allowed = tuple[_Ports, _Ports, _Ports, Partial | None]


def _allowed(row: documents.Connection) -> _Allowed:
    return row.connections, row.depends, row.partial, row.partial_by


def _access(allowed: _Ports, depends: _Ports, partial: _Ports, by: Partial | None) -> Access:
    ports, undetermined, lacking = map(ports_of, (allowed, depends, partial))
    return Access(ports=ports, open=undetermined, partial=lacking, partial_by=by or "")


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
