"""The findings of `reachproof lint` for people: a line each, in the form that editors jump to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reachproof.documents.findings import FindingRule, Findings, SuppressedBy
from reachproof.documents.words import FindingSeverity
from reachproof.network.printable import printable
from reachproof.render.text_fragments import Colour, assumption_lines, coloured

_COLOURS: dict[FindingSeverity, Colour] = {
    FindingSeverity.ERROR: "red",
    FindingSeverity.WARNING: "yellow",
    FindingSeverity.INFO: "cyan",
}


def coloured_lines(report: Findings) -> Iterator[str]:
    """The findings, line by line, each severity in colour."""
    lines = findings_lines(report)
    for finding, line in zip(report.findings, lines, strict=False):
        word = f"{finding.severity}: {finding.code}: "
        shown = coloured(finding.severity, _COLOURS[finding.severity]) + word.removeprefix(finding.severity)
        yield line.replace(word, shown, 1)
    yield from lines


def findings_lines(report: Findings) -> Iterator[str]:
    """A line per finding, the worst first; then what was not looked for, what it assumes, and a count; printable.

    Before the count each kind of finding is explained.
    """
    yield from (printable(str(finding)) for finding in report.findings)
    yield from (printable(f"undecided: {notice.text}") for notice in report.undecided)
    yield from _suppressed_lines(report)
    yield from assumption_lines(report.assumptions)
    for rule in report.rules:
        yield from _rule_lines(report, rule)
    yield from [""] * bool(report.rules)
    yield counts_text(report)


def _rule_lines(report: Findings, rule: FindingRule) -> Iterator[str]:
    severities = [each.severity for each in report.findings if each.code == rule.code]
    counts = (_counted(each, severities.count(each)) for each in FindingSeverity if each in severities)
    yield ""
    yield f"{rule.code}: {', '.join(counts)}"
    yield f"  why   {rule.why}"
    yield f"  mend  {rule.mend}"
    yield f"  see   {rule.docs}, {rule.reference}"


def _suppressed_lines(report: Findings) -> Iterator[str]:
    """A line for each finding that a comment accepts, and one for each code of those in the baseline."""
    for each in report.suppressed:
        if each.by is SuppressedBy.COMMENT:
            where = f"{each.finding.origin}: " if each.finding.origin.file else ""
            yield printable(f"accepted: {where}{each.finding.code}: {each.finding.subject} ({each.reason})")
    known = Counter(each.finding.code for each in report.suppressed if each.by is SuppressedBy.BASELINE)
    yield from (f"in the baseline: {code}: {count}" for code, count in known.items())


def counts_text(report: Findings) -> str:
    """Counts by severity, and of what is accepted."""
    counts = ", ".join(_counted(severity, report.counts[severity]) for severity in FindingSeverity)
    return f"{counts}; {len(report.suppressed)} accepted" if report.suppressed else counts


def _counted(severity: FindingSeverity, count: int) -> str:
    plural = "" if count == 1 or severity is FindingSeverity.INFO else "s"
    return f"{count} {severity}{plural}"
