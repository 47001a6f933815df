"""`reachproof audit`: packs on every snapshot of a fleet, by several processes or a Dask cluster."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from reachproof.cli.exit_codes import ExitCode, audited_code, worst
from reachproof.cli.help_page import Command, Path, in_limits, in_sources
from reachproof.cli.options import ALLOWING, ENTRIES, MODEL, NO_COLOR, QUIET, formats, time_limit_each, with_options
from reachproof.cli.output import reader_may_leave, write_report
from reachproof.cli.progress import Progress
from reachproof.cli.reading import STDIN, how_to_read
from reachproof.documents.audit import Audited, FleetReport
from reachproof.network.errors import InputError
from reachproof.network.printable import printable
from reachproof.render.text_fragments import warning_lines
from reachproof.solver.budget import Budget

if TYPE_CHECKING:  # Z3 is loaded only where it is needed
    from reachproof.queries.fleet import AuditTask, Place

_LOCAL = "local"
_DASK = re.compile(r"dask://(\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):\d{1,5}")


@click.command(cls=Command)
@click.argument("more", nargs=-1, type=Path(), metavar="[SOURCE ...]")
@in_sources(
    "--snapshots",
    "sources",
    type=Path(),
    multiple=True,
    required=True,
    metavar="SOURCE",
    help="A snapshot: a folder with all manifests below it, or a file. Repeatable; more may follow without the option, "
    "as after `--snapshots fleet/*`.",
)
@click.option(
    "--pack",
    "packs",
    type=Path(),
    multiple=True,
    metavar="PACK.reach",
    help="Pack to check on each snapshot. Repeatable.  [default: the shipped library, as far as it applies]",
)
@click.option(
    "--executor",
    default=_LOCAL,
    show_default=True,
    metavar="local|dask://HOST:PORT",
    help="Where to run: `local` processes, or the Dask cluster of this scheduler.",
)
@with_options(
    formats("For people, one JSON document, SARIF 2.1.0, or JUnit XML.", ["text", "json", "sarif", "junit"], "audit"),
    time_limit_each("Time limit of each statement; after it the verdict is unknown.  [default: 30]"),
)
@in_limits(
    "--jobs",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Number of worker processes on this machine.  [default: one per core]",
)
@with_options(*ENTRIES, *ALLOWING)
@with_options(QUIET, NO_COLOR, *MODEL)
def audit(
    more: tuple[str, ...],
    sources: tuple[str, ...],
    packs: tuple[str, ...],
    executor: str,
    output: str,
    *,
    budget: Budget,
    jobs: int | None,
    allow_vacuous: bool,
    allow_no_policies: bool,
    allow_skipped: bool,
    quiet: bool,
    no_color: bool,
    **reading: Any,
) -> ExitCode:
    """Check packs of invariants on many snapshots, each by itself.

    \b
    reachproof audit --snapshots fleet/* --pack tenancy.reach
    reachproof audit --snapshots fleet/* --executor dask://scheduler:8786

    A snapshot that cannot be used does not stop the others. When a worker dies its snapshot is given to another.
    Ctrl-C ends the audit with what is finished.

    \b
    Exit codes: the first of these that a snapshot has
     70  a bug of reachproof
      2  bad input
      4  the scheduler cannot be reached
      1  an invariant is violated or an expectation not met
      3  not decided: unknown, nothing to check, no policy (or no Namespace
         where one is needed) in the input, a file was skipped that may hold
         policies, or every worker that tried it died
      0  everything holds everywhere
    and 130 after an interrupt
    """
    _demand_executor(executor, jobs)
    names = _demand_names((*sources, *more), packs)
    how = how_to_read(reading)
    exclude = how.pop("exclude")
    from reachproof.queries import packs as queries
    from reachproof.queries.fleet import AuditTask, ClusterError, Given
    from reachproof.queries.fleet import audit as audit_fleet

    given = queries.read_packs(packs) if packs else queries.library()
    allowed = queries.Allowed(vacuous=allow_vacuous, no_policies=allow_no_policies, skipped=allow_skipped)
    queries.count_statements(given)  # what is no pack is told once, and before anything is done
    task = partial(
        AuditTask,
        packs=given,
        **how,
        budget=budget,
        allowed=allowed,
    )
    fleet = [Given(name=name, read=partial(_read, name, exclude, task)) for name in names]
    try:
        places = _places(executor, jobs or min(queries.usable_cores(), len(fleet)))
    except ClusterError as error:
        click.echo(f"error: {printable(str(error))}", err=True)
        return ExitCode.UNREACHABLE_SERVER
    with Progress(quiet=quiet) as progress:
        progress.say(f"0 of {len(fleet)} decided")
        report = audit_fleet(fleet, places, _Told(progress, quiet=quiet))
    with reader_may_leave():
        write_report(report, output, no_color=no_color)
        if not quiet:
            _warn(report)
    return ExitCode.INTERRUPTED if report.interrupted else worst(map(audited_code, report.snapshots))


def _demand_executor(executor: str, jobs: int | None) -> None:
    if executor == _LOCAL:
        return
    if not _DASK.fullmatch(executor):
        message = f"{executor!r} is not an executor; write local or dask://HOST:PORT"
        raise click.BadParameter(message, param_hint="'--executor'")
    if jobs is not None:
        message = "not with a Dask cluster, whose workers are started there"
        raise click.BadParameter(message, param_hint="'--jobs'")


def _demand_names(sources: Sequence[str], packs: Sequence[str]) -> list[str]:
    """The names of the snapshots: their paths. A usage error where one is given twice: it would be counted twice."""
    if STDIN in sources:
        raise click.BadParameter("cannot read from standard input; name a file or a folder", param_hint="'--snapshots'")
    for hint, paths in (("'--snapshots'", sources), ("'--pack'", packs)):
        places: dict[str, str] = {}
        for path in paths:
            real = os.path.realpath(path)
            if real in places:
                message = f"{path!r} and {places[real]!r} are the same; name it once"
                raise click.BadParameter(message, param_hint=hint)
            places[real] = path
    return [os.path.normpath(source) for source in sources]


def _read(name: str, exclude: Sequence[str], task: partial[AuditTask]) -> AuditTask | Audited:
    from reachproof.manifests import contents
    from reachproof.queries.fleet import refused

    try:
        return task(name=name, contents=contents(name, exclude=exclude))
    except InputError as error:
        return refused(name, error.problems)


def _places(executor: str, jobs: int) -> Sequence[Place]:
    from reachproof.queries.audit_places import dask_places, local_places

    return local_places(jobs) if executor == _LOCAL else dask_places(executor)


class _Told:
    """Progress for the terminal; workers that die are told everywhere."""

    def __init__(self, progress: Progress, *, quiet: bool) -> None:
        self._progress = progress
        self._quiet = quiet

    def finished(self, done: int, total: int, audited: Audited) -> None:
        self._progress.say(f"{done} of {total} decided, last {audited.name}")

    def again(self, name: str, attempt: int) -> None:
        if not self._quiet:
            self._progress.clear()
            text = f"warning: {printable(name)}: its worker ended; it is given to another (attempt {attempt})"
            click.echo(text, err=True)


def _warn(report: FleetReport) -> None:
    for audited in report.snapshots:
        results = [result for pack in audited.packs if pack.report for result in pack.report.results]
        for line in warning_lines(notice for result in results for notice in result.answer.warnings):
            click.echo(f"{printable(audited.name)}: {line}", err=True)
        if audited.trace:
            click.echo(f"{audited.trace}internal error in {printable(audited.name)}", err=True)
