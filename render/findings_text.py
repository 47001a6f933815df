"""The findings of `reachproof lint` for people: a line each, in the form that editors jump to."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.findings import Finding, Findings
from reachproof.documents.words import FindingSeverity
from reachproof.network.printable import printable
from reachproof.render.notice_text import assumption_lines
from reachproof.render.terminal import Colour, coloured

_COLOURS: dict[FindingSeverity, Colour] = {
    FindingSeverity.ERROR: "red",
    FindingSeverity.WARNING: "yellow",
    FindingSeverity.INFO: "cyan",
}


def findings_lines(report: Findings) -> Iterator[str]:
    """A line per finding, the worst first; then what was not looked for, what it assumes, and a count."""
    yield from map(_line, report.findings)
    yield from (printable(f"undecided: {notice.text}") for notice in report.undecided)
    yield from assumption_lines(report.assumptions)
    yield ", ".join(_counted(report, severity) for severity in FindingSeverity)


def _line(finding: Finding) -> str:
    place = f"{finding.origin}: " if finding.origin.file else ""
    severity = coloured(finding.severity, _COLOURS[finding.severity])
    return f"{printable(place)}{severity}: {finding.code}: {printable(finding.text)}"


def _counted(report: Findings, severity: FindingSeverity) -> str:
    count = report.counts[severity]
    plural = "" if count == 1 or severity is FindingSeverity.INFO else "s"
    return f"{count} {severity}{plural}"
