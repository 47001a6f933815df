"""`python -m tests.engines.renew`: search for cases that show the faults, and write their seeds for the tests."""

from __future__ import annotations

from tests.engines import cilium, knp
from tests.engines.checks import Checks
from tests.engines.shown import write

if __name__ == "__main__":
    for suite in (knp.SUITE, cilium.SUITE):
        with Checks.of(suite, ()) as checks:
            found = checks.search_faults()
        write(suite.name, found)
        print(f"{suite.name}: {len(set(found.values()))} cases")
