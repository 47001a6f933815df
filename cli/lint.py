"""`reachproof lint`: what is wrong with a policy set in itself, with the place of each finding."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import Any

import click

from reachproof import __version__
from reachproof.cli.baseline import BASELINE, known_results
from reachproof.cli.baseline import write_baseline as write
from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.help_page import Command, Path, in_exit_code
from reachproof.cli.options import MODEL, NO_COLOR, QUIET, READING, choice, formats, limits, source, with_options
from reachproof.cli.output import reader_may_leave, warn, write_json, write_lines
from reachproof.cli.positional import sources_of
from reachproof.cli.progress import Progress
from reachproof.cli.reading import read
from reachproof.cli.undecided import tell
from reachproof.cli.watchdog import watched
from reachproof.documents.baseline import BaselineOf
from reachproof.documents.findings import Findings, SuppressedBy
from reachproof.documents.undecided import unknown_findings
from reachproof.documents.words import FindingSeverity
from reachproof.network.snapshot import Snapshot
from reachproof.render.findings_text import coloured_lines
from reachproof.solver.budget import Budget

NEVER = "never"


@click.command(cls=Command)
@click.argument("more", nargs=-1, type=Path(), metavar="[SOURCE]...")
@with_options(
    source("the current folder"),
    *READING,
    formats(
        "One line per finding, one JSON document, or SARIF 2.1.0 for code scanning.",
        ["text", "json", "sarif"],
        "findings",
    ),
)
@in_exit_code(
    "--fail-on",
    type=choice([*FindingSeverity, NEVER]),
    default=FindingSeverity.ERROR.value,
    show_default=True,
    help="Exit with 1 on a finding of this severity or higher.",
)
@with_options(*BASELINE)
@with_options(limits("for each kind of finding"))
@with_options(QUIET, NO_COLOR, *MODEL)
def lint(
    more: tuple[str, ...],
    sources: tuple[str, ...],
    output: str,
    fail_on: str,
    budget: Budget,
    *,
    baseline: str | None,
    write_baseline: str | None,
    quiet: bool,
    no_color: bool,
    **reading: Any,
) -> ExitCode:
    """List rules, policies and selectors that do nothing, and verdicts that nothing defines.

    \b
    reachproof lint manifests/
    reachproof lint manifests/ --fail-on warning -o json
    reachproof lint manifests/ --baseline known.json

    \b
    Exit codes
      0  nothing as severe as --fail-on was found
      1  something was
      2  bad input, nothing was decided
      3  nothing was found, but time or memory ended before all was looked for
     70  a bug of reachproof
    """
    with (
        Progress(quiet=quiet) as progress,
        watched(budget, progress.before(partial(tell, unknown_findings, output))),
    ):
        known = known_results(baseline, BaselineOf.LINT)
        progress.say("reading manifests")
        snapshot = read(sources_of(sources, more), reading)
        progress.say("looking for findings")
        report = _report(snapshot, budget, known)
    if write_baseline is not None:
        every = (*report.findings, *(each.finding for each in report.suppressed if each.by is SuppressedBy.BASELINE))
        write(write_baseline, BaselineOf.LINT, ((each.fingerprint, f"{each.code} {each.subject}") for each in every))
        fail_on = NEVER
    with reader_may_leave():
        if output == "json":
            write_json(report)
        elif output == "sarif":
            from reachproof.render.sarif import findings_sarif

            click.echo(json.dumps(findings_sarif(report, __version__), indent=2))
        else:
            write_lines(coloured_lines(report), no_color=no_color)
        warn(snapshot.warnings, snapshot, quiet=quiet)
    return _exit_code(report, fail_on)


def _report(snapshot: Snapshot, budget: Budget, known: Counter[str]) -> Findings:
    from reachproof.queries.hygiene import lint as look  # Z3 is loaded only where it is needed
    from reachproof.solver.encoding import prepare
    from reachproof.solver.z3_backend import Prover

    return look(prepare(snapshot), budget, Prover(), known)


def _exit_code(report: Findings, fail_on: str) -> ExitCode:
    if fail_on != NEVER and report.at_least(FindingSeverity(fail_on)):
        return ExitCode.REFUTED
    return ExitCode.UNDECIDED if report.undecided else ExitCode.PROVED
