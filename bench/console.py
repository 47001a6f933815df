"""The console on one generated cluster, in the Chromium of this machine: how long until something can be seen.

    python -m bench.console --generator PATH/gen_cluster.py [--pods 1000] [--rounds 5]

Completions: CPU time. In the browser: wall clock, from a navigation or a key until what follows is on the page. The
service runs in this process, with its snapshot loaded; `cold` is the first question after a reload of the page, `warm`
another.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.__main__ import SHAPES, generate
from bench.one import timed

from reachproof.api.console import assets
from reachproof.manifests.load import load
from reachproof.queries.ask import Session
from reachproof.queries.complete import complete
from reachproof.queries.tenancy import tenants
from tests.api.browser import chromium, opened, serving

BEGINNINGS = ("", "can pod ", "can pods labelled ", "can workload ", "no pod can reach pods on ", "can pods rech nodes")


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--generator", type=Path, default=Path("../shared/bench/gen_cluster.py"))
    parser.add_argument("--pods", type=int, default=1_000, choices=sorted(SHAPES))
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate(options.generator, options.pods, Path(folder))
        snapshot = load(folder)
    print(f"{len(snapshot.pods)} pods, {len(snapshot.policies)} policies")
    session = Session(snapshot)
    for text in BEGINNINGS:
        complete(text, len(text), session)
        taken = [timed(lambda text=text: complete(text, len(text), session))[0] for _ in range(20)]
        print(f"complete {text!r}: p50 {statistics.median(taken) * 1000:.1f} max {max(taken) * 1000:.1f} ms")
    sizes = [len(asset.packed) for name, asset in assets().items() if not name.startswith("example/")]
    print(f"page: {len(sizes)} files, {sum(sizes):,} bytes compressed")
    first, second = tenants(snapshot)[:2]
    questions = [f"tenant {first} is isolated from tenant {second}", f"can tenant {first} reach tenant {second}?"]
    with chromium() as browser, serving(snapshot) as address, opened(browser, address) as page:
        measure(page, address, questions, options.rounds)


def measure(page: Any, address: str, questions: list[str], rounds: int) -> None:
    told: dict[str, list[float]] = {"page": [], "cold": [], "warm": [], "suggestions": [], "matrix": []}

    def ask(text: str) -> None:
        page.fill("#question", text)
        page.keyboard.press("Enter")
        page.wait_for_function("(text) => document.querySelector('.asked')?.textContent === text", arg=text)

    def suggested() -> None:
        page.fill("#question", "can pod ")
        page.wait_for_selector("[role=option]:has-text('/')")

    def opened_matrix() -> None:
        page.click("#tab-matrix")
        page.wait_for_selector(".matrix")

    for _ in range(rounds):
        told["page"].append(seconds(lambda: (page.goto(address), page.wait_for_selector(".samples"))))
        told["cold"].append(seconds(lambda: ask(questions[0])))
        told["warm"].append(seconds(lambda: ask(questions[1])))
        told["suggestions"].append(seconds(suggested))
        told["matrix"].append(seconds(opened_matrix))
    for name, taken in told.items():
        print(f"{name}: p50 {statistics.median(taken) * 1000:.0f} max {max(taken) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
