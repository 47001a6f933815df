"""Two snapshots that are compared are read as clusters of one implementation, unless somebody says otherwise."""

from __future__ import annotations

from reachproof.network.errors import InputError, Problem
from reachproof.network.snapshot import Snapshot

_FOUND_OUT = frozenset({"CNI_FOUND", "CNI_NOT_FOUND"})


def demand_one_cni(before: Snapshot, after: Snapshot) -> None:
    """Raises InputError where `cni: auto` takes one of them for another implementation's than the other.

    One that loses its last policy of Calico would be judged as if Calico were gone too. Two that were asked for are
    compared: that is a question of its own.
    """
    first, second = before.options.cni, after.options.cni
    guessed = any(notice.code in _FOUND_OUT for each in (before, after) for notice in each.assumptions)
    if guessed and first is not second:
        message = f"found {first} in the earlier snapshot and {second} in the later one, expected one; say which it is"
        raise InputError([Problem(file="options", path="cni", message=message)])
