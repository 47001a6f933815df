"""The page about what a verdict rests on names each module that one rests on, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.pages import page
from tests.house.places import ROOT

PAGE = "docs/how-it-is-checked.md"
LAYERS = ("manifests", "network", "engines", "semantics", "solver", "queries")
_NAMED = re.compile(r"`([a-z0-9_]+(?:/[a-z0-9_]+)*/?)`")


def tables() -> str:
    """The first column of the tables of modules."""
    text = page(PAGE)
    text = text[text.index("## What a verdict rests on") : text.index("## Planted faults")]
    return "\n".join(line.split(" | ")[0] for line in text.splitlines() if line.startswith("| "))


def modules() -> list[Path]:
    """The modules of all layers that a verdict rests on, from the root; errors and packages have no say in one."""
    paths = (path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py")))
    return [path.relative_to(ROOT) for path in paths if path.stem not in ("__init__", "errors")]


def names(module: Path, named: str) -> bool:
    """True if a name of the page is the module's, or that of a folder around it."""
    if named.endswith("/"):
        return f"/{named}" in f"/{module.as_posix()}"
    return f"/{module.with_suffix('').as_posix()}".endswith(f"/{named}")


def test_every_module_is_named() -> None:
    told = _NAMED.findall(tables())
    assert [str(module) for module in modules() if not any(names(module, name) for name in told)] == []


def test_every_name_is_a_module_or_a_folder() -> None:
    found = modules()
    folders = {"grammar/", "documents/", "render/", "cli/", "api/", "face/", "manifests/"}
    told = [name for name in _NAMED.findall(tables()) if name not in folders]
    assert [name for name in told if not any(names(module, name) for module in found)] == []
