"""The difference of two snapshots for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.words import Change, Relation
from reachproof.network.printable import printable
from reachproof.queries import difference
from reachproof.queries.diff_rows import DiffRow
from reachproof.render.diff_words import (
    Shown,
    cause_texts,
    flow_text,
    known_flow,
    ports_text,
    remarks,
    undetermined_text,
    witnesses,
)
from reachproof.render.notice_text import assumption_lines, place
from reachproof.render.terminal import Colour, coloured

_COLOURS: dict[Relation, Colour] = {
    Relation.EQUIVALENT: "green",
    Relation.STRICTER: "cyan",
    Relation.LOOSER: "red",
    Relation.INCOMPARABLE: "red",
    Relation.UNDETERMINED: "yellow",
    Relation.UNKNOWN: "yellow",
}
_MARKS: dict[Change, Colour] = {Change.ADDED: "green", Change.REMOVED: "red", Change.CHANGED: "yellow"}


def text_lines(shown: Shown) -> Iterator[str]:
    """The result and counts; then a line for each row with its causes; then flows that show it."""
    diff = shown.diff
    word = coloured(diff.relation.upper(), _COLOURS[diff.relation])
    yield f"{word}  {printable(shown.old)} -> {printable(shown.new)}"
    if diff.reason:
        yield f"  reason: {diff.reason}"
    yield f"  {shown.counts}"
    for row in diff.rows:
        yield from _row(shown, row)
    for each in diff.undetermined:
        mark = coloured("undetermined", "yellow", bold=False)
        yield f"{mark} {printable(undetermined_text(each))}{printable(place(each.origin))}"
    for word, ends in (("new", diff.new), ("lost", diff.lost)):
        yield from (f"{word:<8} {printable(str(end))}" for end in ends)
    yield from (f"{name}: {', '.join(end.cidrs)}" for end, name in shown.names.items())
    for says, flow in witnesses(diff):
        yield from _flow(says, flow)
    yield from assumption_lines(diff.assumptions)


def _row(shown: Shown, row: DiffRow) -> Iterator[str]:
    source, destination = shown.ends(row)
    before, after = ports_text(row)
    said = remarks(row)
    mark = coloured(f"{row.change:<8}", _MARKS[row.change], bold=False)
    yield f"{mark} {source} => {destination} : {before} -> {after}{f'  ({said})' if said else ''}"
    yield from (f"           {printable(text)}" for text in cause_texts(row))


def _flow(says: str, flow: difference.ReplayedShift) -> Iterator[str]:
    known = known_flow(flow)
    yield f"{says}: {printable(flow_text(known))}"
    for when, trace in zip(("before", "after"), flow.traces, strict=True):
        if trace is None:
            yield f"  {when}: not there"
            continue
        other = f" ({flow_text(trace.flow)})" if str(trace.flow) != str(known) else ""
        yield printable(f"  {when}: {trace.truth}{other}")
        for step in trace.steps:
            yield printable(f"    {step.direction:<7} {step.action:<5} {step.text}{place(step.origin)}")
