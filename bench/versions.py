"""Two versions side by side: python -m bench.versions OLD_PYTHON NEW_PYTHON --generator PATH/gen_cluster.py

    [--pods 1000] [--runs 15]

Each version is given as the interpreter of an environment that has it. In turns old, new, old again and new again, so
that each version is also compared with itself, fresh processes measure: load (JSON, after imports), first answer (with
preparing), next questions (median of 20), a report of all flows by namespace, the difference to the cluster without its
last NetworkPolicy, a check of a pack of the proofs among the questions, and one whole command about the example of
tenants. Only public names of the package are used. Times are CPU seconds, since other work may share the machine.
Printed are medians, the ratio new to old, and the spread: the larger of the ratios of a version to itself.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.__main__ import SHAPES, generate
from bench.one import questions

from reachproof.manifests.load import load

ROOT = Path(__file__).resolve().parents[1]
SMALL = ROOT / "queries" / "examples" / "tenants"
STAGES = ("load", "first answer", "next question", "all flows", "diff", "check", "command")
_NEXT = 20
# Run by the interpreter of each version: arguments are both folders, a file with questions, and a small folder.
_PROBE = """
import json, sys, time
import reachproof as rp

def timed(work):
    started = time.process_time()
    result = work()
    return time.process_time() - started, result

folder, other, asked = sys.argv[1], sys.argv[2], json.load(open(sys.argv[3]))
row = {}
rp.load(sys.argv[4])  # imports what it needs
row["load"], snapshot = timed(lambda: rp.load(folder))
row["first answer"], _ = timed(lambda: snapshot.ask(asked[0]))
row["next question"] = sorted(timed(lambda text=text: snapshot.ask(text))[0] for text in asked[1:])[len(asked) // 2 - 1]
row["all flows"], _ = timed(lambda: snapshot.connectivity(by="namespace"))
changed = rp.load(other)
row["diff"], _ = timed(lambda: rp.diff(snapshot, changed, by="namespace"))
pack = "\\n".join(f"invariant i{at} (low): {text}" for at, text in enumerate(asked[1:]) if not text.startswith("can "))
row["check"], _ = timed(lambda: snapshot.check(pack))
print(json.dumps(row))
"""


def probed(python: str, folder: Path, other: Path, asked: Path) -> dict[str, float]:
    """The stages of one version, CPU seconds each."""
    command = [python, "-P", "-c", _PROBE, str(folder), str(other), str(asked), str(SMALL)]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    query = [python, "-P", "-m", "reachproof", "query", "-f", str(SMALL), "tenant A is isolated from tenant B"]
    row["command"] = cpu_of(lambda: subprocess.run(query, capture_output=True, check=False))
    return row


def cpu_of(work: Callable[[], Any]) -> float:
    """CPU seconds of the processes that are started and waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def without_last_policy(folder: Path, target: Path) -> None:
    """The cluster of a folder without its last NetworkPolicy."""
    whole = json.loads((folder / "cluster.json").read_text())
    last = max(at for at, each in enumerate(whole["items"]) if each["kind"] == "NetworkPolicy")
    target.mkdir()
    (target / "cluster.json").write_text(
        json.dumps({**whole, "items": whole["items"][:last] + whole["items"][last + 1 :]})
    )


def spread(first: list[float], second: list[float]) -> float:
    """Spread of two sets of runs of one version: a ratio of at least 1."""
    ratio = statistics.median(first) / statistics.median(second)
    return max(ratio, 1 / ratio)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.versions", description=__doc__.splitlines()[0])
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--generator", type=Path, default=Path("../shared/bench/gen_cluster.py"))
    parser.add_argument("--pods", type=int, default=1_000, choices=sorted(SHAPES))
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, other, asked = Path(name) / "cluster", Path(name) / "changed", Path(name) / "asked.json"
        generate(options.generator, options.pods, folder)
        without_last_policy(folder, other)
        asked.write_text(json.dumps(questions(load(folder), _NEXT + 1)))
        turns = ("old", options.old), ("new", options.new), ("old again", options.old), ("new again", options.new)
        times: dict[tuple[str, str], list[float]] = defaultdict(list)
        for number in range(options.runs):
            for turn, python in turns:
                for stage, seconds in probed(python, folder, other, asked).items():
                    times[turn, stage].append(seconds)
            print(f"{number + 1} of {options.runs}, {time.strftime('%H:%M:%S')}", file=sys.stderr, flush=True)
    print("| | old ms | new ms | ratio | spread |\n|---|---|---|---|---|")
    for stage in STAGES:
        old, new, old_again, new_again = (times[turn, stage] for turn, _ in turns)
        before, after = statistics.median(old + old_again), statistics.median(new + new_again)
        apart = max(spread(old, old_again), spread(new, new_again))
        print(f"| {stage} | {before * 1000:.1f} | {after * 1000:.1f} | {after / before:.2f} | {apart:.2f} |")


if __name__ == "__main__":
    main()
