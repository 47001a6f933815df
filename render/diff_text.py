"""The difference of two snapshots as lines: text, CSV (RFC 4180), and Markdown for the comment of a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from reachproof.documents.connectivity import ReportEnd, ports_of
from reachproof.documents.diff import ChangedConnection, ChangedWayIn, Diff, JudgedFlow, Shift
from reachproof.documents.words import Change, Edit, Relation
from reachproof.network.intervals import IntervalSet
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, name_lines, short_names
from reachproof.render.text_fragments import Colour, assumption_lines, coloured, csv_line, markdown, place
from reachproof.render.ways_in import TITLE, changed_line, changed_reasons, changed_remarks

SENTENCES = {
    Relation.EQUIVALENT: "Both allow the same.",
    Relation.STRICTER: "The new one is stricter: it allows less, and nothing more.",
    Relation.LOOSER: "The new one is looser: it allows more, and nothing less.",
    Relation.INCOMPARABLE: "The new one allows some flows more, and some less.",
    Relation.UNDETERMINED: "Undetermined: whether the new one allows more or less depends on what is not modelled.",
    Relation.UNKNOWN: "It was not decided what differs.",
}
_COLOURS: dict[Relation, Colour] = {
    Relation.EQUIVALENT: "green",
    Relation.STRICTER: "cyan",
    Relation.LOOSER: "red",
    Relation.INCOMPARABLE: "red",
    Relation.UNDETERMINED: "yellow",
    Relation.UNKNOWN: "yellow",
}
_MARKS: dict[str, Colour] = {
    f"{Change.ADDED:<8}": "green",
    f"{Change.REMOVED:<8}": "red",
    f"{Change.CHANGED:<8}": "yellow",
    Relation.UNDETERMINED: "yellow",
}


def coloured_lines(diff: Diff, title: str) -> Iterator[str]:
    """The difference, line by line, with the relation and what becomes of each row in colour."""
    word = diff.relation.upper()
    first, *others = diff_lines(diff, title)
    yield coloured(word, _COLOURS[diff.relation]) + first.removeprefix(word)
    for line in others:
        mark = next((each for each in _MARKS if line.startswith(f"{each} ")), "")
        yield coloured(mark, _MARKS[mark], bold=False) + line.removeprefix(mark) if mark else line


def diff_lines(diff: Diff, title: str) -> Iterator[str]:
    """The relation, a title and counts; then each row with its causes, and flows that show it; printable."""
    return map(printable, _lines(diff, title))


def _lines(diff: Diff, title: str) -> Iterator[str]:
    names = names_of(diff)
    yield f"{diff.relation.upper()}  {title}"
    if diff.reason:
        yield f"  reason: {diff.reason}"
    yield f"  {counts(diff)}"
    for row in diff.rows:
        yield from _row(row, names)
    if diff.ways_in:
        yield f"{TITLE}:"
    for way in diff.ways_in or ():
        yield changed_line(way, names)
        yield from (f"           {text}" for text in changed_reasons(way))
    yield from (f"undetermined {each}{place(each.origin)}" for each in diff.undetermined)
    for word, ends in (("new", diff.new), ("lost", diff.lost)):
        yield from (f"{word:<8} {end}" for end in ends)
    yield from name_lines(names)
    for says, shift in witnesses(diff):
        yield from _shift(says, shift)
    yield from assumption_lines(diff.assumptions)


def names_of(diff: Diff) -> Names:
    """Short names of external ends with many CIDRs."""
    ways = (end for way in diff.ways_in or () for end in (way.src, way.dst))
    return short_names((*(end for row in diff.rows for end in (row.src, row.dst)), *ways))


def counts(diff: Diff) -> str:
    """Counts of connections, workloads, policies, routes and ways in that differ."""
    rows = _counted(Change, (row.change for row in diff.rows))
    policies = _counted(Edit, (each.edit for each in diff.policies))
    found = f"connections: {rows}; workloads: {len(diff.new)} new, {len(diff.lost)} lost; policies: {policies}"
    if diff.ways_in or diff.routes:
        found += f"; routes: {_counted(Edit, (each.edit for each in diff.routes or ()))}"
        found += f"; ways in: {_counted(Change, (each.change for each in diff.ways_in or ()))}"
    return f"{found}; undetermined: {len(diff.undetermined)}" if diff.undetermined else found


def _counted(kinds: type[Change] | type[Edit], found: Iterable[Change | Edit]) -> str:
    listed = list(found)
    return ", ".join(f"{listed.count(kind)} {kind}" for kind in kinds)


def remarks(row: ChangedConnection, ports_text: Callable[[IntervalSet], str] = connections) -> str:
    """Remarks beside the ports before and after; mostly nothing."""
    before, after, gained, lost = map(ports_of, (row.before, row.after, row.gained, row.lost))
    said = []
    if more := gained - (after - before):
        said.append(f"some flows are allowed more on {ports_text(more)}")
    if less := lost - (before - after):
        said.append(f"some flows are allowed less on {ports_text(less)}")
    if undetermined := ports_of(row.before_depends) | ports_of(row.after_depends):
        said.append(f"{ports_text(undetermined)} undetermined")
    return ", ".join(said)


def witnesses(diff: Diff) -> Iterator[tuple[str, Shift]]:
    """Flows that show the relation, each with what it shows."""
    shown = diff.witnesses
    for says, shift in (
        ("allowed more than before", shown.looser),
        ("allowed less than before", shown.stricter),
        ("may differ", shown.undetermined),
    ):
        if shift is not None:
            yield says, shift


def sides(shift: Shift) -> tuple[tuple[str, JudgedFlow | None], ...]:
    """The flow before and after, under these words."""
    return ("before", shift.before), ("after", shift.after)


def _row(row: ChangedConnection, names: Names) -> Iterator[str]:
    before, after = (connections(ports_of(each)) for each in (row.before, row.after))
    said = remarks(row)
    ends = f"{end_text(row.src, names)} => {end_text(row.dst, names)}"
    yield f"{row.change:<8} {ends} : {before} -> {after}{f'  ({said})' if said else ''}"
    yield from (f"           {cause}{place(cause.origin)}" for cause in row.because)
    yield from (f"           {text}" for text in row.endpoints)


def _shift(says: str, shift: Shift) -> Iterator[str]:
    known = str(shift.known)
    yield f"{says}: {known}"
    for when, flow in sides(shift):
        if flow is None:
            yield f"  {when}: not there"
            continue
        yield f"  {when}: {flow.truth}{f' ({flow})' if str(flow) != known else ''}"
        yield from (f"    {step}" for step in flow.steps)


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
    for way in diff.ways_in or ():
        because = "; ".join(changed_reasons(way))
        cells = (str(way.change), str(way.src), str(way.dst), *_ports(way), changed_remarks(way), because)
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
        yield from _details("Connections", list(_table(diff)))
    if diff.ways_in:
        yield from _details(TITLE, list(_ways_table(diff, diff.ways_in)))
    if diff.undetermined:
        found = [f"- {markdown(str(each))}{_at(str(each.origin or ''))}" for each in diff.undetermined]
        yield from _details("Undetermined", found)
    if diff.new or diff.lost:
        yield from _details("Workloads in one of them only", [*_ends("new", diff.new), *_ends("lost", diff.lost)])
    if diff.policies:
        lines = [f"- {each.edit}: {markdown(str(each.policy))}{_at(str(each.origin))}" for each in diff.policies]
        yield from _details("Policies", lines)
    if diff.routes:
        lines = [f"- {each.edit}: {markdown(str(each))}{_at(str(each.origin))}" for each in diff.routes]
        yield from _details("Routes", lines)
    yield from _witnesses(diff)
    if diff.assumptions:
        notes = [f"- {markdown(f'{each.code}: {each.text}')}" for each in diff.assumptions]
        yield from _details("What this assumes", notes)


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


def _ways_table(diff: Diff, ways: Sequence[ChangedWayIn]) -> Iterator[str]:
    names = names_of(diff)
    yield "| | from | to | before | after | because |"
    yield "|---|---|---|---|---|---|"
    for row in ways[:MOST_ROWS]:
        before, after = _ports(row)
        said = changed_remarks(row)
        ends = (end_text(end, names) for end in (row.src, row.dst))
        cells = (str(row.change), *ends, before, f"{after} ({said})" if said else after)
        yield f"| {' | '.join(map(markdown, cells))} | {'<br>'.join(map(markdown, changed_reasons(row)))} |"
    if len(ways) > MOST_ROWS:
        yield from ("", f"and {len(ways) - MOST_ROWS} more; `reachproof diff -o csv` lists all of them")


def _md(row: ChangedConnection, names: Names) -> str:
    said = remarks(row)
    before, after = _ports(row)
    ends = (end_text(end, names) for end in (row.src, row.dst))
    because = (*map(str, row.because), *row.endpoints)
    cells = (str(row.change), *ends, before, f"{after} ({said})" if said else after)
    return f"| {' | '.join(map(markdown, cells))} | {'<br>'.join(map(markdown, because))} |"


def _ports(row: ChangedConnection | ChangedWayIn) -> tuple[str, str]:
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
        yield from _details("A flow that shows it", lines)


def _details(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield from ("", f"<details><summary>{title}</summary>", "", *lines, "", "</details>")


def _at(origin: str) -> str:
    return f" ({markdown(origin)})" if origin else ""
