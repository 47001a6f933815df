"""One worker process: started anew, never forked, since threads and Z3 do not survive that.

Four limits stand around a task. The budget inside ends the question; an alarm inside ends what does not ask the budget;
where that does not help within the grace, the process is killed here; and a limit of the system bounds its memory.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from typing import Any

from reachproof.api.executor import Body
from reachproof.api.workers import ipc
from reachproof.api.workers.ipc import Assignment, Begun, Block, Cancel, Condition, Done, Failed, Ready, Setup
from reachproof.api.workers.response_spool import BLOCK, NoSpoolRoom, Spool
from reachproof.api.workers.worker_protocol import Deadlines, LossReason, NotSent, WorkerLost

START_SECONDS = 60.0
"""A process that is not ready after this is taken for one that cannot start."""
REST_SECONDS = 60.0
"""A worker that has not come to rest so long after a task is taken for one that will not."""
_BUFFER = 2**20


class WorkerProcess:
    """A `WorkerHandle` that is a process. Made by `start`."""

    def __init__(self, process: subprocess.Popen[bytes], ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]):
        self._process = process
        self._reader, self._writer = ends
        self._number = 0
        self._deadlines: Deadlines | None = None
        self._timeout: asyncio.Timeout | None = None
        self._over: WorkerLost | None = None
        self._begun = False
        self._sending = False

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @staticmethod
    async def start(setup: Setup, command: tuple[str, ...] = ()) -> WorkerProcess:
        """A process that is ready for work. Raises WorkerLost and OSError. `command`: instead of the worker."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = _process(theirs.fileno(), command)
            except OSError as error:
                ours.close()
                raise WorkerLost(LossReason.CRASHED, os.strerror(error.errno or 0)) from None
        worker = WorkerProcess(process, await asyncio.open_connection(sock=ours, limit=_BUFFER))
        async with AsyncExitStack() as failed:
            failed.push_async_callback(worker.close)
            try:
                async with asyncio.timeout(START_SECONDS):
                    await worker._send(setup)
                    message = await worker._receive()
            except TimeoutError:
                raise WorkerLost(LossReason.CRASHED, f"a worker was not ready after {START_SECONDS:g} s") from None
            assert isinstance(message, Ready)
            failed.pop_all()
        return worker

    async def run(
        self, assignment: Assignment, *, spool: Spool, deadlines: Deadlines, body: Body | None = None
    ) -> Done | Failed:
        """See `WorkerHandle`."""
        try:
            message = ipc.packed(assignment)
        except Exception as error:
            raise NotSent from error
        self._number, self._deadlines, self._over, self._begun = assignment.number, deadlines, None, False
        try:
            async with asyncio.timeout(deadlines.reading + deadlines.grace) as self._timeout:
                await self._write(message)
                if body is not None:
                    await self._send_body(body)
                found = await self._served(spool)
        except TimeoutError:
            self.kill()
            raise self._late() from None
        finally:
            self._timeout = None
        if self._over is not None:
            raise WorkerLost(self._over.why, self._over.text, gone=False)
        if isinstance(found, Failed) and found.kind == "memory":
            raise WorkerLost(LossReason.MEMORY, found.text)
        if isinstance(found, Failed) and found.kind == "overran":
            raise WorkerLost(LossReason.OVERRAN if self._begun else LossReason.READING, found.text, gone=False)
        return found

    async def _served(self, spool: Spool) -> Done | Failed:
        """The worker's last message."""
        while True:
            match message := await self._receive():
                case Begun():
                    assert self._deadlines is not None
                    self._begun = True
                    self._extend(self._deadlines.question + self._deadlines.grace)
                case Block(content):
                    self._store(content, spool)
                case Done(document=content):
                    if content:
                        self._store(content, spool)
                    return message
                case Failed():
                    return message
                case _:
                    raise AssertionError(message)

    def _store(self, content: bytes, spool: Spool) -> None:
        assert self._deadlines is not None
        if self._over is not None:
            return
        try:
            spool.write(content)
        except NoSpoolRoom:
            self._give_up(WorkerLost(LossReason.NO_ROOM, "no room for the document now; try again later"))
        else:
            self._extend(self._deadlines.grace, at_least=True)

    async def condition(self) -> Condition:
        """See `WorkerHandle`."""
        try:
            async with asyncio.timeout(REST_SECONDS):
                message = await self._receive()
        except TimeoutError:
            self.kill()
            raise WorkerLost(LossReason.OVERRAN, "a worker did not come to rest") from None
        assert isinstance(message, Condition)
        return message

    async def ended(self) -> None:
        """See `WorkerHandle`."""
        with suppress(asyncio.IncompleteReadError, OSError):
            await self._reader.readexactly(1)  # an idle worker says nothing

    def cancel(self) -> None:
        """See `WorkerHandle`."""
        self._give_up(WorkerLost(LossReason.CANCELLED, "nobody waits for it any more"))

    def kill(self) -> None:
        """See `WorkerHandle`."""
        self._process.kill()

    async def close(self) -> None:
        """See `WorkerHandle`."""
        self._process.kill()
        self._writer.close()
        with suppress(OSError):  # something was on its way
            await self._writer.wait_closed()
        await asyncio.to_thread(self._process.wait)

    # ------------------------------------------------------------

    def _give_up(self, over: WorkerLost) -> None:
        """Tell the worker to stop; it has the grace for that."""
        if self._over is not None or self._deadlines is None or self._timeout is None:
            return
        if not self._sending:
            self._writer.write(ipc.packed(Cancel(self._number)))
        self._extend(self._deadlines.grace)
        self._over = over

    def _extend(self, seconds: float, *, at_least: bool = False) -> None:
        """Move the time of the kill to so many seconds from now."""
        if self._timeout is None or self._over is not None or self._timeout.expired():
            return
        when = asyncio.get_running_loop().time() + seconds
        before = self._timeout.when()
        self._timeout.reschedule(max(when, before) if at_least and before is not None else when)

    def _late(self) -> WorkerLost:
        if self._over is not None:
            return self._over
        if self._begun:
            return WorkerLost(LossReason.OVERRAN, "the question exceeded its time limit, and its worker was stopped")
        return WorkerLost(LossReason.READING, "the snapshot was not read and prepared within the time limit")

    async def _send(self, message: Any) -> None:
        await self._write(ipc.packed(message))

    async def _send_body(self, body: Body) -> None:
        """Block after block, and nothing between. Who gives up meanwhile is heard afterwards; the rest is blank then,
        as the body may be gone.
        """
        left = body.size
        self._sending = True
        try:
            for block in body.blocks():
                await self._write(block)
                left -= len(block)
                if self._over is not None:
                    break
            while left > 0:
                await self._write(bytes(min(left, BLOCK)))
                left -= BLOCK
        finally:
            self._sending = False
        if self._over is not None:
            await self._send(Cancel(self._number))

    async def _write(self, content: bytes) -> None:
        try:
            self._writer.write(content)
            await self._writer.drain()
        except OSError:
            raise await self._crashed() from None

    async def _receive(self) -> object:
        try:
            length = await self._reader.readexactly(ipc.LENGTH)
            return ipc.unpacked(await self._reader.readexactly(int.from_bytes(length, "big")))
        except (asyncio.IncompleteReadError, OSError):
            raise await self._crashed() from None

    async def _crashed(self) -> WorkerLost:
        self.kill()
        code = await asyncio.to_thread(self._process.wait)
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with code {code}"
        return WorkerLost(LossReason.CRASHED, f"the worker ended {how}")


def _process(end: int, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """A process with one end of the socket; in a session of its own, so that Ctrl-C is for the service alone."""
    program = command or (sys.executable, "-P", "-m", "reachproof.api.workers.worker_main")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [*program, str(end)],
        pass_fds=(end,),
        stdin=subprocess.DEVNULL,
        stdout=sys.__stderr__ and sys.__stderr__.fileno(),
        env=environment,
        start_new_session=True,
    )
