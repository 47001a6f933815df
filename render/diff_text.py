"""The difference of two snapshots for a terminal, and wording that its other formats share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reachproof.documents.connectivity import ports_of
from reachproof.documents.diff import ChangedConnection, Diff, JudgedFlow, Shift
from reachproof.documents.words import Change, Edit, Relation
from reachproof.network.intervals import IntervalSet
from reachproof.network.printable import printable
from reachproof.render.connectivity_words import Names, connections, end_text, name_lines, short_names
from reachproof.render.notice_text import assumption_lines, place
from reachproof.render.terminal import Colour, coloured

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
    yield from (f"undetermined {each}{place(each.origin)}" for each in diff.undetermined)
    for word, ends in (("new", diff.new), ("lost", diff.lost)):
        yield from (f"{word:<8} {end}" for end in ends)
    yield from name_lines(names)
    for says, shift in witnesses(diff):
        yield from _shift(says, shift)
    yield from assumption_lines(diff.assumptions)


def names_of(diff: Diff) -> Names:
    """Short names of external ends with many CIDRs."""
    return short_names(end for row in diff.rows for end in (row.src, row.dst))


def counts(diff: Diff) -> str:
    """Counts of connections, workloads and policies that differ."""
    changes = [row.change for row in diff.rows]
    edits = [each.edit for each in diff.policies]
    rows = ", ".join(f"{changes.count(change)} {change}" for change in Change)
    policies = ", ".join(f"{edits.count(edit)} {edit}" for edit in Edit)
    found = f"connections: {rows}; workloads: {len(diff.new)} new, {len(diff.lost)} lost; policies: {policies}"
    return f"{found}; undetermined: {len(diff.undetermined)}" if diff.undetermined else found


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
