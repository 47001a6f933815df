"""The task that a worker is at: when its time began, and whether it was called off."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from reachproof.solver.prove import Prover

_AGAIN = 0.05
"""Seconds after which Z3 is told once more to stop; it may not have been at work when it was told."""
_ATTEMPTS = 40


class Running:
    """One task after another. Its clock is that of the budgets: when a task is called off, their time is over."""

    def __init__(self, prover: Prover, begun: Callable[[], None]) -> None:
        self._prover = prover
        self._tell_begun = begun
        self._lock = threading.Lock()
        self._number = 0
        self._finished = threading.Event()
        self._cancelled = False
        self._started: float | None = None

    def begin(self, number: int) -> None:
        """The next task."""
        with self._lock:
            self._number = number
            self._finished = threading.Event()
            self._cancelled = False
            self._started = None

    def end(self) -> float:
        """The task is over: the seconds that were spent on its questions."""
        with self._lock:
            self._number = 0
            self._finished.set()
            return 0.0 if self._started is None else time.monotonic() - self._started

    @property
    def cancelled(self) -> bool:
        """True if nobody waits for the task any more."""
        return self._cancelled

    def clock(self) -> float:
        """Seconds for a budget. The first look begins the time of the question; after the end of all it is infinite."""
        if self._started is None:
            self._started = time.monotonic()
            self._tell_begun()
        return math.inf if self._cancelled else time.monotonic()

    def cancel(self, number: int) -> None:
        """Have the task stop, if it is this one. From another thread than the one that works; waits for the end of it,
        a few seconds at most.
        """
        for _ in range(_ATTEMPTS):
            with self._lock:
                if self._number != number:
                    return
                self._cancelled = True
                self._prover.interrupt()
                finished = self._finished
            if finished.wait(_AGAIN):
                return
