"""Python's garbage collector while many objects are built. No verdict rests on this."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 50_000


@contextmanager
def without_collector() -> Iterator[None]:
    """Building many objects is twice as fast while nobody looks for garbage; there is none to find.

    Very many count as old afterwards, as they will stay: else the next collections would look through all of them.
    What the process has frozen itself is left alone. Whatever is built here is in no cycle, so none of it waits for a
    collection of what is old.
    """
    enabled = gc.isenabled()
    before = gc.get_count()[0]
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            # The count of what is frozen walks through it, and so is asked for last.
            if gc.get_count()[0] - before > _MANY and not gc.get_freeze_count():
                gc.freeze()  # and back: into the oldest generation, without a look at any of them
                gc.unfreeze()
            gc.enable()
