"""`reachproof explain`: the trace of a flow both ways and all that blocks it; or a truth table of pods by pods."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from reachproof.cli.exit_codes import ExitCode, exit_code
from reachproof.cli.help_page import Command
from reachproof.cli.options import MODEL, NO_COLOR, QUIET, READING, choice, formats, limits, source, with_options
from reachproof.cli.output import reader_may_leave, warn, write_json, write_lines
from reachproof.cli.progress import Progress
from reachproof.cli.reading import read
from reachproof.cli.watchdog import watched
from reachproof.documents.answer import Answer as Document
from reachproof.documents.undecided import unknown_answer
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer, answer_document
from reachproof.solver.budget import Budget


@click.command(cls=Command)
@click.argument("flow", nargs=-1, required=True, metavar="SRC DST PORT")
@with_options(
    source("the current folder"), *READING, formats("For people, or one JSON document.", ["text", "json"], "answer")
)
@click.option(
    "--truth-table",
    is_flag=True,
    help="Print a table, sources by destinations: . allowed, X denied, ? undetermined, ~ some. SRC and DST may be left "
    "out for all pods.",
)
@click.option(
    "--by",
    type=choice(["pod", "workload", "namespace"]),
    default="pod",
    show_default=True,
    help="Rows and columns of the truth table.",
)
@with_options(limits("after reading"))
@with_options(QUIET, NO_COLOR, *MODEL)
def explain(
    flow: tuple[str, ...],
    sources: tuple[str, ...],
    output: str,
    by: str,
    budget: Budget,
    *,
    truth_table: bool,
    quiet: bool,
    no_color: bool,
    **reading: Any,
) -> ExitCode:
    """Explain why SRC can or cannot reach DST on PORT: every step on both sides, and all that blocks it.

    SRC and DST are sets of the query language, a name, or namespace/name; PORT is as in the language, or a bare number
    or name.

    \b
    reachproof explain -f manifests/ shop/web shop/db tcp/5432
    reachproof explain -f manifests/ 10.0.0.7 "service shop/front" 80
    reachproof explain -f manifests/ --truth-table tcp/80

    \b
    Exit codes
      0  it is explained
      2  bad input, nothing was decided
      3  not decided: unknown, or nothing to check
     70  a bug of reachproof
    """
    _demand_arguments(flow, truth_table=truth_table)
    give_up = partial(_give_up, flow, output, no_color=no_color)
    with Progress(quiet=quiet) as progress, watched(budget, progress.before(give_up)):
        progress.say("reading manifests")
        snapshot = read(sources or (".",), reading)
        progress.say("deciding")
        answer = _answer(snapshot, flow, by if truth_table else None, budget)
    with reader_may_leave():
        _write(answer_document(answer), output, no_color=no_color)
        warn(answer.warnings, snapshot, quiet=quiet)
    return exit_code([answer], expect=None, allow_vacuous=False)


def _give_up(flow: tuple[str, ...], output: str, reason: str, *, no_color: bool) -> None:
    """Say that nothing is explained."""
    ends = flow if len(flow) == 3 else ("pods", "pods", *flow)
    _write(unknown_answer(" ".join(("explain", *ends)), reason), output, no_color=no_color)


def _write(document: Document, output: str, *, no_color: bool) -> None:
    if output == "json":
        write_json(document)
        return
    from reachproof.render.answer_text import explanation_lines

    write_lines(explanation_lines(document), no_color=no_color)


def _demand_arguments(flow: tuple[str, ...], *, truth_table: bool) -> None:
    if len(flow) == 3 or (truth_table and len(flow) == 1):
        return
    needed = "PORT, or SRC DST PORT" if truth_table else "SRC DST PORT"
    hint = "; quote arguments with spaces" if len(flow) > 3 else ""
    raise click.UsageError(f"explain needs {needed} (got {len(flow)}){hint}")


def _answer(snapshot: Snapshot, flow: tuple[str, ...], by: str | None, budget: Budget) -> Answer:
    from reachproof.queries.ask import Session  # Z3 is loaded only where it is needed
    from reachproof.queries.bare_names import named_sets
    from reachproof.queries.explain import explain as explained

    session = Session(snapshot)
    if len(flow) == 3:
        bare = {name: None if "/" in text else text for name, text in zip(("src", "dst"), flow, strict=False)}
        ends = named_sets(snapshot, bare, flow[2]).values()
        flow = (*(known or text for known, text in zip(ends, flow, strict=False)), flow[2])
    if by is not None:
        return _table(session, flow, by, budget)
    start, end, ports = flow
    return explained(session, start, end, ports, budget)


def _table(session: Any, flow: tuple[str, ...], by: str, budget: Budget) -> Answer:
    from reachproof.grammar.ast import Group
    from reachproof.queries.truth_table import truth_table

    ends = {"source": flow[0], "destination": flow[1]} if len(flow) == 3 else {}
    return truth_table(session, flow[-1], **ends, by=Group(by), budget=budget)
