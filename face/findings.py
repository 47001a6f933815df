"""What is wrong with a policy set in itself, as a view of the report of lint."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reachproof.face.cells import Cells
from reachproof.face.html import Html, joined, tag
from reachproof.face.markup import badge, folded, place
from reachproof.face.page import table
from reachproof.face.parts import Json, notices_of, origin_of
from reachproof.face.shown import Shown
from reachproof.network.cluster import Notice
from reachproof.network.origin import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: its code and severity, what it is about, a sentence, and where. docs/lint.md has the codes."""

    code: str
    severity: str
    subject: str
    text: str
    origin: Origin

    def __str__(self) -> str:
        where = f"{self.origin}: " if self.origin.file else ""
        return f"{where}{self.severity}: {self.code}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Findings(Shown):
    """All findings, the worst first. `undecided`: what time was too short for. `document` is the JSON."""

    findings: tuple[Finding, ...]
    undecided: tuple[Notice, ...]
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]
    document: Json = field(repr=False, compare=False, hash=False)

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
        """A line for each finding, then what was not looked for."""
        yield from map(str, self.findings)
        yield from (f"undecided: {notice.text}" for notice in self.undecided)
        yield self.counts

    @property
    def counts(self) -> str:
        """How many there are of each severity."""
        found = [each.severity for each in self.findings]
        return ", ".join(f"{found.count(word)} {word}" for word in ("error", "warning", "info"))

    def html(self) -> Html:
        """A table of the findings."""
        head = tag("div", self.counts, class_="rp-title")
        rows = (
            (badge(each.severity), tag("code", each.code), joined([each.text, place(each.origin)]))
            for each in self.findings
        )
        shown = table(("", "code", "finding"), rows) if self.findings else ""
        notices = (("undecided check", self.undecided), ("assumption", self.assumptions), ("warning", self.warnings))
        return joined([head, shown, *(folded(word, found) for word, found in notices)])

    @property
    def title(self) -> str:
        """What it is, on one line."""
        return f"Findings: {self.counts}"


def findings_of(document: Json) -> Findings:
    """The findings that a document holds."""
    return Findings(
        findings=tuple(_finding(each) for each in document["findings"]),
        undecided=notices_of(document["undecided"]),
        assumptions=notices_of(document["assumptions"]),
        warnings=notices_of(document["warnings"]),
        document=document,
    )


def _finding(document: Json) -> Finding:
    said = {name: document[name] for name in ("code", "severity", "subject", "text")}
    return Finding(**said, origin=origin_of(document["origin"]) or Origin(file=""))
