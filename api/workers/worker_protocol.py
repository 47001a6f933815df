"""A worker as the pool sees it, whatever it is made of, and the ways in which one can be lost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reachproof.api.executor import Body
from reachproof.api.workers.ipc import Assignment, Condition, Done, Failed
from reachproof.api.workers.response_spool import Spool


class LossReason(StrEnum):
    """Why work on a task ended before it was finished."""

    CRASHED = "crashed"
    MEMORY = "memory"
    OVERRAN = "overran"
    READING = "reading"
    NO_ROOM = "no room"
    CANCELLED = "cancelled"


class WorkerLost(Exception):
    """The work on a task is lost, or the worker did not start. `text`: what happened, fit for the user.

    `gone`: the worker cannot be used any more; else it is ready as after any task.
    """

    def __init__(self, why: LossReason, text: str, *, gone: bool = True) -> None:
        super().__init__(text)
        self.why = why
        self.text = text
        self.gone = gone


class NotSent(Exception):
    """A task cannot be written as a message: the worker has heard nothing of it, and is as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds: until snapshots are read and prepared, then for the question, then until the worker is killed."""

    reading: float
    question: float
    grace: float


class WorkerHandle(Protocol):
    """A worker that has started."""

    async def run(
        self, assignment: Assignment, *, spool: Spool, deadlines: Deadlines, body: Body | None = None
    ) -> Done | Failed:
        """Have it work on a task; the document goes to the spool. Raises WorkerLost, and NotSent at once.

        `body`: of so many bytes as the assignment says.
        """

    async def condition(self) -> Condition:
        """Its condition after a task. Raises WorkerLost."""

    async def ended(self) -> None:
        """Waits until an idle worker has ended by itself."""

    def cancel(self) -> None:
        """Nobody waits for the task that it is at: `run` will raise WorkerLost or return soon."""

    def kill(self) -> None:
        """End it now, by force."""

    async def close(self) -> None:
        """End it, and wait for that."""
