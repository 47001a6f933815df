"""Assignment of work, and the fate of work whose worker ends; the workers do as the test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from reachproof.api.http_error import HttpError
from reachproof.api.schemas import QueryRequest
from reachproof.api.workers.ipc import Failed
from reachproof.api.workers.worker_protocol import LossReason, NotSent
from reachproof.network.errors import InputError, InternalError, Problem
from tests.api.fake_workers import House, pack

Story = Callable[[House], Awaitable[None]]


def play(story: Story, house: Callable[[], House] = House) -> None:
    """Run a test's story in an event loop."""

    async def played() -> None:
        async with house() as place:
            await story(place)

    asyncio.run(played())


def about(name: str) -> QueryRequest:
    return QueryRequest(query=name, manifests=f"# {name}")


# ---------------------------------------------------------------- whose turn it is


def test_clients_take_turns_however_much_one_of_them_asks() -> None:
    async def story(house: House) -> None:
        asked = [house.ask(f"a{number}", "a") for number in range(5)]
        await house.settled()
        asked += [house.ask(text, text[0]) for text in ("b0", "c0", "b1")]
        await house.settled()
        served = []
        for _ in asked:
            given = await house.next()
            served.append(given.text)
            given.answer()
        assert served == ["a0", "a1", "b0", "c0", "a2", "b1", "a3", "a4"]
        assert await asyncio.gather(*asked) == [b"{}"] * 8

    play(story)


def test_a_short_question_comes_between_the_statements_of_a_long_pack() -> None:
    async def story(house: House) -> None:
        long = house.ask(pack(), "ci")
        (await house.next()).open(50)
        first = await house.next()
        short = house.ask("short", "someone")
        await house.settled()
        first.answer()
        served = []
        while not short.done():
            given = await house.next()
            served.append(given.text)
            given.answer()
            await house.settled()
        assert served == ["statement 1", "short"]
        for _ in range(48):
            (await house.next()).answer()
        assert json.loads(await long)["verdict"] == "holds"

    play(story)


def test_the_statements_of_a_request_are_answered_by_all_workers_and_come_in_their_order() -> None:
    async def story(house: House) -> None:
        asked = house.ask(QueryRequest(queries=["x", "y", "z"]))
        (await house.next()).open(3)
        first, second = await house.next(), await house.next()
        assert {first.worker.number, second.worker.number} == {0, 1}
        second.answer(b'"second"')
        third = await house.next()
        third.answer(b'"third"')
        first.answer(b'"first"')
        assert json.loads(await asked) == ["first", "second", "third"]

    play(story, lambda: House(workers=2))


def test_a_worker_that_has_the_snapshot_at_hand_is_preferred() -> None:
    async def story(house: House) -> None:
        for name, number in [("x", 0), ("y", 1), ("y", 1), ("x", 0), ("y", 1)]:
            asked = house.ask(about(name))
            given = await house.next()
            assert (given.text, given.worker.number) == (name, number)
            given.answer()
            await asked
            await house.settled()

    play(story, lambda: House(workers=2))


def test_another_worker_takes_it_where_the_one_that_has_it_at_hand_is_busy() -> None:
    async def story(house: House) -> None:
        both = [house.ask(about("x")), house.ask(about("x"))]
        first, second = await house.next(), await house.next()
        assert {first.worker.number, second.worker.number} == {0, 1}
        first.answer()
        second.answer()
        await asyncio.gather(*both)

    play(story, lambda: House(workers=2))


def test_one_client_has_at_most_its_share_of_the_workers() -> None:
    async def story(house: House) -> None:
        asked = [house.ask(f"a{number}", "a") for number in range(4)]
        first, second = await house.next(), await house.next()
        await house.settled()
        assert (first.text, second.text, house.given.empty()) == ("a0", "a1", True)
        other = house.ask("b0", "b")
        third = await house.next()
        assert third.text == "b0"
        third.answer()
        assert await other == b"{}"
        await house.settled()
        assert house.given.empty()
        second.answer()
        assert (await house.next()).text == "a2"
        for task in asked:
            task.cancel()

    play(story, lambda: House(workers=3, share=2))


# ---------------------------------------------------------------- how many may wait


def refusal(error: BaseException | None) -> tuple[int, str, int | None]:
    assert isinstance(error, HttpError), error
    return error.status, error.detail, error.retry_after


def test_a_full_house_refuses_with_the_seconds_to_wait() -> None:
    async def story(house: House) -> None:
        asked = [house.ask(f"q{number}", f"client {number}") for number in range(5)]
        await house.settled()
        late = house.ask("late", "late")
        await house.settled()
        assert refusal(late.exception()) == (
            503,
            "too many concurrent requests (6; the limit is 5)",
            4,
        )
        assert house.place.workload().refused == 1
        for _ in asked:
            (await house.next()).answer()
        await asyncio.gather(*asked)
        again = house.ask("again", "late")
        (await house.next()).answer()
        assert await again == b"{}"

    play(story, lambda: House(queue_length=4))


