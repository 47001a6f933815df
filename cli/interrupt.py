"""Ctrl-C ends a command at once, whatever it is doing.

Left to itself it does not: Python looks for signals only between two of its own instructions, and an interrupt that
arrives in a destructor is dropped. So a thread waits for the signal.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reachproof.cli.exit_codes import ExitCode


@contextmanager
def ends_at_interrupt() -> Iterator[None]:
    """Inside, SIGINT ends the process and those it has started, with ExitCode.INTERRUPTED.

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
