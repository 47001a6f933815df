"""`reachproof connectivity`: every allowed connection of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.options import MODEL, READING, choice, source, time_limit, with_options
from reachproof.cli.output import reader_may_leave, warn
from reachproof.cli.reading import read
from reachproof.documents.words import By
from reachproof.network.snapshot import Snapshot

if TYPE_CHECKING:
    from reachproof.documents.connectivity import ConnectivityMatrix
    from reachproof.queries.connectivity import Connectivity
    from reachproof.queries.connectivity_explain import Explanation

MOST_TRACED = 3_000
"""Pairs of ends in a page that has traces unasked."""
_EXPLAINED = ("text", "json", "html")
_EXPOSED = ("text", "json", "md")


@click.command()
@with_options(source("the current folder"), *READING)
@click.option(
    "-o",
    "--output",
    type=choice(["text", "json", "csv", "md", "dot", "html"]),
    default="text",
    show_default=True,
    help="A line per connection, one JSON document, a table, a Graphviz graph, or one page with a matrix to look into.",
)
@click.option("--by", type=choice(By), default=By.WORKLOAD.value, show_default=True, help="Granularity of endpoints.")
@click.option("--src", metavar="SET", help='Only from these, such as "pods in namespace shop".  [default: everything]')
@click.option("--dst", metavar="SET", help='Only to these, such as "service shop/db".  [default: everything]')
@click.option("--ports", metavar="PORTS", help='Only on these, such as "tcp/80 or udp/53".  [default: all ports]')
@click.option(
    "--explain", is_flag=True, help=("Show the rules that allow each connection, and those that deny the other pairs.")
)
@click.option(
    "--exposure",
    is_flag=True,
    help="Show what each endpoint is exposed to: the outside, the entire cluster, and pods that could be created.",
)
@with_options(time_limit("Time limit of the report, and of its explanations.  [default: 30 each]"))
@click.option("-q", "--quiet", is_flag=True, help="No warnings.")
@with_options(*MODEL)
def connectivity(
    sources: tuple[str, ...],
    output: str,
    by: str,
    src: str | None,
    dst: str | None,
    *,
    ports: str | None,
    explain: bool,
    exposure: bool,
    timeout: float | None,
    lenient: bool,
    ignore_kinds: tuple[str, ...],
    quiet: bool,
    **model: Any,
) -> ExitCode:
    """List every connection that the policies allow; pairs that are not listed have none.

    \b
    reachproof connectivity -f manifests/
    reachproof connectivity -f manifests/ --by namespace -o md
    reachproof connectivity -f manifests/ --dst "pods labelled app=db" --explain
    reachproof connectivity -f manifests/ -o html > report.html

    \b
    Exit codes
      0  the report is complete
      2  bad input, nothing was decided
      3  time or memory ended before the report was complete, or there is nothing to check
     70  a bug of reachproof
    """
    _demand_shown("--explain", explain, output, _EXPLAINED)
    _demand_shown("--exposure", exposure, output, _EXPOSED)
    snapshot = read(sources or (".",), model, lenient=lenient, ignore_kinds=ignore_kinds)
    from reachproof.solver.budget import OutOfBudget

    asked = (By(by), src, dst, ports)
    try:
        report, finished = _report(snapshot, asked, timeout, explain=explain, exposure=exposure, html=output == "html")
    except OutOfBudget as over:
        click.echo(f"undecided: {over}", err=True)
        return ExitCode.UNDECIDED
    with reader_may_leave():
        warn(report.warnings, quiet=quiet)
        _write(report, output)
    if not report.evidence.flows:
        click.echo("undecided: nothing to check", err=True)
    return ExitCode.PROVED if report.evidence.flows and finished else ExitCode.UNDECIDED


def _demand_shown(option: str, wanted: bool, output: str, forms: tuple[str, ...]) -> None:
    if wanted and output not in forms:
        raise click.UsageError(f"{option} is shown by -o {', '.join(forms[:-1])} and {forms[-1]}, not by -o {output}")


def _report(
    snapshot: Snapshot,
    asked: tuple[By, str | None, str | None, str | None],
    timeout: float | None,
    *,
    explain: bool,
    exposure: bool,
    html: bool,
) -> tuple[ConnectivityMatrix, bool]:
    """The report with what is asked for besides, and False where not all of that was found in time."""
    from reachproof.queries import connectivity as reports  # numpy is loaded only where it is needed
    from reachproof.queries.connectivity_document import connectivity_document
    from reachproof.solver.budget import Budget
    from reachproof.solver.encoding import prepare

    budget = Budget(seconds=timeout) if timeout else Budget()
    report = reports.connectivity(prepare(snapshot), reports.request(*asked), budget, silent_outside=explain)
    explanations, exposures, finished = None, None, True
    if explain:
        from reachproof.queries.connectivity_explain import (
            explain_report,  # Z3 comes with it
            with_reasons,
        )

        explanations = explain_report(report, budget)
        report = with_reasons(report, explanations)
    elif html:
        explanations = _traces(report)
    if exposure:
        from reachproof.queries.exposure import exposure as exposures_of
        from reachproof.queries.possible_exposure import with_possible
        from reachproof.solver.z3_backend import Prover

        exposures, notices = with_possible(report, tuple(exposures_of(report)), budget, Prover())
        report = replace(report, warnings=(*report.warnings, *notices))
        finished = not notices
    return connectivity_document(report, explanations, exposures), finished


def _traces(report: Connectivity) -> tuple[Explanation, ...] | None:
    """The explanations that a page has unasked: of a report that is small enough for them to cost little."""
    from reachproof.queries.connectivity_explain import explain_report
    from reachproof.solver.budget import OutOfBudget

    if len(report.matrix.sources) * len(report.matrix.destinations) > MOST_TRACED:
        return None
    try:
        return explain_report(report)
    except OutOfBudget:
        return None


def _write(report: ConnectivityMatrix, output: str) -> None:
    """Many lines at a time: a report may have millions."""
    if output == "json":
        from reachproof.documents.json import in_ascii
        from reachproof.queries.connectivity_document import connectivity_blocks

        for content in connectivity_blocks(report):
            click.echo(in_ascii(content), nl=False)
        click.echo()
        return
    pieces = _pieces(report, output)
    while block := "".join(islice(pieces, 5_000)):
        click.echo(block, nl=False)


def _pieces(report: ConnectivityMatrix, output: str) -> Iterator[str]:
    if output == "html":
        from reachproof.render.connectivity_html import html_text

        return html_text(report)
    from reachproof.render.connectivity_text import LINES

    return (f"{line}\n" for line in LINES[output](report))
