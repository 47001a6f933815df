"""The pages are a site without a warning, without orphans, and without anything from another host."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.house.places import ROOT

if find_spec("sphinx") is None or find_spec("myst_parser") is None:
    pytest.skip("Sphinx is not installed (extra docs): the site is not built here", allow_module_level=True)

_LOADED = re.compile(r'<(?:script|img|link|iframe)\b[^>]*?(?:src|href)="((?:https?:)?//[^"]+)"')


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """The site as `make docs` builds it."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going", "-c", str(source / "docs")]
    return subprocess.run([*command, str(source), str(target)], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    done = build(ROOT, target)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    return target


def test_every_page_is_in_the_site_and_its_index_leads_to_it(site: Path) -> None:
    index = (site / "docs" / "index.html").read_text(encoding="utf-8")
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert [str(page) for page in sorted(pages) if not (site / "docs" / page).is_file()] == []
    assert [str(page) for page in sorted(pages) if f'href="{page.as_posix()}"' not in index][1:] == []
    assert 'url=docs/index.html"' in (site / "index.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    assert [found for page in pages for found in _LOADED.findall(page.read_text(encoding="utf-8"))] == []


def test_a_page_that_the_index_does_not_name_is_refused(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shutil.copy(ROOT / "docs" / "conf.py", docs)
    shutil.copytree(ROOT / "docs" / "site", docs / "site")
    (docs / "index.md").write_text("# Index\n\n## All\n\n| [One](one.md) | |\n|---|---|\n", encoding="utf-8")
    (docs / "one.md").write_text("# One\n", encoding="utf-8")
    (docs / "lost.md").write_text("# Lost\n", encoding="utf-8")
    done = build(tmp_path, tmp_path / "site")
    assert done.returncode == 1
    assert "lost.md: WARNING: document isn't included in any toctree" in done.stderr
