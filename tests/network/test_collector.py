"""The garbage collector while much is built: off, and not woken by what was built."""

from __future__ import annotations

import gc

import pytest

from reachproof.network.collector import without_collector


def built(many: int) -> list[object]:
    with without_collector():
        assert not gc.isenabled()
        found: list[object] = [[] for _ in range(many)]
    assert gc.isenabled()
    return found


@pytest.mark.parametrize(("many", "old"), [(100_000, True), (1_000, False)])
def test_very_many_objects_count_as_old(many: int, old: bool) -> None:
    gc.unfreeze()  # what an earlier test has frozen
    found = built(many)
    assert any(each is found for each in gc.get_objects(generation=2)) is old


def test_what_the_process_froze_stays_frozen() -> None:
    gc.freeze()
    try:
        built(100_000)
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_one_inside_another_does_not_switch_it_on() -> None:
    with without_collector():
        with without_collector():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
