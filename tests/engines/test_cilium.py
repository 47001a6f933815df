"""Cilium's policy repository says what reachproof says, but for the rows of docs/engines.md."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.draws import third
from tests.engines.checks import Checks
from tests.engines.cilium import SUITE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checks() -> Iterator[Checks]:
    with Checks.of(SUITE, range(third(300))) as found:
        yield found


def test_every_verdict_is_that_of_the_engine(checks: Checks) -> None:
    checks.agree()


def test_every_field_is_drawn(checks: Checks) -> None:
    checks.cover()


@pytest.mark.parametrize("kind", SUITE.kinds)
def test_a_fault_in_any_field_is_noticed(checks: Checks, kind: str) -> None:
    checks.notice_faults(kind)
