"""Formulas looked at from one side: what they mention, and upper bounds of what can satisfy them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import assert_never

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import ALL_PORTS
from reachproof.solver.goal import All, At, Formula, InAddresses, InPorts, Members, Not, Same, Side, Some
from reachproof.solver.view import View


def leaves(formula: Formula) -> Iterator[At | InPorts | Same]:
    """The conditions in a formula, in order, doubles included."""
    match formula:
        case At() | InPorts() | Same():
            yield formula
        case All(items) | Some(items):
            for item in items:
                yield from leaves(item)
        case Not(item):
            yield from leaves(item)
        case _:
            assert_never(formula)


def is_open(formula: Formula) -> bool:
    """True if a formula mentions possible pods."""
    wheres = (leaf.where for leaf in leaves(formula) if isinstance(leaf, At))
    return any(not isinstance(where, Members | InAddresses) for where in wheres)


def addresses_in(formula: Formula) -> list[IntervalSet]:
    """The sets of addresses that a formula mentions."""
    wheres = [leaf.where for leaf in leaves(formula) if isinstance(leaf, At)]
    return [where.addresses for where in wheres if isinstance(where, InAddresses)]


def upper_bound(view: View, formula: Formula, side: Side) -> int:
    """Points that may stand at a side of a flow in the region: no other can."""

    def points(leaf: At) -> tuple[int, int]:
        found = view.points_of(leaf.where)
        return found, view.everything & ~found

    return bound(formula, side, view.everything, points)


def bound(
    formula: Formula,
    side: Side,
    everything: int,
    sets: Callable[[At], tuple[int, int]],
    *,
    negated: bool = False,
) -> int:
    """The part of `everything` (bits) that may stand at a side of a flow in the region: no other can.

    `sets` gives for a condition at that side what can meet it, and what can fail to meet it.
    """
    match formula:
        case At(side=at):
            return sets(formula)[negated] if at is side else everything
        case InPorts() | Same():
            return everything
        case Not(item):
            return bound(item, side, everything, sets, negated=not negated)
        case All(items) | Some(items):
            bounds = [bound(item, side, everything, sets, negated=negated) for item in items]
            meet = isinstance(formula, All) is not negated
            found = everything if meet else 0
            for each in bounds:
                found = found & each if meet else found | each
            return found
        case _:
            assert_never(formula)


def upper_ports(formula: Formula, *, negated: bool = False) -> IntervalSet:
    """Ports that a flow of the region may have: no other can."""
    match formula:
        case InPorts(ports):
            return ALL_PORTS - ports if negated else ports & ALL_PORTS
        case At() | Same():
            return ALL_PORTS
        case Not(item):
            return upper_ports(item, negated=not negated)
        case All(items) | Some(items):
            bounds = [upper_ports(item, negated=negated) for item in items]
            meet = isinstance(formula, All) is not negated
            found = ALL_PORTS if meet else EMPTY
            for each in bounds:
                found = found & each if meet else found | each
            return found
        case _:
            assert_never(formula)
