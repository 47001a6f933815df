"""The command line and the cache of snapshots: where it is, when it is used, and that answers stay the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from reachproof.cli.reading import cache_folder
from tests.cli.terminal import Terminal

ASK = ("query", "-f", "tenants", "-f", "padding.yaml", "no pod in tenant A can reach 10.0.0.0/8 on tcp/5432")


@pytest.fixture
def kept(terminal: Terminal, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a terminal with large input keeps snapshots."""
    (workplace / "padding.yaml").write_text("# " + "x" * 1_000_000)
    folder = workplace / "kept"
    monkeypatch.setenv("REACHPROOF_CACHE", str(folder))
    return folder


def count(folder: Path) -> int:
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_the_second_command_says_the_same(terminal: Terminal, kept: Path) -> None:
    first, second = terminal.run(*ASK), terminal.run(*ASK)
    assert count(kept) == 1
    assert str(first) == str(second)
    assert first.code == 0


def test_no_cache_keeps_nothing_and_looks_nothing_up(terminal: Terminal, kept: Path) -> None:
    fresh = terminal.run(*ASK, "--no-cache")
    assert count(kept) == 0
    assert str(fresh) == str(terminal.run(*ASK))
    (entry,) = kept.iterdir()
    entry.write_bytes(b"damaged")
    assert str(terminal.run(*ASK, "--no-cache")) == str(fresh)
    assert entry.read_bytes() == b"damaged"


def test_an_empty_variable_switches_it_off(terminal: Terminal, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACHPROOF_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(kept))
    assert terminal.run(*ASK).code == 0
    assert count(kept) == 0


def test_small_input_is_not_kept(terminal: Terminal, kept: Path) -> None:
    assert terminal.run("query", "-f", "tenants", "all tenants are isolated").code == 0
    assert count(kept) == 0


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"REACHPROOF_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
        ({"REACHPROOF_CACHE": "a"}, "a"),
        ({"REACHPROOF_CACHE": "", "XDG_CACHE_HOME": "/b"}, None),
        ({"XDG_CACHE_HOME": "/b"}, "/b/reachproof"),
        ({"XDG_CACHE_HOME": "b"}, "/home/me/.cache/reachproof"),
        ({"XDG_CACHE_HOME": ""}, "/home/me/.cache/reachproof"),
        ({}, "/home/me/.cache/reachproof"),
    ],
)
def test_where_snapshots_are_kept(
    environment: dict[str, str], folder: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REACHPROOF_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**environment, "HOME": "/home/me"}.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == folder
