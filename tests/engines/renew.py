"""`python -m tests.engines.renew`: search for cases that show the faults, and write their seeds for the tests."""

from __future__ import annotations

from tests.engines.__main__ import SUITES
from tests.engines.checks import Checks
from tests.engines.shown import write

if __name__ == "__main__":
    for name, suite in SUITES.items():
        with Checks.of(suite, ()) as checks:
            found = checks.search_faults()
        write(name, found)
        print(f"{name}: {len(set(found.values()))} cases")
