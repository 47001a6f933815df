"""Numbers of examples: of properties, after their decorators have set them, and of cases drawn from seeds."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
_ATTRIBUTE = "_hypothesis_internal_use_settings"  # Hypothesis has no other place for what a decorator has set


def draw_fewer(item: pytest.Item, number: Callable[[int], int]) -> None:
    """Let the property that a test is draw `number` of the examples that it would; nothing for any other test."""
    function = getattr(item, "function", None)
    chosen: settings | None = getattr(function, _ATTRIBUTE, None)
    if chosen is not None:
        setattr(function, _ATTRIBUTE, settings(chosen, max_examples=number(chosen.max_examples)))


def third(number: int) -> int:
    """A third of the number in the profile `ci`, else all of it."""
    return number // 3 if PROFILE == "ci" else number
