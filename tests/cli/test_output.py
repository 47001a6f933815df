"""Every file of cases/ is a command with all that it writes to stdout and stderr, and its exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import Case, Terminal, cases


@pytest.mark.parametrize("path", list(cases()), ids=lambda path: path.stem)
def test_a_command_writes_and_exits_as_its_case_says(path: Path, workplace: Path, terminal: Terminal) -> None:
    case = Case.read(path, workplace)
    assert str(terminal.run(*case.arguments, stdin=case.stdin)) == case.expected


def test_there_are_cases() -> None:
    assert len(list(cases())) > 30
