"""`reachproof query`: sentences in, answers out. stdout carries the answers and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from reachproof.cli.exit_codes import ExitCode, exit_code
from reachproof.cli.help_page import Command, Path, in_exit_code, in_output
from reachproof.cli.options import (
    MODEL,
    NO_COLOR,
    OTHERS,
    QUIET,
    READING,
    choice,
    formats,
    limits,
    source,
    with_options,
)
from reachproof.cli.output import reader_may_leave, warn, write_json, write_lines
from reachproof.cli.positional import source_and_sentences, sources_of
from reachproof.cli.progress import Progress
from reachproof.cli.reading import read, read_named
from reachproof.cli.server import SERVER, Service, ask_server
from reachproof.cli.undecided import statements
from reachproof.cli.watchdog import watched
from reachproof.documents.answer import Answer as Document
from reachproof.documents.undecided import unknown_answer
from reachproof.documents.words import Verdict
from reachproof.network.printable import printable
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import answer_document, truths
from reachproof.solver.budget import Budget

if TYPE_CHECKING:
    from reachproof.render.answer_text import Truths


@click.command(cls=Command)
@click.argument("words", nargs=-1, required=True, type=Path(), metavar="[SOURCE] SENTENCE...")
@with_options(
    source("the current folder"),
    *READING,
    formats(
        "For people, or one JSON document: an object for one sentence, a list for several.", ["text", "json"], "answer"
    ),
    limits("for each sentence"),
)
@in_exit_code(
    "--expect",
    type=choice(Verdict),
    metavar="VERDICT",
    help=f"Exit with 0 if every sentence has this verdict, with 1 if not: {', '.join(Verdict)}.",
)
@with_options(OTHERS, *SERVER)
@in_exit_code("--allow-vacuous", is_flag=True, help="Do not exit with 3 if a sentence has nothing to check.")
@with_options(QUIET)
@in_output("-v", "--verbose", is_flag=True, help="Print the digest of the snapshot, and timings, to standard error.")
@with_options(NO_COLOR, *MODEL)
def query(
    words: tuple[str, ...],
    sources: tuple[str, ...],
    output: str,
    budget: Budget,
    expect: str | None,
    *,
    others: tuple[str, ...],
    server: str | None,
    token: str | None,
    allow_vacuous: bool,
    quiet: bool,
    verbose: bool,
    no_color: bool,
    **reading: Any,
) -> ExitCode:
    """Answer questions about manifests, and prove or refute claims.

    \b
    reachproof query manifests/ "can any pod in tenant a reach 10.0.0.0/8?"
    helm template . | reachproof query -f - "only web can reach db on 5432"
    reachproof query --expect unreachable "can namespace dev reach prod?"

    \b
    Exit codes
      0  every claim holds, every question is answered
      1  a claim is violated, or --expect is not met
      2  bad input, nothing was decided
      3  not decided: unknown, or nothing to check
      4  the service of --server cannot be used
     70  a bug of reachproof
    """
    given, text = source_and_sentences(words)
    named = (*sources, *given)
    give_up = partial(_give_up, statements(text), output, no_color=no_color)
    with Progress(quiet=quiet) as progress, watched(budget, progress.before(give_up)):
        if server is None:
            told = _told_here(text, sources_of(named, ()), others, budget, reading=reading, progress=progress)
        else:
            progress.say(f"asking {server}")
            service = Service(url=server, token=token, seconds=budget.seconds)
            told = _Told(documents=ask_server(service, text, named, others, reading))
    with reader_may_leave():
        _write(told.documents, output, told.shown, wished=expect, no_color=no_color)
        warn((notice for answer in told.documents for notice in answer.warnings), *told.read, quiet=quiet)
        for line in told.timing() if verbose else ():
            click.echo(printable(line), err=True)
    return exit_code(told.documents, expect=expect, allow_vacuous=allow_vacuous)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """Answers, the verdicts on their witnesses where they are known, and the snapshot that was read here, if any.

    `taken`: seconds for that.
    """

    documents: Sequence[Document]
    shown: Sequence[Truths | None] = ()
    read: tuple[Snapshot, ...] = ()
    taken: float = 0.0

    def timing(self) -> Iterator[str]:
        """Lines on how long it took."""
        for snapshot in self.read:
            yield f"reading took {self.taken * 1000:.0f} ms; snapshot {snapshot.digest}"
        for answer in self.documents:
            evidence = answer.evidence
            yield (
                f"{answer.normalized}: {evidence.total_ms:.1f} ms, of which solver {evidence.solver_ms:.1f} ms "
                f"({evidence.engine})"
            )


def _told_here(
    text: str,
    sources: Sequence[str],
    others: Sequence[str],
    budget: Budget,
    *,
    reading: Mapping[str, Any],
    progress: Progress,
) -> _Told:
    started = time.perf_counter()
    progress.say("reading manifests")
    snapshot = read(sources, reading)
    compared = read_named(others, reading)
    taken = time.perf_counter() - started
    from reachproof.queries.ask import Session  # Z3 is loaded only where it is needed

    progress.say("preparing the snapshot")
    session = Session(snapshot, {name: Session(other) for name, other in compared.items()})
    answers = session.ask_all(text, budget, lambda done, total: progress.say(f"deciding {done + 1} of {total}"))
    documents = tuple(map(answer_document, answers))
    return _Told(documents=documents, shown=tuple(map(truths, answers)), read=(snapshot,), taken=taken)


def _give_up(texts: Sequence[str], output: str, reason: str, *, no_color: bool) -> None:
    """Say of every statement that it is not decided."""
    _write([unknown_answer(text, reason) for text in texts], output, no_color=no_color)


def _write(
    documents: Sequence[Document],
    output: str,
    shown: Iterable[Truths | None] = (),
    *,
    wished: str | None = None,
    no_color: bool,
) -> None:
    from reachproof.render.answer_text import coloured_lines

    if output == "json":
        write_json(documents[0] if len(documents) == 1 else documents)
        return
    for number, (document, of_witness) in enumerate(zip_longest(documents, shown)):
        if number:
            click.echo()
        verdict = Verdict(wished) if wished else None
        write_lines(coloured_lines(document, of_witness, wished=verdict), no_color=no_color)
