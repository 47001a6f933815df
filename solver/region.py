"""Formulas looked at from one side: what they mention, and upper bounds of what can satisfy them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.ports import ALL_PORTS
from reachproof.solver.goal import All, At, Formula, InAddresses, InPorts, Not, Same, Side, Some
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


def addresses_in(formula: Formula) -> list[IntervalSet]:
    """The sets of addresses that a formula mentions."""
    wheres = [leaf.where for leaf in leaves(formula) if isinstance(leaf, At)]
    return [where.addresses for where in wheres if isinstance(where, InAddresses)]


def upper_bound(view: View, formula: Formula, side: Side, *, negated: bool = False) -> int:
    """Points that may stand at a side of a flow in the region: no other can."""
    match formula:
        case At(side=at, where=where):
            if at is not side:
                return view.everything
            points = view.points_of(where)
            return view.everything & ~points if negated else points
        case InPorts() | Same():
            return view.everything
        case Not(item):
            return upper_bound(view, item, side, negated=not negated)
        case All(items) | Some(items):
            bounds = [upper_bound(view, item, side, negated=negated) for item in items]
            meet = isinstance(formula, All) is not negated
            found = view.everything if meet else 0
            for bound in bounds:
                found = found & bound if meet else found | bound
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
            for bound in bounds:
                found = found & bound if meet else found | bound
            return found
        case _:
            assert_never(formula)
