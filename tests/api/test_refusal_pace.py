"""Refusals are sent at a pace that leaves the service to those who ask well."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from reachproof.api.access import CLIENT
from reachproof.api.refusal_pace import A_SECOND, AT_ONCE, LONGEST, PacedRefusals


class Front:
    """Paced refusals on a clock that only pauses move, and the pauses that were made."""

    def __init__(self, *, all_together: bool = False) -> None:
        """`all_together`: pauses move no clock, as if all requests had come at the same time."""
        self.now = 0.0
        self.pauses: list[float] = []
        self._moves = not all_together
        self._status = 200
        self._paced = PacedRefusals(self._app, lambda: self.now, self._pause)

    def sent(self, client: str, status: int, times: int = 1) -> None:
        """Have a client's requests answered with this status, one after the other."""
        self._status = status
        told: list[Message] = []

        async def send(message: Message) -> None:
            told.append(message)

        async def receive() -> Message:
            raise AssertionError("nobody reads a body here")

        async def all_of_them() -> None:
            for _ in range(times):
                await self._paced({"type": "http", CLIENT: client}, receive, send)

        asyncio.run(all_of_them())
        assert [message["status"] for message in told if "status" in message] == [status] * times

    async def _app(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self._status})
        await send({"type": "http.response.body"})

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if self._moves:
            self.now += seconds


def test_the_first_refusals_go_at_once_and_the_next_ones_at_the_pace() -> None:
    front = Front()
    front.sent("ci", 422, AT_ONCE)
    assert front.pauses == []
    front.sent("ci", 422, 10)
    assert front.pauses == pytest.approx([1 / A_SECOND] * 10)


@pytest.mark.parametrize("status", [200, 201, 307, 500, 503])
def test_answers_and_failures_of_the_service_itself_never_wait(status: int) -> None:
    front = Front()
    front.sent("ci", 422, AT_ONCE)
    front.sent("ci", status, 20)
    assert front.pauses == []


def test_a_client_does_not_wait_for_the_mistakes_of_another() -> None:
    front = Front()
    front.sent("evil", 400, AT_ONCE + 1)
    front.sent("good", 400, AT_ONCE)
    assert len(front.pauses) == 1


def test_room_comes_back_with_time() -> None:
    front = Front()
    front.sent("ci", 404, AT_ONCE)
    front.now += 1.0
    front.sent("ci", 404, A_SECOND)
    assert front.pauses == []


def test_no_refusal_waits_longer_than_the_longest() -> None:
    front = Front(all_together=True)
    front.sent("evil", 401, AT_ONCE + 500)
    assert max(front.pauses) == LONGEST
    assert front.pauses == sorted(front.pauses)
