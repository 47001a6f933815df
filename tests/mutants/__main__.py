"""A mutation run: plant faults in the modules that verdicts rest on, and see which ones the tests find.

`python -m tests.mutants --count 400` tries a sample that is the same in every run; `--only solver/` narrows it. The
score is the share of the tried mutations that a test fails for. Survivors are listed with their place and texts.
"""

from __future__ import annotations

import argparse
import importlib
import json
import multiprocessing
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.mutants.covering import Covering, measure
from tests.mutants.mutations import FOLDERS, Mutation, sample
from tests.mutants.trying import Fate, Trial, attempt, copy_checkout

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("pytest", "numpy", "z3", "lark", "pydantic", "yaml", "click")


def main() -> int:
    """Measure which tests run what, try the sample, print the score. 0 whatever the score is."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [Path(folder) / str(number) for number in range(options.workers)]
        for tree in trees:
            copy_checkout(ROOT, tree)
        covering = measure(trees[0])
        trials = _tried(trees, covering, sample(ROOT, options.count, options.only))
    _report(trials)
    if options.output:
        options.output.write_text(json.dumps([_record(trial) for trial in trials], indent=1) + "\n", encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="how many mutations are tried (default: %(default)s)")
    parser.add_argument("--only", default="", help="only modules whose path begins so")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, help="write each trial to this file, as JSON")
    return parser.parse_args()


def _tried(trees: list[Path], covering: Covering, chosen: list[Mutation]) -> list[Trial]:
    """The trials in the order of `chosen`; each worker has a tree of its own."""
    for name in HEAVY:
        importlib.import_module(name)  # once, for all processes forked below
    fork = multiprocessing.get_context("fork")
    free = fork.Queue()
    for tree in trees:
        free.put(tree)
    jobs = [(mutation, covering.tests_for(mutation)) for mutation in chosen]
    with fork.Pool(len(trees), initializer=_take_tree, initargs=(free,)) as pool:
        return list(_shown(pool.imap(_attempt, jobs), len(jobs)))


_tree: list[Path] = []  # of this worker process


def _take_tree(free: multiprocessing.Queue[Path]) -> None:
    _tree.append(free.get())


def _attempt(job: tuple[Mutation, tuple[str, ...]]) -> Trial:
    return attempt(_tree[0], *job)


def _shown(trials: Iterable[Trial], count: int) -> Iterable[Trial]:
    for number, trial in enumerate(trials, 1):
        print(f"[{number}/{count}] {trial.fate:<11} {trial.mutation.key}", file=sys.stderr, flush=True)
        yield trial


def _report(trials: list[Trial]) -> None:
    for folder in FOLDERS:
        fates = Counter(trial.fate for trial in trials if trial.mutation.path.startswith(f"{folder}/"))
        if fates:
            print(f"{folder:<10} {_score(fates)}")
    print(f"{'all':<10} {_score(Counter(trial.fate for trial in trials))}")
    for trial in trials:
        if trial.fate in (Fate.SURVIVED, Fate.UNCOVERED):
            print(f"{trial.mutation.path}:{trial.mutation.line}: {trial.fate}: {trial.mutation.key}")


def _score(fates: Counter[Fate]) -> str:
    found = fates[Fate.KILLED] + fates[Fate.TIMED_OUT]
    return f"{found} of {fates.total()} found ({found / fates.total():.1%}); {dict(fates)}"


def _record(trial: Trial) -> dict[str, object]:
    return {"key": trial.mutation.key, "line": trial.mutation.line, "fate": trial.fate, "tests": trial.tests}


if __name__ == "__main__":
    sys.exit(main())
