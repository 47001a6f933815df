"""The report of `reachproof check` for people: a line for each statement, below it what did not pass, and counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents.report import CheckReport, LeftOut, Result
from reachproof.documents.words import Status, Verdict
from reachproof.network.printable import printable
from reachproof.render.answer_text import answer_lines
from reachproof.render.terminal import Colour, coloured

_WORDS: dict[Status, tuple[str, Colour]] = {
    Status.PASSED: ("PASS", "green"),
    Status.FAILED: ("FAIL", "red"),
    Status.UNDECIDED: ("OPEN", "yellow"),
}


def report_lines(report: CheckReport) -> Iterator[str]:
    """The report, line by line."""
    for result in report.results:
        yield from result_lines(result)
    for skipped in report.skipped:
        yield f"{_head('SKIP', 'yellow', skipped)}: {printable(skipped.reason)}"
    yield ""
    yield summary(report)


def result_lines(result: Result) -> Iterator[str]:
    """The result of a statement, and the text of its answer where it did not pass; printable, its word coloured."""
    text = f": {result.statement.text}" if result.statement.text not in ("", result.statement.name) else ""
    yield _head(*_WORDS[result.status], result) + printable(text)
    if result.status is not Status.PASSED:
        if result.status is Status.FAILED and result.answer.expected is not Verdict.HOLDS:
            yield f"  expected {result.answer.expected}"
        for line in answer_lines(result.answer, result.truths):
            yield f"  {printable(line)}"


def _head(word: str, colour: Colour, item: Result | LeftOut) -> str:
    return f"{coloured(word, colour)}  {printable(item.statement.name)} ({item.statement.severity})"


def summary(report: CheckReport) -> str:
    """Counts of passed, failed and so on, without those that are 0."""
    return counts_text((result.status for result in report.results), len(report.skipped))


def counts_text(statuses: Iterable[Status | None], skipped: int) -> str:
    """Counts of statements by their status, without those that are 0."""
    found = [*map(str, statuses), *["skipped"] * skipped]
    counts = [f"{found.count(word)} {word}" for word in ("passed", "failed", "undecided", "skipped") if word in found]
    return ", ".join(counts) or "no statements"
