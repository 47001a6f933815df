"""Who works on jobs: threads of this process, as many at once as the settings say. The others wait.

Z3 gives up the interpreter lock while it works.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import anyio
import anyio.to_thread

from reachproof.api.shelf import Shelf
from reachproof.api.work import Job, work


class Workplace(Protocol):
    """Where jobs are worked on."""

    async def document(self, job: Job) -> Iterable[bytes]:
        """The blocks of the JSON document that answers a job. Raises InputError, Refusal and InternalError."""


class Threads:
    """Threads of this process, each with sessions of its own."""

    def __init__(self, shelf: Shelf, most: int) -> None:
        self._shelf = shelf
        self._slots = anyio.CapacityLimiter(most)

    async def document(self, job: Job) -> Iterable[bytes]:
        """As `Workplace` says."""
        done = await anyio.to_thread.run_sync(work, job, self._shelf, limiter=self._slots)
        return done.blocks
