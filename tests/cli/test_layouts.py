"""Folders as well-known repositories have them, rebuilt small: each command runs on them without options.

A file of layouts/ has a sentence, files behind `-- PATH --`, and behind each `$ reachproof COMMAND` the exit code and
the whole of standard error. It is about the root of the folder.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal

LAYOUTS = sorted((Path(__file__).parent / "layouts").glob("*.txt"))
COMMANDS = ("lint", "check", "connectivity")
_FILE = re.compile(r"^-- (\S+) --\n(.*?)(?=^-- |^\$ |\Z)", re.MULTILINE | re.DOTALL)
_RUN = re.compile(r"^\$ reachproof (\w+)\nexit (\d+)\n(.*?)(?=^\$ |\Z)", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda path: path.stem)
def test_a_folder_of_this_layout_is_read_without_options(
    layout: Path, tmp_path: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = layout.read_text(encoding="utf-8")
    folder = tmp_path / "repository"
    for name, content in _FILE.findall(text):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    monkeypatch.chdir(folder)
    expected = {command: (int(code), err) for command, code, err in _RUN.findall(text)}
    found = {command: terminal.run(command) for command in COMMANDS}
    assert {command: (ran.code, ran.err) for command, ran in found.items()} == expected


def test_there_are_layouts_of_at_least_eight_kinds() -> None:
    assert len(LAYOUTS) >= 8
