"""The command line: arguments in, text or JSON out, an exit code. stdout carries the answer and nothing else."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from reachproof.cli.exit_codes import ExitCode, exit_code
from reachproof.cli.options import MODEL, SOURCES, domain_map, with_options
from reachproof.cli.text import BAD, GOOD, answer_lines, error_lines, warning_lines
from reachproof.network.errors import InputError, InternalError
from reachproof.network.snapshot import Snapshot
from reachproof.queries.answer import Answer
from reachproof.queries.model_options import model_options
from reachproof.queries.plan import Verdict

Result = TypeVar("Result")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="reachproof", prog_name="reachproof")
def commands() -> None:
    """Prove what a Kubernetes cluster's network policy allows, or get a flow that shows the opposite."""


@commands.command()
@click.argument("text", nargs=-1, required=True)
@with_options(*SOURCES)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Limit per statement.")
@click.option(
    "--expect",
    type=click.Choice(list(Verdict)),
    help="Make it a check: exit 0 if every statement has this verdict, 1 if not.",
)
@click.option("--allow-vacuous", is_flag=True, help="A claim about no flow at all counts as proved.")
@click.option("-q", "--quiet", is_flag=True, help="No warnings.")
@click.option("-v", "--verbose", is_flag=True, help="Say on stderr what was read and how long it took.")
@click.option("--no-color", is_flag=True, help="No colour (so does the variable NO_COLOR).")
@with_options(*MODEL)
def query(
    text: tuple[str, ...],
    sources: tuple[str, ...],
    output: str,
    timeout: float | None,
    expect: str | None,
    *,
    lenient: bool,
    ignore_kinds: tuple[str, ...],
    allow_vacuous: bool,
    quiet: bool,
    verbose: bool,
    no_color: bool,
    **model: Any,
) -> None:
    """Answer one statement, or several, about manifests.

    \b
    reachproof query -f manifests/ "can any pod in tenant a reach 10.0.0.0/8 on tcp/5432?"
    reachproof query "BANP enforces default deny for every tenant"

    Exit code: 0 every claim holds or the question is answered, 1 a claim is violated or --expect is not met,
    2 bad input, 3 not decided, 70 a bug of reachproof.
    """
    whole = "\n".join(text)
    snapshot = _guarded(lambda: _load(sources, lenient, ignore_kinds, model), whole)
    answers = _guarded(lambda: _ask(whole, snapshot, timeout), whole)
    if not quiet:
        for line in warning_lines(answers):
            click.echo(line, err=True)
    if verbose:
        for answer in answers:
            click.echo(_timing(answer), err=True)
    _print(answers, output, color=not no_color and "NO_COLOR" not in os.environ)
    sys.exit(exit_code(answers, expect=expect, allow_vacuous=allow_vacuous))


@commands.command()
@with_options(*SOURCES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--allow-unauthenticated", is_flag=True, help="Listen beyond this machine although nobody is asked who they are."
)
@with_options(*MODEL)
def serve(
    sources: tuple[str, ...],
    host: str,
    port: int,
    *,
    lenient: bool,
    ignore_kinds: tuple[str, ...],
    allow_unauthenticated: bool,
    **model: Any,
) -> None:
    """Run the HTTP service. With --from, that snapshot is what requests ask about when they bring none."""
    from reachproof.api.serve import is_loopback, run  # the web framework is loaded only where it is needed

    if not is_loopback(host) and not allow_unauthenticated:
        click.echo(
            f"error: found --host {host}, expected an address of this machine only (127.0.0.1, ::1, localhost): there "
            "is no authentication; add --allow-unauthenticated to listen there all the same",
            err=True,
        )
        sys.exit(ExitCode.BAD_INPUT)
    snapshot = _guarded(lambda: _load(sources, lenient, ignore_kinds, model), "") if sources else None
    run(snapshot, host=host, port=port)


def _load(sources: Sequence[str], lenient: bool, ignore_kinds: Sequence[str], model: dict[str, Any]) -> Snapshot:
    from reachproof.manifests import load

    values = {**model, "domains": domain_map(model["domains"])}
    return load(
        *(sources or (".",)),
        options=model_options(values),
        lenient=lenient,
        ignore_kinds=frozenset(ignore_kinds),
    )


def _ask(whole: str, snapshot: Snapshot, timeout: float | None) -> tuple[Answer, ...]:
    from reachproof.queries.ask import Session  # Z3 is loaded only where it is needed
    from reachproof.solver.budget import Budget

    return Session(snapshot).ask_all(whole, Budget(seconds=timeout) if timeout else Budget())


def _guarded(work: Callable[[], Result], text: str) -> Result:
    """The result of the work; bad input and bugs of ours end the process with their code and a message on stderr."""
    try:
        return work()
    except InputError as error:
        for line in error_lines(error, text):
            click.echo(line, err=True)
        sys.exit(ExitCode.BAD_INPUT)
    except InternalError as error:
        click.echo(f"internal error: {error}\nPlease report it with the manifests and the statement.", err=True)
        sys.exit(ExitCode.OUR_BUG)


def _print(answers: Sequence[Answer], output: str, *, color: bool) -> None:
    if output == "json":
        from reachproof.queries.wire import answer_json

        documents = [answer_json(answer) for answer in answers]
        click.echo(json.dumps(documents[0] if len(documents) == 1 else documents, indent=2))
        return
    for number, answer in enumerate(answers):
        if number:
            click.echo()
        head, *rest = answer_lines(answer)
        click.secho(head, fg=_colour(answer.verdict), bold=True, color=None if color else False)
        for line in rest:
            click.echo(line)


def _colour(verdict: Verdict) -> str:
    return "green" if verdict in GOOD else "red" if verdict in BAD else "yellow"


def _timing(answer: Answer) -> str:
    evidence = answer.evidence
    return (
        f"{answer.normalized}: {evidence.total_ms:.1f} ms, of which solver {evidence.solver_ms:.1f} ms "
        f"({evidence.engine}); snapshot {evidence.snapshot}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: never returns, exits with an ExitCode."""
    try:
        commands.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        sys.exit(ExitCode.PROVED)
    except click.exceptions.Abort:
        sys.exit(ExitCode.INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.BAD_INPUT)
    except BrokenPipeError:
        # The reader of stdout went away: nothing is left to say, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.PROVED)
