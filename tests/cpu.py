"""A pytest plugin that tells which tests cost most CPU time, child processes that ended included.

python -m pytest -p tests.cpu ...

Seconds of CPU depend less on what else runs on a machine than those of a clock. Properties are marked `heavy` by them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

_MOST = 50
_spent: Counter[str] = Counter()


def _now() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


_last = _now()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Give the report of each phase the time since the one before; pytest-xdist passes it on."""
    global _last
    report = yield
    now = _now()
    report.cpu, _last = now - _last, now
    return report


def pytest_runtest_logreport(report: Any) -> None:
    """Add up the phases of a test."""
    _spent[report.nodeid] += report.cpu


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the dearest tests, and the sum of all."""
    terminalreporter.section(f"CPU seconds: {sum(_spent.values()):.0f}")
    for name, seconds in _spent.most_common(_MOST):
        terminalreporter.write_line(f"{seconds:8.1f} {name}")
