"""Connectivity as tables: CSV (RFC 4180) for spreadsheets, Markdown for pages and comments."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from reachproof.cli.formats.shown import Shown, connections, end_text, outside_names, remarks
from reachproof.cli.text import printable
from reachproof.queries.exposure import Exposure
from reachproof.queries.report_ends import End, partial_by

COLUMNS = ("src", "dst", "connections", "depends", "partial", "partialBy")
_MARKS = re.compile(r"([\\`*_\[\]{}|<>#~&!()])")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(shown: Shown) -> Iterator[str]:
    """A header and a line for each row. A cell that a spreadsheet would take for a formula begins with `'`."""
    yield _csv(COLUMNS)
    ends = [_csv((end_text(end, {}),)) for end in shown.report.ends]
    accesses = [
        _csv(
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


def _csv(cells: tuple[str, ...]) -> str:
    written = io.StringIO()
    safe = [f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells]
    csv.writer(written, lineterminator="").writerow(safe)
    return written.getvalue()


def md_lines(shown: Shown) -> Iterator[str]:
    """A table of the rows; then the CIDRs of the outside, the exposure if asked for, and what the report assumes."""
    names = outside_names(shown.report.ends)
    yield "| src | dst | connections | remarks |"
    yield "|---|---|---|---|"
    for row in shown.report:
        yield _md(
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
        yield from (f"- assuming {_escaped(f'{each.code}: {each.text}')}" for each in shown.report.assumptions)


def _exposed(exposure: Exposure, names: dict[End, str]) -> Iterator[str]:
    end = end_text(exposure.end, names)
    facings = (("from", exposure.ingress), ("to", exposure.egress))
    for word, facing in ((word, facing) for word, facing in facings if facing is not None):
        for other, access in facing.outside or ():
            yield _md((end, f"{word} {end_text(other, names)}", connections(access.ports)))
        if facing.everywhere:
            yield _md((end, f"{word} the entire cluster", connections(facing.everywhere)))
        for each in facing.possible or ():
            yield _md((end, f"{word} possible pods, such as {each.pod}", connections(each.ports)))


def _md(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    """Text in which nothing is markup: names in manifests are not ours."""
    return _MARKS.sub(r"\\\1", printable(text)).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
