"""Annotations of GitHub Actions: workflow commands on stdout, one per statement that did not pass."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.report import CheckReport, Result
from reachproof.documents.words import Severity, Status
from reachproof.network.printable import printable
from reachproof.render.failure_location import faults, story
from reachproof.render.report_text import summary

_COMMAND = {
    Severity.INFO: "notice",
    Severity.LOW: "warning",
    Severity.MEDIUM: "error",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}


def github_lines(report: CheckReport) -> Iterator[str]:
    """`::error file=F,line=N,title=NAME (SEVERITY)::text` for each that did not pass, then counts; printable.

    It is at the first rule at fault, else at the statement itself.
    `notice` for severity info, `warning` for low and for what is not decided.
    """
    for result in report.results:
        if result.status is not Status.PASSED:
            yield printable(_annotation(result))
    yield summary(report)


def _annotation(result: Result) -> str:
    statement = result.statement
    found = faults(result.answer)
    file, line = (found[0].origin.file, found[0].origin.line) if found else (statement.pack, statement.line)
    command = "warning" if result.status is Status.UNDECIDED else _COMMAND[statement.severity]
    place = f"file={_property(file)},line={max(line, 1)}"
    title = _property(f"{statement.name} ({statement.severity})")
    return f"::{command} {place},title={title}::{_data(chr(10).join(story(result)))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
