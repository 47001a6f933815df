"""The difference of two snapshots, as a view of its document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from reachproof.documents import diff as documents
from reachproof.documents.connectivity import ports_of
from reachproof.documents.json import plain, viewed
from reachproof.documents.parts import Notice
from reachproof.documents.words import Change, Relation
from reachproof.face.parts import Traced
from reachproof.face.shown import Cells, Json, Shown
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import format_ports
from reachproof.render.diff_words import remarks
from reachproof.render.flow_picture import flow_picture
from reachproof.render.html_fragments import Cell, Html, badge, folded, folded_lines, joined, place, steps, table, tag
from reachproof.render.notice_text import assumption_lines
from reachproof.render.notice_text import place as place_text
from reachproof.render.report_nodes import ReportEnd, end_of, named, outside_lines

SENTENCES = {
    Relation.EQUIVALENT: "Both allow the same.",
    Relation.STRICTER: "The new one allows less, and nothing more.",
    Relation.LOOSER: "The new one allows more, and nothing less.",
    Relation.INCOMPARABLE: "The new one allows some flows more, and some less.",
    Relation.UNDETERMINED: "What the new one allows more, or less, depends on what is not modelled.",
    Relation.UNKNOWN: "It was not decided what differs.",
}
MOST_ROWS = 200
"""As many rows a notebook shows; the frame has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A pair of ends with a flow that differs: what was allowed, what is, and why, as in docs/interfaces.md.

    `open`: the ports that depend on what is left open, in either snapshot.
    """

    src: ReportEnd
    dst: ReportEnd
    change: Change
    before: IntervalSet
    after: IntervalSet
    gained: IntervalSet
    lost: IntervalSet
    open: IntervalSet
    because: tuple[documents.Cause, ...]
    endpoints: tuple[str, ...]

    @property
    def remarks(self) -> str:
        """Remarks beside the ports before and after; mostly nothing."""
        return remarks(self, format_ports)

    def __str__(self) -> str:
        said = f"  ({self.remarks})" if self.remarks else ""
        ports = f"{format_ports(self.before)} -> {format_ports(self.after)}"
        return f"{self.change:<8} {self.src} => {self.dst} : {ports}{said}"


class JudgedFlow(Traced, documents.JudgedFlow, frozen=True, kw_only=True):
    """A flow that differs, in one of the snapshots, with its verdict there."""


class Shift(documents.Shift, frozen=True, kw_only=True):
    """A flow that differs, as it was before and as it is after; None where the flow does not exist."""

    before: JudgedFlow | None
    after: JudgedFlow | None

    @property
    def known(self) -> JudgedFlow:
        """It in the later of the snapshots that have it."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Diff(Shown):
    """The difference of two snapshots: what the other allows more, or less. It shows itself in a notebook.

    `relation` is `unknown` where the budget ended first, with the `reason`; then there are no rows. `looser` shows that
    some flow is allowed more than before, `stricter` less, `open` one of which that is not known. `undetermined`:
    differences of which it is not known what they change. `new` and `lost` are workloads, bare pods and nodes that
    only one of the snapshots has. `policies`: those that were added, removed or changed. `found` is the whole document.
    """

    found: documents.Diff
    rows: tuple[Row, ...]
    new: tuple[ReportEnd, ...]
    lost: tuple[ReportEnd, ...]
    looser: Shift | None
    stricter: Shift | None
    open: Shift | None

    @property
    def relation(self) -> Relation:
        """The relation of the later snapshot to the earlier one."""
        return self.found.relation

    @property
    def reason(self) -> str:
        """The reason why nothing was decided; mostly empty."""
        return self.found.reason

    @property
    def policies(self) -> tuple[documents.PolicyChange, ...]:
        """The policies that were added, removed or changed."""
        return self.found.policies

    @property
    def undetermined(self) -> tuple[documents.Undetermined, ...]:
        """The differences of unknown effect."""
        return self.found.undetermined

    @property
    def assumptions(self) -> tuple[Notice, ...]:
        """The assumptions of the result."""
        return self.found.assumptions

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """The warnings, with their places."""
        return self.found.warnings

    @property
    def document(self) -> Json:
        """The JSON of docs/interfaces.md."""
        found: Json = plain(self.found)
        return found

    @property
    def differs(self) -> bool:
        """True if there is a row, or an endpoint that only one of the snapshots has."""
        return bool(self.rows or self.new or self.lost)

    def __iter__(self) -> Iterator[Row]:
        """The rows."""
        return iter(self.rows)

    @property
    def _outside(self) -> tuple[ReportEnd, ...]:
        return tuple(dict.fromkeys(end for row in self.rows for end in (row.src, row.dst)))

    def cells(self) -> Cells:
        """A row for each pair of ends with a flow that differs, then one for each undetermined difference."""
        columns = ("change", "src", "dst", "before", "after", "gained", "lost", "because", "where")
        return columns, chain(map(_cells_of, self.rows), map(_cells_of_undetermined, self.undetermined))

    def lines(self) -> Iterator[str]:
        """The result; then a line for each row with its causes; then flows that show it."""
        yield f"{self.relation.upper()}  {SENTENCES[self.relation]}"
        if self.reason:
            yield f"  reason: {self.reason}"
        for row in self.rows:
            yield f"  {row}"
            yield from (f"      {cause}{place_text(cause.origin)}" for cause in row.because)
            yield from (f"      {text}" for text in row.endpoints)
        yield from (f"  undetermined {each}" for each in self.undetermined)
        yield from (f"  new      {end}" for end in self.new)
        yield from (f"  lost     {end}" for end in self.lost)
        yield from (f"  {line}" for line in outside_lines(self._outside))
        yield from (f"  policy {each.edit}: {each.policy}" for each in self.policies)
        yield from assumption_lines(self.assumptions)

    def html(self) -> Html:
        """A badge, the rows with what caused them, and flows that show it before and after."""
        head = tag(
            "div", badge(self.relation), tag("span", SENTENCES[self.relation], class_="rp-sentence"), class_="rp-head"
        )
        parts: list[str] = [head]
        if self.reason:
            parts.append(tag("div", self.reason, class_="rp-faint"))
        if self.policies:
            words = (tag("li", f"{each.edit}: {each.policy}") for each in self.policies)
            parts += [tag("div", "policies", class_="rp-title"), tag("ul", *words)]
        if self.rows:
            parts.append(table(("", "from", "to", "before", "after", "because"), map(_shown, self.rows[:MOST_ROWS])))
        if len(self.rows) > MOST_ROWS:
            parts.append(tag("div", f"and {len(self.rows) - MOST_ROWS} more: see frame()", class_="rp-faint"))
        for word, ends in (("new", self.new), ("lost", self.lost)):
            if ends:
                parts.append(tag("div", f"{word}: {', '.join(map(str, ends))}"))
        if self.undetermined:
            doubts = (tag("li", str(each)) for each in self.undetermined)
            parts += [tag("div", "undetermined", class_="rp-title"), tag("ul", *doubts)]
        shifts = (
            ("allowed more than before", self.looser),
            ("allowed less than before", self.stricter),
            ("may differ", self.open),
        )
        parts += [_shift(words, shift) for words, shift in shifts if shift]
        parts.append(folded_lines("addresses behind short names", outside_lines(self._outside)))
        return joined([*parts, folded("assumption", self.assumptions), folded("warning", self.warnings)])

    @property
    def title(self) -> str:
        """A summary on one line."""
        doubts = f", undetermined {len(self.undetermined)}" if self.undetermined else ""
        return f"Diff {self.relation}: rows {len(self.rows)}, new {len(self.new)}, lost {len(self.lost)}{doubts}"


