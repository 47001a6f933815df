"""Hypothesis profiles for the whole suite: `ci` draws the same examples every time, `fuzz` looks for new ones."""

import os

from hypothesis import HealthCheck, settings

# No deadline: the suite also runs on busy machines, and no test may depend on a clock.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "fuzz", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
