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
    from reachproof.render.connectivity_words import Shown

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
@click.option("--by", type=choice(By), default=By.WORKLOAD.value, show_default=True, help="What one end stands for.")
@click.option("--src", metavar="SET", help='Only from these, such as "pods in namespace shop".  [default: everything]')
@click.option("--dst", metavar="SET", help='Only to these, such as "service shop/db".  [default: everything]')
@click.option("--ports", metavar="PORTS", help='Only on these, such as "tcp/80 or udp/53".  [default: every port]')
@click.option("--explain", is_flag=True, help="What allows each connection, and for the other pairs what denies it.")
@click.option(
    "--exposure",
    is_flag=True,
    help="What each end is exposed to: the outside, the entire cluster, and pods that could be created.",
)
@with_options(time_limit("How long the report may take, and its explanations.  [default: 30 each]"))
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
      2  bad input, nothing was looked at
      3  time or memory ended before the report was complete, or it is about no flow at all
     70  a bug of reachproof
    """
    _demand_shown("--explain", explain, output, _EXPLAINED)
    _demand_shown("--exposure", exposure, output, _EXPOSED)
    snapshot = read(sources or (".",), model, lenient=lenient, ignore_kinds=ignore_kinds)
    from reachproof.solver.budget import OutOfBudget

    try:
        shown = _shown(snapshot, (By(by), src, dst, ports), timeout, explain=explain, exposure=exposure)
    except OutOfBudget as over:
        click.echo(f"undecided: {over}", err=True)
        return ExitCode.UNDECIDED
    with reader_may_leave():
        warn(shown.report.warnings, quiet=quiet)
        _write(shown, output)
    if not shown.report.flows:
        click.echo("undecided: this is about no flow at all", err=True)
    return ExitCode.PROVED if shown.report.flows and shown.finished else ExitCode.UNDECIDED


def _demand_shown(option: str, wanted: bool, output: str, forms: tuple[str, ...]) -> None:
    if wanted and output not in forms:
        raise click.UsageError(f"{option} is shown by -o {', '.join(forms[:-1])} and {forms[-1]}, not by -o {output}")


def _shown(
    snapshot: Snapshot,
    asked: tuple[By, str | None, str | None, str | None],
    timeout: float | None,
    *,
    explain: bool,
    exposure: bool,
) -> Shown:
    from reachproof.queries import connectivity as reports  # numpy is loaded only where it is needed
    from reachproof.render.connectivity_words import Shown
    from reachproof.solver.budget import Budget
    from reachproof.solver.encoding import prepare

    budget = Budget(seconds=timeout) if timeout else Budget()
    report = reports.connectivity(prepare(snapshot), reports.request(*asked), budget, silent_outside=explain)
    shown = Shown(report=report)
    if explain:
        from reachproof.queries.connectivity_explain import (
            explain_report,  # Z3 comes with it
            with_reasons,
        )

        explanations = explain_report(report, budget)
        shown = Shown(report=with_reasons(report, explanations), explanations=explanations)
    if exposure:
        from reachproof.queries.exposure import exposure as exposures_of
        from reachproof.queries.possible_exposure import with_possible
        from reachproof.solver.z3_backend import Prover

        report = shown.report
        exposures, notices = with_possible(report, tuple(exposures_of(report)), budget, Prover())
        report = replace(report, warnings=(*report.warnings, *notices))
        shown = replace(shown, report=report, exposures=exposures, finished=not notices)
    return shown


def _write(shown: Shown, output: str) -> None:
    """Many lines at a time: a report may have millions."""
    if output == "json":
        from reachproof.documents.json import in_ascii
        from reachproof.queries.connectivity_document import connectivity_blocks

        for content in connectivity_blocks(shown.report, shown.explanations, shown.exposures):
            click.echo(in_ascii(content), nl=False)
        click.echo()
        return
    pieces = _pieces(shown, output)
    while block := "".join(islice(pieces, 5_000)):
        click.echo(block, nl=False)


def _pieces(shown: Shown, output: str) -> Iterator[str]:
    if output != "html":
        return (f"{line}\n" for line in _lines(shown, output))
    from reachproof.render.connectivity_html import html_text

    return html_text(shown)


def _lines(shown: Shown, output: str) -> Iterator[str]:
    match output:
        case "csv":
            from reachproof.render.connectivity_tables import csv_lines as lines
        case "md":
            from reachproof.render.connectivity_tables import md_lines as lines
        case "dot":
            from reachproof.render.connectivity_dot import dot_lines as lines
        case _:
            from reachproof.render.connectivity_text import text_lines as lines
    return lines(shown)
