"""The command as a process: pipes that close, terminals, and what is not imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from reachproof import __version__
from tests.house.places import ROOT

EXAMPLES = ROOT / "queries" / "examples"
ISOLATED = "tenant A is isolated from tenant B"
DENIED = "BANP enforces default deny for every tenant"
BOLD_GREEN = "\x1b[32m\x1b[1mHOLDS\x1b[0m"


def command(*arguments: str) -> list[str]:
    # -P: the folder that the process starts in is not a place to import from
    return [sys.executable, "-P", "-m", "reachproof", *arguments]


def environment() -> dict[str, str]:
    return without_colour(os.environ)


def without_colour(given: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of ours, and without a wish about colour."""
    return {name: value for name, value in given.items() if not name.startswith(("REACHPROOF_", "NO_COLOR"))}


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize(("statement", "code"), [(ISOLATED, 0), (DENIED, 1)])
def test_a_reader_that_left_does_not_change_the_exit_code(
    statement: str, code: int, output: str, forks: Mapping[str, str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    asked = ["reachproof", "query", "-q", "-f", str(EXAMPLES / "tenants"), "-o", output, statement]
    with os.fdopen(writing, "wb") as closed:
        ran = subprocess.run(asked, stdout=closed, stderr=subprocess.PIPE, env=without_colour(forks), check=False)
    assert ran.returncode == code
    assert b"BrokenPipe" not in ran.stderr


def test_a_violation_is_told_to_a_shell_whose_pipe_is_closed_on_both_streams() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        asked = command("query", "-f", str(EXAMPLES / "tenants"), DENIED)
        assert subprocess.run(asked, stdout=closed, stderr=closed, env=environment(), check=False).returncode == 1


@pytest.mark.parametrize(
    ("options", "settings", "head"),
    [
        ((), {"NO_COLOR": ""}, f"{BOLD_GREEN}  {ISOLATED}"),
        ((), {"NO_COLOR": "1"}, f"HOLDS  {ISOLATED}"),
        (("--no-color",), {}, f"HOLDS  {ISOLATED}"),
    ],
)
def test_the_verdict_is_coloured_on_terminals_only_and_not_against_your_will(
    options: tuple[str, ...], settings: dict[str, str], head: str, forks: Mapping[str, str]
) -> None:
    asked = ["reachproof", "query", "-q", "-f", str(EXAMPLES / "tenants"), *options, ISOLATED]
    assert on_a_terminal(asked, without_colour(forks) | settings) == head


def test_the_verdict_is_coloured_on_a_terminal() -> None:
    asked = command("query", "-q", "-f", str(EXAMPLES / "tenants"), ISOLATED)
    assert on_a_terminal(asked, environment()) == f"{BOLD_GREEN}  {ISOLATED}"


def on_a_terminal(asked: list[str], settings: dict[str, str]) -> str:
    """The first line that a command shows, which ends well."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb") as screen, os.fdopen(theirs, "wb") as terminal:
        ran = subprocess.run(asked, stdout=terminal, env=settings, check=False)
        shown = os.read(screen.fileno(), 10_000).decode()
    assert ran.returncode == 0
    return shown.splitlines()[0]


def test_the_version_is_told_without_loading_a_solver_or_a_web_framework() -> None:
    code = (
        "import sys\n"
        "from reachproof.cli.main import main\n"
        "try: main(['--version'])\n"
        "except SystemExit as ended: print(ended.code, sorted({'z3', 'numpy', 'fastapi', 'lark'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == (f"reachproof, version {__version__}\n0 []\n", "")


def test_a_checkout_that_nobody_installed_still_has_a_command_line() -> None:
    code = (
        "import importlib.metadata as metadata\n"
        "def missing(name): raise metadata.PackageNotFoundError(name)\n"
        "metadata.version = missing\n"
        "from reachproof.cli.main import main\n"
        "main(['--version'])\n"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "reachproof, version 0+unknown\n", "")
