"""The matrix of a report as an altair chart, for a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reachproof.face.extras import needed
from reachproof.network.ports import format_ports
from reachproof.network.printable import printable
from reachproof.render.connectivity_charts import colour_of
from reachproof.render.report_edges import Row
from reachproof.render.report_nodes import ReportEnd
from reachproof.render.svg import ALL, OPEN, SOME

if TYPE_CHECKING:
    import altair

MOST_ROWS = 5_000
"""Altair puts every row into the notebook."""
_WORDS = {ALL: "every port", SOME: "some ports, or some pods", OPEN: "depends"}
_LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "&": "＆"})


def heat_map(ends: Sequence[ReportEnd], rows: Iterable[Row], count: int) -> altair.Chart:
    """The chart. ImportError that says what to install where there is no altair, ValueError for more than MOST_ROWS.

    Altair writes its data into a script element, so characters that mean something there are replaced by others that
    look like them.
    """
    alt = needed("altair", "interactive()")
    if count > MOST_ROWS:
        raise ValueError(
            f"found {count} rows, expected at most {MOST_ROWS}: put more pods together with by, or narrow the report"
        )
    values = [
        {
            "from": _safe(str(row.src)),
            "to": _safe(str(row.dst)),
            "ports": _safe(format_ports(row.ports)),
            "remarks": _safe(row.access.remarks),
            "allowed": _WORDS[colour_of(row.access)],
        }
        for row in rows
    ]
    order = [_safe(str(end)) for end in ends]
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
    return printable(text).translate(_LOOKALIKES)
