"""Bounds on the work of a question. Running out is an answer (`unknown`, with the reason), never a hang."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from reachproof.network.errors import ReachproofError

DEFAULT_SECONDS = 30.0
DEFAULT_RLIMIT = 200_000_000
DEFAULT_CELLS = 60_000_000


class OutOfBudget(ReachproofError):
    """The question cost more than it may; the text is the reason, fit for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of one question: wall-clock seconds from its creation, Z3 resource units, 64-bit words of a table.

    `until`: when several questions have one time limit, the end of it on the clock.
    `rlimit` is reproducible (the same question stops at the same point on any machine), `seconds` is not. A table of n
    words needs about 80 n bytes at its peak.
    """

    seconds: float = DEFAULT_SECONDS
    rlimit: int = DEFAULT_RLIMIT
    table_words: int = DEFAULT_CELLS
    clock: Callable[[], float] = time.monotonic
    started: float = -1.0
    until: float = math.inf

    def start(self) -> Budget:
        """The same limits, counted from now."""
        return replace(self, started=self.clock())

    @property
    def left(self) -> float:
        """Seconds left, never negative; all of them before `start`."""
        if self.started < 0:
            return self.seconds
        return max(0.0, min(self.started + self.seconds, self.until) - self.clock())

    def check(self) -> None:
        """Raise OutOfBudget when the time is over."""
        if self.left <= 0:
            raise OutOfBudget(f"time limit of {self.seconds:g} s reached")

    def check_table(self, words: int) -> None:
        """Raise OutOfBudget when a table of so many words is larger than allowed."""
        if words > self.table_words:
            raise OutOfBudget(
                f"memory limit reached: a table of {words} words is needed, {self.table_words} are allowed"
            )
