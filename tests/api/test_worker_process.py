"""One worker as the service's process sees it, with a program in its place that says what the test wants."""

from __future__ import annotations

import asyncio
import select
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from reachproof.api.dispatch import Job
from reachproof.api.schemas import LintRequest
from reachproof.api.workers.ipc import Assignment, Begun, Block, Done, Failed, Order, Ready, Setup, WholeTask, packed
from reachproof.api.workers.process import WorkerProcess
from reachproof.api.workers.response_spool import Spool, SpoolRoom
from reachproof.api.workers.worker_protocol import Deadlines, LossReason, NotSent, WorkerLost

# Says each group of messages after it has heard one message, then hears on.
PROGRAM = """
import socket, sys
*groups, end = sys.argv[1:]
line = socket.socket(fileno=int(end))
heard = line.makefile("rb")
def hear():
    length = heard.read(8)
    if not length:
        raise SystemExit(3)
    heard.read(int.from_bytes(length, "big"))
for group in groups:
    hear()
    line.sendall(bytes.fromhex(group))
while True:
    hear()
"""
SETUP = Setup(most_memory=10**9, warm_memory=10**9)
LONG, SHORT = 60.0, 0.05
PATIENT = Deadlines(reading=LONG, question=LONG, grace=LONG)


def program(*groups: tuple[object, ...]) -> tuple[str, ...]:
    """A program that says these messages, group by group."""
    said = [b"".join(map(packed, group)).hex() for group in groups]
    return (sys.executable, "-c", PROGRAM, *said)


def with_program(story: Callable[[WorkerProcess], Awaitable[None]], *groups: tuple[object, ...]) -> None:
    """Run a story with a worker that is ready, and then says these groups."""

    async def played() -> None:
        worker = await WorkerProcess.start(SETUP, program((Ready(),), *groups))
        try:
            await story(worker)
        finally:
            await worker.close()

    asyncio.run(played())


async def run(
    worker: WorkerProcess, deadlines: Deadlines, room: int = 10**6, request: LintRequest | None = None
) -> tuple[Done | Failed, bytes]:
    spool = Spool(SpoolRoom(room))
    order = Order(key="k", job=Job(request=request or LintRequest(), seconds=1, max_queries=1), digests={})
    try:
        done = await worker.run(
            Assignment(number=1, key="k", task=WholeTask(), order=order), spool=spool, deadlines=deadlines
        )
        return done, spool.content()
    finally:
        spool.close()


async def loss(worker: WorkerProcess, deadlines: Deadlines, room: int = 10**6) -> tuple[LossReason, bool]:
    with pytest.raises(WorkerLost) as lost:
        await run(worker, deadlines, room)
    return lost.value.why, lost.value.gone


def test_a_document_comes_in_blocks() -> None:
    async def story(worker: WorkerProcess) -> None:
        assert await run(worker, PATIENT) == (Done(), b"onetwo")

    with_program(story, (Begun(), Block(b"one"), Block(b"two"), Done()))


def test_a_task_that_no_message_can_hold_leaves_the_worker_as_it_was() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    async def story(worker: WorkerProcess) -> None:
        with pytest.raises(NotSent):
            await run(worker, PATIENT, request=LintRequest.model_construct(options={"a": deep}))
        assert await run(worker, PATIENT) == (Done(), b"one")

    with_program(story, (Begun(), Block(b"one"), Done()))


def test_a_question_that_does_not_end_in_its_time_has_its_worker_killed_after_the_grace() -> None:
    async def story(worker: WorkerProcess) -> None:
        assert await loss(worker, Deadlines(reading=LONG, question=SHORT, grace=SHORT)) == (LossReason.OVERRAN, True)

    with_program(story, (Begun(),))


def test_reading_has_a_limit_of_its_own() -> None:
    async def story(worker: WorkerProcess) -> None:
        assert await loss(worker, Deadlines(reading=SHORT, question=LONG, grace=SHORT)) == (LossReason.READING, True)

    with_program(story)


def test_a_worker_that_ends_is_told_apart_by_how_it_ended() -> None:
    async def story(worker: WorkerProcess) -> None:
        worker.kill()
        with pytest.raises(WorkerLost) as lost:
            await run(worker, PATIENT)
        assert (lost.value.why, str(lost.value)) == (LossReason.CRASHED, "the worker ended by signal SIGKILL")

    with_program(story)


def test_work_that_is_called_off_leaves_a_worker_that_stops_by_itself() -> None:
    async def story(worker: WorkerProcess) -> None:
        running = asyncio.ensure_future(loss(worker, PATIENT))
        await asyncio.sleep(0)
        worker.cancel()
        assert await running == (LossReason.CANCELLED, False)

    with_program(story, (), (Failed(kind="cancelled", text=""),))


def test_work_that_is_called_off_and_does_not_stop_has_its_worker_killed() -> None:
    async def story(worker: WorkerProcess) -> None:
        running = asyncio.ensure_future(loss(worker, Deadlines(reading=LONG, question=LONG, grace=SHORT)))
        await asyncio.sleep(0)
        worker.cancel()
        assert await running == (LossReason.CANCELLED, True)

    with_program(story)


def test_a_document_for_which_there_is_no_room_is_called_off() -> None:
    async def story(worker: WorkerProcess) -> None:
        assert await loss(worker, PATIENT, room=5) == (LossReason.NO_ROOM, False)

    with_program(story, (Begun(), Block(b"0" * 10)), (Block(b"0"), Failed(kind="cancelled", text="")))


def test_a_worker_that_runs_out_of_memory_says_so_before_it_ends() -> None:
    async def story(worker: WorkerProcess) -> None:
        with pytest.raises(WorkerLost) as lost:
            await run(worker, PATIENT)
        assert (lost.value.why, str(lost.value), lost.value.gone) == (LossReason.MEMORY, "it was too much", True)

    with_program(story, (Begun(), Failed(kind="memory", text="it was too much")))


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ((sys.executable, "-c", "raise SystemExit(5)"), "the worker ended with code 5"),
        (("/no/such/program",), "No such file or directory"),
    ],
)
def test_a_worker_that_does_not_start_is_lost(command: tuple[str, ...], why: str) -> None:
    with pytest.raises(WorkerLost, match=f"^{why}$"):
        asyncio.run(WorkerProcess.start(SETUP, command))


@pytest.mark.parametrize("read", [True, False], ids=["all was read", "something was not read"])
def test_a_worker_ends_when_its_socket_closes(read: bool) -> None:
    ours, theirs = socket.socketpair()
    with theirs, ours:
        command = [sys.executable, "-P", "-m", "reachproof.api.workers.worker_main", str(theirs.fileno())]
        with subprocess.Popen(command, pass_fds=(theirs.fileno(),)) as process:
            try:
                theirs.close()
                ours.sendall(packed(SETUP))
                select.select([ours], [], [], LONG)
                if read:
                    assert ours.recv(10_000) == packed(Ready())
                ours.close()
                assert process.wait(LONG) == 0
            finally:
                process.kill()
