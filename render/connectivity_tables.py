"""Connectivity as tables: CSV (RFC 4180) for spreadsheets, Markdown for pages and comments."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.connectivity import ConnectivityMatrix, Exposure, ports_of
from reachproof.render.connectivity_words import Names, connections, end_text, name_lines, remarks, short_names
from reachproof.render.tables import csv_line, markdown, markdown_row

COLUMNS = ("src", "dst", "connections", "depends", "partial", "partialBy")


def csv_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A header and a line for each row. A cell that a spreadsheet would take for a formula begins with `'`."""
    yield csv_line(COLUMNS)
    ends = [csv_line((end_text(end, {}),)) for end in report.ends]
    accesses = []
    for access in report.accesses:
        parts = (connections(ports_of(part)) if part else "" for part in (access.depends, access.partial))
        accesses.append(csv_line((connections(access.ports), *parts, access.partial_by or "")))
    for src, dst, number in report.places:
        yield f"{ends[src]},{ends[dst]},{accesses[number]}"


def md_lines(report: ConnectivityMatrix) -> Iterator[str]:
    """A table of the rows; then the CIDRs of the outside, the exposure if asked for, and what the report assumes."""
    names = short_names(report.ends)
    ends = [end_text(end, names) for end in report.ends]
    accesses = [(connections(access.ports), remarks(access)) for access in report.accesses]
    yield "| src | dst | connections | remarks |"
    yield "|---|---|---|---|"
    yield from (markdown_row((ends[src], ends[dst], *accesses[number])) for src, dst, number in report.places)
    if names:
        yield ""
        yield from (f"- {line}" for line in name_lines(names))
    if report.exposures is not None:
        yield from ("", "| exposed | to or from | connections |", "|---|---|---|")
        for each in report.exposures:
            yield from _exposed(each, names)
    if report.assumptions:
        yield ""
        yield from (f"- assuming {markdown(f'{each.code}: {each.text}')}" for each in report.assumptions)


def _exposed(exposure: Exposure, names: Names) -> Iterator[str]:
    end = end_text(exposure.end, names)
    facings = (("from", exposure.ingress), ("to", exposure.egress))
    for word, facing in ((word, facing) for word, facing in facings if facing is not None):
        found = [(end_text(other.end, names), other.connections) for other in facing.outside or ()]
        if facing.entire_cluster and ports_of(facing.entire_cluster):
            found.append(("the entire cluster", facing.entire_cluster))
        found += ((f"possible pods, such as {each.pod}", each.connections) for each in facing.possible_pods or ())
        yield from (markdown_row((end, f"{word} {other}", connections(ports_of(each)))) for other, each in found)
