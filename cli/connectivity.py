"""`reachproof connectivity`: every allowed connection of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import click

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.help_page import Command, Path
from reachproof.cli.options import BY, MODEL, QUIET, READING, formats, limits, source, with_options
from reachproof.cli.output import reader_may_leave, warn
from reachproof.cli.positional import sources_of
from reachproof.cli.progress import Progress
from reachproof.cli.reading import read
from reachproof.cli.undecided import tell
from reachproof.cli.watchdog import watched
from reachproof.documents.connectivity_matrix import ConnectivityMatrix
from reachproof.documents.undecided import unfinished
from reachproof.documents.words import By
from reachproof.solver.budget import Budget, OutOfBudget

_EXPLAINED = ("text", "json", "html")
_EXPOSED = ("text", "json", "md")


@click.command(cls=Command)
@click.argument("more", nargs=-1, type=Path(), metavar="[SOURCE]...")
@with_options(
    source("the current folder"),
    *READING,
    formats(
        "A line per connection, one JSON document, a table, a Graphviz graph, or one page with a matrix to look into.",
        ["text", "json", "csv", "md", "dot", "html"],
        "connectivity",
    ),
    BY,
)
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
@with_options(limits("for the report, and for its explanations"))
@with_options(QUIET, *MODEL)
def connectivity(
    more: tuple[str, ...],
    sources: tuple[str, ...],
    output: str,
    by: str,
    src: str | None,
    dst: str | None,
    *,
    ports: str | None,
    explain: bool,
    exposure: bool,
    budget: Budget,
    quiet: bool,
    **reading: Any,
) -> ExitCode:
    """List every connection that the policies allow; pairs that are not listed have none.

    \b
    reachproof connectivity manifests/
    reachproof connectivity manifests/ --by namespace -o md
    reachproof connectivity manifests/ --dst "pods labelled app=db" --explain
    reachproof connectivity manifests/ -o html > report.html

    \b
    Exit codes
      0  the report is complete
      2  bad input, nothing was decided
      3  time or memory ended before the report was complete, or there is
         nothing to check
     70  a bug of reachproof
    """
    _demand_shown("--explain", explain, output, _EXPLAINED)
    _demand_shown("--exposure", exposure, output, _EXPOSED)
    give_up = partial(tell, unfinished, output)
    with Progress(quiet=quiet) as progress, watched(budget, progress.before(give_up)):
        progress.say("reading manifests")
        snapshot = read(sources_of(sources, more), reading)
        from reachproof.queries.bare_names import named_sets
        from reachproof.queries.connectivity import request  # numpy is loaded only where it is needed
        from reachproof.queries.connectivity_document import Explaining, report_document
        from reachproof.solver.encoding import prepare

        sets = named_sets(snapshot, {"src": src, "dst": dst}, ports)
        wanted = request(By(by), ports=ports, **sets)
        explaining = Explaining.ALL if explain else Explaining.FEW if output == "html" else Explaining.NONE
        progress.say("deciding all connections")
        try:
            report = report_document(prepare(snapshot), wanted, budget, explaining=explaining, exposure=exposure)
        except OutOfBudget as over:
            reason = str(over)
        else:
            reason = ""
    if reason:
        give_up(reason)
        return ExitCode.UNDECIDED
    with reader_may_leave():
        _write(report, output)
        warn(report.warnings, snapshot, quiet=quiet)
    if not report.evidence.flows:
        click.echo("undecided: nothing to check", err=True)
    return ExitCode.PROVED if report.evidence.flows and report.finished else ExitCode.UNDECIDED


def _demand_shown(option: str, wanted: bool, output: str, forms: tuple[str, ...]) -> None:
    if wanted and output not in forms:
        raise click.UsageError(f"{option} is shown by -o {', '.join(forms[:-1])} and {forms[-1]}, not by -o {output}")


def _write(report: ConnectivityMatrix, output: str) -> None:
    """Many lines at a time: a report may have millions."""
    if output == "json":
        from reachproof.documents.connectivity_matrix import connectivity_blocks
        from reachproof.documents.json import in_ascii

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
