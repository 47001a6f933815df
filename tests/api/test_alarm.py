"""A task whose time is over ends wherever it is, and its worker goes on as if it had never been."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from reachproof.api.schemas import QueryRequest
from reachproof.api.snapshot_provider import SnapshotProvider
from reachproof.api.workers.alarm import AGAIN, Alarm, TaskOverran
from reachproof.api.workers.current_task import CurrentTask
from reachproof.api.workers.session_cache import SessionCache
from reachproof.solver.z3_backend import Prover
from tests.api.requests import ISOLATED, MANIFESTS, tenants
from tests.api.running_service import running, until


@pytest.fixture
def timers() -> Iterator[list[tuple[float, float]]]:
    """The timers that an alarm sets; the handler of the signal is put back."""
    before = signal.getsignal(signal.SIGALRM)
    yield []
    signal.signal(signal.SIGALRM, before)


def alarm(timers: list[tuple[float, float]]) -> Alarm:
    return Alarm(lambda first, then: timers.append((first, then)))


def test_an_alarm_rings_while_it_is_set_and_never_else(timers: list[tuple[float, float]]) -> None:
    found = alarm(timers)
    signal.raise_signal(signal.SIGALRM)
    found.set(3)
    with pytest.raises(TaskOverran):
        signal.raise_signal(signal.SIGALRM)
    found.off()
    signal.raise_signal(signal.SIGALRM)
    assert timers == [(3, AGAIN), (0, 0)]


def test_an_alarm_that_rings_again_on_the_way_out_ends_nothing_else(timers: list[tuple[float, float]]) -> None:
    found = alarm(timers)

    def overrun() -> None:
        found.set(3)
        try:
            signal.raise_signal(signal.SIGALRM)
        finally:
            signal.raise_signal(signal.SIGALRM)

    def last_moment() -> str:
        found.set(3)
        return "done"

    with pytest.raises(TaskOverran):
        found.within(overrun)
    signal.raise_signal(signal.SIGALRM)
    assert found.within(last_moment) == "done"
    signal.raise_signal(signal.SIGALRM)
    found.off()


def test_an_alarm_waits_while_a_message_is_sent(timers: list[tuple[float, float]]) -> None:
    found = alarm(timers)
    found.set(3)
    sent = []
    with pytest.raises(TaskOverran), found.held():
        signal.raise_signal(signal.SIGALRM)
        sent.append("whole")
    found.off()
    assert sent == ["whole"]
    found.set(3)
    with found.held():
        sent.append("another")
    assert sent == ["whole", "another"]


def test_a_task_has_time_to_read_and_then_for_its_question(timers: list[tuple[float, float]]) -> None:
    current = CurrentTask(Prover(), lambda: None, alarm(timers))
    current.begin(1, reading=60, question=2)
    assert timers == []
    current.arm()
    assert current.overrun == "the snapshot was not read and prepared within the time limit"
    current.clock()
    current.clock()
    assert current.overrun == "time limit of 2 s reached"
    current.disarm()
    assert timers == [(60, AGAIN), (2.5, AGAIN), (0, 0)]


def test_a_task_that_is_called_off_and_does_not_ask_the_clock_is_rung_out_of_its_work() -> None:
    before = signal.getsignal(signal.SIGALRM)
    current = CurrentTask(Prover(), lambda: None, Alarm())
    try:
        current.begin(1)
        caller = threading.Thread(target=current.cancel, args=(1,))
        with pytest.raises(TaskOverran):
            current.arm()
            caller.start()
            while True:
                pass
        current.disarm()
        current.end()
        caller.join(60)
        assert current.cancelled
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_session_that_was_at_work_is_forgotten_and_the_others_are_kept() -> None:
    cache = SessionCache(Prover(), SnapshotProvider(tenants()), 10**12)
    kept, gone = QueryRequest(query=ISOLATED, manifests=MANIFESTS), QueryRequest(query=ISOLATED)
    first = cache.session(kept, {})
    cache.settle()
    cache.session(gone, {None: tenants().digest})
    assert len(cache.keys) == 3
    cache.forget()
    assert (len(cache.keys), cache.session(kept, {}) is first) == (1, True)


# A policy for each of many pods, which takes far longer to read than there is time.
def large() -> list[dict[str, Any]]:
    spec = {"podSelector": {"matchLabels": {"id": "1"}}, "ingress": [{"from": [{"podSelector": {}}] * 20}] * 5}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": spec}
    return [{**kind, "metadata": {"name": f"p{number}", "namespace": "shop"}} for number in range(3_000)]


def test_a_worker_is_not_lost_by_manifests_that_are_not_read_in_time() -> None:
    with running(tenants(), workers=1) as service:
        body = {"query": ISOLATED, "manifests": large(), "timeoutMs": 20}
        for _ in range(2):
            status, answer, _ = service.post("/query", body)
            assert (status, answer["verdict"]) == (200, "unknown")
            assert answer["reason"].endswith("the snapshot was not read and prepared within the time limit")
        assert service.post("/query", {"query": ISOLATED})[1]["verdict"] == "holds"
        load = service.load
        assert (load.restarts, load.killed, load.retried, load.unfinished) == (0, 0, 0, 2)


def test_a_worker_is_not_lost_by_a_client_that_leaves_while_manifests_are_read() -> None:
    with running(tenants(), workers=1) as service:
        connection = service.send("/query", {"query": ISOLATED, "manifests": large()})
        until(lambda: service.at_work == 1, "the worker is at work")
        connection.close()
        until(lambda: service.load.cancelled >= 1, "the work is called off")
        assert service.post("/query", {"query": ISOLATED})[1]["verdict"] == "holds"
        assert (service.load.restarts, service.load.killed) == (0, 0)
