"""`reachproof diff OLD NEW`: what another state of the manifests allows more, or less."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.help_page import Command, Path, in_sources
from reachproof.cli.options import BY, MODEL, NO_COLOR, QUIET, READING, formats, limits, with_options
from reachproof.cli.output import reader_may_leave, warn, write_lines
from reachproof.cli.progress import Progress
from reachproof.cli.reading import STDIN, read, read_one
from reachproof.cli.undecided import tell
from reachproof.cli.watchdog import watched
from reachproof.documents.diff import Diff
from reachproof.documents.json import pretty
from reachproof.documents.undecided import unknown_difference
from reachproof.documents.words import By
from reachproof.network.snapshot import Snapshot
from reachproof.queries.errors import together
from reachproof.solver.budget import Budget

if TYPE_CHECKING:
    from reachproof.manifests import Revision

# A file, a folder, standard input or a revision; or several files and folders together.
Side: TypeAlias = "str | Revision | tuple[str, ...]"
_RANGE = re.compile(r"(?P<old>.*?)(?P<dots>\.\.\.?)(?P<new>[^.].*|)")


@click.command(cls=Command)
@click.argument("sources", nargs=-1, type=Path(), metavar="OLD NEW | OLD..NEW [PATH ...]")
@in_sources(
    "--from",
    "before",
    type=Path(),
    multiple=True,
    metavar="SOURCE",
    help="In place of OLD: a file, a folder, or - for standard input; several times, read together.",
)
@in_sources("--to", "after", type=Path(), multiple=True, metavar="SOURCE", help="In place of NEW, as --from.")
@with_options(*READING)
@with_options(
    formats(
        "For people, one JSON document, a table, or a comment for a pull request.",
        ["text", "json", "csv", "md"],
        "diff",
    ),
    BY,
    limits("after reading"),
)
@with_options(QUIET, NO_COLOR, *MODEL)
def diff(
    sources: tuple[str, ...],
    before: tuple[str, ...],
    after: tuple[str, ...],
    output: str,
    *,
    by: str,
    budget: Budget,
    quiet: bool,
    no_color: bool,
    **reading: Any,
) -> ExitCode:
    """List the connections that NEW allows and OLD does not, and the other way round.

    Each is a file, a folder, - for standard input, or REVISION:PATH of a git repository; OLD..NEW are two revisions.

    \b
    reachproof diff before/ after/
    reachproof diff main:manifests manifests/
    reachproof diff main...HEAD -o md -- manifests/
    helm template . | reachproof diff before.yaml -
    reachproof diff --from all.yaml --from old.yaml --to all.yaml --to new.yaml

    \b
    Exit codes
      0  both allow the same, and have the same workloads
      1  something differs
      2  bad input, nothing was decided
      3  undetermined, time or memory ended first, or there is nothing to compare
     70  a bug of reachproof
    """
    old, new = _sides(sources, before, after)
    give_up = partial(tell, partial(unknown_difference, By(by)), output)
    with Progress(quiet=quiet) as progress, watched(budget, progress.before(give_up)):
        progress.say("reading manifests")
        earlier, later = together(partial(_read, each, reading) for each in (old, new))
        progress.say("comparing")
        found = _difference(earlier, later, By(by), budget)
    with reader_may_leave():
        write_lines(_lines(found, _named(old), _named(new), output), no_color=no_color)
        warn(found.warnings, earlier, later, quiet=quiet)
    return _code(found)


def _sides(sources: Sequence[str], before: tuple[str, ...], after: tuple[str, ...]) -> tuple[Side, Side]:
    """The two sources; two revisions where the first argument is no file and has the form OLD..NEW."""
    if before or after:
        return _listed(sources, before, after)
    if not sources:
        raise click.UsageError("diff needs OLD NEW, or OLD..NEW and paths, or --from and --to")
    matched = None if os.path.exists(sources[0]) else _RANGE.fullmatch(sources[0])
    if matched is not None:
        return _revisions(matched, sources[1:] or (".",))
    if len(sources) != 2:
        raise click.UsageError(f"diff needs OLD NEW, or OLD..NEW and paths (got {_counted(len(sources))})")
    if sources[0] == sources[1] == STDIN:
        raise click.UsageError("only one side can be standard input (got - twice)")
    return sources[0], sources[1]


def _listed(sources: Sequence[str], before: tuple[str, ...], after: tuple[str, ...]) -> tuple[Side, Side]:
    if sources:
        raise click.UsageError(f"{sources[0]!r} cannot be used with --from or --to; give OLD NEW, or both options")
    if not (before and after):
        raise click.UsageError(f"{'--from' if before else '--to'} needs {'--to' if before else '--from'} as well")
    if STDIN in before and STDIN in after:
        raise click.UsageError("only one side can be standard input (got - twice)")
    return before, after


def _read(side: Side, reading: Mapping[str, Any]) -> Snapshot:
    """The snapshot of one side."""
    if isinstance(side, tuple):
        return read(side, reading)
    return read_one(side, reading)


def _named(side: Side) -> str:
    return " ".join(side) if isinstance(side, tuple) else str(side)


def _revisions(matched: re.Match[str], paths: Sequence[str]) -> tuple[Revision, Revision]:
    from reachproof.manifests import Revision, merge_base

    old, new = matched["old"] or "HEAD", matched["new"] or "HEAD"
    if matched["dots"] == "...":
        old = merge_base(old, new)
    return Revision(name=old, paths=tuple(paths)), Revision(name=new, paths=tuple(paths))


def _counted(count: int) -> str:
    return "one argument" if count == 1 else f"{count} arguments"


def _difference(before: Snapshot, after: Snapshot, by: By, budget: Budget) -> Diff:
    from reachproof.queries.diff_ways_in_document import whole_difference  # Z3 is loaded only where it is needed
    from reachproof.solver.encoding import prepare
    from reachproof.solver.z3_backend import Prover

    return whole_difference(prepare(before), prepare(after), budget, Prover(), by=by)


def _lines(found: Diff, old: str, new: str, output: str) -> Iterator[str]:
    from reachproof.render.diff_text import coloured_lines, csv_lines, md_lines

    match output:
        case "json":
            return iter([pretty(found)])
        case "csv":
            return csv_lines(found)
        case "md":
            return md_lines(found, old, new)
        case _:
            return coloured_lines(found, f"{old} -> {new}")


def _code(found: Diff) -> ExitCode:
    if found.differs:
        return ExitCode.REFUTED
    open_ = found.undetermined or found.reason or not found.evidence.compared
    return ExitCode.UNDECIDED if open_ else ExitCode.PROVED