def test_one_client_has_half_of_the_queue() -> None:
    async def story(house: House) -> None:
        asked = [house.ask(f"a{number}", "a") for number in range(3)]
        await house.settled()
        more, other = house.ask("a3", "a"), house.ask("b0", "b")
        await house.settled()
        assert refusal(more.exception()) == (
            503,
            "too many concurrent requests of this client (4; the limit is 3)",
            2,
        )
        assert not other.done()
        for _ in range(4):
            (await house.next()).answer()
        await asyncio.gather(*asked, other)

    play(story, lambda: House(queue_length=4))


# ---------------------------------------------------------------- workers that end


def test_a_worker_is_not_blamed_for_a_task_that_cannot_be_sent() -> None:
    async def story(house: House) -> None:
        asked = house.ask("too deep for a message")
        (await house.next()).not_sent()
        with pytest.raises(NotSent):
            await asked
        harmless = house.ask("harmless")
        given = await house.next()
        assert given.worker.number == 0
        given.answer()
        assert await harmless == b"{}"
        load = house.place.workload()
        assert (load.retried, load.restarts, load.unfinished, load.killed, load.jobs) == (0, 0, 0, 0, 1)

    play(story)


def test_work_whose_worker_crashed_is_given_to_a_new_one() -> None:
    async def story(house: House) -> None:
        asked = house.ask("hard")
        first = await house.next()
        first.spool.write(b"half of a docu")
        first.lose()
        second = await house.next()
        assert (second.text, second.worker.number) == ("hard", 1)
        second.answer(b'"whole"')
        assert await asked == b'"whole"'
        load = house.place.workload()
        assert (load.retried, load.restarts, load.unfinished, load.killed) == (1, 1, 0, 0)
        assert house.workers[0].killed

    play(story)


def test_work_whose_worker_ended_twice_is_unknown_with_the_reason_and_others_go_on() -> None:
    async def story(house: House) -> None:
        deadly, harmless = house.ask("deadly", "a"), house.ask("harmless", "b")
        (await house.next()).lose()
        (await house.next()).lose(LossReason.MEMORY)
        given = await house.next()
        assert given.text == "harmless"
        given.answer()
        document = json.loads(await deadly)
        assert (document["verdict"], document["reason"]) == ("unknown", "no answer: the worker ended")
        assert await harmless == b"{}"
        load = house.place.workload()
        assert (load.retried, load.restarts, load.unfinished, load.killed, load.jobs) == (1, 2, 1, 1, 1)

    play(story)


def test_a_second_attempt_is_not_made_by_a_worker_that_did_something_else_before() -> None:
    async def story(house: House) -> None:
        warm_up = [house.ask(f"warm {number}") for number in range(2)]
        for given in (await house.next(), await house.next()):
            given.answer()
        await asyncio.gather(*warm_up)
        asked = house.ask("hard")
        (await house.next()).lose()
        again = await house.next()
        assert (again.text, again.worker.number) == ("hard", 2)
        again.answer()
        await asked

    play(story, lambda: House(workers=2))


@pytest.mark.parametrize("why", [LossReason.OVERRAN, LossReason.READING])
def test_work_that_took_too_long_is_not_tried_again(why: LossReason) -> None:
    async def story(house: House) -> None:
        asked = house.ask("slow")
        (await house.next()).lose(why)
        assert json.loads(await asked)["verdict"] == "unknown"
        load = house.place.workload()
        assert (load.retried, load.unfinished, load.killed) == (0, 1, 1)

    play(story)


def test_a_crash_loses_one_statement_of_a_pack_and_no_other() -> None:
    async def story(house: House) -> None:
        asked = house.ask(pack())
        (await house.next()).open(3)
        (await house.next()).answer(b'"first"')
        for _ in range(2):
            given = await house.next()
            assert given.text == "statement 1"
            given.lose()
        (await house.next()).answer(b'"third"')
        document = json.loads(await asked)
        first, lost, third = document["answers"]
        assert (document["verdict"], first, third, document["skipped"]) == ("unknown", "first", "third", [])
        told = (lost["query"], lost["verdict"], lost["reason"])
        assert told == ("statement 1", "unknown", "no answer: the worker ended")

    play(story)


def test_an_idle_worker_that_ends_is_replaced_before_it_is_given_anything() -> None:
    async def story(house: House) -> None:
        house.workers[0].dead.set()
        await house.settled()
        asked = house.ask("q")
        given = await house.next()
        assert (given.worker.number, house.place.workload().retried) == (1, 0)
        given.answer()
        await asked

    play(story)


def test_a_worker_is_replaced_after_so_many_jobs() -> None:
    async def story(house: House) -> None:
        for number in (0, 0, 1, 1, 2):
            asked = house.ask("q")
            given = await house.next()
            assert given.worker.number == number
            given.answer()
            await asked
        assert house.place.workload().restarts == 2

    play(story, lambda: House(worker_jobs=2))


