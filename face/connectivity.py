"""Every allowed connection, as a view of the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from reachproof.documents import connectivity as documents
from reachproof.documents.parts import Notice
from reachproof.face.interactive import heat_map
from reachproof.face.shown import Cells, Picture, Shown
from reachproof.network.ports import format_ports
from reachproof.render.connectivity_charts import MOST_MATRIX_ENDS, access_graph, exposure_chart, matrix_chart
from reachproof.render.html_fragments import Cell, Html, folded, folded_lines, joined, table, tag
from reachproof.render.notice_text import assumption_lines
from reachproof.render.report_edges import Access, Exposure, Row, exposure_of, rows_of
from reachproof.render.report_nodes import ReportEnd, end_of, named, outside_lines

if TYPE_CHECKING:
    import altair

MOST_ROWS = 200
"""As many rows a notebook shows; the frame has all."""


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
        """Number of rows."""
        return sum(1 for _ in self.places)

    @cached_property
    def between(self) -> Mapping[tuple[ReportEnd, ReportEnd], Access]:
        """The access by source and destination; pairs with nothing are absent."""
        return {(row.src, row.dst): row.access for row in self.rows}

    def cells(self) -> Cells:
        """The rows, with the namespaces and tenants of both ends."""
        columns = ("src", "dst", "ports", "remarks", "src_namespace", "dst_namespace", "src_tenant", "dst_tenant")
        return columns, (_cells_of(row) for row in self)

    def lines(self) -> Iterator[str]:
        """A line for each row, then what they assume."""
        yield from map(str, self)
        yield from outside_lines(self.ends)
        yield from assumption_lines(self.assumptions)

    def html(self) -> Html:
        """The matrix where it is small enough, the rows, and what they assume."""
        head = tag("div", f"{self.count} connections between {len(self.ends)} ends, by {self.by}", class_="rp-title")
        matrix = self.matrix().html() if 1 < len(self.ends) <= MOST_MATRIX_ENDS else ""
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
        """A picture of who may connect to whom: sources are lines. ValueError for more than 80 ends."""
        return Picture(matrix_chart(self.ends, self.between, self._pairs), self._pairs)

    def graph(self) -> Picture:
        """The connections as arrows, from left to right. ValueError for more than 60 ends."""
        return Picture(access_graph(self.rows, self._pairs), self._pairs)

    def exposure(self) -> Picture:
        """A picture of what each end is exposed to. ValueError for a report that was made without `exposure=True`."""
        title = f"what each {self.by} is exposed to"
        return Picture(exposure_chart(self.exposures, title), title)

    def interactive(self) -> altair.Chart:
        """The matrix as an altair chart with tips, in which a click on a kind of access fades the others."""
        return heat_map(self.ends, self, self.count)

    @property
    def _pairs(self) -> str:
        return f"who may connect to whom, by {self.by}"

    @property
    def title(self) -> str:
        """A summary on one line."""
        return f"Connectivity by {self.by}: ends {len(self.ends)}, rows {self.count}"


def _cells_of(row: Row) -> tuple[Cell, ...]:
    src, dst = row.src, row.dst
    spaces = (src.namespace, dst.namespace, src.tenant, dst.tenant)
    return str(src), str(dst), format_ports(row.ports), row.access.remarks, *spaces


def connectivity_of(document: documents.Connectivity) -> Connectivity:
    """The view of a report."""
    by = document.by
    accesses, places = rows_of(document)
    return Connectivity(
        by=by,
        ends=tuple(named(end_of(each, by) for each in document.ends).values()),
        accesses=accesses,
        places=places,
        exposures=tuple(exposure_of(each, by) for each in document.exposure or ()),
        assumptions=document.assumptions,
        warnings=document.warnings,
        snapshot=document.evidence.snapshot,
    )
