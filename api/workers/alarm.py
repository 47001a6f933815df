"""The end of a task's time, wherever its worker is: an exception out of whatever Python does then.

Loops that ask the budget end by themselves, with all they know. This is for reading, preparing and anything else that
does not ask, so that the worker need not be killed for it. What the task was making may be half made, so whoever
catches the exception must drop all that the task could change. Code in C is not interrupted: for that there is the
kill.
"""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
AGAIN = 0.05
"""Seconds after which the alarm rings once more: an exception in a destructor is dropped."""


class TaskOverran(BaseException):
    """The time of the task is over, or nobody waits for it. Not an Exception, so that nobody takes it for an answer."""


class Alarm:
    """Rings in the main thread, where it must be made. While it is `on` it may ring at any call or turn of a loop."""

    def __init__(self, timer: Callable[[float, float], object] | None = None) -> None:
        """`timer`: sets the seconds until the signal, and from then on between signals; 0 for none."""
        self._timer = timer or (lambda first, then: signal.setitimer(signal.ITIMER_REAL, first, then))
        self.on = False
        self._held = False
        self._rung = False
        signal.signal(signal.SIGALRM, lambda *_: self.ring())

    def within(self, work: Callable[[], T]) -> T:
        """The result of the work, which may set the alarm; or TaskOverran. Afterwards it does not ring.

        It is switched off by a plain assignment: in a call, also in that of `off`, it could ring once more.
        """
        try:
            try:
                return work()
            finally:
                self.on = False
        except TaskOverran:
            self.on = False
            raise

    def set(self, seconds: float) -> None:
        """From now on it rings after so many seconds, instead of before; infinitely many: only if it is told to."""
        self.on = True
        self._timer(seconds if seconds < math.inf else 0, AGAIN)

    def off(self) -> None:
        """It does not ring any more."""
        self.on = self._rung = False
        self._timer(0, 0)

    def ring(self) -> None:
        """Raises TaskOverran if it is set, or once it is no longer `held`."""
        if not self.on:
            return
        if self._held:
            self._rung = True
            return
        raise TaskOverran

    def ring_now(self) -> None:
        """Have it ring in the main thread, if it is set; from another thread."""
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside it does not ring, and afterwards if it should have: a message must be sent whole."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._rung:
            raise TaskOverran
