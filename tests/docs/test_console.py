"""What the README and the pages show of a terminal is what comes out today."""

from __future__ import annotations

import shutil
from collections.abc import Mapping

import pytest

from tests.docs.console import PAGES, masked, run
from tests.docs.pages import tagged
from tests.forks import installed_on_path

BLOCKS = [
    pytest.param(name, block, id=f"{name} {number}")
    for name in PAGES
    for number, block in enumerate(tagged(name, "console"))
]


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_a_terminal_session_still_looks_like_this(name: str, block: str, forks: Mapping[str, str]) -> None:
    if "$ curl" in block and shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    assert run(block, installed_on_path() if name == "README.md" else forks) == masked(block)


def test_times_and_versions_are_masked() -> None:
    shown = '"engine": "z3 4.15.4", "solverMs": 22.6, "totalMs":3'
    assert masked(shown) == '"engine": "z3 ...", "solverMs": 1.0, "totalMs":1.0'
