"""Findings of lint about a policy set in itself."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents import findings as documents
from reachproof.documents.findings import Finding
from reachproof.documents.json import viewed
from reachproof.face.shown import Cells, View
from reachproof.render.findings_text import counts_text, findings_lines
from reachproof.render.html_fragments import Html, badge, folded, joined, place, table, tag


class Findings(View, documents.Findings, frozen=True, kw_only=True):
    """All findings, the worst first. `undecided`: what time was too short for. `document` is the JSON."""

    def __iter__(self) -> Iterator[Finding]:
        """The findings."""
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def cells(self) -> Cells:
        """A row for each finding."""
        columns = ("severity", "code", "subject", "text", "file", "line")
        rows = (
            (each.severity, each.code, each.subject, each.text, each.origin.file or None, each.origin.line or None)
            for each in self.findings
        )
        return columns, rows

    def lines(self) -> Iterator[str]:
        """A line for each finding, then what was not looked for, what is assumed, and a count."""
        return findings_lines(self)

    @property
    def summary(self) -> str:
        """Counts by severity."""
        return counts_text(self)

    def html(self) -> Html:
        """A table of the findings."""
        head = tag("div", self.summary, class_="rp-title")
        rows = (
            (badge(each.severity), tag("code", each.code), joined([each.text, place(each.origin)]))
            for each in self.findings
        )
        shown = table(("", "code", "finding"), rows) if self.findings else ""
        notices = (("undecided check", self.undecided), ("assumption", self.assumptions), ("warning", self.warnings))
        return joined([head, shown, *(folded(word, found) for word, found in notices)])

    @property
    def title(self) -> str:
        """A summary on one line."""
        return f"Findings: {self.summary}"


def findings_of(document: documents.Findings) -> Findings:
    """The view of findings."""
    return viewed(Findings, document)
