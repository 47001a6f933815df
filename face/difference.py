"""The difference of two snapshots, as a view of its document."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from reachproof.documents import diff as documents
from reachproof.documents.connectivity import end_by, ports_of
from reachproof.documents.diff import ChangedConnection, ChangedWayIn, Shift, Undetermined
from reachproof.documents.json import viewed
from reachproof.documents.words import By, Change
from reachproof.face.shown import Cells, View
from reachproof.network.ports import ports_text
from reachproof.render.connectivity_words import Names, end_text, name_lines
from reachproof.render.diff_text import SENTENCES, diff_lines, names_of, remarks, sides, witnesses
from reachproof.render.flow_picture import flow_picture
from reachproof.render.html_fragments import Cell, Html, badge, folded, folded_lines, joined, place, steps, table, tag
from reachproof.render.ways_in import TITLE, changed_reasons, changed_remarks

MOST_ROWS = 200
"""As many rows a notebook shows; the frame has all."""
_COLOURS = {Change.ADDED: "allow", Change.REMOVED: "deny", Change.CHANGED: "pass"}


class Diff(View, documents.Diff, frozen=True, kw_only=True):
    """The difference of two snapshots: what the other allows more, or less. It shows itself in a notebook.

    `relation` is `unknown` where the budget ended first, with the `reason`; then there are no rows. `undetermined`:
    differences of which it is not known what they change. `new` and `lost` are workloads, bare pods and nodes that
    only one of the snapshots has. `policies`: those that were added, removed or changed. `document` is the JSON.
    """

    def __iter__(self) -> Iterator[ChangedConnection]:
        """The rows."""
        return iter(self.rows)

    def cells(self) -> Cells:
        """A row for each pair of ends with a flow that differs, for each way in, and for what is undetermined."""
        columns = ("change", "src", "dst", "before", "after", "gained", "lost", "because", "where")
        names = names_of(self)
        rows = (_cells_of(row, names) for row in self.rows)
        ways = (_cells_of_way(row, names) for row in self.ways_in or ())
        return columns, chain(rows, ways, map(_cells_of_undetermined, self.undetermined))

    def lines(self) -> Iterator[str]:
        """The result; then a line for each row with its causes; then flows that show it."""
        return diff_lines(self, SENTENCES[self.relation])

    def html(self) -> Html:
        """A badge, the rows with what caused them, and flows that show it before and after."""
        names = names_of(self)
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
            rows = (_shown(row, names) for row in self.rows[:MOST_ROWS])
            parts.append(table(("", "from", "to", "before", "after", "because"), rows))
        if len(self.rows) > MOST_ROWS:
            parts.append(tag("div", f"and {len(self.rows) - MOST_ROWS} more: see frame()", class_="rp-faint"))
        if self.ways_in:
            ways = (_way(row, names) for row in self.ways_in[:MOST_ROWS])
            parts += [
                tag("div", TITLE, class_="rp-title"),
                table(("", "from", "to", "before", "after", "because"), ways),
            ]
            if len(self.ways_in) > MOST_ROWS:
                parts.append(tag("div", f"and {len(self.ways_in) - MOST_ROWS} more: see frame()", class_="rp-faint"))
        for word, ends in (("new", self.new), ("lost", self.lost)):
            if ends:
                parts.append(tag("div", f"{word}: {', '.join(map(str, ends))}"))
        if self.undetermined:
            doubts = (tag("li", str(each)) for each in self.undetermined)
            parts += [tag("div", "undetermined", class_="rp-title"), tag("ul", *doubts)]
        parts += [_shift(words, shift) for words, shift in witnesses(self)]
        parts.append(folded_lines("addresses behind short names", name_lines(names)))
        return joined([*parts, folded("assumption", self.assumptions), folded("warning", self.warnings)])

    @property
    def title(self) -> str:
        """A summary on one line."""
        doubts = f", undetermined {len(self.undetermined)}" if self.undetermined else ""
        return f"Diff {self.relation}: rows {len(self.rows)}, new {len(self.new)}, lost {len(self.lost)}{doubts}"


def _cells_of(row: ChangedConnection, names: Names) -> tuple[Cell, ...]:
    ports = (ports_text(ports_of(each)) for each in (row.before, row.after, row.gained, row.lost))
    because = "; ".join(map(str, row.because) if row.because else row.endpoints)
    where = ", ".join(dict.fromkeys(str(cause.origin) for cause in row.because if cause.origin.file))
    return str(row.change), end_text(row.src, names), end_text(row.dst, names), *ports, because, where


def _cells_of_way(row: ChangedWayIn, names: Names) -> tuple[Cell, ...]:
    ports = (ports_text(ports_of(each)) for each in (row.before, row.after, row.gained, row.lost))
    because = "; ".join(changed_reasons(row))
    where = ", ".join(dict.fromkeys(str(cause.origin) for cause in row.because if cause.origin.file))
    return str(row.change), end_text(row.src, names), end_text(row.dst, names), *ports, because, where


def _cells_of_undetermined(found: Undetermined) -> tuple[Cell, ...]:
    return "undetermined", str(found.policy or ""), "", "", "", "", "", found.text, ""


def _shown(row: ChangedConnection, names: Names) -> tuple[str, ...]:
    causes = [tag("div", str(cause), place(cause.origin)) for cause in row.because]
    causes += [tag("div", text) for text in row.endpoints]
    if said := remarks(row, ports_text):
        causes.append(tag("div", said, class_="rp-faint"))
    word = tag("span", row.change, class_=f"rp-word rp-{_COLOURS[row.change]}")
    src, dst = (tag("span", end_text(end, names), class_="rp-end") for end in (row.src, row.dst))
    before, after = (ports_text(ports_of(each)) for each in (row.before, row.after))
    return word, src, dst, before, after, joined(causes)


def _way(row: ChangedWayIn, names: Names) -> tuple[str, ...]:
    causes = [tag("div", text) for text in changed_reasons(row)]
    if said := changed_remarks(row):
        causes.append(tag("div", said, class_="rp-faint"))
    word = tag("span", row.change, class_=f"rp-word rp-{_COLOURS[row.change]}")
    src, dst = (tag("span", end_text(end, names), class_="rp-end") for end in (row.src, row.dst))
    before, after = (ports_text(ports_of(each)) for each in (row.before, row.after))
    return word, src, dst, before, after, joined(causes)


def _shift(words: str, shift: Shift) -> Html:
    parts: list[Html] = [tag("summary", f"a flow that is {words}: {shift.known}")]
    for when, flow in sides(shift):
        if flow is None:
            parts.append(tag("div", f"{when}: not there", class_="rp-title"))
            continue
        parts += [tag("div", f"{when}: {flow.truth}", class_="rp-title"), flow_picture(flow), steps(flow.steps)]
    return tag("details", *parts, open="open")


def diff_of(document: documents.Diff) -> Diff:
    """The view of a difference."""
    by = document.by
    rows = (viewed(ChangedConnection, row, src=end_by(row.src, by), dst=end_by(row.dst, by)) for row in document.rows)
    ways = document.ways_in and tuple(_way_by(row, by) for row in document.ways_in)
    new, lost = (tuple(end_by(each, By.WORKLOAD) for each in ends) for ends in (document.new, document.lost))
    return viewed(Diff, document, rows=tuple(rows), ways_in=ways, new=new, lost=lost)


def _way_by(row: ChangedWayIn, by: By) -> ChangedWayIn:
    return viewed(ChangedWayIn, row, src=end_by(row.src, by), dst=end_by(row.dst, by))
