"""Hypothesis profiles for the whole suite.

| Profile | Draws |
|---|---|
| `ci` | the same examples every time; of properties marked `heavy` a tenth |
| `nightly` | new examples, of every property all |
| `fuzz` | new examples, 5,000 of each property that does not set its own number |
"""

import gc
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, settings

from tests.draws import PROFILE, draw_fewer
from tests.forks import forks_on_path

# No deadline: the suite also runs on busy machines, and no test may depend on a clock.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "fuzz", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("nightly", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(PROFILE)
FEWEST = 15  # as many as in mutation runs
gc.disable()  # until all is collected: nothing of it is garbage, and looking for some took a quarter of the time


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Collect garbage again, but for what was imported and collected, which stays to the end."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the profile `ci`, let properties marked `heavy` draw a tenth of their examples, at least FEWEST."""
    for item in items:
        if PROFILE == "ci" and item.get_closest_marker("heavy"):
            draw_fewer(item, lambda number: max(FEWEST, number // 10))


@pytest.fixture(scope="session", autouse=True)
def _no_store_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A service that a test starts keeps its snapshots in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def forks() -> Iterator[Mapping[str, str]]:
    """An environment with a `reachproof` whose start costs next to nothing."""
    with forks_on_path() as environment:
        yield environment
