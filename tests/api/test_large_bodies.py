"""Large bodies: read by workers, to the same answers, within bounds, and each kept once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from reachproof.api import reading_route
from reachproof.api.dispatch import Job
from reachproof.api.http_error import HttpError
from reachproof.api.manifests_apart import TextDigest, restored, stripped
from reachproof.api.request_reader import RequestBounds
from reachproof.api.schemas import DiffRequest, QueryRequest, Question
from reachproof.api.uploads import Upload
from reachproof.api.workers.ipc import Assignment, Done, ReadTask, Setup, StoreTask
from reachproof.api.workers.process import WorkerProcess
from reachproof.api.workers.response_spool import Spool, SpoolRoom
from reachproof.api.workers.worker_protocol import Deadlines, LossReason, WorkerLost
from reachproof.manifests import load_text
from reachproof.manifests.limits import DEFAULT_LIMITS
from reachproof.queries.ask import Session
from tests.api.fake_workers import House
from tests.api.requests import MANIFESTS, check_problem, client
from tests.api.running import running
from tests.api.running_service import running as serving
from tests.api.secured import Secured

BOUNDS = RequestBounds(depth=100, queries=100, objects=1_000)
REACH = "can tenant a reach any pod?"
NOBODY = "no pod can reach pods in tenant a"
LARGE = MANIFESTS + "# " + "x" * 150_000 + "\n"
OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"n{number}", "labels": {"tenant": "a"}}}
    for number in range(900)
] + [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "x" * 100_000}}]


def fresh(text: str, query: str = REACH) -> tuple[str, str]:
    """The verdict and the digest of manifests that are read here."""
    answer = Session(load_text(text)).ask(query)
    return str(answer.verdict), answer.evidence.snapshot


def told(answer: Any) -> tuple[str, str]:
    return answer["verdict"], answer["evidence"]["snapshot"]


# ---------------------------------------------------------------- answers


def test_a_large_request_is_answered_as_a_small_one_and_read_by_a_worker_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_arguments: object) -> None:
        raise AssertionError("a large body was read in the process of the service")

    monkeypatch.setattr(reading_route, "decoded", nowhere)
    with serving(load_text(MANIFESTS), workers=2) as service:
        status, answer, _ = service.post("/query", {"query": REACH, "manifests": LARGE})
        assert (status, told(answer)) == (200, fresh(LARGE))
        status, answers, _ = service.post("/query", {"queries": [REACH, NOBODY], "manifests": LARGE})
        assert (status, [told(each) for each in answers]) == (200, [fresh(LARGE), fresh(LARGE, NOBODY)])
        status, answer, _ = service.post("/query", {"query": "can any pod reach any pod?", "manifests": OBJECTS})
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS})
        assert (status, told(answer)) == (200, fresh(listed, "can any pod reach any pod?"))
        status, report, _ = service.post("/check", {"pack": f"invariant a (high): {NOBODY}\n", "manifests": LARGE})
        assert (status, report["answers"][0]["evidence"]["snapshot"]) == (200, fresh(LARGE)[1])
        sides = {"old": {"manifests": MANIFESTS + "# " + "y" * 120_000}, "new": {"manifests": LARGE}}
        status, differs, _ = service.post("/diff", sides)
        assert (status, differs["relation"]) == (200, "equivalent")
        assert service.post("/query", {"query": "x" * 10_001, "manifests": LARGE})[0] == 422
        assert (service.load.restarts, service.load.retried) == (0, 0)


def test_manifests_are_stored_and_told_by_workers(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        status, text = service.request("/snapshots?name=prod", OBJECTS)
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS})
        digest = load_text(listed).digest
        assert status == 422, text  # a list at the top is no manifest
        status, text = service.request("/snapshots?name=prod", json.loads(listed))
        assert (status, f"location: /snapshots/{digest}" in text) == (201, True)
        status, text = service.request("/snapshots?name=prod", json.loads(listed))
        assert (status, json.loads(text.partition("\r\n\r\n")[2])["id"]) == (200, digest)
        status, text = service.request("/snapshots/prod?content=true")
        whole = json.loads(text.partition("\r\n\r\n")[2])
        assert (status, whole["names"], len(whole["objects"])) == (200, ["prod"], 900)
        assert service.request("/snapshots?name=prod", {"a": 1})[0] == 422
        status, text = service.request("/query", {"query": "can any pod reach any pod?", "snapshot": "prod"})
        assert (status, digest in text) == (200, True)


# ---------------------------------------------------------------- manifests apart


def test_manifests_are_taken_out_of_a_request_and_put_back() -> None:
    sources: Any = {"a": {"manifests": "b"}, "c": {"snapshot": "d"}, "e": {"manifests": []}}
    requests: tuple[Question, ...] = (
        QueryRequest(query="x", manifests="y", snapshots=sources, options={"cni": "cilium"}),
        QueryRequest(query="x", manifests=[{"kind": "Pod"}]),
        QueryRequest(query="x", snapshot="s"),
        DiffRequest.model_validate({"old": {"manifests": "x"}, "new": {"snapshot": "y"}}),
    )
    for request in requests:
        slim = stripped(request)
        assert restored(slim, request) == request
        assert stripped(slim) == slim
    slim = stripped(QueryRequest(query="x", manifests="y", snapshots=sources))
    digests = ["a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b0fa", slim.snapshots["a"].manifests]
    assert (slim.manifests, type(slim.manifests), slim.query) == (digests[0], TextDigest, "x")
    assert isinstance(digests[1], TextDigest)
    assert (slim.snapshots["c"].snapshot, slim.snapshots["e"].manifests) == ("d", [])


# ---------------------------------------------------------------- on their way


@contextmanager
def spooled(*contents: bytes) -> Iterator[list[Spool]]:
    with ExitStack() as stack:
        found = [stack.enter_context(closing(Spool(SpoolRoom(10**9)))) for _ in contents]
        for spool, content in zip(found, contents, strict=True):
            spool.write(content)
        yield found


def test_a_body_is_sent_once_to_each_worker_that_needs_it() -> None:
    async def story() -> None:
        async with House(workers=2) as house:
            slim = QueryRequest(query="q", manifests=TextDigest("d"))
            reading = asyncio.create_task(house.place.read(QueryRequest, BOUNDS, body, "a"))
            first = await house.next()
            assert (first.assignment.task, first.assignment.body) == (ReadTask(kind=QueryRequest, bounds=BOUNDS), 10)
            first.finish(Done(request=slim))
            request, large = await reading
            assert (request, large and large.key) == (slim, first.assignment.key)
            await house.settled()
            job = Job(request=request, seconds=1, max_queries=1)
            asked = [asyncio.create_task(house.place.document(job, "a", large)) for _ in range(2)]
            second, third = await house.next(), await house.next()
            assert {each.worker.number: each.assignment.body for each in (second, third)} == {
                first.worker.number: 0,
                1 - first.worker.number: 10,
            }
            for given in (second, third):
                assert given.order is not None and given.order.apart == first.assignment.task
                given.answer()
            for document in await asyncio.gather(*asked):
                document.close()

    with spooled(b"x" * 10) as (body,):
        asyncio.run(story())


UPLOAD = Upload(
    content_type="",
    encoding="",
    name=None,
    by=None,
    channel=None,
    cni="spec",
    most_bytes=1,
    reading=DEFAULT_LIMITS,
)


@pytest.mark.parametrize(
    ("why", "status", "detail"),
    [
        (LossReason.READING, 422, "the body was not read within the time limit"),
        (LossReason.MEMORY, 413, "the body needs more memory than a worker may have"),
        (LossReason.CRASHED, 503, "the worker ended"),
    ],
)
def test_a_body_whose_worker_is_lost_is_refused_with_the_reason(why: LossReason, status: int, detail: str) -> None:
    async def story() -> None:
        async with House() as house:
            asked = asyncio.create_task(house.place.store(UPLOAD, body, "a"))
            first = await house.next()
            assert first.assignment.task == StoreTask(UPLOAD)
            first.lose(why)
            if why is not LossReason.READING:
                (await house.next()).lose(why)
            with pytest.raises(HttpError) as refused:
                await asked
            assert (refused.value.status, refused.value.detail) == (status, detail)
            assert refused.value.retry_after == (5 if status == 503 else None)

    with spooled(b"x") as (body,):
        asyncio.run(story())


class LeavingBody:
    """A body whose client leaves while it is sent; then it is gone."""

    size = 1_000_000

    def __init__(self, worker: WorkerProcess) -> None:
        self._worker = worker

    def content(self) -> bytes:
        raise AssertionError

    def blocks(self) -> Iterator[bytes]:
        yield b"{" * 1_000
        self._worker.cancel()
        yield b"{" * 1_000
        raise ValueError("I/O operation on closed file")


def test_a_worker_is_as_before_when_a_body_is_called_off_on_its_way() -> None:
    patient = Deadlines(reading=60, question=60, grace=60)

    async def story() -> None:
        worker = await WorkerProcess.start(Setup(most_memory=4 * 10**9, warm_memory=10**9))
        try:
            task = ReadTask(kind=QueryRequest, bounds=BOUNDS)
            assignment = Assignment(number=1, key="a", task=task, order=None, body=LeavingBody.size)
            with pytest.raises(WorkerLost) as lost:
                await worker.run(assignment, spool=nothing, deadlines=patient, body=LeavingBody(worker))
            assert (lost.value.why, lost.value.gone) == (LossReason.CANCELLED, False)
            await worker.condition()
            again = Assignment(number=2, key="b", task=task, order=None, body=body.size)
            done = await worker.run(again, spool=nothing, deadlines=patient, body=body)
            assert isinstance(done, Done) and isinstance(done.request, QueryRequest) and done.request.query == "q"
            assert "body of b" in (await worker.condition()).warm
        finally:
            await worker.close()

    with spooled(b"", b'{"query": "q", "manifests": "y"}') as (nothing, body):
        asyncio.run(story())


# ---------------------------------------------------------------- bounds


def test_all_bodies_together_have_a_bound_and_it_is_free_again_afterwards() -> None:
    service = client(waiting_bodies_mb=1)
    for _ in range(3):
        response = service.post("/query", json={"query": REACH, "manifests": "#" * 1_100_000})
        check_problem(response, 503, "too many bytes of requests are under way")
        assert response.headers["retry-after"] == "5"
        assert service.post("/query", json={"query": REACH, "manifests": LARGE}).status_code == 200


def test_who_may_only_read_may_send_less(tmp_path: Path) -> None:
    secured = Secured(tmp_path, max_read_body_bytes=100)
    body = b'{"query": "can any pod reach any pod?", "manifests": "' + b"#" * 100 + b'"}'
    detail = f"body too large ({len(body)} bytes; the limit is 100)"
    kind = {"content-type": "application/json"}

    def ask(role: str) -> Any:
        headers = {**kind, "authorization": f"Bearer {secured.token(role)}"}
        return secured.client.post("/query", content=body, headers=headers)

    check_problem(ask("read"), 413, detail)
    assert ask("write").status_code == 422


def test_a_large_body_for_a_route_that_takes_small_ones_is_refused() -> None:
    response = client().put("/snapshots/names/a", json={"id": "x" * 100_000})
    check_problem(response, 413, "body too large (the limit is 100000 bytes)")
