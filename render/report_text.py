"""The report of `reachproof check` for people: a line for each statement, below it what did not pass, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents.answer import Answer
from reachproof.documents.report import CheckReport, Result
from reachproof.documents.words import Status, Verdict
from reachproof.network.printable import printable
from reachproof.render.answer_text import Truths, answer_lines, explained_lines
from reachproof.render.terminal import Colour, coloured

_WORDS: dict[Status, tuple[str, Colour]] = {
    Status.PASSED: ("PASS", "green"),
    Status.FAILED: ("FAIL", "red"),
    Status.UNDECIDED: ("OPEN", "yellow"),
}


def report_lines(report: CheckReport) -> Iterator[str]:
    """The report, line by line, printable, with words in colour."""
    for result in report.results:
        yield from result_lines(result)
    for skipped in report.skipped:
        statement = skipped.statement
        line = f"  {statement.name} ({statement.severity}): {skipped.reason}"
        yield coloured("SKIP", "yellow") + printable(line)
    yield ""
    yield summary(report)


def result_lines(result: Result) -> Iterator[str]:
    """The result of a statement, printable, its word in colour."""
    word, colour = _WORDS[result.status]
    first, *others = map(printable, answer_lines_in_report(result.answer, result.statement.text, result.truths))
    yield coloured(word, colour) + first.removeprefix(word)
    yield from others


def answer_lines_in_report(answer: Answer, text: str = "", truths: Truths | None = None) -> Iterator[str]:
    """A line for the answer to a statement, which may have a text, and the whole answer where it did not pass."""
    status = answer.status or Status.UNDECIDED
    said = f": {text}" if text not in ("", answer.name) else ""
    yield f"{_WORDS[status][0]}  {answer.name} ({answer.severity}){said}"
    if status is Status.FAILED and answer.expected is not Verdict.HOLDS:
        yield f"  expected {answer.expected}"
    if status is not Status.PASSED:
        lines = explained_lines(answer) if answer.flows else answer_lines(answer, truths)
        yield from (f"  {line}" for line in lines)


def summary(report: CheckReport) -> str:
    """Counts of passed, failed and so on, without those that are 0."""
    return counts_text((result.status for result in report.results), len(report.skipped))


def counts_text(statuses: Iterable[Status | None], skipped: int) -> str:
    """Counts of statements by their status, without those that are 0."""
    found = [*map(str, statuses), *["skipped"] * skipped]
    counts = [f"{found.count(word)} {word}" for word in ("passed", "failed", "undecided", "skipped") if word in found]
    return ", ".join(counts) or "no statements"
