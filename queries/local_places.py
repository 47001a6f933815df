"""Processes of this machine as places for audits: one process each, so that one that dies takes one task with it."""

from __future__ import annotations

import signal
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess

from reachproof.documents.words import State
from reachproof.queries.audit import Audited, AuditTask, audit_one
from reachproof.queries.fleet import MOST_ATTEMPTS, Failure, Place


def local_places(jobs: int) -> tuple[Place, ...]:
    """So many processes; each starts at its first task."""
    return tuple(LocalPlace() for _ in range(jobs))


class LocalPlace:
    """A pool of one process, made anew when the process has died. From one thread only."""

    room = 1

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._processes: tuple[BaseProcess, ...] = ()

    def submit(self, task: AuditTask) -> Future[Audited]:
        """Takes a task."""
        before = active_children()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_leave_interrupts_alone)
        future = self._pool.submit(audit_one, task)
        self._processes = tuple(each for each in active_children() if each not in before) or self._processes
        return future

    def failure(self, error: BaseException) -> Failure | None:
        """A broken pool is a process that died."""
        if not isinstance(error, BrokenProcessPool):
            return None
        self.close(at_once=False)
        reason = f"{MOST_ATTEMPTS} processes ended while they worked on it, perhaps for want of memory"
        return Failure(state=State.LOST, reason=reason, again=True)

    def close(self, *, at_once: bool) -> None:
        """Ends the process; with `at_once` it does not finish its task first."""
        pool, processes = self._pool, self._processes
        self._pool, self._processes = None, ()
        if at_once:
            for process in processes:
                process.kill()
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def _leave_interrupts_alone() -> None:
    """Ctrl-C reaches every process of a terminal; who started the audit says what becomes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
