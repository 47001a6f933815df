"""Writing to stdout and stderr: results, warnings, and colours on terminals only."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from reachproof import __version__
from reachproof.documents import parts
from reachproof.documents.audit import FleetReport
from reachproof.documents.json import pretty
from reachproof.documents.report import CheckReport
from reachproof.network.cluster import Notice
from reachproof.network.printable import printable
from reachproof.network.snapshot import Snapshot
from reachproof.queries.input_summary import FILES_SKIPPED, input_summary
from reachproof.render.input_summary import input_line
from reachproof.render.text_fragments import warning_lines


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """`| head` may close the pipe: the exit code is still that of the answer, and Python must not write at its end."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())


def write_lines(lines: Iterable[str], *, no_color: bool) -> None:
    """Write the lines to stdout; in colour on terminals, unless the option or the variable NO_COLOR forbids it."""
    color = False if no_color or os.environ.get("NO_COLOR") else None
    for line in lines:
        click.echo(line, color=color)


def write_json(document: object) -> None:
    """Write a document to stdout."""
    click.echo(pretty(document))


def write_report(report: CheckReport | FleetReport, output: str, *, no_color: bool) -> None:
    """Write the report on packs, of one snapshot or of several, in one of its formats."""
    match output:
        case "json":
            write_json(report.document)
        case "sarif":
            from reachproof.render.sarif import report_sarif

            click.echo(json.dumps(report_sarif(report, __version__), indent=2))
        case "junit":
            from reachproof.render.junit import junit_text

            click.echo(junit_text(report))
        case _:
            from reachproof.render.report_text import audit_lines, github_lines, report_lines

            if isinstance(report, FleetReport):
                write_lines(audit_lines(report), no_color=no_color)
            else:
                lines = github_lines if output == "github" else report_lines
                write_lines(lines(report), no_color=no_color or output == "github")


def warn(warnings: Iterable[Notice | parts.Notice], *read: Snapshot, quiet: bool) -> None:
    """Write each warning once to stderr, and what was read of each snapshot, whose skipped files that line tells."""
    if quiet:
        return
    told = FILES_SKIPPED if read else ""
    for line in (*warning_lines(each for each in warnings if each.code != told), *dict.fromkeys(map(_read_line, read))):
        click.echo(line, err=True)


def _read_line(snapshot: Snapshot) -> str:
    return printable(input_line(input_summary(snapshot)))
