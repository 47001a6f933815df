"""An audit of generated clusters by one process and by several: wall-clock and CPU seconds of the whole command.

    python -m bench.fleet --generator PATH/gen_cluster.py [--clusters 40] [--pods 1000] [--jobs 1 2]

CPU seconds include the processes that do the work. Both runs must say the same, apart from times.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.__main__ import SHAPES, generate


def audit(folders: list[Path], jobs: int) -> tuple[float, float, list[tuple[str, list[tuple[str, str]]]]]:
    """Wall-clock seconds, CPU seconds, and the status of every statement on every snapshot."""
    command = [sys.executable, "-m", "reachproof", "audit", "-q", "-o", "json", "--jobs", str(jobs), "--snapshots"]
    before, started = os.times(), time.monotonic()
    done = subprocess.run([*command, *map(str, folders)], capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - started, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    found = [
        (snapshot["name"], [(each["name"], each["status"]) for pack in snapshot["packs"] for each in pack["answers"]])
        for snapshot in json.loads(done.stdout)["snapshots"]
    ]
    return wall, used, found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--generator", type=Path, default=Path("../shared/bench/gen_cluster.py"))
    parser.add_argument("--clusters", type=int, default=40)
    parser.add_argument("--pods", type=int, default=1_000, choices=sorted(SHAPES))
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / f"cluster-{number:03}" for number in range(options.clusters)]
        for number, each in enumerate(folders):
            generate(options.generator, options.pods, each, seed=number + 1)
        expected = None
        for jobs in options.jobs:
            wall, used, found = audit(folders, jobs)
            assert expected in (None, found), "the runs differ"
            expected = found
            statements = sum(len(each) for _, each in found)
            print(f"{jobs} jobs: {wall:.1f} s wall clock, {used:.1f} s CPU, {statements} statements", flush=True)


if __name__ == "__main__":
    main()
