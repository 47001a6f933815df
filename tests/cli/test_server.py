"""`query --server`: what a service answers is told as what is answered here, with the same exit codes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

import reachproof
from reachproof.api.app import create_app
from reachproof.api.settings import Settings
from reachproof.face.service import Service, asked
from reachproof.manifests import load
from tests.cli.terminal import Ran, Terminal
from tests.cli.test_process import EXAMPLES, ISOLATED
from tests.face.test_remote import Inside, refusing

URL = "http://reachproof.test"
REACH = "can any pod in tenant A reach 10.0.0.0/8 on tcp/5432?"
BROKEN = "no pod in tenant A can reach 10.0.0.0/8 on tcp/5432"
DNS = "no pod in tenant A can reach service kube-system/kube-dns on udp/53"
CHANGED = "nothing is newly allowed since snapshot before"


class Kept(Inside):
    """A client that several commands use, each of which closes it."""

    def close(self) -> None:
        pass


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """The tokens that a service in this process was given; it has the example, and a store."""
    given: list[str | None] = []
    settings = Settings(database_url=SecretStr("sqlite://"))
    with Kept(create_app(settings, load(EXAMPLES / "tenants")), base_url=URL, raise_server_exceptions=False) as http:

        def connect(url: str, token: str | None) -> Service:
            assert url == URL
            given.append(token)
            return asked(url, http)

        monkeypatch.setattr(reachproof, "connect", connect, raising=False)
        yield given


def shown(ran: Ran) -> str:
    """All that a command wrote, without times, and without what was read, which a service does not tell."""
    text = re.sub(r'Ms": [\d.]+', 'Ms": TIME', str(ran))
    return re.sub(r"(-- stderr\n)?^read \d+ policies, .*\n\Z", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((ISOLATED,), 0),
        ((DNS,), 1),
        (("--expect", "reachable", REACH), 1),
        (("no pod labelled app=nothing can reach any pod",), 3),
        (("-o", "json", REACH, DNS), 1),
        (("-q", f"{REACH} {ISOLATED}"), 0),
        (("--enforcement", "none", ISOLATED), 1),
    ],
)
def test_a_service_is_told_as_this_process_is(
    words: tuple[str, ...], code: int, terminal: Terminal, tokens: list[str | None]
) -> None:
    there = terminal.run("query", "--server", URL, *words)
    here = terminal.run("query", "-f", str(EXAMPLES / "tenants"), *words)
    assert (shown(there), there.code) == (shown(here), code)
    assert tokens == [None]


def test_manifests_are_sent_along(terminal: Terminal, tokens: list[str | None]) -> None:
    there = terminal.run("query", "--server", URL, "tenants-broken", BROKEN)
    assert shown(there) == shown(terminal.run("query", "tenants-broken", BROKEN))
    assert there.code == 1


def test_a_stored_snapshot_is_asked_by_its_name(terminal: Terminal, tokens: list[str | None]) -> None:
    with reachproof.connect(URL, None) as service:
        service.load("tenants-broken", name="prod")
        service.load("tenants", name="last-week")
        named = terminal.run("query", "--server", URL, "--snapshot", "prod", BROKEN)
        assert named.out == terminal.run("query", "tenants-broken", BROKEN).out
        assert named.code == 1
        since = terminal.run("query", "--server", URL, "--snapshot", "prod", "--snapshot", "before=last-week", CHANGED)
        here = terminal.run("query", "tenants-broken", "--snapshot", "before=tenants", CHANGED)
        assert (since.code, since.out.splitlines()[:2]) == (1, here.out.splitlines()[:2])
        absent = terminal.run("query", "--server", URL, "--snapshot", "staging", ISOLATED)
    assert (absent.code, absent.out, absent.err) == (
        2,
        "",
        "error: snapshot staging not found; store it, or send manifests\n",
    )


def test_bad_input_is_told_and_nothing_is_decided(terminal: Terminal, tokens: list[str | None]) -> None:
    ran = terminal.run("query", "--server", URL, ISOLATED, "can tenant A reach tenant C?")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: query:1 queries.1: no tenant C in the snapshot; it has A, B\n"
        "    can tenant A reach tenant C?\n"
        "                              ^\n"
    )


def test_the_token_is_that_of_the_option_or_of_the_variable(
    terminal: Terminal, tokens: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert terminal.run("query", "--server", URL, "--token", "one", ISOLATED).code == 0
    monkeypatch.setenv("REACHPROOF_TOKEN", "two")
    assert terminal.run("query", "--server", URL, ISOLATED).code == 0
    assert tokens == ["one", "two"]


@pytest.mark.parametrize(
    ("status", "detail", "text"),
    [
        (401, "no valid token", "no valid token; pass a token that the service accepts"),
        (503, "the queue is full", "the service is busy (the queue is full); try again later"),
    ],
)
def test_a_service_that_cannot_be_used_has_a_code_of_its_own(
    status: int, detail: str, text: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reachproof, "connect", lambda _url, _token: refusing(status, detail), raising=False)
    ran = terminal.run("query", "--server", URL, ISOLATED)
    assert (ran.code, ran.out, ran.err) == (4, "", f"error: {URL}: {text}\n")


def test_nothing_that_answers_has_that_code_too(terminal: Terminal) -> None:
    ran = terminal.run("query", "--server", "http://127.0.0.1:1", ISOLATED)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == (
        "error: http://127.0.0.1:1: cannot connect ([Errno 111] Connection refused); check the address, or start the "
        "service with `reachproof serve`\n"
    )


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("--server", "prod"),
            "Invalid value for '--server': invalid URL 'prod'; write one such as http://localhost:8000",
        ),
        (("--server", URL, "--exclude", "*.json"), "--exclude is not available with --server"),
        (("--server", URL, "--namespace", "shop"), "--namespace is not available with --server"),
        (("--server", URL, "--lenient"), "--skip-invalid is not available with --server"),
        (("--server", URL, "--ignore-kind", "Rollout"), "--ignore-kind is not available with --server"),
        (
            ("--server", URL, "--snapshot", "prod", "-f", "tenants"),
            "--snapshot prod and sources are both given; the service answers about one",
        ),
        (
            ("--server", URL, "--snapshot", "a", "--snapshot", "b"),
            "Invalid value for '--snapshot': one snapshot is asked about (got a, b)",
        ),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(words: tuple[str, ...], error: str, terminal: Terminal) -> None:
    ran = terminal.run("query", *words, ISOLATED)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == f"error: {error}"


def test_the_client_that_is_not_installed_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    ran = terminal.run("query", "--server", URL, ISOLATED)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == (
        "error: --server: connect() needs httpx2, which is not installed: pip install 'reachproof[client]'"
    )


def test_a_folder_that_is_not_there_is_told_before_anything_is_sent(
    terminal: Terminal, tokens: list[str | None], tmp_path: Path
) -> None:
    ran = terminal.run("query", "--server", URL, "-f", "missing", ISOLATED)
    assert (ran.code, ran.err) == (2, "error: missing: no such file or folder\n")
