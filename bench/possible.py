"""Open-world claims on one generated cluster: CPU milliseconds per claim, and how much of it is the open part.

    python -m bench.possible --generator PATH/gen_cluster.py [--pods 10000] [--claims 12]

Each claim is asked twice: about the pods of the snapshot, and about possible pods. `sentence` is one of each form.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
from pathlib import Path

from bench.__main__ import SHAPES, generate
from bench.one import timed

from reachproof.manifests.load import load
from reachproof.queries.ask import Session
from reachproof.queries.tenancy import tenants

FORMS = (
    "no {}pod in tenant {} can reach any pod in tenant {}",
    "no {}pod in tenant {} can reach any pod in tenant {} on tcp/5432",
    "no {}pod outside tenant {} can reach any pod in tenant {} on tcp/9090",
    "no {}pod in tenant {} can reach outside the cluster except to 10.0.0.0/8 and except from tenant {}",
    "BANP enforces default deny for {}pods in tenant {} except to tenant {}",
)
EVERYWHERE = "no possible pod in any tenant in possible namespaces can reach possible pods in a different tenant"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.possible", description=__doc__)
    parser.add_argument("--generator", type=Path, default=Path("../shared/bench/gen_cluster.py"))
    parser.add_argument("--pods", type=int, default=10_000, choices=sorted(SHAPES))
    parser.add_argument("--claims", type=int, default=12, help="of each form")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate(options.generator, options.pods, Path(folder))
        session = Session(load(folder))
    print(f"{len(session.snapshot.pods)} pods, {len(session.snapshot.policies)} policies")
    session.ask("no possible pod can reach 203.0.113.1")
    chance = random.Random(1)
    for form in FORMS:
        closed, opened, verdicts = [], [], []
        for _ in range(options.claims):
            a, b = chance.sample(tenants(session.snapshot), 2)
            closed.append(timed(lambda form=form, a=a, b=b: session.ask(form.format("", a, b)))[0] * 1000)
            taken, answer = timed(lambda form=form, a=a, b=b: session.ask(form.format("possible ", a, b)))
            opened.append(taken * 1000)
            verdicts.append(f"{answer.verdict}{' (invented)' if answer.snapshot.possible else ''}")
        told = ", ".join(f"{verdicts.count(each)} {each}" for each in sorted(set(verdicts)))
        figures = f"closed p50 {statistics.median(closed):.0f} open p50 {statistics.median(opened):.0f}"
        print(f"{figures} max {max(opened):.0f} ms | {told} | {form.format('possible ', 'X', 'Y')}", flush=True)
    taken, answer = timed(lambda: session.ask(EVERYWHERE))
    print(f"{taken * 1000:.0f} ms | {answer.verdict} | {EVERYWHERE}")


if __name__ == "__main__":
    main()