def _cells_of(row: Row) -> tuple[Cell, ...]:
    ports = map(format_ports, (row.before, row.after, row.gained, row.lost))
    because = "; ".join(map(str, row.because) if row.because else row.endpoints)
    where = ", ".join(dict.fromkeys(str(cause.origin) for cause in row.because if cause.origin.file))
    return str(row.change), str(row.src), str(row.dst), *ports, because, where


def _cells_of_undetermined(found: documents.Undetermined) -> tuple[Cell, ...]:
    return "undetermined", str(found.policy or ""), "", "", "", "", "", found.text, ""


def _shown(row: Row) -> tuple[str, ...]:
    causes = [tag("div", str(cause), place(cause.origin)) for cause in row.because]
    causes += [tag("div", text) for text in row.endpoints]
    if row.remarks:
        causes.append(tag("div", row.remarks, class_="rp-faint"))
    word = tag("span", row.change, class_=f"rp-word rp-{_COLOURS[row.change]}")
    src, dst = (tag("span", str(end), class_="rp-end") for end in (row.src, row.dst))
    return word, src, dst, format_ports(row.before), format_ports(row.after), joined(causes)


_COLOURS = {Change.ADDED: "allow", Change.REMOVED: "deny", Change.CHANGED: "pass"}


def _shift(words: str, shift: Shift) -> Html:
    parts: list[Html] = [tag("summary", f"a flow that is {words}: {shift.known}")]
    for when, flow in (("before", shift.before), ("after", shift.after)):
        if flow is None:
            parts.append(tag("div", f"{when}: not there", class_="rp-title"))
            continue
        parts += [tag("div", f"{when}: {flow.truth}", class_="rp-title"), flow_picture(flow), steps(flow.steps)]
    return tag("details", *parts, open="open")


def diff_of(document: documents.Diff) -> Diff:
    """The view of a difference."""
    ends = (end for row in document.rows for end in (row.src, row.dst))
    given = {end: end_of(end, document.by) for end in dict.fromkeys(ends)}
    names = named(given.values())
    shown = document.witnesses
    return Diff(
        found=document,
        rows=tuple(_row(each, names[given[each.src]], names[given[each.dst]]) for each in document.rows),
        new=tuple(end_of(each, "workload") for each in document.new),
        lost=tuple(end_of(each, "workload") for each in document.lost),
        looser=_shift_of(shown.looser),
        stricter=_shift_of(shown.stricter),
        open=_shift_of(shown.undetermined),
    )


def _row(document: documents.ChangedConnection, src: ReportEnd, dst: ReportEnd) -> Row:
    return Row(
        src=src,
        dst=dst,
        change=document.change,
        before=ports_of(document.before),
        after=ports_of(document.after),
        gained=ports_of(document.gained),
        lost=ports_of(document.lost),
        open=ports_of(document.before_depends) | ports_of(document.after_depends),
        because=document.because,
        endpoints=document.endpoints,
    )


def _shift_of(document: documents.Shift | None) -> Shift | None:
    if document is None:
        return None
    flows = (viewed(JudgedFlow, each) if each else None for each in (document.before, document.after))
    before, after = flows
    return Shift(before=before, after=after)
