"""Settings: where they are from, what is wrong, and what a service refuses to start with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from reachproof.api import serve
from reachproof.api.access import Role
from reachproof.api.database import Database
from reachproof.api.serve import ignored_limits, settings_of
from reachproof.api.settings import Settings, load_settings, setting_sources, toml_lines
from reachproof.api.tokens import Tokens, scope_of
from reachproof.cli.main import main
from reachproof.network.errors import InputError

OIDC = {"oidc_issuer": "https://i.example", "oidc_audience": "a", "oidc_jwks": "https://i.example/keys"}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("REACHPROOF_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", f"sqlite:///{tmp_path}/store.db")


def file(folder: Path, text: str) -> str:
    path = folder / "settings.toml"
    path.write_text(text)
    return str(path)


def problems(call: Any) -> list[str]:
    with pytest.raises(InputError) as wrong:
        call()
    return [f"{each.file} {each.path}: {each.message}" for each in wrong.value.problems]


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path, 'port = 1\nmax_queries = 2\nmax_depth = 3\noidc_read = ["x", "y"]\n')
    monkeypatch.setenv("REACHPROOF_PORT", "11")
    monkeypatch.setenv("REACHPROOF_MAX_QUERIES", "12")
    monkeypatch.setenv("REACHPROOF_OIDC_WRITE", "p, q")
    found = load_settings(path, {"port": 21})
    assert (found.port, found.max_queries, found.max_depth) == (21, 12, 3)
    assert (found.oidc_read, found.oidc_write) == (("x", "y"), ("p", "q"))
    origins = setting_sources(path, {"port": 21})
    names = ("port", "max_queries", "max_depth", "workers")
    assert [origins[name] for name in names] == ["command line", "environment: REACHPROOF_MAX_QUERIES", path, "default"]


def test_everything_that_is_wrong_is_told_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, 'port = "x"\nprot = 1\n')
    monkeypatch.setenv("REACHPROOF_WORKERS", "0")
    assert problems(lambda: load_settings(path)) == [
        f"{path} port: invalid value 'x': must be a whole number",
        "environment REACHPROOF_WORKERS: invalid value '0': must be greater than 0",
        f"{path} prot: unknown setting",
    ]


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert problems(lambda: load_settings(gone)) == [f"{gone} : cannot read the file: No such file or directory"]
    assert problems(lambda: load_settings(file(tmp_path, "port ="))) == [
        f"{tmp_path}/settings.toml : not valid TOML: Invalid value (at end of document)"
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"oidc_issuer": "x"},
            "oidc_audience and oidc_jwks missing; set all of oidc_issuer, oidc_audience, oidc_jwks, or none",
        ),
        (OIDC | {"oidc_jwks": "http://i.example/k"}, "oidc_jwks must be a file or an https URL"),
        (
            OIDC | {"oidc_algorithms": "HS256,none,RS256"},
            "unsupported oidc_algorithms HS256, none; choose from RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
            "ES384, ES512, EdDSA",
        ),
    ],
)
def test_settings_of_an_issuer_fit_together(given: dict[str, Any], told: str) -> None:
    assert problems(lambda: load_settings(None, given)) == [f"settings : {told}"]


def test_what_is_printed_can_be_read_and_has_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", "postgresql://u:hunter2@h/d")
    given = {"port": 9, **OIDC}
    lines = list(toml_lines(load_settings(None, given), setting_sources(None, given)))
    assert "port = 9  # command line" in lines
    assert 'database_url = "**********"  # environment: REACHPROOF_DATABASE_URL' in lines
    assert "hunter2" not in "".join(lines)
    monkeypatch.setenv("REACHPROOF_DATABASE_URL", "sqlite://")
    again = load_settings(file(tmp_path, "\n".join(lines)))
    assert again.model_dump(exclude={"database_url"}) == load_settings(None, given).model_dump(exclude={"database_url"})


def test_the_command_prints_the_settings_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--print-config", "--port", "0"])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert out.splitlines()[:2] == ['host = "127.0.0.1"  # default', "port = 0  # command line"]
    assert len(out.splitlines()) == len(Settings.model_fields)


def test_a_database_that_workers_cannot_read_is_refused() -> None:
    [told] = problems(lambda: settings_of(None, {"database_url": "sqlite://"}))
    assert told == (
        "environment REACHPROOF_DATABASE_URL: sqlite:// is in the memory of one process, and workers read the store "
        "themselves; name a file"
    )


def test_strangers_are_not_let_in_by_accident() -> None:
    [told] = problems(lambda: settings_of(None, {"host": "0.0.0.0"}))
    assert told == (
        " : refusing to listen on 0.0.0.0 without authentication; create a token, or use --allow-unauthenticated"
    )


def test_the_command_says_why_it_does_not_listen(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--host", "0.0.0.0", "--port", "0"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(
        "error: refusing to listen on 0.0.0.0 without authentication; create a token"
    )


@pytest.mark.parametrize(
    ("given", "is_open"),
    [
        ({"host": "127.0.0.1"}, True),
        ({"host": "127.0.0.1", "auth": "required"}, False),
        ({"host": "0.0.0.0", "auth": "required"}, False),
        ({"host": "0.0.0.0", "allow_unauthenticated": True}, True),
        ({"host": "0.0.0.0", "allow_unauthenticated": True, "auth": "required"}, False),
        ({"host": "0.0.0.0", **OIDC}, False),
    ],
)
def test_who_may_ask_follows_from_address_and_settings(given: dict[str, Any], is_open: bool) -> None:
    assert settings_of(None, given).is_open is is_open


def test_a_token_is_a_way_to_know_who_asks() -> None:
    tokens = Tokens(Database.of(load_settings().database_url))
    token = tokens.create(Role.READ)
    assert settings_of(None, {"host": "0.0.0.0"}).is_open is False
    tokens.revoke(token[3:15])
    assert len(problems(lambda: settings_of(None, {"host": "0.0.0.0"}))) == 1


def test_limits_of_tokens_that_nobody_is_asked_for_are_warned_of() -> None:
    tokens = Tokens(Database.of(load_settings().database_url))
    open_one = settings_of(None, {"host": "127.0.0.1"})
    tokens.create(Role.READ)
    assert ignored_limits(open_one) is None
    limited = [tokens.create(Role.READ, scope=scope_of(["red-*"], None)) for _ in range(2)]
    ending = "limited, but nobody is asked for a token here: everybody sees everything; set auth to required"
    assert ignored_limits(open_one) == f"2 tokens are {ending}"
    tokens.revoke(limited[0][3:15])
    assert ignored_limits(open_one) == f"1 token is {ending}"
    assert ignored_limits(settings_of(None, {"auth": "required"})) is None
    tokens.revoke(limited[1][3:15])
    assert ignored_limits(open_one) is None


def test_the_command_warns_of_them_once_it_listens(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Tokens(Database.of(load_settings().database_url)).create(Role.READ, scope=scope_of(None, ["shop"]))
    monkeypatch.setattr(serve, "run", lambda _snapshot, _settings, ready: ready("http://127.0.0.1:1"))
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", "0"])
    assert ended.value.code == 0
    assert capsys.readouterr().err == (
        "listening on http://127.0.0.1:1\n"
        "warning: 1 token is limited, but nobody is asked for a token here: everybody sees everything; set auth to "
        "required\n"
    )
