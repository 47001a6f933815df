"""Runs the notebooks in fresh kernels, and compares what comes out with what is committed.

A kernel is this very interpreter, whatever kernels are installed. It works in a copy of the folder, so that what a
notebook writes does not land in the checkout.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from tests.house.places import ROOT

FOLDER = ROOT / "notebooks"
SECONDS = 300
"""For one cell: much more than any takes, so that a kernel that hangs is told."""

_VARIES = (
    (re.compile(r"\b\d+(?:\.\d+)? m?s\b"), "... ms"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), r"\1:PORT"),
    (re.compile(r"<td>(?:None|NaN)</td>"), "<td></td>"),  # one thing in two versions of pandas
)
_CHART = re.compile(r'"values": (\[.*?\])', re.DOTALL)


def notebooks() -> list[Path]:
    """All notebooks, in order."""
    return sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> Any:
    """A notebook as it is committed."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def run(path: Path) -> Any:
    """The notebook with the outputs of today. Raises CellExecutionError where a cell fails."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / FOLDER.name
        shutil.copytree(FOLDER, place, ignore=shutil.ignore_patterns("*.html", "*.svg", ".ipynb_checkpoints"))
        manager = _manager(Path(folder) / "kernel.json")
        resources = {"metadata": {"path": str(place)}}
        client = NotebookClient(
            read(path), timeout=SECONDS, shutdown_kernel="immediate", km=manager, resources=resources
        )
        return client.execute(cleanup_kc=True, env=_environment(folder))


def _manager(connection: Path) -> KernelManager:
    """By sockets in the file system: no port is taken, and nobody else on the machine can listen."""
    manager = KernelManager(transport="ipc", connection_file=str(connection))
    argv = [sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=argv, display_name="Python 3", language="python")
    return manager


def _environment(data: str) -> dict[str, str]:
    """Without settings of ours, with an empty store, and without bars, whose looks depend on the clock."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REACHPROOF_")}
    return kept | {"XDG_DATA_HOME": data, "TQDM_DISABLE": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def outputs(notebook: Any) -> list[tuple[str, list[str]]]:
    """The source of each code cell, and what it gave, without what differs from run to run."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [(cell.source, [_normal(output) for output in cell.outputs]) for cell in cells]


def _normal(output: Any) -> str:
    match output.output_type:
        case "stream":
            text = f"{output.name}: {output.text}"
        case "error":
            text = f"{output.ename}: {output.evalue}"
        case _:
            text = _shown(output.data)
    for pattern, replacement in _VARIES:
        text = pattern.sub(replacement, text)
    return text


def _shown(data: Any) -> str:
    """The data by type. Of a chart of altair its values: the page around them is altair's."""
    html = data.get("text/html", "")
    if "altair-viz" in html:
        return "\n".join(_CHART.findall(html))
    if 'class="dataframe"' in html:
        return str(html)
    return json.dumps(data, indent=1, sort_keys=True)


def tidy(notebook: Any) -> Any:
    """The notebook as it is to be committed: without what tells of a run and not of its result."""
    notebook.metadata = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    count = 0
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({})  # type: ignore[no-untyped-call]
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
    return notebook
