"""A line on standard error that says what a command is doing, for work that takes more than a second.

On terminals only. It is written by a thread of its own, so that the work pays nothing for it but the words.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import click

from reachproof.network.printable import printable

DELAY = 1.0
"""Seconds before the line appears."""
_LOOKS = 0.25
_CLEAR = "\r\x1b[K"
_MOST = 70


class Progress:
    """The line, from the start of the block to its end, where it is gone."""

    def __init__(self, *, quiet: bool) -> None:
        self._doing = ""
        self._shown = ""
        self._thread = None if quiet or not sys.stderr.isatty() else threading.Thread(target=self._show, daemon=True)
        self._started = time.monotonic()
        self._turn = threading.Lock()
        self._over = threading.Event()

    def __enter__(self) -> Progress:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        if self._thread is not None:
            self._thread.join()

    def say(self, doing: str) -> None:
        """Set the words, such as `deciding 2 of 7`."""
        self._doing = doing

    def clear(self) -> None:
        """Take the line away, so that another can be written in its place."""
        with self._turn:
            if self._shown:
                click.echo(_CLEAR, nl=False, err=True)
            self._shown = ""

    def end(self) -> None:
        """Take the line away for good. Idempotent."""
        self._over.set()
        self.clear()

    def before(self, tell: Callable[[str], None]) -> Callable[[str], None]:
        """The function, called when the line is gone."""

        def told(reason: str) -> None:
            self.end()
            tell(reason)

        return told

    def _show(self) -> None:
        wait = DELAY
        while not self._over.wait(wait):
            wait = _LOOKS
            line = f"{printable(self._doing)[:_MOST]} ({time.monotonic() - self._started:.0f} s)"
            with self._turn:
                if line != self._shown and not self._over.is_set():
                    click.echo(f"{_CLEAR}{line}", nl=False, err=True)
                    self._shown = line
