"""The checkout, the wheel built from it and the imports agree about where the code is."""

import gc
import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import reachproof
from tests.house.places import CODE_FOLDERS, PACKAGE, ROOT

# What setuptools reads. Nothing else of the checkout can reach the wheel.
BUILD_INPUTS = ("pyproject.toml", "README.md", "LICENSE", "src", *CODE_FOLDERS)
DATA_SUFFIXES = {".lark", ".tables", ".reach", ".css", ".js"}


def copy_checkout(target: Path, *, links: bool) -> Path:
    """Copies what a build reads to `target`; with links=False the way a tool without links would unpack it."""
    target.mkdir()
    for name in BUILD_INPUTS:
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=ignore)
        else:
            shutil.copy2(ROOT / name, target / name)
    if not links:
        for name in CODE_FOLDERS:
            (target / "src" / "reachproof" / name).unlink(missing_ok=True)
    return target


def run_python(code: str, *, cwd: Path, **environment: str) -> str:
    """The standard output of a fresh interpreter; a failure shows everything it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built here and now, through the build backend and without the network."""
    place = tmp_path_factory.mktemp("wheel")
    checkout = copy_checkout(place / "checkout", links=True)
    code = f"from setuptools import build_meta; build_meta.build_wheel({str(place)!r})"
    run_python(code, cwd=checkout)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("name", CODE_FOLDERS)
def test_each_code_folder_is_joined_to_the_package_by_a_relative_link(name: str) -> None:
    link = PACKAGE / name
    assert link.is_symlink(), f"src/reachproof/{name} is no link: was the checkout unpacked by a tool without links?"
    assert link.readlink() == Path("..", "..", name)
    assert (link / "__init__.py").samefile(ROOT / name / "__init__.py")


def test_the_package_holds_nothing_but_its_names_and_the_links() -> None:
    names = {entry.name for entry in PACKAGE.iterdir()} - {"__pycache__"}
    assert names == {"__init__.py", "__main__.py", "py.typed", *CODE_FOLDERS}


@pytest.mark.parametrize(
    "name", ["AGENTS.md", "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "changes", "docs", "pyproject.toml"]
)
def test_the_top_level_has(name: str) -> None:
    assert (ROOT / name).exists()


def test_the_wheel_holds_every_module_and_data_file_of_the_code_folders(wheel_names: set[str]) -> None:
    wanted = {
        f"reachproof/{path.relative_to(ROOT).as_posix()}"
        for name in CODE_FOLDERS
        for path in (ROOT / name).rglob("*")
        if path.suffix in DATA_SUFFIXES | {".py"}
    }
    assert "reachproof/solver/__init__.py" in wanted
    assert wanted - wheel_names == set()


def test_the_wheel_holds_the_examples(wheel_names: set[str]) -> None:
    examples = ROOT / "queries" / "examples"
    if not examples.is_dir():
        pytest.skip("there is no folder queries/examples yet")
    wanted = {f"reachproof/{path.relative_to(ROOT).as_posix()}" for path in examples.rglob("*.yaml")}
    assert wanted - wheel_names == set()


def test_the_wheel_is_typed_and_claims_one_top_level_name(wheel_names: set[str]) -> None:
    assert "reachproof/py.typed" in wheel_names
    tops = {name.split("/")[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"reachproof"}


def test_a_checkout_that_lost_its_links_still_imports_every_layer(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "checkout", links=False)
    code = "\n".join(
        [
            "import importlib.util as u, reachproof",
            f"for name in {CODE_FOLDERS!r}: print(u.find_spec('reachproof.' + name).origin)",
        ]
    )
    # Not from the root of the copy: -c puts the working folder on the path, and only src is meant.
    origins = run_python(code, cwd=tmp_path, PYTHONPATH=str(checkout / "src")).split()
    assert [Path(origin) for origin in origins] == [checkout / name / "__init__.py" for name in CODE_FOLDERS]


def test_the_version_is_the_one_of_the_installed_distribution() -> None:
    assert reachproof.__version__ == importlib.metadata.version("reachproof")


@pytest.mark.skipif(
    os.environ.get("REACHPROOF_TEST_INSTALLED") != "1",
    reason="REACHPROOF_TEST_INSTALLED=1 not set: an editable install of the checkout is fine here",
)
def test_what_is_tested_is_the_installed_wheel_and_not_the_checkout() -> None:
    origin = Path(reachproof.__file__).resolve()
    assert "site-packages" in origin.parts
    assert not origin.is_relative_to(ROOT / "src")


def test_garbage_is_collected_while_tests_run() -> None:
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
