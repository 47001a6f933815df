"""`reachproof check`: packs in, a report out. stdout carries the report and nothing else."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import partial
from typing import Any

import click

from reachproof.cli.baseline import BASELINE, WAIVERS, known_results, text_of
from reachproof.cli.baseline import write_baseline as write
from reachproof.cli.exit_codes import OF_REPORT, ExitCode
from reachproof.cli.help_page import Command, Path, in_limits
from reachproof.cli.options import (
    ALLOWING,
    MODEL,
    NO_COLOR,
    OTHERS,
    QUIET,
    READING,
    formats,
    limits,
    source,
    with_options,
)
from reachproof.cli.output import reader_may_leave, warn, write_report
from reachproof.cli.progress import Progress
from reachproof.cli.reading import read, read_named
from reachproof.cli.undecided import tell
from reachproof.cli.watchdog import watched
from reachproof.documents.baseline import BaselineOf
from reachproof.documents.undecided import unknown_report
from reachproof.solver.budget import Budget


@click.command(cls=Command)
@click.argument("packs", nargs=-1, type=Path(), metavar="[PACK.reach ...]")
@with_options(
    source("the current folder"),
    *READING,
    formats(
        "For people, one JSON document, SARIF 2.1.0, JUnit XML, or annotations of GitHub Actions.",
        ["text", "json", "sarif", "junit", "github"],
        "report",
    ),
    limits("for each statement"),
)
@in_limits(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Number of worker processes for large checks; 1 uses this process alone.  [default: one per core]",
)
@with_options(OTHERS, *ALLOWING, WAIVERS, *BASELINE)
@with_options(QUIET, NO_COLOR, *MODEL)
def check(
    packs: tuple[str, ...],
    sources: tuple[str, ...],
    output: str,
    budget: Budget,
    jobs: int | None,
    *,
    others: tuple[str, ...],
    allow_vacuous: bool,
    allow_no_policies: bool,
    allow_skipped: bool,
    waivers: str | None,
    baseline: str | None,
    write_baseline: str | None,
    quiet: bool,
    no_color: bool,
    **reading: Any,
) -> ExitCode:
    """Check packs of invariants; without a pack those that are shipped, as far as they apply.

    \b
    reachproof check -f manifests/ tenancy.reach
    helm template . | reachproof check -f - -o junit tenancy.reach > report.xml
    reachproof check -f manifests/ --waivers waivers.yaml tenancy.reach

    \b
    Exit codes
      0  every invariant holds and every expectation is met, but for
         failures that a waiver or the baseline accepts
      1  one is violated or not met
      2  bad input, nothing was decided
      3  not decided: unknown, nothing to check, no policy (or no
         Namespace where one is needed) in the input, or a file
         was skipped that may hold policies
     70  a bug of reachproof
    """
    from reachproof.queries import packs as queries
    from reachproof.queries.waivers import failures, read_waivers, waived

    given = queries.read_packs(packs) if packs else queries.library()
    allowed = queries.Allowed(vacuous=allow_vacuous, no_policies=allow_no_policies, skipped=allow_skipped)
    with (
        Progress(quiet=quiet) as progress,
        watched(budget, progress.before(partial(tell, unknown_report, output))),
    ):
        known = known_results(baseline, BaselineOf.CHECK)
        granted = read_waivers(text_of(waivers), waivers) if waivers is not None else ()
        progress.say("reading manifests")
        snapshot = read(sources or (".",), reading)
        named = read_named(others, reading)
        progress.say("preparing the snapshot")
        report = queries.check(
            snapshot,
            given,
            budget=budget,
            jobs=jobs or queries.usable_cores(),
            allowed=allowed,
            others=named,
            progress=lambda done, total, name: progress.say(f"deciding {done + 1} of {total}: {name}"),
        )
    report = waived(report, granted, known, date.today())
    if write_baseline is not None:
        found = failures(report)
        write(write_baseline, BaselineOf.CHECK, found)
        report = waived(report, granted, Counter(mark for mark, _ in found), date.today())
    with reader_may_leave():
        write_report(report, output, no_color=no_color)
        warn((notice for result in report.results for notice in result.answer.warnings), snapshot, quiet=quiet)
        if not report.results:
            click.echo("nothing was checked", err=True)
    return OF_REPORT[report.gate]
