"""The garbage collector while much is built: off, and not woken by what was built."""

from __future__ import annotations

import gc

from reachproof.network.collector import without_collector


def test_what_was_built_counts_as_old() -> None:
    with without_collector():
        assert not gc.isenabled()
        built: list[object] = [[] for _ in range(5_000)]
    assert gc.isenabled()
    assert any(each is built for each in gc.get_objects(generation=2))


def test_what_the_process_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        with without_collector():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_one_inside_another_does_not_switch_it_on() -> None:
    with without_collector():
        with without_collector():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
