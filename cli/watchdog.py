"""The last word on time and memory: a thread that ends a command which does not end by itself.

Loops that ask the budget end in time and with what they have found. This is for all else: reading, preparing, libraries
in C. It says that nothing is decided, as the command would have said it, and ends the process: no question is asked
whether the rest of it can still be trusted.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from reachproof.cli.exit_codes import ExitCode
from reachproof.cli.options import MEMORY
from reachproof.cli.output import reader_may_leave
from reachproof.network import process_memory
from reachproof.solver.budget import Budget

GRACE = 0.1
"""Seconds beyond the limit in which the budget's own answer may come."""
_LOOKS = 0.02
_HARD_SHARE = 1.25
"""The system's limit as a share of ours, for what grows by more between two looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Of a command: the clock's time of its end, the budget of each question, and the bytes that it may have."""

    budget: Budget
    most_bytes: int

    def broken(self) -> str:
        """The reason to end now; empty where there is none."""
        if time.monotonic() > self.budget.until + GRACE:
            return f"time limit of {self.budget.seconds:g} s reached"
        processes = (None, *(child.pid for child in multiprocessing.active_children()))
        if sum(map(process_memory.resident, processes)) > self.most_bytes:
            return self.out_of_memory
        return ""

    @property
    def out_of_memory(self) -> str:
        """The reason where memory ended."""
        return f"memory limit of {self.most_bytes // process_memory.MEGABYTE} MB reached"


@contextmanager
def watched(budget: Budget, tell: Callable[[str], None]) -> Iterator[None]:
    """Inside, a command that breaks its limits ends as undecided, after `tell` was called with the reason.

    By force only where the process is the command's own; a lack of memory that Python notices ends it anywhere. What
    comes afterwards has no limit. Needs the options `limits`.
    """
    context = click.get_current_context()
    limits = Limits(budget=budget, most_bytes=context.meta[MEMORY])
    owned = context.find_root().obj is OWN_PROCESS
    turn = threading.Lock()
    watching = threading.Event()
    if owned:
        process_memory.limit(int(limits.most_bytes * _HARD_SHARE))
        threading.Thread(target=_watch, args=(limits, tell, turn, watching), daemon=True).start()
    try:
        yield
    except MemoryError as error:
        make_room(error, owned=owned)
        _claim(turn, watching)
        with reader_may_leave():
            tell(limits.out_of_memory)
        raise click.exceptions.Exit(ExitCode.UNDECIDED) from None
    finally:
        _claim(turn, watching)
        if owned:
            process_memory.unlimit()


OWN_PROCESS = object()
"""In `click.Context.obj` of the root: the process ends with the command."""


def make_room(error: MemoryError, *, owned: bool) -> None:
    """Give back what the frames of the error hold, so that there is memory to say what has happened.

    `owned`: the process is the command's own, so that its limit can be lifted too.
    """
    if owned:
        process_memory.unlimit()
    traceback.clear_frames(error.__traceback__)


def _claim(turn: threading.Lock, watching: threading.Event) -> None:
    """From here on the command has the word; where the watchdog took it first, the process ends while this waits."""
    if not watching.is_set():
        turn.acquire()
        watching.set()


def _watch(limits: Limits, tell: Callable[[str], None], turn: threading.Lock, over: threading.Event) -> None:
    while not over.wait(_LOOKS):
        try:
            reason = limits.broken()
        except MemoryError:  # the command has taken all that there is, and is about to notice
            process_memory.unlimit()
            reason = limits.out_of_memory
        if not reason:
            continue
        if turn.acquire(blocking=False):
            _end(tell, reason)
        return


def _end(tell: Callable[[str], None], reason: str) -> None:
    process_memory.unlimit()
    try:
        tell(reason)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        for process in multiprocessing.active_children():
            process.kill()
        os._exit(ExitCode.UNDECIDED)
