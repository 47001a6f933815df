"""Whole processes side by side: files in, a finished connectivity report out, by reachproof and by what else does it.

    python -m bench.peers --generator PATH/gen_cluster.py [--sizes 100 1000 10000] [--limit 300] [--format yaml]

The clusters have NetworkPolicies only, as the others know no admin policies, and a fifth as many workloads as pods,
which each tool folds by owner. For each tool: wall-clock and CPU seconds of the process from start to end, its peak
memory, how many lines it printed, the ratio of CPU seconds to reachproof's, and the growth: by what power of the number
of pods they grew since the size before (1 is linear). A tool that is not installed is reported as such. Each run is one
measurement on a machine that may be busy: ratios within one run of this program say more than seconds.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench.__main__ import mend

SHAPES = {
    # pods: (namespaces, workloads per namespace, pods per workload, policies per namespace besides three usual ones)
    100: (4, 5, 5, 2),
    400: (8, 10, 5, 3),
    1_000: (20, 10, 5, 5),
    4_000: (40, 20, 5, 5),
    10_000: (100, 20, 5, 5),
}


@dataclass(frozen=True)
class Tool:
    """A program; `command` has `{folder}` where the manifests go, and names that it may have on this machine."""

    name: str
    binaries: tuple[str, ...]
    command: tuple[str, ...]

    def installed(self) -> str | None:
        return next(filter(None, map(shutil.which, self.binaries)), None)


TOOLS = (
    Tool("reachproof", (sys.executable,), ("-m", "reachproof", "connectivity", "-q", "-f", "{folder}")),
    Tool(
        "reachproof json", (sys.executable,), ("-m", "reachproof", "connectivity", "-q", "-o", "json", "-f", "{folder}")
    ),
    Tool("netpol-analyzer", ("netpol-analyzer", "netpolicy", "k8snetpolicy"), ("list", "-q", "--dirpath", "{folder}")),
    Tool(
        "network-config-analyzer",
        ("nca",),
        ("--connectivity", "{folder}", "-r", "{folder}", "--output_endpoints", "deployments", "--return_0"),
    ),
)


@dataclass(frozen=True)
class Run:
    seconds: float
    cpu: float
    megabytes: float
    lines: int
    ended: str


def generate(generator: Path, pods: int, folder: Path, form: str) -> None:
    namespaces, workloads, replicas, policies = SHAPES[pods]
    command = [sys.executable, str(generator), "--seed", "1", "--format", form, "--quiet", "--out", str(folder)]
    command += ["--namespaces", str(namespaces), "--workloads-per-ns", str(workloads)]
    command += ["--replicas", str(replicas), "--policies", str(policies), "--anps", "0"]
    subprocess.run(command, check=True)
    mend(folder)


def measure(tool: Tool, binary: str, folder: Path, limit: float) -> Run:
    """One process, killed at the limit."""
    command = [binary, *(part.format(folder=folder) for part in tool.command)]
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        alarm = threading.Timer(limit, process.kill)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = sum(1 for _ in out)
    ended = "" if process.returncode == 0 else f"exit {process.returncode}"
    return Run(
        seconds,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        lines,
        f"stopped at {limit:g} s" if seconds >= limit else ended,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--generator", type=Path, default=Path("../shared/bench/gen_cluster.py"))
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SHAPES), choices=sorted(SHAPES))
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--format", choices=["yaml", "json"], default="yaml")
    options = parser.parse_args()
    print("pods | tool | seconds | CPU s | peak MB | lines | times reachproof | growth |")
    before: dict[str, tuple[int, float]] = {}
    stopped: set[str] = set()
    for pods in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            generate(options.generator, pods, Path(name), options.format)
            own = None
            for tool in TOOLS:
                binary = tool.installed()
                if binary is None or tool.name in stopped:
                    why = "not installed" if binary is None else "not tried, as a smaller cluster took too long"
                    print(f"{pods} | {tool.name} | {why}", flush=True)
                    continue
                run = measure(tool, binary, Path(name), options.limit)
                own = own or run.cpu
                growth = ""
                if tool.name in before and not run.ended:
                    known, cpu = before[tool.name]
                    growth = f"{math.log(run.cpu / cpu) / math.log(pods / known):.2f}"
                if run.seconds >= options.limit:
                    stopped.add(tool.name)
                before[tool.name] = (pods, run.cpu)
                print(
                    f"{pods} | {tool.name} | {run.seconds:.2f} | {run.cpu:.2f} | {run.megabytes:.0f} | {run.lines} | "
                    f"{run.cpu / own:.1f} | {growth} | {run.ended}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
