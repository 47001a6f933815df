"""Hypothesis profiles for the whole suite: `ci` draws the same examples every time, `fuzz` looks for new ones."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# No deadline: the suite also runs on busy machines, and no test may depend on a clock.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "fuzz", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session", autouse=True)
def _no_store_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A service that a test starts keeps its snapshots in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield
