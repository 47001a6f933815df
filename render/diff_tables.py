"""The difference of two snapshots as tables: CSV (RFC 4180), and Markdown for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reachproof.documents.connectivity import ReportEnd, ports_of
from reachproof.documents.diff import ChangedConnection, Diff
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, name_lines
from reachproof.render.diff_text import SENTENCES, counts, names_of, remarks, sides, witnesses
from reachproof.render.notice_text import place
from reachproof.render.tables import csv_line, markdown

COLUMNS = ("change", "src", "dst", "before", "after", "remarks", "because")
MOST_ROWS = 100
"""Of a comment; what is longer than 65,536 characters is refused by those who show it."""


def csv_lines(diff: Diff) -> Iterator[str]:
    """A header and a line for each row, then what is undetermined, new and lost workloads.

    A cell that a spreadsheet would take for a formula begins with `'`.
    """
    yield csv_line(COLUMNS)
    for row in diff.rows:
        because = "; ".join((*(f"{cause}{place(cause.origin)}" for cause in row.because), *row.endpoints))
        cells = (str(row.change), str(row.src), str(row.dst), *_ports(row), remarks(row), because)
        yield csv_line(map(printable, cells))
    for each in diff.undetermined:
        yield csv_line(map(printable, ("undetermined", str(each.policy or ""), "", "", "", each.text, "")))
    for word, ends in (("new", diff.new), ("lost", diff.lost)):
        yield from (csv_line((word, printable(str(end)), "", "", "", "", "")) for end in ends)


def md_lines(diff: Diff, old: str, new: str) -> Iterator[str]:
    """A heading with what it comes to, counts, and a table that can be folded; the first MOST_ROWS rows of it.

    `old` and `new` are what the two sides are called.
    """
    yield f"### Network policy: {diff.relation}"
    yield ""
    yield f"{SENTENCES[diff.relation]} {markdown(old)} → {markdown(new)}"
    yield ""
    if diff.reason:
        yield from (f"Reason: {markdown(diff.reason)}", "")
    yield f"- {counts(diff).replace('; ', chr(10) + '- ')}"
    if diff.rows:
        yield from _folded("Connections", list(_table(diff)))
    if diff.undetermined:
        found = [f"- {markdown(str(each))}{_at(str(each.origin or ''))}" for each in diff.undetermined]
        yield from _folded("Undetermined", found)
    if diff.new or diff.lost:
        yield from _folded("Workloads in one of them only", [*_ends("new", diff.new), *_ends("lost", diff.lost)])
    if diff.policies:
        lines = [f"- {each.edit}: {markdown(str(each.policy))}{_at(str(each.origin))}" for each in diff.policies]
        yield from _folded("Policies", lines)
    yield from _witnesses(diff)
    if diff.assumptions:
        notes = [f"- {markdown(f'{each.code}: {each.text}')}" for each in diff.assumptions]
        yield from _folded("What this assumes", notes)


def _table(diff: Diff) -> Iterator[str]:
    names = names_of(diff)
    yield "| | from | to | before | after | because |"
    yield "|---|---|---|---|---|---|"
    yield from (_md(row, names) for row in diff.rows[:MOST_ROWS])
    if len(diff.rows) > MOST_ROWS:
        yield from ("", f"and {len(diff.rows) - MOST_ROWS} more; `reachproof diff -o csv` lists all of them")
    if names:
        yield ""
        yield from (f"- {line}" for line in name_lines(names))


def _md(row: ChangedConnection, names: Names) -> str:
    said = remarks(row)
    before, after = _ports(row)
    ends = (end_text(end, names) for end in (row.src, row.dst))
    because = (*map(str, row.because), *row.endpoints)
    cells = (str(row.change), *ends, before, f"{after} ({said})" if said else after)
    return f"| {' | '.join(map(markdown, cells))} | {'<br>'.join(map(markdown, because))} |"


def _ports(row: ChangedConnection) -> tuple[str, str]:
    return connections(ports_of(row.before)), connections(ports_of(row.after))


def _ends(word: str, ends: Sequence[ReportEnd]) -> Iterator[str]:
    yield from (f"- {word}: {markdown(str(end))}" for end in ends[:MOST_ROWS])
    if len(ends) > MOST_ROWS:
        yield f"- {word}: {len(ends) - MOST_ROWS} more"


def _witnesses(diff: Diff) -> Iterator[str]:
    lines = []
    for says, shift in witnesses(diff):
        lines.append(f"- {says}: {markdown(str(shift.known))}")
        for when, flow in sides(shift):
            lines.append(f"  - {when}: {flow.truth if flow else 'not there'}")
            steps = flow.steps if flow else ()
            lines += [f"    - {markdown(f'{step.direction} {step.action}: {step.text}')}" for step in steps]
    if lines:
        yield from _folded("A flow that shows it", lines)


def _folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield from ("", f"<details><summary>{title}</summary>", "", *lines, "", "</details>")


def _at(origin: str) -> str:
    return f" ({markdown(origin)})" if origin else ""
