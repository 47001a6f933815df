"""A pytest plugin for mutation runs: fewer draws per property, and which test runs which line of the product."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import coverage
import pytest

from tests.draws import draw_fewer

DRAWS = 15  # per property; a fault that survives them may still be found by the suite's own number
DURATIONS = "MUTANTS_DURATIONS"  # the file that durations are written to while coverage is measured


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Lower the draws of every property."""
    for item in items:
        draw_fewer(item, lambda number: min(DRAWS, number))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Attribute the lines that run from here on to this test."""
    measured = coverage.Coverage.current()
    if measured is not None:
        measured.switch_context(item.nodeid)
    return (yield)


_durations: dict[str, float] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up the seconds of a test's three phases."""
    _durations[report.nodeid] = _durations.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish(session: Any) -> None:
    """Write the durations where the run asks for them."""
    target = os.environ.get(DURATIONS)
    if target:
        with open(target, "w", encoding="utf-8") as file:
            json.dump(_durations, file)
