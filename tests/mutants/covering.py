"""Tests per line of the product, measured once by coverage with few draws, and which of them a mutation is tried on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import coverage

from tests.mutants.mutations import Mutation
from tests.mutants.plugin import DURATIONS

SUITE = ("cases", "laws", "agreement", "semantics", "network", "engine_profiles", "solver", "queries", "manifests")
SECONDS = 20.0  # of tests per mutation, as they took while coverage was measured
MOST = 400  # tests per mutation


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """`lines`: per module and line the tests that run it; `seconds`: how long each test takes."""

    lines: Mapping[str, Mapping[int, frozenset[str]]]
    seconds: Mapping[str, float]

    def tests_for(self, mutation: Mutation) -> tuple[str, ...]:
        """The tests to try, quick ones of every file first, within SECONDS; empty if no test runs the module."""
        module = self.lines.get(mutation.path, {})
        tests = module.get(mutation.line, frozenset()) or frozenset().union(*module.values())
        return tuple(_within(self.seconds, _by_turns(sorted(tests, key=lambda test: (self.seconds[test], test)))))


def _by_turns(tests: Iterable[str]) -> Iterable[str]:
    """The tests with one of each file in turn."""
    files: dict[str, list[str]] = {}
    for test in tests:
        files.setdefault(test.partition("::")[0], []).append(test)
    return (test for turn in zip_longest(*files.values()) for test in turn if test is not None)


def _within(seconds: Mapping[str, float], tests: Iterable[str]) -> Iterable[str]:
    spent = 0.0
    for count, test in enumerate(tests):
        spent += seconds[test]
        if count and (spent > SECONDS or count >= MOST):
            return
        yield test


def measure(tree: Path) -> Covering:
    """Run SUITE in `tree` under coverage. Raises CalledProcessError if a test fails without any mutation."""
    data, durations = tree / "build" / "coverage", tree / "build" / "durations.json"
    data.parent.mkdir(exist_ok=True)
    command = ["coverage", "run", f"--data-file={data}", "-m", "pytest", "-q", "-x", "-p", "tests.mutants.plugin"]
    command += ["-p", "no:cacheprovider", *(f"tests/{name}" for name in SUITE)]
    environment = {**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}", DURATIONS: str(durations)}
    subprocess.run([sys.executable, "-m", *command], cwd=tree, env=environment, check=True)
    return Covering(lines=_lines(tree, data), seconds=json.loads(durations.read_text(encoding="utf-8")))


def _lines(tree: Path, data: Path) -> dict[str, dict[int, frozenset[str]]]:
    read = coverage.CoverageData(basename=str(data))
    read.read()
    modules: dict[str, dict[int, frozenset[str]]] = {}
    for file in read.measured_files():
        path = Path(file).resolve().relative_to(tree.resolve()).as_posix().removeprefix("src/reachproof/")
        lines = modules.setdefault(path, {})
        for line, contexts in read.contexts_by_lineno(file).items():
            lines[line] = lines.get(line, frozenset()) | {context for context in contexts if context}
    return modules
