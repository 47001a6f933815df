"""Reports of `check` and `audit` as lines: for people, and as annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reachproof.documents.answer import Answer
from reachproof.documents.audit import Audited, AuditedPack, FleetReport
from reachproof.documents.faults import faults
from reachproof.documents.report import CheckReport, Result
from reachproof.documents.waivers import WaiverState
from reachproof.documents.words import Severity, State, Status, Verdict
from reachproof.network.errors import InputError
from reachproof.network.printable import printable
from reachproof.render.answer_text import Truths, answer_lines, explained_lines
from reachproof.render.failure_location import story
from reachproof.render.text_fragments import Colour, coloured, error_lines

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
    yield from map(printable, _idle_lines(report))
    yield ""
    yield summary(report)


def result_lines(result: Result) -> Iterator[str]:
    """The result of a statement, printable, its word in colour."""
    word, colour = _WORDS[result.status]
    first, *others = map(printable, answer_lines_in_report(result.answer, result.statement.text, result.truths))
    if result.waiver is None:
        yield coloured(word, colour) + first.removeprefix(word)
    else:
        yield coloured("WAIVED", "yellow") + first.removeprefix(word)
        yield printable(f"  {result.waiver}")
    yield from others


def _idle_lines(report: CheckReport) -> Iterator[str]:
    """A line for each waiver that accepts nothing, with the reason."""
    statuses = {result.statement.name: result.status for result in report.results}
    for each in report.idle:
        status = statuses.get(each.statement)
        why = "no statement of this name was checked" if status is None else f"the statement {_BECAME[status]}"
        if each.state is WaiverState.EXPIRED:
            why = "it is past its last day"
        yield f"waiver without effect: {each.statement}, {each}; {why}"


_BECAME = {
    Status.PASSED: "passed",
    Status.FAILED: "is waived already",
    Status.UNDECIDED: "is undecided, which nothing waives",
}


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
    statuses = (result.status if result.waiver is None else _WAIVED for result in report.results)
    return counts_text(statuses, len(report.skipped))


_WAIVED = "waived"


def counts_text(statuses: Iterable[str | None], skipped: int) -> str:
    """Counts of statements by their status, without those that are 0."""
    found = [*map(str, statuses), *["skipped"] * skipped]
    counts = [
        f"{found.count(word)} {word}" for word in ("passed", "failed", _WAIVED, "undecided", "skipped") if word in found
    ]
    return ", ".join(counts) or "no statements"


_AUDIT_COLOURS: dict[str, Colour] = {"holds": "green", "violated": "red", "refused": "red", "broken": "red"}


def audit_lines(report: FleetReport) -> Iterator[str]:
    """The report, line by line."""
    for audited in report.snapshots:
        yield _head(audited)
        yield from (f"  {line}" for line in _below(audited))
    yield ""
    words = [word_of(each) for each in report.snapshots]
    counts = [f"{words.count(word)} {word}" for word in ("holds", "violated", "unknown", *State) if word in words]
    yield f"{len(words)} snapshot{'s' if len(words) != 1 else ''}: {', '.join(counts)}"


def word_of(audited: Audited) -> str:
    """The state of the snapshot if it is not checked, `refused` if a pack is and none is broken, else the verdict."""
    if audited.state is not State.CHECKED:
        return str(audited.state)
    states = {pack.state for pack in audited.packs if pack.report is None}
    refused = State.REFUSED in states and State.BROKEN not in states
    return str(State.REFUSED if refused else audited.verdict)


def trouble(audited: Audited | AuditedPack) -> Iterator[str]:
    """Why there is no verdict, line by line, unescaped; nothing where there is one."""
    reason = audited.reason if isinstance(audited, Audited) else ""
    if reason:
        yield f"{audited.state}: {reason}"
    elif audited.problems:
        yield from error_lines(InputError(audited.problems))
    elif audited.state is State.UNFINISHED:
        yield "interrupted before it was finished"


def joined_report(audited: Audited) -> CheckReport:
    """The results of all packs on one snapshot."""
    reports = [pack.report for pack in audited.packs if pack.report is not None]
    results = tuple(result for each in reports for result in each.results)
    return CheckReport(results=results, skipped=tuple(each for report in reports for each in report.skipped))


def _head(audited: Audited) -> str:
    word = word_of(audited)
    reported = any(pack.report is not None for pack in audited.packs)
    counts = f"  ({summary(joined_report(audited))})" if reported else ""
    return f"{coloured(word.upper(), _AUDIT_COLOURS.get(word, 'yellow'))}  {printable(audited.name)}{counts}"


def _below(audited: Audited) -> Iterator[str]:
    yield from map(printable, trouble(audited))
    for pack in audited.packs:
        yield from map(printable, trouble(pack))
        for result in pack.report.results if pack.report else ():
            if result.status is not Status.PASSED:
                yield from result_lines(result)


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
    yield from map(printable, _idle_lines(report))
    yield summary(report)


def _annotation(result: Result) -> str:
    statement = result.statement
    found = faults(result.answer)
    file, line = (found[0].origin.file, found[0].origin.line) if found else (statement.pack, statement.line)
    command = "warning" if result.status is Status.UNDECIDED else _COMMAND[statement.severity]
    command, lines = ("notice", [str(result.waiver)]) if result.waiver is not None else (command, [])
    place = f"file={_property(file)},line={max(line, 1)}"
    title = _property(f"{statement.name} ({statement.severity})")
    return f"::{command} {place},title={title}::{_escaped(chr(10).join((*lines, *story(result))))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
