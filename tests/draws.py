"""Numbers of examples of properties, changed after their decorators have set them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings

_ATTRIBUTE = "_hypothesis_internal_use_settings"  # Hypothesis has no other place for what a decorator has set


def draw_fewer(item: pytest.Item, number: Callable[[int], int]) -> None:
    """Let the property that a test is draw `number` of the examples that it would; nothing for any other test."""
    function = getattr(item, "function", None)
    chosen: settings | None = getattr(function, _ATTRIBUTE, None)
    if chosen is not None:
        setattr(function, _ATTRIBUTE, settings(chosen, max_examples=number(chosen.max_examples)))
