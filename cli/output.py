"""Writing to stdout and stderr: results, warnings, and colours on terminals only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click

from reachproof.documents import parts
from reachproof.network.cluster import Notice
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


def warn(warnings: Iterable[Notice | parts.Notice], *, quiet: bool) -> None:
    """Write each warning once to stderr."""
    for line in () if quiet else warning_lines(warnings):
        click.echo(line, err=True)
