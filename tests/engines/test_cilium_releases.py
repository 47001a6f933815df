"""The evaluators of older releases of Cilium say what reachproof says of them, and each row is that of its release."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reachproof.engines.cilium.profile import RELEASES
from reachproof.network.options import Cni
from tests.draws import third
from tests.engines.checks import Checks
from tests.engines.cilium import OLDER, SUITE, older
from tests.engines.rows import rows_of, wrong_rows

pytestmark = pytest.mark.slow

NEWEST = RELEASES[-1].version


@pytest.fixture(scope="module", params=OLDER)
def checks(request: pytest.FixtureRequest) -> Iterator[Checks]:
    with Checks.of(older(request.param), range(third(300))) as found:
        yield found


def check_rows(checks: Checks, release: str) -> None:
    rows = rows_of(Cni.CILIUM, release)
    assert rows
    assert not [*wrong_rows(checks.engine, rows)]


def test_every_verdict_is_that_of_the_engine(checks: Checks) -> None:
    checks.agree()


def test_every_field_is_drawn(checks: Checks) -> None:
    checks.cover()


def test_every_row_of_an_older_release_is_that_of_its_engine(checks: Checks) -> None:
    check_rows(checks, checks.suite.release)


def test_every_row_of_the_newest_release_is_that_of_its_engine() -> None:
    with Checks.of(SUITE, ()) as checks:
        check_rows(checks, NEWEST)


def test_every_release_that_is_modelled_has_an_engine() -> None:
    assert {*OLDER, NEWEST} == {each.version for each in RELEASES}
