"""Connectivity as tables: CSV (RFC 4180) for spreadsheets, Markdown for pages and comments."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.queries.exposure import Exposure
from reachproof.queries.report_nodes import End, partial_by
from reachproof.render.connectivity_words import Shown, connections, end_text, outside_names, remarks
from reachproof.render.tables import csv_line, markdown, markdown_row

COLUMNS = ("src", "dst", "connections", "depends", "partial", "partialBy")


def csv_lines(shown: Shown) -> Iterator[str]:
    """A header and a line for each row. A cell that a spreadsheet would take for a formula begins with `'`."""
    yield csv_line(COLUMNS)
    ends = [csv_line((end_text(end, {}),)) for end in shown.report.ends]
    accesses = [
        csv_line(
            (
                connections(access.ports),
                *(connections(ports) if ports else "" for ports in (access.open, access.partial)),
            )
        )
        for access in shown.report.matrix.accesses
    ]
    partial = [bool(access.partial) for access in shown.report.matrix.accesses]
    for src, dst, number in shown.report.places():
        by = partial_by(shown.report.ends[src], shown.report.ends[dst]) if partial[number] else ""
        yield f"{ends[src]},{ends[dst]},{accesses[number]},{by}"


def md_lines(shown: Shown) -> Iterator[str]:
    """A table of the rows; then the CIDRs of the outside, the exposure if asked for, and what the report assumes."""
    names = outside_names(shown.report.ends)
    yield "| src | dst | connections | remarks |"
    yield "|---|---|---|---|"
    for row in shown.report:
        yield markdown_row(
            (
                end_text(row.src, names),
                end_text(row.dst, names),
                connections(row.access.ports),
                remarks(row.access, row.partial_by),
            )
        )
    if names:
        yield ""
        yield from (f"- {name}: {', '.join(end.cidrs)}" for end, name in names.items())
    if shown.exposures is not None:
        yield from ("", "| exposed | to or from | connections |", "|---|---|---|")
        for each in shown.exposures:
            yield from _exposed(each, names)
    if shown.report.assumptions:
        yield ""
        yield from (f"- assuming {markdown(f'{each.code}: {each.text}')}" for each in shown.report.assumptions)


def _exposed(exposure: Exposure, names: dict[End, str]) -> Iterator[str]:
    end = end_text(exposure.end, names)
    facings = (("from", exposure.ingress), ("to", exposure.egress))
    for word, facing in ((word, facing) for word, facing in facings if facing is not None):
        for other, access in facing.outside or ():
            yield markdown_row((end, f"{word} {end_text(other, names)}", connections(access.ports)))
        if facing.everywhere:
            yield markdown_row((end, f"{word} the entire cluster", connections(facing.everywhere)))
        for each in facing.possible or ():
            yield markdown_row((end, f"{word} possible pods, such as {each.pod}", connections(each.ports)))
