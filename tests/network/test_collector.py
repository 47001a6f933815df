"""The garbage collector while much is built."""

from __future__ import annotations

import gc

from reachproof.network.collector import without_collector


def test_it_is_off_meanwhile_and_on_afterwards() -> None:
    with without_collector():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_one_inside_another_does_not_switch_it_on() -> None:
    with without_collector():
        with without_collector():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