def test_a_worker_that_has_too_much_memory_is_replaced() -> None:
    async def story(house: House) -> None:
        house.workers[0].spent = True
        for number in (0, 1, 1):
            asked = house.ask("q")
            given = await house.next()
            assert given.worker.number == number
            given.answer()
            await asked

    play(story)


# ---------------------------------------------------------------- workers that cannot start


def test_attempts_to_start_a_worker_come_at_growing_intervals_and_the_workload_tells_why() -> None:
    async def story(house: House) -> None:
        trouble = "no worker can be started: there is no memory"
        for seconds, told in [(0.25, ""), (0.5, ""), (1.0, trouble), (2.0, trouble)]:
            paused, over = await house.pauses.get()
            load = house.place.workload()
            assert (paused, load.ready, load.trouble) == (seconds, False, told)
            over.set()
        asked = house.ask("q")
        (await house.next()).answer()
        assert await asked == b"{}"
        load = house.place.workload()
        assert (load.ready, load.trouble, house.starts) == (True, "", 5)

    play(story, lambda: House(fails=lambda number: number < 5))


def test_without_any_worker_requests_are_refused_and_do_not_wait() -> None:
    async def story(house: House) -> None:
        waiting = house.ask("waiting")
        await house.fail(3)
        late = house.ask("late")
        await house.settled()
        for asked in (waiting, late):
            assert refusal(asked.exception()) == (503, "no worker can be started: there is no memory", 5)

    play(story, lambda: House(fails=lambda number: True))


def test_work_whose_worker_cannot_be_replaced_is_done_by_another() -> None:
    async def story(house: House) -> None:
        warm_up = [house.ask(f"warm {number}") for number in range(2)]
        for given in (await house.next(), await house.next()):
            given.answer()
        await asyncio.gather(*warm_up)
        asked = house.ask("q")
        first = await house.next()
        first.lose()
        await house.fail(3)
        second = await house.next()
        assert second.worker is not first.worker
        second.answer()
        assert await asked == b"{}"

    play(story, lambda: House(workers=2, fails=lambda number: number > 2))


# ---------------------------------------------------------------- clients that leave, and the end


def test_the_work_of_a_client_that_left_is_stopped_and_what_waits_is_not_begun() -> None:
    async def story(house: House) -> None:
        running, waiting, other = house.ask("running"), house.ask("waiting"), house.ask("other")
        given = await house.next()
        for each in (waiting, running):
            each.cancel()
        assert (await house.next()).text == "other"
        assert given.outcome.done()
        assert house.place.workload().cancelled == 2
        assert house.place.workload().requests == 1
        other.cancel()

    play(story)


def test_a_client_that_leaves_takes_all_statements_of_its_request_along() -> None:
    async def story(house: House) -> None:
        asked = house.ask(pack())
        (await house.next()).open(10)
        await house.next()
        asked.cancel()
        await house.settled()
        load = house.place.workload()
        assert (load.waiting, load.requests, load.idle, load.cancelled) == (0, 0, 1, 10)

    play(story)


def test_after_the_time_for_draining_what_is_left_is_refused_and_nothing_is_taken_from_the_beginning() -> None:
    async def story(house: House) -> None:
        finished, left = house.ask("finished"), house.ask("left")
        first = await house.next()
        house.place.drain()
        late = house.ask("late")
        await house.settled()
        assert refusal(late.exception()) == (503, "the service is stopping", 1)
        assert not house.place.workload().ready
        first.answer()
        assert await finished == b"{}"
        await house.next()
        house.place._pool.abandon("the service is stopping")
        with pytest.raises(HttpError) as refused:
            await left
        assert refusal(refused.value) == (503, "the service is stopping", 5)

    play(story)


def test_draining_ends_by_itself() -> None:
    async def story(house: House) -> None:
        asked = house.ask("endless")
        await house.next()
        house.place.drain()
        with pytest.raises(HttpError):
            await asked

    play(story, lambda: House(drain_ms=0))


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("failed", "error"),
    [
        (Failed(kind="input", text="x", problems=(Problem(message="wrong"),)), InputError),
        (Failed(kind="refusal", text="there is none", status=404), HttpError),
        (Failed(kind="internal", text="two engines disagree"), InternalError),
        (Failed(kind="unexpected", text="Traceback"), RuntimeError),
    ],
)
def test_an_error_of_the_work_is_raised_as_what_it_is(failed: Failed, error: type[Exception]) -> None:
    async def story(house: House) -> None:
        asked = house.ask("q")
        (await house.next()).outcome.set_result(failed)
        with pytest.raises(error):
            await asked
        assert house.place.workload().restarts == 0

    play(story)


def test_an_answer_for_which_there_is_no_room_is_refused_as_busy() -> None:
    async def story(house: House) -> None:
        asked = house.ask(QueryRequest(queries=["x", "y"]))
        (await house.next()).open(2)
        for _ in range(2):
            (await house.next()).answer(b"0" * 600_000)
        with pytest.raises(HttpError) as refused:
            await asked
        assert refusal(refused.value)[:2] == (503, "no room for the answer now; try again later")

    play(story, lambda: House(waiting_reports_mb=1))
