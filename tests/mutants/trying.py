"""One mutation tried in a copy of the checkout: a forked process runs the chosen tests against it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytest import ExitCode

from tests.mutants.mutations import Mutation

CPU_SECONDS = 90  # for the tests of one mutation; they take a quarter of it without a fault
WALL_SECONDS = 600
MEMORY = 6 << 30
NOT_COLLECTED = ExitCode.USAGE_ERROR  # pytest's word for a test that is named and whose module does not import
# Imported anew by each forked process: the code under test, and what pytest rewrites or complains about otherwise.
AFRESH = ("reachproof", "tests", "hypothesis", "_hypothesis", "coverage")


class Fate(StrEnum):
    """What became of a mutation."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    UNCOVERED = "not covered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A mutation and its fate. `tests`: how many were chosen."""

    mutation: Mutation
    fate: Fate
    tests: int


def copy_checkout(root: Path, target: Path) -> None:
    """Copy what git tracks or would track of `root`, links as links."""
    listed = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (root / name).is_symlink() or (root / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name, follow_symlinks=False)


def attempt(tree: Path, mutation: Mutation, tests: tuple[str, ...]) -> Trial:
    """Run `tests` in `tree` with the mutation in place, and take it out again."""
    if not tests:
        return Trial(mutation=mutation, fate=Fate.UNCOVERED, tests=0)
    file = tree / mutation.path
    source = file.read_text(encoding="utf-8")
    for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()
    file.write_text(mutation.apply(source), encoding="utf-8")
    try:
        status = _run(tree, tests)
    finally:
        file.write_text(source, encoding="utf-8")
    if os.waitstatus_to_exitcode(status) == NOT_COLLECTED and _run(tree, tests, "--collect-only"):
        raise RuntimeError(f"tests that cannot be collected without a fault either: {tests}")
    return Trial(mutation=mutation, fate=_fate(status), tests=len(tests))


def _fate(status: int) -> Fate:
    """The fate by the wait status. Raises RuntimeError where pytest did not run the tests it was given."""
    if os.WIFSIGNALED(status):
        return Fate.TIMED_OUT
    match os.waitstatus_to_exitcode(status):
        case 0:
            return Fate.SURVIVED
        case (
            1 | 2 | 3 | ExitCode.USAGE_ERROR
        ):  # a failed test; no import at all; an error in a hook; no import of a test
            return Fate.KILLED
        case code:
            raise RuntimeError(f"pytest ended with {code}")


def _run(tree: Path, tests: tuple[str, ...], *options: str) -> int:
    """The wait status of pytest in a process of its own."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 70
    try:
        code = _tests_in(tree, (*options, *tests))
    finally:
        os._exit(code)


def _tests_in(tree: Path, tests: tuple[str, ...]) -> int:
    """Run in the forked process only: it changes folder, limits and modules for good."""
    os.chdir(tree)
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(WALL_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    sys.dont_write_bytecode = True
    for name in [name for name in sys.modules if name.startswith(AFRESH)]:
        del sys.modules[name]
    sys.path[:0] = [str(tree / "src"), str(tree)]
    pytest = sys.modules["pytest"]
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "tests.mutants.plugin", "-o", "timeout=0"]
    return int(pytest.main([f"--rootdir={tree}", *options, *tests]))
