"""Python's garbage collector while many objects are built. No verdict rests on this."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Building many objects is twice as fast while nobody looks for garbage; there is none to find.

    Afterwards they count as old, as they will stay: else the next collections would look through all of them. What a
    process has frozen itself is left alone.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():
                gc.freeze()  # and back: into the oldest generation, without a look at any of them
                gc.unfreeze()
            gc.enable()
