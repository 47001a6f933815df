"""`reachproof serve` as a process, and the same questions over HTTP and the command line."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from reachproof.api.loopback import is_loopback
from reachproof.cli.main import main
from tests.api.requests import EXAMPLES, MANIFESTS, client, tenants
from tests.api.running import Process, started
from tests.cli.contract import check_answer

REACH = "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?"
DENY = "BANP enforces default deny for every tenant"
DENY_BUT_DNS = f"{DENY} except to pods labelled k8s-app=kube-dns in namespace kube-system on udp/53 or tcp/53"
ONLY = (
    "with only network policies: "
    "only pods labelled app=orders can reach pods labelled app=db in namespace acme-shop on tcp/5432"
)


NODES_POLICY = {
    "apiVersion": "policy.networking.k8s.io/v1alpha1",
    "kind": "AdminNetworkPolicy",
    "metadata": {"name": "a"},
    "spec": {
        "priority": 1,
        "subject": {"namespaces": {}},
        "egress": [{"action": "Deny", "to": [{"nodes": {}}]}],
    },
}


@contextmanager
def serving(*arguments: str, workers: int = 1, python: str | None = None) -> Iterator[tuple[Process, int]]:
    """A service on a free loopback port, which it tells: a fork, or a process of a `python`."""
    with started(["serve", "--port", "0", *arguments], python, workers=workers) as process:
        try:
            assert process.stderr is not None
            told = process.stderr.readline()
            prefix = "listening on http://127.0.0.1:"
            assert told.startswith(prefix), told + process.stderr.read()
            yield process, int(told.removeprefix(prefix))
        finally:
            process.kill()


def post(port: int, body: dict[str, Any]) -> tuple[int, Any]:
    """Status and body of the answer of a service."""
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("POST", "/query", json.dumps(body), {"content-type": "application/json"})
        with connection.getresponse() as response:
            return response.status, json.loads(response.read())


def call(port: int, method: str, path: str, body: str = "", media_type: str = "application/json") -> tuple[int, Any]:
    """Status and body of the answer to any request."""
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request(method, path, body, {"content-type": media_type})
        with connection.getresponse() as response:
            return response.status, json.loads(response.read() or "null")


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its times made equal."""
    return {**answer, "evidence": {**answer["evidence"], "solverMs": 0.0, "totalMs": 0.0}}


def test_the_service_answers_over_the_network_until_it_is_interrupted() -> None:
    with serving("-f", str(EXAMPLES / "tenants"), python=sys.executable) as (process, port):
        status, answer = post(port, {"query": REACH})
        check_answer(answer)
        assert (status, answer["verdict"]) == (200, "unreachable")
        assert post(port, {"query": "can x"})[0] == 422
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr is not None
        lines = [json.loads(line) for line in process.stderr.read().splitlines() if line]
        assert [(line["event"], line["status"]) for line in lines] == [("request", 200), ("request", 422)]


def test_the_service_ends_when_it_is_told_to() -> None:
    with serving(python=sys.executable) as (process, port):
        assert post(port, {"query": "can any pod reach any pod?", "manifests": []})[0] == 200
        process.terminate()
        assert process.wait() == -signal.SIGTERM


def test_stored_snapshots_are_asked_about_and_outlive_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    policy = json.dumps(NODES_POLICY)
    reach = "can any pod reach any pod?"
    with serving("-f", str(EXAMPLES / "tenants")) as (_, port):
        status, stored = call(port, "POST", "/snapshots?name=prod", MANIFESTS + "---\n" + policy, "application/yaml")
        assert status == 201, stored
        assert stored["counts"] == {"AdminNetworkPolicy": 1, "Namespace": 1, "Pod": 1}
        for wanted in ("prod", stored["id"]):
            status, answer = post(port, {"query": reach, "snapshot": wanted})
            assert (status, answer["evidence"]["snapshot"]) == (200, stored["id"])
        # The policy is read anew under the options of a request, in the worker too.
        assert post(port, {"query": reach, "snapshot": "prod", "options": {"channel": "standard"}})[0] == 422
        assert post(port, {"query": reach, "snapshot": "prod", "options": {"tenantLabel": "team"}})[0] == 200
        since = {"query": "nothing changed since snapshot old", "snapshots": {"old": {"snapshot": "prod"}}}
        assert post(port, since)[0] == 200
        assert post(port, {"query": reach, "snapshot": f"sha256:{'0' * 64}"})[0] == 404
    assert [path.name for path in (tmp_path / "reachproof").iterdir() if path.suffix == ".db"] == ["store.db"]
    with serving() as (_, port):
        assert call(port, "GET", "/snapshots/prod")[1]["id"] == stored["id"]
        status, answer = post(port, {"queries": [reach, reach], "snapshot": "prod"})
        assert (status, [each["evidence"]["snapshot"] for each in answer]) == (200, [stored["id"]] * 2)


def test_a_port_that_is_taken_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as ended:
            main(["serve", "--port", str(port)])
    assert ended.value.code == 2
    assert capsys.readouterr() == (
        "",
        f"error: cannot listen on 127.0.0.1 port {port}: Address already in use\n",
    )


def test_a_name_that_is_no_host_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--allow-unauthenticated", "--host", "no host", "--port", "0"])
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: cannot listen on no host port 0: ")


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.5", False),
        ("localhost.example", False),
        ("::ffff:192.168.1.5", False),
        ("", False),
    ],
)
def test_only_addresses_of_this_machine_are_open_to_everyone(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


@pytest.mark.parametrize(
    ("sentence", "well", "broken", "codes"),
    [
        (REACH, "unreachable", "reachable", (0, 0)),
        (DENY_BUT_DNS, "holds", "violated", (0, 1)),
        (DENY, "violated", "violated", (1, 1)),
        (ONLY, "holds", "violated", (0, 1)),
    ],
)
def test_the_command_line_and_the_service_give_the_same_answer(
    sentence: str,
    well: str,
    broken: str,
    codes: tuple[int, int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(EXAMPLES)
    for folder, verdict, code in (("tenants", well, codes[0]), ("tenants-broken", broken, codes[1])):
        with pytest.raises(SystemExit) as ended:
            main(["query", "-q", "-o", "json", "-f", str(EXAMPLES / folder), sentence])
        told = json.loads(capsys.readouterr().out)
        served = client(tenants(folder)).post("/query", json={"query": sentence}).json()
        check_answer(served)
        assert (served["verdict"], ended.value.code) == (verdict, code)
        assert without_times(told) == without_times(served)
