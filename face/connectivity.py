"""Every allowed connection, as a view of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from reachproof.documents.connectivity import Connection
from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.face.extras import needed
from reachproof.face.shown import Cells, Picture, Shown
from reachproof.network.ports import ports_text
from reachproof.network.printable import printable
from reachproof.render.connectivity_charts import (
    MOST_MATRIX_ENDS,
    access_graph,
    access_remarks,
    colour_of,
    exposure_chart,
    matrix_chart,
)
from reachproof.render.connectivity_text import text_lines
from reachproof.render.connectivity_words import end_text, name_lines, short_names
from reachproof.render.html_fragments import ALL, OPEN, SOME, Html, folded, folded_lines, joined, table, tag
from reachproof.render.ways_in import way_cells

if TYPE_CHECKING:
    import altair

MOST_ROWS = 200
"""As many rows a notebook shows; the frame has all."""
MOST_CHART_ROWS = 5_000
"""Altair puts every row into the notebook."""
_WORDS = {ALL: "all ports", SOME: "some ports, or some pods", OPEN: "undetermined"}
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "&": "＆"})
Texts = tuple[str, str, str, str]
"""Source, destination, ports and remarks of a row."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Connectivity(Shown, ConnectivityMatrix):
    """Every allowed connection, as an iterable of rows in order of their ends.

    `ends` are all of the report, also such without a row. `exposures` is None unless it was asked for. `ways_in`: how
    requests from outside come in by routes, None where the input has none. `snapshot` is the digest of what was asked
    about.
    """

    @property
    def snapshot(self) -> str:
        """The digest of what was asked about."""
        return self.evidence.snapshot

    @cached_property
    def rows(self) -> tuple[Connection, ...]:
        """All rows; kept after the first use."""
        return tuple(self)

    @cached_property
    def count(self) -> int:
        """Number of rows."""
        return sum(1 for _ in self.places)

    def _texts(self) -> Iterator[Texts]:
        names = short_names(self.ends)
        ends = [end_text(end, names) for end in self.ends]
        accesses = [(ports_text(access.ports), access_remarks(access)) for access in self.accesses]
        return ((ends[src], ends[dst], *accesses[number]) for src, dst, number in self.places)

    def cells(self) -> Cells:
        """The rows, with the namespaces and tenants of both ends."""
        columns = ("src", "dst", "ports", "remarks", "src_namespace", "dst_namespace", "src_tenant", "dst_tenant")
        homes = [(end.namespace, end.tenant) for end in self.ends]
        pairs = (zip(homes[src], homes[dst], strict=True) for src, dst, _ in self.places)
        return columns, (
            (*texts, *spaces, *tenants) for texts, (spaces, tenants) in zip(self._texts(), pairs, strict=True)
        )

    def lines(self) -> Iterator[str]:
        """A line for each row, then what ends are exposed to, if that was asked for, and what the report assumes."""
        return text_lines(self)

    def html(self) -> Html:
        """The matrix where it is small enough, the rows, and what they assume."""
        head = tag("div", f"{self.count} connections between {len(self.ends)} ends, by {self.by}", class_="rp-title")
        matrix = self.matrix().html() if 1 < len(self.ends) <= MOST_MATRIX_ENDS else ""
        return joined(
            [
                head,
                matrix,
                self._rows(),
                self._ways_in(),
                folded_lines("addresses behind short names", name_lines(short_names(self.ends))),
                folded("assumption", self.assumptions),
                folded("warning", self.warnings),
            ]
        )

    def _rows(self) -> Html:
        left = self.count - MOST_ROWS
        more = tag("div", f"and {left} more: see frame()", class_="rp-faint") if left > 0 else ""
        title = tag("summary", "connections")
        opened = {"open": "open"} if self.count <= 12 else {}
        shown = table(("from", "to", "ports", ""), islice(self._texts(), MOST_ROWS))
        return tag("details", title, shown, more, **opened)

    def _ways_in(self) -> Html:
        if not self.ways_in:
            return joined(())
        cells = (way_cells(each.row, short_names(self.ends)) for each in self.ways_in[:MOST_ROWS])
        left = len(self.ways_in) - MOST_ROWS
        more = tag("div", f"and {left} more: see lines()", class_="rp-faint") if left > 0 else ""
        shown = table(("from", "to", "ports", "", "routes"), cells)
        return tag("details", tag("summary", "ways in, by routes"), shown, more, open="open")

    def matrix(self) -> Picture:
        """A picture of who may connect to whom: sources are lines. ValueError for more than 80 ends."""
        return Picture(matrix_chart(self, self._pairs), self._pairs)

    def graph(self) -> Picture:
        """The connections as arrows, from left to right. ValueError for more than 60 ends."""
        return Picture(access_graph(self, self._pairs), self._pairs)

    def exposure(self) -> Picture:
        """A picture of what each end is exposed to. ValueError for a report that was made without `exposure=True`."""
        title = f"what each {self.by} is exposed to"
        return Picture(exposure_chart(self, title), title)

    def interactive(self) -> altair.Chart:
        """The matrix as an altair chart with tips, in which a click on a kind of access fades the others.

        ImportError that says what to install where there is no altair, ValueError for more than MOST_CHART_ROWS.
        """
        alt = needed("altair", "interactive()")
        if self.count > MOST_CHART_ROWS:
            raise ValueError(
                f"too many rows ({self.count}; the limit is {MOST_CHART_ROWS}); "
                "group them with by, or narrow the report"
            )
        colours = [_WORDS[colour_of(self.accesses[number])] for _, _, number in self.places]
        columns = ("from", "to", "ports", "remarks")
        values = [
            {**dict(zip(columns, map(_safe, texts), strict=True)), "allowed": colour}
            for texts, colour in zip(self._texts(), colours, strict=True)
        ]
        names = short_names(self.ends)
        return _heat_map(alt, values, [_safe(end_text(end, names)) for end in self.ends])

    @property
    def _pairs(self) -> str:
        return f"who may connect to whom, by {self.by}"

    @property
    def title(self) -> str:
        """A summary on one line."""
        return f"Connectivity by {self.by}: ends {len(self.ends)}, rows {self.count}"


def _heat_map(alt: Any, values: list[dict[str, str]], order: list[str]) -> altair.Chart:
    colour = alt.Scale(domain=list(_WORDS.values()), range=list(_WORDS))
    chosen = alt.selection_point(name="chosen", fields=["allowed"], bind="legend")
    chart = alt.Chart(alt.Data(values=values), width=alt.Step(24), height=alt.Step(22)).mark_rect(
        cornerRadius=3, stroke="white"
    )
    found: altair.Chart = chart.encode(
        x=alt.X("to:N", sort=order, axis=alt.Axis(orient="top", labelAngle=-45), title="to"),
        y=alt.Y("from:N", sort=order, title="from"),
        color=alt.Color("allowed:N", scale=colour, title="allowed"),
        opacity=alt.condition(chosen, alt.value(1.0), alt.value(0.15)),
        tooltip=["from:N", "to:N", "ports:N", "remarks:N"],
    ).add_params(chosen)
    return found


def _safe(text: str) -> str:
    """Altair writes its data into a script element: characters that mean something there become look-alikes."""
    return printable(text).translate(_LOOKALIKES)


def connectivity_of(matrix: ConnectivityMatrix) -> Connectivity:
    """The view of a report."""
    return Connectivity(**{each.name: getattr(matrix, each.name) for each in fields(matrix)})
