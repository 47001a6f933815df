"""An audit for people: a line for each snapshot, below it what did not pass, and the sums."""

from __future__ import annotations

from collections.abc import Iterator

from reachproof.documents.audit import Audited, AuditedPack, FleetReport
from reachproof.documents.report import CheckReport
from reachproof.documents.words import State, Status
from reachproof.network.errors import InputError
from reachproof.network.printable import printable
from reachproof.render.notice_text import error_lines
from reachproof.render.report_text import result_lines, summary
from reachproof.render.terminal import Colour, coloured

_COLOURS: dict[str, Colour] = {"holds": "green", "violated": "red", "refused": "red", "broken": "red"}


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
    return f"{coloured(word.upper(), _COLOURS.get(word, 'yellow'))}  {printable(audited.name)}{counts}"


def _below(audited: Audited) -> Iterator[str]:
    yield from map(printable, trouble(audited))
    for pack in audited.packs:
        yield from map(printable, trouble(pack))
        for result in pack.report.results if pack.report else ():
            if result.status is not Status.PASSED:
                yield from result_lines(result)
