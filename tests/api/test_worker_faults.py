"""Real workers that are killed, that hang or that run out of memory, and clients that leave or do not read.

Whatever happens, no answer is wrong, and the service answers afterwards.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from reachproof.api.settings import Settings
from reachproof.api.workers.ipc import Setup
from reachproof.api.workers.pool import FAILURES, Pool
from reachproof.api.workers.process import WorkerProcess
from tests.api.requests import ISOLATED, MANIFESTS, TITLES, client, tenants
from tests.api.running_service import Service, halted, is_worker, running, runs, until, workers_of
from tests.api.test_serve import serving, without_times
from tests.cli.contract import check_answer

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes as Linux tells them")

DENIED = "BANP enforces default deny for every tenant"
VERDICTS = {ISOLATED: "holds", DENIED: "violated"}
ENDED = "no answer: the worker ended by signal SIGKILL"
PACK = f"invariant a: {ISOLATED}\ninvariant b: {DENIED}\n"


def pods(count: int) -> str:
    """Manifests of pods that all can reach each other."""
    return "---\n" + "\n---\n".join(
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: p{n}, namespace: a, labels: {{x: y{n}}}}}, "
        f"status: {{podIP: 10.0.{n // 250}.{n % 250}, phase: Running}}}}"
        for n in range(count)
    )


def large() -> str:
    """Manifests whose nodes need far more memory than their text."""
    annotations = ", ".join(f"a{n}: b" for n in range(200_000))
    return f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: a, annotations: {{{annotations}}}}}\n"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running(tenants(), workers=2, queue_length=4, grace_ms=1000, patience_ms=200) as service:
        until(lambda: service.load.idle == 2, "both workers are ready")
        yield service


@pytest.fixture(autouse=True)
def answers_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "service" in request.fixturenames:
        service = request.getfixturevalue("service")
        until(lambda: service.load.idle == 2 and service.load.requests == 0, "both workers are idle")
        assert service.post("/query", {"query": ISOLATED})[1]["verdict"] == "holds"
        # A worker tells how it is after its answer, and until then it counts as busy.
        until(lambda: service.load.idle == 2, "both workers have come to rest")


def mine() -> list[int]:
    return workers_of(os.getpid())


# ---------------------------------------------------------------- without faults


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/query", {"query": ISOLATED}),
        ("/query", {"queries": [ISOLATED, DENIED]}),
        ("/query", {"query": "can any pod reach any pod?", "manifests": MANIFESTS}),
        ("/query", {"query": ISOLATED, "options": {"enforcement": "none"}}),
        ("/query", {"query": "no pod in namespace shop can reach nodes since snapshot old", "manifests": MANIFESTS,
                    "snapshots": {"old": {"manifests": []}}}),
        ("/query", {"query": "can tenant C reach tenant A?"}),
        ("/query", {"queries": ["can tenant C reach tenant A?", "x"]}),
        ("/query", {"query": ISOLATED, "snapshot": "sha256:0"}),
        ("/query", {"query": ISOLATED, "manifests": "kind: [", "options": {}}),
        ("/query", {"query": ISOLATED, "options": {"cni": "calcio"}}),
        ("/check", {"pack": PACK}),
        ("/check", {"packs": [PACK, "expect holds: tenant A is isolated from tenant C"]}),
        ("/connectivity", {"by": "namespace", "explain": True, "exposure": True}),
        ("/explain", {"source": "tenant A", "destination": "tenant B", "port": "tcp/80"}),
        ("/explain", {"truthTable": True, "port": "tcp/80"}),
        ("/lint", {}),
        ("/diff", {"old": {"manifests": MANIFESTS}, "new": {"manifests": []}}),
    ],
    ids=str,
)  # fmt: skip
def test_workers_answer_as_threads_of_one_process_do(path: str, body: dict[str, Any], service: Service) -> None:
    status, document, headers = service.post(path, body)
    expected = client(tenants()).post(path, json=body)
    assert (status, headers["content-type"]) == (expected.status_code, expected.headers["content-type"])
    assert timeless(document) == timeless(expected.json())


def timeless(document: Any) -> Any:
    if isinstance(document, list):
        return [timeless(each) for each in document]
    if "answers" in document:
        return {**document, "answers": timeless(document["answers"])}
    if "evidence" not in document:
        return document
    return without_times(document) if "totalMs" in document["evidence"] else without_solver_time(document)


def without_solver_time(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "evidence": {**document["evidence"], "solverMs": 0.0}}


def test_a_snapshot_is_prepared_once_and_found_again(service: Service) -> None:
    body = {"query": "can any pod reach any pod?", "manifests": pods(3)}
    assert service.post("/query", body)[0] == 200
    until(lambda: service.load.idle == 2, "the worker is idle")
    before = service.load
    for _ in range(5):
        assert service.post("/query", body)[0] == 200
        until(lambda: service.load.idle == 2, "the worker is idle")
    assert (service.load.warm_hits - before.warm_hits, service.load.warm_misses - before.warm_misses) == (5, 0)


# ---------------------------------------------------------------- workers


def test_under_load_killed_workers_cost_no_answer_or_give_unknown_with_the_reason(service: Service) -> None:
    killing = threading.Event()
    killed: set[int] = set()

    def kill() -> None:
        while not killing.is_set() and len(killed) < 3:
            for pid in mine():
                if service.load.busy and pid not in killed:
                    os.kill(pid, signal.SIGKILL)
                    killed.add(pid)

    killer = threading.Thread(target=kill)
    with ThreadPoolExecutor(4) as clients:
        killer.start()
        asked = [ISOLATED, DENIED] * 20
        answers = list(clients.map(lambda text: service.post("/query", {"query": text}), asked))
        killing.set()
        killer.join()
    assert killed
    for text, (status, answer, _) in zip(asked, answers, strict=True):
        check_answer(answer)
        assert status == 200
        assert answer["verdict"] == VERDICTS[text] or answer["reason"] == ENDED
    assert service.load.retried >= 1


def test_a_worker_that_ends_costs_no_statement_of_a_pack(service: Service) -> None:
    with halted(mine()), closing(service.send("/check", {"pack": PACK})) as asked:
        until(lambda: service.at_work > 0, "a worker has the pack")
        [busy] = service.pids_at_work
        for pid in set(mine()) - {busy}:  # else it may be given what the other one leaves, before it ends as well
            os.kill(pid, signal.SIGKILL)
        until(lambda: set(mine()) > {busy} and service.load.idle == 1, "a new worker is there")
        os.kill(busy, signal.SIGKILL)
        report = json.loads(asked.getresponse().read())
    assert [each["verdict"] for each in report["answers"]] == ["holds", "violated"]


def test_a_job_that_needs_too_much_memory_is_unknown_with_the_reason() -> None:
    with running(tenants(), workers=1, worker_memory_mb=200) as service:
        status, answer, _ = service.post("/query", {"query": "can any pod reach any pod?", "manifests": large()})
        assert (status, answer["verdict"]) == (200, "unknown")
        assert "memory" in answer["reason"]
        assert (service.load.retried, service.load.unfinished) == (1, 1)
        assert service.post("/query", {"query": ISOLATED})[1]["verdict"] == "holds"


def test_a_worker_that_does_not_read_its_snapshot_in_time_is_killed_and_the_answer_is_unknown() -> None:
    with running(tenants(), workers=1, reading_timeout_ms=100) as service:
        until(lambda: service.load.idle == 1, "the worker is ready")
        with halted(mine()):
            status, answer, _ = service.post("/query", {"query": ISOLATED})
        assert (status, answer["verdict"], answer["reason"]) == (
            200,
            "unknown",
            "no answer: the snapshot was not read and prepared within the time limit",
        )
        assert service.load.killed == 1


def test_a_service_whose_workers_cannot_start_says_so_and_does_not_try_again_at_once() -> None:
    paused: list[float] = []

    async def start() -> WorkerProcess:
        setup = Setup(most_memory=10**9, warm_memory=10**9)
        return await WorkerProcess.start(setup, (sys.executable, "-c", "raise SystemExit(3)"))

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == FAILURES:
            await asyncio.Event().wait()

    pool = Pool(start, size=1, most_jobs=1, pause=pause)
    with running(tenants(), pool, workers=1) as service:
        until(lambda: service.load.trouble != "", "the worker has failed")
        status, problem, headers = service.post("/query", {"query": ISOLATED})
        assert (status, problem["detail"]) == (503, "no worker can be started: the worker ended with code 3")
        assert (headers["content-type"], headers["retry-after"]) == ("application/problem+json", "5")
        assert not service.load.ready
    assert paused == [0.25, 0.5, 1.0]


# ---------------------------------------------------------------- clients


def test_a_client_that_leaves_has_its_work_stopped_and_the_worker_stays(service: Service) -> None:
    before, workers = service.load, mine()
    asked = service.send("/connectivity", {"manifests": pods(300), "by": "pod", "explain": True, "timeoutMs": 60_000})
    until(lambda: service.load.busy > 0, "a worker has it")
    asked.close()
    until(lambda: service.load.cancelled == before.cancelled + 1, "the work is stopped")
    until(lambda: service.load.idle == 2, "the worker is idle")
    if service.load.killed == before.killed:  # it heard of it while it read the manifests, which it does to the end
        assert mine() == workers


def test_a_client_that_leaves_has_its_worker_killed_where_that_does_not_stop(service: Service) -> None:
    before = service.load
    with halted(mine()):
        asked = service.send("/query", {"query": ISOLATED})
        until(lambda: service.at_work == 1, "a worker is at it")
        asked.close()
        until(lambda: service.load.cancelled == before.cancelled + 1, "the work is stopped")
    assert service.load.killed == before.killed + 1


def test_a_client_that_never_reads_holds_no_worker_and_is_hung_up_on(service: Service) -> None:
    with closing(service.send("/connectivity", {"manifests": pods(200), "by": "pod"})) as asked:
        until(lambda: service.load.busy > 0, "a worker has it")
        until(lambda: service.load.idle == 2, "no worker has it")
        until(lambda: service.waiting_bytes == 0, "the document is forgotten")
        response = asked.getresponse()
        with pytest.raises(IncompleteRead):
            response.read()


def test_a_full_queue_refuses_with_the_seconds_to_wait(service: Service) -> None:
    with halted(mine()), ExitStack() as left:
        asked = [left.enter_context(closing(service.send("/query", {"query": ISOLATED}))) for _ in range(4)]
        until(lambda: service.load.requests == 4, "all of them are heard")
        status, problem, headers = service.post("/query", {"query": ISOLATED})
        assert (status, problem["title"]) == (503, TITLES[503])
        assert problem["detail"] == ("too many concurrent requests of this client (5; the limit is 4)")
        assert int(headers["retry-after"]) >= 1
        for pid in mine():
            os.kill(pid, signal.SIGCONT)
        assert [json.loads(each.getresponse().read())["verdict"] for each in asked] == ["holds"] * 4


# ---------------------------------------------------------------- the end


def test_work_under_way_is_finished_before_the_end() -> None:
    with running(tenants(), workers=1) as service:
        until(lambda: service.load.idle == 1, "the worker is ready")
        with halted(mine()):
            asked = service.send("/query", {"query": ISOLATED})
            until(lambda: service.load.busy == 1, "the worker has it")
            service.begin_to_stop()
            until(lambda: service.load.trouble == "the service is stopping", "the service is about to end")
        with closing(asked):
            assert json.loads(asked.getresponse().read())["verdict"] == "holds"


def test_what_is_not_finished_at_the_end_is_answered_with_503() -> None:
    with running(tenants(), workers=1, drain_ms=50) as service:
        until(lambda: service.load.idle == 1, "the worker is ready")
        with halted(mine()), closing(service.send("/query", {"query": ISOLATED})) as asked:
            until(lambda: service.load.busy == 1, "the worker has it")
            service.begin_to_stop()
            response = asked.getresponse()
            assert (response.status, json.loads(response.read())["detail"]) == (503, "the service is stopping")
    assert mine() == [] or all(is_worker(pid) for pid in mine())


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_service(sent: signal.Signals) -> None:
    with serving(workers=2) as (process, _port):
        until(lambda: len(workers_of(process.pid)) == 2, "both workers were started")
        workers = workers_of(process.pid)
        process.send_signal(sent)
        process.wait()
        until(lambda: not any(runs(pid) for pid in workers), "the workers have ended")


def test_settings_have_room_for_the_longest_question() -> None:
    limits = Settings()
    assert limits.default_timeout_ms <= limits.drain_ms
