"""The task that a worker is at: its time, and its end before that."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from reachproof.api.workers.alarm import Alarm
from reachproof.solver.z3_backend import Prover

_AGAIN = 0.05
"""Seconds after which Z3 is told once more to stop; it may not have been at work when it was told."""
_ATTEMPTS = 40
_PATIENCE = 4
"""So many attempts before the alarm rings: who asks the clock ends better by itself."""
_SLACK = 0.5
"""Seconds beyond the time of a question in which its own answer may come."""


class CurrentTask:
    """One task after another. Its clock is that of the budgets: when a task is called off, their time is over.

    `alarm`: rings for a task that has not ended when its time is over, or that does not stop when it is called off.
    """

    def __init__(self, prover: Prover, begun: Callable[[], None], alarm: Alarm | None = None) -> None:
        self._prover = prover
        self._tell_begun = begun
        self._alarm = alarm
        self._lock = threading.Lock()
        self._number = 0
        self._finished = threading.Event()
        self._cancelled = False
        self._started: float | None = None
        self._reading = self._question = math.inf
        self.since = 0.0
        """Start of the task, on the clock."""

    def begin(self, number: int, *, reading: float = math.inf, question: float = math.inf) -> None:
        """The next task; it has so many seconds until the first look at the clock, and from there."""
        with self._lock:
            self._number = number
            self._finished = threading.Event()
            self._cancelled = False
            self._started = None
            self._reading, self._question = reading, question
            self.since = time.monotonic()

    def arm(self) -> None:
        """From here on the alarm may ring, so this is for work `within` it."""
        self._set_alarm(self._reading)

    def disarm(self) -> None:
        """The work on the task is over; what follows is not interrupted."""
        if self._alarm is not None:
            self._alarm.off()

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

    @property
    def overrun(self) -> str:
        """Of a task whose time was over: which time, fit for the user."""
        if self._started is None:
            return "the snapshot was not read and prepared within the time limit"
        return f"time limit of {self._question:g} s reached"

    def clock(self) -> float:
        """Seconds for a budget. The first look begins the time of the question; after the end of all it is infinite."""
        if self._started is None:
            self._started = time.monotonic()
            self._tell_begun()
            self._set_alarm(self._question + _SLACK)
        return math.inf if self._cancelled else time.monotonic()

    def cancel(self, number: int) -> None:
        """Have the task stop, if it is this one. From another thread than the one that works; waits for the end of it,
        a few seconds at most.
        """
        for attempt in range(_ATTEMPTS):
            with self._lock:
                if self._number != number:
                    return
                self._cancelled = True
                self._prover.interrupt()
                finished = self._finished
            if self._alarm is not None and attempt >= _PATIENCE:
                self._alarm.ring_now()
            if finished.wait(_AGAIN):
                return

    def _set_alarm(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.set(seconds)
