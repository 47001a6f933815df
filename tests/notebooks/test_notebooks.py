"""The notebooks run from top to bottom in a fresh kernel, and show what is committed."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.house.places import ROOT
from tests.notebooks.running import notebooks, outputs, read, run

every_notebook = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


def code(notebook: Any) -> str:
    """All code of a notebook."""
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


def imported(source: str) -> set[str]:
    """The top-level names that code imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@every_notebook
def test_a_notebook_still_shows_what_is_committed(path: Path) -> None:
    assert outputs(run(path)) == outputs(read(path)), "see tests/notebooks/refresh.py"


@every_notebook
def test_a_notebook_says_why_before_each_cell(path: Path) -> None:
    kinds = [cell.cell_type for cell in read(path).cells]
    assert kinds[0] == "markdown"
    assert all(before == "markdown" for before, kind in pairwise(kinds) if kind == "code")


@every_notebook
def test_a_notebook_imports_reachproof_and_what_python_has(path: Path) -> None:
    assert imported(code(read(path))) - {"os", "subprocess", "sys", "tempfile"} == {"reachproof"}


def test_the_notebooks_are_those_that_the_page_names() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    named = re.findall(r"\.\./notebooks/([\w-]+\.ipynb)\)", page)
    assert sorted(named) == [path.name for path in notebooks()]
    assert len(named) == 5


def test_an_output_that_changed_is_noticed_and_a_time_is_not() -> None:
    def shown(text: str) -> Any:
        output = nbformat.v4.new_output("stream", text=text)  # type: ignore[no-untyped-call]
        cell = nbformat.v4.new_code_cell("1", outputs=[output])  # type: ignore[no-untyped-call]
        return outputs(nbformat.v4.new_notebook(cells=[cell]))  # type: ignore[no-untyped-call]

    assert shown("holds in 1.5 ms at http://127.0.0.1:80") == shown("holds in 20 ms at http://127.0.0.1:90")
    assert shown("holds in 1.5 ms") != shown("violated in 1.5 ms")
