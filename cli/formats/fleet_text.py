"""An audit for people: a line for each snapshot, below it what did not pass, and the sums."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reachproof.cli.check import result_lines, summary
from reachproof.cli.formats.fleet import trouble, word_of
from reachproof.cli.text import printable
from reachproof.documents.words import State, Status
from reachproof.queries.audit import Audited
from reachproof.queries.fleet import FleetReport
from reachproof.queries.packs import Report

_COLOURS = {"holds": "green", "violated": "red", "refused": "red", "broken": "red"}


def fleet_lines(report: FleetReport) -> Iterator[str]:
    """The report, line by line."""
    for audited in report.snapshots:
        yield _head(audited)
        yield from (f"  {line}" for line in _below(audited))
    yield ""
    words = [word_of(each) for each in report.snapshots]
    counts = [f"{words.count(word)} {word}" for word in ("holds", "violated", "unknown", *State) if word in words]
    yield f"{len(words)} snapshot{'s' if len(words) != 1 else ''}: {', '.join(counts)}"


def _head(audited: Audited) -> str:
    word = word_of(audited)
    shown = click.style(word.upper(), fg=_COLOURS.get(word, "yellow"), bold=True)
    reports = [pack.report for pack in audited.packs if pack.report is not None]
    results = tuple(result for each in reports for result in each.results)
    skipped = tuple(each for report in reports for each in report.skipped)
    counts = f"  ({summary(Report(results=results, skipped=skipped))})" if reports else ""
    return f"{shown}  {printable(audited.name)}{counts}"


def _below(audited: Audited) -> Iterator[str]:
    yield from map(printable, trouble(audited))
    for pack in audited.packs:
        yield from map(printable, trouble(pack))
        for result in pack.report.results if pack.report else ():
            if result.status is not Status.PASSED:
                yield from result_lines(result)
