"""The findings of lint."""

from __future__ import annotations

from reachproof.documents.parts import Document, Flow, Notice, Origin, Part
from reachproof.documents.words import FindingSeverity


class Finding(Part, frozen=True, kw_only=True):
    """One finding. `code` is one of docs/lint.md, `subject` what it is about, `text` a whole sentence.

    `example`: a flow that shows it. `confirmed`: a second engine agrees; null where none was asked.
    """

    code: str
    severity: FindingSeverity
    subject: str
    text: str
    origin: Origin
    example: Flow | None
    confirmed: bool | None

    def __str__(self) -> str:
        where = f"{self.origin}: " if self.origin.file else ""
        return f"{where}{self.severity}: {self.code}: {self.text}"


class Findings(Document, frozen=True, kw_only=True):
    """All findings, the worst first. `undecided`: what time was too short for. `snapshot`: its digest."""

    findings: tuple[Finding, ...]
    counts: dict[FindingSeverity, int]
    undecided: tuple[Notice, ...]
    assumptions: tuple[Notice, ...]
    warnings: tuple[Notice, ...]
    snapshot: str
