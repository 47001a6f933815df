"""The line that says what a command is doing: its words, where it is shown, and that it is gone before the answer."""

from __future__ import annotations

import io
import re
import sys
import threading
from pathlib import Path

import click
import pytest

from reachproof.cli import progress
from reachproof.cli.progress import Progress
from reachproof.queries import audit_places
from tests.cli.terminal import Terminal
from tests.cli.test_audit import Inline

CLEAR = "\r\x1b[K"
PACK = """\
invariant isolated: all tenants are isolated
expect unreachable "apart": can tenant A reach tenant B?
"""


class Screen(io.StringIO):
    """A terminal that knows when a line was written on it."""

    def __init__(self, *, watched: bool = True) -> None:
        super().__init__()
        self.written = threading.Event()
        self._watched = watched

    def isatty(self) -> bool:
        return self._watched

    def write(self, text: str) -> int:
        count = super().write(text)
        if "s)" in text:
            self.written.set()
        return count

    @property
    def shown(self) -> str:
        return re.sub(r"\(\d+ s\)", "(N s)", self.getvalue())


def at_once(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """The screen of a command that shows its line from the start."""
    screen = Screen()
    monkeypatch.setattr(progress, "DELAY", 0.0)
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_the_line_says_what_is_done_and_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_once(monkeypatch)
    with Progress(quiet=False) as line:
        line.say("deciding 2 of 7: a\x1bb")
        assert screen.written.wait(30)
    click.echo("warning", err=True)
    *earlier, last = screen.shown.split(CLEAR)
    assert last == "warning\n"
    assert set(earlier) <= {"", " (N s)", "deciding 2 of 7: a\\x1bb (N s)"}
    assert earlier[-1]


def test_the_line_is_gone_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_once(monkeypatch)
    with pytest.raises(click.UsageError), Progress(quiet=False):
        assert screen.written.wait(30)
        raise click.UsageError("wrong")
    assert screen.shown.endswith(f"s){CLEAR}")


def test_the_line_is_gone_before_it_is_said_that_nothing_was_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_once(monkeypatch)
    with Progress(quiet=False) as line:
        assert screen.written.wait(30)
        line.before(lambda reason: click.echo(reason, err=True))("time limit of 1 s reached")
    assert screen.shown.endswith(f"s){CLEAR}time limit of 1 s reached\n")


def test_another_line_can_be_written_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = at_once(monkeypatch)
    with Progress(quiet=False) as line:
        assert screen.written.wait(30)
        line.clear()
        assert f"s){CLEAR}" in screen.shown


@pytest.mark.parametrize(("quiet", "watched"), [(True, True), (False, False), (False, True)])
def test_it_is_shown_on_terminals_only_and_not_where_it_is_quiet(
    quiet: bool, watched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Screen(watched=watched))
    before = threading.active_count()
    with Progress(quiet=quiet):
        assert threading.active_count() - before == (watched and not quiet)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("query", "-f", "tenants", "all tenants are isolated", "can tenant A reach tenant B?"),
            ["reading manifests", "preparing the snapshot", "deciding 1 of 2", "deciding 2 of 2"],
        ),
        (
            ("check", "-f", "tenants", "two.reach"),
            [
                "reading manifests",
                "preparing the snapshot",
                "deciding 1 of 2: isolated",
                "deciding 2 of 2: apart",
            ],
        ),
        (("connectivity", "tenants"), ["reading manifests", "deciding all connections"]),
        (("explain", "-f", "tenants", "tenant A", "tenant B", "80"), ["reading manifests", "deciding"]),
        (("lint", "tenants"), ["reading manifests", "looking for findings"]),
        (("diff", "tenants", "tenants"), ["reading manifests", "comparing"]),
        (
            ("audit", "--jobs", "1", "--pack", "two.reach", "--snapshots", "tenants"),
            ["0 of 1 decided", "1 of 1 decided, last tenants"],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_command_says_what_it_is_at(
    words: tuple[str, ...], told: list[str], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("two.reach").write_text(PACK, encoding="utf-8")
    said: list[str] = []
    monkeypatch.setattr(Progress, "say", lambda _self, doing: said.append(doing))
    monkeypatch.setattr(audit_places, "local_places", lambda _jobs: (Inline(),))
    terminal.run(*words)
    assert said == told
