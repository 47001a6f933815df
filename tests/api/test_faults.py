"""A running service answers after anything that clients do to it."""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reachproof.api.access import Role
from reachproof.api.database import Database
from reachproof.api.tokens import Tokens
from tests.api.requests import EXAMPLES, ISOLATED
from tests.api.running import SECONDS, Running, answered, running
from tests.api.running_service import until

QUESTION = {"query": "can any pod reach any pod?", "manifests": []}
HEAD = b"POST /query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
# Forty times what the service takes; where the system allows fewer open files, as many as that leaves for the tests.
CONNECTIONS = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500)


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that waits for a second at most."""
    with running(
        tmp_path_factory.mktemp("impatient"), max_body_seconds=1, idle_seconds=1, max_body_bytes=1000
    ) as found:
        yield found


@pytest.mark.parametrize("framing", [b"content-length: 99\r\n\r\n{", b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_a_body_that_does_not_come_is_given_up(impatient: Running, framing: bytes) -> None:
    with impatient.connect() as slow:
        slow.sendall(HEAD + framing)
        status, text = answered(slow)
    assert (status, "connection: close" in text) == (408, True)
    assert "the body did not arrive within 1 seconds" in text
    assert impatient.request(body=QUESTION)[0] == 200


def test_a_header_that_does_not_come_is_given_up(impatient: Running) -> None:
    with impatient.connect() as silent, impatient.connect() as halfway, impatient.connect() as again:
        halfway.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n")
        again.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /heal")  # after a whole one
        assert answered(silent) == (0, "")
        assert answered(halfway) == (0, "")
        assert answered(again)[0] == 200
    assert impatient.request(body=QUESTION)[0] == 200


def test_a_body_that_is_too_large_is_refused(impatient: Running) -> None:
    status, text = impatient.request(body={"query": "x" * 2000})
    assert (status, "the limit is 1000" in text) == (413, True)
    assert impatient.request(body=QUESTION)[0] == 200


def test_too_many_connections_are_refused_politely(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with running(tmp_path, max_connections=50, idle_seconds=60) as service:
            with ExitStack() as stack:
                held = [stack.enter_context(service.connect()) for _ in range(CONNECTIONS)]
                status, text = service.request(body=QUESTION)
                assert (status, "retry-after: 5" in text.lower()) == (503, True)
                assert json.loads(text.partition("\r\n\r\n")[2])["detail"] == (
                    "there are too many connections; try again later"
                )
                assert service.request("/healthz")[0] == 200
                held[0].sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                assert answered(held[0])[0] == 200
            # The connections above are gone for the service once it has seen it, which it does in order.
            for _ in range(1_000):
                if (found := service.request(body=QUESTION)[0]) == 200:
                    break
            assert found == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_several_processes_share_a_port_a_store_and_a_snapshot(tmp_path: Path) -> None:
    token = Tokens(Database(f"sqlite:///{tmp_path}/store.db")).create(Role.READ)
    arguments = ("-f", str(EXAMPLES / "tenants"), "--processes", "2")
    with running(tmp_path, *arguments, python=sys.executable, auth="required") as service:
        for _ in range(4):
            status, text = service.request(body={"query": ISOLATED}, token=token)
            assert (status, '"verdict":"holds"' in text) == (200, True)
        # An answer is counted once it is sent, by the process that sent it.
        counted = 'reachproof_verdicts_total{verdict="holds"} 4.0'
        until(lambda: counted in service.request("/metrics", token=token)[1], "all of them are counted")
        service.process.send_signal(signal.SIGTERM)
        assert service.ended() == 0
        assert token[16:] not in "".join(service.lines)


def test_no_process_outlives_the_one_that_started_it(tmp_path: Path) -> None:
    with running(tmp_path, "--processes", "2", python=sys.executable) as service:
        assert service.request("/healthz")[0] == 200
        service.process.kill()
        service.reader.join(SECONDS)  # until all have closed the log, which they inherited
        assert not service.reader.is_alive()
        with pytest.raises(ConnectionRefusedError):
            service.connect()


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_not_finished_at_the_end_is_answered(tmp_path: Path, processes: int) -> None:
    python = sys.executable if processes > 1 else None
    number = str(processes)
    with running(tmp_path, "--processes", number, python=python, drain_ms=0, max_body_seconds=600) as service:
        with service.connect() as waiting:
            waiting.sendall(HEAD + b"content-length: 99\r\nexpect: 100-continue\r\n\r\n")
            assert waiting.recv(100).startswith(b"HTTP/1.1 100 ")  # so the request has begun
            service.process.send_signal(signal.SIGTERM)
            status, text = answered(waiting)
            assert (status, "the service is ending" in text) == (503, True)
        service.ended()


def test_no_token_is_in_the_log_wherever_a_client_puts_it(tmp_path: Path) -> None:
    token = Tokens(Database(f"sqlite:///{tmp_path}/store.db")).create(Role.READ)
    secret = token[16:]
    with running(tmp_path, auth="required") as service:
        assert service.request(body=QUESTION, token=token)[0] == 200
        found = [
            service.request(f"/query?access_token={token}", QUESTION),
            service.request(f"/{token}"),
            service.request(f"/{token}", token=token),
            service.request(body={"query": token, "manifests": []}, token=token),
            service.request(body=QUESTION, token=token[:-1]),
            service.request(body=QUESTION, token=token, header=f"x-request-id: {token}"),
            service.request(body=QUESTION, token=token, header=f"cookie: {token}"),
        ]
        assert [status for status, _ in found] == [400, 401, 404, 422, 401, 200, 200]
        service.process.send_signal(signal.SIGTERM)
        service.ended()
    told = [json.loads(line) for line in service.lines]
    assert [line["client"] for line in told if line["status"] == 200] == [f"token {token[3:15]}"] * 3
    assert secret not in "".join(service.lines)
    assert all(secret not in text for number, (_, text) in enumerate(found) if number != 3)  # which repeats the query
