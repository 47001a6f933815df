"""The difference of two snapshots as tables: CSV (RFC 4180), and Markdown for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reachproof.network.printable import printable
from reachproof.queries.diff_rows import DiffRow
from reachproof.queries.difference import Diff
from reachproof.queries.report_nodes import End
from reachproof.render.diff_words import (
    SENTENCES,
    Shown,
    cause_text,
    cause_texts,
    flow_text,
    known_flow,
    ports_text,
    remarks,
    undetermined_text,
    witnesses,
)
from reachproof.render.tables import csv_line, markdown

COLUMNS = ("change", "src", "dst", "before", "after", "remarks", "because")
MOST_ROWS = 100
"""Of a comment; what is longer than 65,536 characters is refused by those who show it."""


def csv_lines(shown: Shown) -> Iterator[str]:
    """A header and a line for each row, then what is undetermined, new and lost workloads.

    A cell that a spreadsheet would take for a formula begins with `'`.
    """
    yield csv_line(COLUMNS)
    for row in shown.diff.rows:
        because = "; ".join(printable(text) for text in cause_texts(row))
        ends = (", ".join(end.cidrs) or str(end) for end in (row.src, row.dst))
        yield csv_line((str(row.change), *map(printable, ends), *ports_text(row), remarks(row), because))
    for each in shown.diff.undetermined:
        policy = printable(str(each.policy)) if each.policy else ""
        yield csv_line(("undetermined", policy, "", "", "", printable(each.text), ""))
    for word, ends_ in (("new", shown.diff.new), ("lost", shown.diff.lost)):
        yield from (csv_line((word, printable(str(end)), "", "", "", "", "")) for end in ends_)


def md_lines(shown: Shown) -> Iterator[str]:
    """A heading with what it comes to, counts, and a table that can be folded; the first MOST_ROWS rows of it."""
    diff = shown.diff
    yield f"### Network policy: {diff.relation}"
    yield ""
    yield f"{SENTENCES[diff.relation]} {markdown(shown.old)} → {markdown(shown.new)}"
    yield ""
    if diff.reason:
        yield from (f"Reason: {markdown(diff.reason)}", "")
    yield f"- {shown.counts.replace('; ', chr(10) + '- ')}"
    if diff.rows:
        yield from _folded("Connections", list(_table(shown)))
    if diff.undetermined:
        found = [f"- {markdown(undetermined_text(each))}{_at(str(each.origin or ''))}" for each in diff.undetermined]
        yield from _folded("Undetermined", found)
    if diff.new or diff.lost:
        yield from _folded(
            "Workloads in one of them only", list(_ends("new", diff.new)) + list(_ends("lost", diff.lost))
        )
    if diff.policies:
        lines = [f"- {each.edit}: {markdown(str(each.policy))}{_at(str(each.origin))}" for each in diff.policies]
        yield from _folded("Policies", lines)
    yield from _witnesses(diff)
    if diff.assumptions:
        notes = [f"- {markdown(f'{each.code}: {each.text}')}" for each in diff.assumptions]
        yield from _folded("What this assumes", notes)


def _table(shown: Shown) -> Iterator[str]:
    rows = shown.diff.rows
    yield "| | from | to | before | after | because |"
    yield "|---|---|---|---|---|---|"
    yield from (_md(shown, row) for row in rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        yield from ("", f"and {len(rows) - MOST_ROWS} more; `reachproof diff -o csv` lists all of them")
    if shown.names:
        yield ""
        yield from (f"- {name}: {', '.join(end.cidrs)}" for end, name in shown.names.items())


def _md(shown: Shown, row: DiffRow) -> str:
    said = remarks(row)
    before, after = ports_text(row)
    because = [cause_text(cause) for cause in row.causes.rules] + list(row.causes.endpoints)
    cells = (str(row.change), *shown.ends(row), before, f"{after} ({said})" if said else after)
    return f"| {' | '.join(map(markdown, cells))} | {'<br>'.join(map(markdown, because))} |"


def _ends(word: str, ends: Sequence[End]) -> Iterator[str]:
    yield from (f"- {word}: {markdown(str(end))}" for end in ends[:MOST_ROWS])
    if len(ends) > MOST_ROWS:
        yield f"- {word}: {len(ends) - MOST_ROWS} more"


def _witnesses(diff: Diff) -> Iterator[str]:
    lines = []
    for says, flow in witnesses(diff):
        lines.append(f"- {says}: {markdown(flow_text(known_flow(flow)))}")
        for when, trace in zip(("before", "after"), flow.traces, strict=True):
            lines.append(f"  - {when}: {trace.truth if trace else 'not there'}")
            if trace is None:
                continue
            lines += [f"    - {markdown(f'{step.direction} {step.action}: {step.text}')}" for step in trace.steps]
    if lines:
        yield from _folded("A flow that shows it", lines)


def _folded(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield from ("", f"<details><summary>{title}</summary>", "", *lines, "", "</details>")


def _at(origin: str) -> str:
    return f" ({markdown(origin)})" if origin else ""
