"""The entry point: the commands, the exit code of every way in which one can end, and Ctrl-C."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from reachproof import __version__
from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.help_page import write_commands
from reachproof.cli.options import STARTED
from reachproof.cli.watchdog import OWN_PROCESS, make_room
from reachproof.network.errors import InputError, InternalError, ServiceError
from reachproof.network.printable import printable
from reachproof.render.text_fragments import error_lines

_REPORT = "This is a bug of reachproof and no verdict: please report it with the manifests and the statement."

_FIRST_STEPS = """Prove what the network policies of a Kubernetes cluster allow.

Three commands to try, with a folder of manifests:
  reachproof connectivity manifests/
  reachproof query manifests/ "which pods are exposed to the internet?"
  reachproof query manifests/ "why can't frontend reach backend on 8080?"

`reachproof help` lists all commands, `reachproof help COMMAND` shows the options of one."""


class Commands(click.Group):
    """The commands, each a function of the module of its name, which is imported where it is run."""

    PURPOSES: Mapping[str, Mapping[str, str]] = {
        "Ask": {
            "query": "Answer a question, or prove a claim",
            "explain": "Explain one connection: every step, and all that blocks it",
            "connectivity": "List every allowed connection",
        },
        "Check": {
            "check": "Check packs of invariants",
            "lint": "Find rules, policies and selectors that do nothing",
            "diff": "Compare two states of a cluster, connection by connection",
            "audit": "Check packs on many clusters",
        },
        "Run": {
            "serve": "Start the HTTP service",
            "token": "Create, list and revoke tokens of the service",
            "store": "Clean up, back up and restore what the service stores",
        },
        "More": {
            "help": "Show the help of a command, or explain a code",
            "completion": "Print a script that completes commands in bash, zsh or fish",
            "schema": "Print the JSON Schema of a document that -o json writes",
            "version": "Show the version",
        },
    }
    """The purpose of each command, in the order of the help."""
    NAMES = tuple(name for commands in PURPOSES.values() for name in commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(self.NAMES)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names, each with its purpose; no command is imported."""
        write_commands(self.PURPOSES, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, with their purposes, or the options."""
        known = {name: text for commands in self.PURPOSES.values() for name, text in commands.items()}
        found = [CompletionItem(name, help=text) for name, text in known.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None where there is none."""
        if cmd_name not in self.NAMES:
            return None
        command: click.Command = getattr(import_module(f"reachproof.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; a usage error names the nearest where there is none.

        From here on a time limit runs: to import a command may take longer than to answer.
        """
        ctx.meta[STARTED] = time.monotonic()
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=self.NAMES, ctx=ctx) from None


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reachproof")
@click.pass_context
def commands(context: click.Context) -> ExitCode:
    """Prove what a Kubernetes cluster's network policies allow, or get a flow that shows the opposite.

    \b
    reachproof query manifests/ "can any pod in tenant a reach 10.0.0.0/8?"
    reachproof help query
    """
    if context.invoked_subcommand is None:
        click.echo(_FIRST_STEPS, err=True)
        return ExitCode.BAD_INPUT
    if context.invoked_subcommand not in ("audit", "serve"):  # which finish what they are at
        context.with_resource(ends_at_interrupt())
    return ExitCode.PROVED


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command, and exit with an ExitCode; messages are on stderr.

    `arguments`: those of the process, which is the command's own then, if left out.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to fail
    sys.exit(_code(arguments))


def _code(arguments: Sequence[str] | None) -> int:
    try:
        owned = OWN_PROCESS if arguments is None else None
        code = commands.main(args=None if arguments is None else list(arguments), standalone_mode=False, obj=owned)
        return int(code or ExitCode.PROVED)
    except click.exceptions.Abort:
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return ExitCode.BAD_INPUT
    except InputError as error:
        for line in error_lines(error):
            click.echo(printable(line), err=True)
        return ExitCode.BAD_INPUT
    except ServiceError as error:
        click.echo(f"error: {printable(str(error))}", err=True)
        return ExitCode.UNREACHABLE_SERVER
    except InternalError as error:
        click.echo(f"internal error: {printable(str(error))}\n{_REPORT}", err=True)
        return ExitCode.OUR_BUG
    except MemoryError as error:
        make_room(error, owned=arguments is None)
        click.echo("out of memory: the output may be incomplete; ask about less, or raise --memory", err=True)
        return ExitCode.UNDECIDED
    except Exception:  # Python would exit with 1, which says that a claim is violated
        click.echo(f"{traceback.format_exc()}internal error\n{_REPORT}", err=True)
        return ExitCode.OUR_BUG


def _show(error: click.ClickException) -> None:
    """Show an error like click, with the word for errors that all messages have."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        click.echo(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n", err=True)
    click.echo(f"error: {error.format_message()}", err=True)


@contextmanager
def ends_at_interrupt() -> Iterator[None]:
    """Inside, SIGINT ends the process and those it has started at once, with ExitCode.INTERRUPTED.

    Left to itself it does not: Python looks for signals only between two of its own instructions, and an interrupt that
    arrives in a destructor is dropped. So a thread waits for the signal.

    Nothing is changed where interrupts are ignored or handled by somebody else, and outside the main thread.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # as set_wakeup_fd demands
    watcher = threading.Thread(target=_watch, args=(reading,), daemon=True)
    watcher.start()
    before = signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGINT, lambda *_: None)  # the watcher is faster
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(before)
        os.close(writing)
        watcher.join()
        os.close(reading)


def _watch(signals: int) -> None:
    """Reads the numbers of signals as they come, until nobody can write any more."""
    while found := os.read(signals, 1):
        if found[0] == signal.SIGINT:
            _end()


def _end() -> None:
    for process in multiprocessing.active_children():
        process.kill()
    os.write(2, b"\n")  # the shell's prompt does not stand behind the ^C
    os._exit(ExitCode.INTERRUPTED)
