"""The terminal of these tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.house.places import ROOT


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder with the example manifests and those of inputs/."""
    examples = sorted((ROOT / "queries" / "examples").iterdir())
    inputs = sorted((Path(__file__).parent / "inputs").iterdir())
    for path in (*examples, *inputs):
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


@pytest.fixture
def terminal(workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in that folder; its output is no terminal's, so there is no colour."""
    monkeypatch.chdir(workplace)
    for name in os.environ:
        if name.startswith("REACHPROOF_") or name == "NO_COLOR":
            monkeypatch.delenv(name)
    monkeypatch.setattr(sys, "argv", ["reachproof"])
    monkeypatch.setattr(sys.modules["__main__"], "__package__", None)
    return Terminal(capsys, monkeypatch)
