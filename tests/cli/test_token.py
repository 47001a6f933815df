"""`reachproof token`: made, listed, revoked; the secret is seen once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reachproof.cli.main import main


@pytest.fixture(autouse=True)
def _database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", f"sqlite:///{tmp_path}/store.db")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["token", *arguments])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def test_a_token_is_told_once_listed_without_its_secret_and_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    code, token, told = run(capsys, "create", "--role", "write", "--name", "deploy\x1b[31m", "--expires", "30d")
    assert (code, told) == (0, "store it now: it cannot be shown again\n")
    found = re.fullmatch(r"rp_([0-9a-f]{12})_([A-Za-z0-9_-]{43})\n", token)
    assert found is not None
    code, out, err = run(capsys, "list")
    assert (code, err) == (0, "")
    head, line = out.splitlines()
    assert head.split() == ["ID", "ROLE", "STATE", "CREATED", "EXPIRES", "SNAPSHOTS", "NAMESPACES", "NAME"]
    assert line.split()[:3] == [found[1], "write", "valid"]
    assert found[2] not in out and "\x1b" not in out
    assert run(capsys, "revoke", token.strip()) == (0, "", f"revoked {found[1]}\n")
    assert run(capsys, "list")[1].splitlines()[1].split()[2] == "revoked"


def test_limits_of_a_token_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    limits = ["--snapshot", "b-?", "--snapshot", "a*", "--namespace", "shop"]
    assert run(capsys, "create", "--role", "read", *limits, "--name", "x")[0] == 0
    assert run(capsys, "list")[1].splitlines()[1].split()[-3:] == ["a*,b-?", "shop", "x"]
    code, out, err = run(capsys, "create", "--role", "read", "--snapshot", "a b")
    assert (code, out) == (2, "")
    message = "invalid snapshot pattern 'a b'; write a name or a digest, with * and ? for what may differ"
    assert err.splitlines()[-1] == f"error: {message}"
    code, out, err = run(capsys, "create", "--role", "write", "--namespace", "shop")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == "error: a token that is limited to namespaces can only have the role read"


def test_an_unknown_token_cannot_be_revoked(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "revoke", "0123456789ab")
    assert (code, out, err.splitlines()[-1]) == (2, "", "error: token 0123456789ab not found")


def test_no_tokens_are_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "list") == (0, "", "no tokens\n")


@pytest.mark.parametrize("time", ["30", "d", "0d", "-1d", "1y", "1d2h", "999999w"])
def test_a_time_has_a_number_and_a_unit(time: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "create", "--role", "read", f"--expires={time}")
    assert (code, out) == (2, "")
    assert f"{time!r} is not a duration; write a number and m, h, d or w, such as 30d" in err


def test_a_database_that_cannot_be_used_is_not_bad_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", "sqlite:////dev/null/store.db")
    code, out, err = run(capsys, "create", "--role", "read")
    assert (code, out) == (4, "")
    assert err.startswith("error: the store is not available: ")
