"""How long reachproof takes and how much memory, on generated clusters of growing size.

    python -m bench --generator PATH/gen_cluster.py [--sizes 100 1000 10000] [--questions 40] [--cni calico]
                    [--blocks 5]

For each size a process of its own: load (JSON), load again from the cache, prepare, first question, next questions
(median and 95th percentile), the same by the engines alone, the sets engine alone for all flows, peak memory. Times are
CPU seconds of that process, since other work may share the machine. A ratio between rows of one run says more than a
time. With `--cni calico` or `--cni cilium` most policies are of its own kinds (`bench.translated`), with so many
`--blocks` of each namespace's own.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.translated import translate

PODS_PER_WORKLOAD = 5
SHAPES = {
    # pods: (namespaces, workloads per namespace, policies per namespace, admin policies)
    100: (4, 5, 2, 4),
    1_000: (20, 10, 7, 10),
    10_000: (100, 20, 7, 20),
    50_000: (500, 20, 7, 50),
}


def generate(generator: Path, pods: int, folder: Path, *, seed: int = 1, cni: str = "spec", blocks: int = 5) -> None:
    namespaces, workloads, policies, admin = SHAPES[pods]
    command = [sys.executable, str(generator), "--seed", str(seed), "--format", "json", "--quiet", "--out", str(folder)]
    command += ["--namespaces", str(namespaces), "--workloads-per-ns", str(workloads)]
    command += ["--replicas", str(PODS_PER_WORKLOAD), "--policies", str(policies), "--anps", str(admin), "--banp"]
    command += ["--admin-kind", "cnp" if cni == "cilium" else "anp"]  # Cilium does not read the older kinds
    subprocess.run(command, check=True)
    mend(folder)
    if cni != "spec":
        translate(folder, cni, blocks)


def mend(folder: Path) -> None:
    """The generator counts service addresses to 10.96.x.259; those past 255 are no addresses and are moved."""
    for file in folder.iterdir():
        file.write_text(re.sub(r"\b10\.96\.(\d+)\.25([6-9])\b", r"10.97.\1.\2", file.read_text()))


def measure(folder: Path, questions: int, cni: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.one", str(folder), str(questions), cni]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


COLUMNS = (
    ("pods", "pods", "{:.0f}"),
    ("policies", "policies", "{:.0f}"),
    ("load s", "load", "{:.3f}"),
    ("again s", "again", "{:.3f}"),
    ("prepare s", "prepare", "{:.3f}"),
    ("first ms", "first", "{:.1f}"),
    ("next p50 ms", "p50", "{:.1f}"),
    ("next p95 ms", "p95", "{:.1f}"),
    ("engines p50 ms", "engines_p50", "{:.1f}"),
    ("engines p95 ms", "engines_p95", "{:.1f}"),
    ("sets only p50 ms", "sets_p50", "{:.1f}"),
    ("all flows s", "all", "{:.3f}"),
    ("peak MB", "memory", "{:.0f}"),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--generator", type=Path, default=Path("../shared/bench/gen_cluster.py"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000], choices=sorted(SHAPES))
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--cni", choices=["spec", "calico", "cilium"], default="spec")
    parser.add_argument("--blocks", type=int, default=5)
    options = parser.parse_args()
    print(" | ".join(title for title, _, _ in COLUMNS), flush=True)
    for pods in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            generate(options.generator, pods, Path(folder), cni=options.cni, blocks=options.blocks)
            row = measure(Path(folder), options.questions, options.cni)
        print(" | ".join(form.format(row[key]).rjust(len(title)) for title, key, form in COLUMNS), flush=True)


if __name__ == "__main__":
    main()
