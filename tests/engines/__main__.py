"""Many more flows than the tests compare, from seeds that are new each time: `make engines`.

    python -m tests.engines [--flows N] [--seed N] [ENGINE...]

Exit code 1 where a verdict differs and no deviation explains it, or a field was never drawn. The rows of
tests/cases/releases.yaml are asked too.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from itertools import count

from reachproof.network.options import Cni
from tests.engines import cilium, knp
from tests.engines.compare import Answered, Suite, compare, drawn_cases
from tests.engines.coverage import Coverage
from tests.engines.engine import Engine, fields_of, running
from tests.engines.rows import rows_of, wrong_rows

SUITES = {suite.name: suite for suite in (knp.SUITE, cilium.SUITE, *map(cilium.older, cilium.OLDER))}


def main() -> int:
    """Compares with each engine in turn."""
    options = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__.splitlines()[0])
    options.add_argument("--flows", type=int, default=100_000, help="at least so many for each engine")
    options.add_argument("--seed", type=int, default=random.randrange(10**9), help="of the first case")
    options.add_argument("--table", action="store_true", help="print how often each field was drawn")
    options.add_argument("engines", nargs="*", choices=[*SUITES, []], help="all by default")
    given = options.parse_args()
    right = [_run(SUITES[name], given.seed, given.flows, table=given.table) for name in given.engines or SUITES]
    return 0 if all(right) else 1


def _run(suite: Suite, seed: int, flows: int, *, table: bool) -> bool:
    print(f"{suite.name}: cases from seed {seed}", flush=True)
    began = time.monotonic()
    coverage = Coverage(fields=fields_of(suite.name), left_out=suite.left_out)
    rows = rows_of(Cni(suite.name.partition("@")[0]), suite.release) if suite.release else []
    with running(suite.name) as engine:
        wrong = [*wrong_rows(engine, rows)]
        found = compare(_enough(engine, suite, coverage, seed, flows), suite.deviations)
    lines = [found.summary(), *found.unexplained, *(f"never drawn: {each}" for each in coverage.missing()), *wrong]
    print("\n".join([*lines, *([coverage.table()] if table else [])]))
    print(f"{suite.name}: {time.monotonic() - began:.0f} s", flush=True)
    return not (found.unexplained or coverage.missing() or wrong)


def _enough(engine: Engine, suite: Suite, coverage: Coverage, seed: int, flows: int) -> Iterator[Answered]:
    """Cases until there are so many flows."""
    for case, verdicts in drawn_cases(engine, suite.draw, count(seed)):
        coverage.add(case.policies)
        yield case, verdicts
        flows -= len(verdicts)
        if flows <= 0:
            return


if __name__ == "__main__":
    sys.exit(main())
