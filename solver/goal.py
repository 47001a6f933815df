"""A goal for the solver: a region of flows, as a formula, and what is to be found in it.

Formula = conditions on the source, the destination, the port, and on both ends together
Search  = is there a flow in the region that can be allowed (or denied)?
Ranked  = quantifiers that alternate, such as: for every source there is a destination such that ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.network.labels import Selector
from reachproof.network.policy import Direction
from reachproof.network.ports import ALL_PORTS


class Side(StrEnum):
    """An end of the flow."""

    SOURCE = "source"
    DESTINATION = "destination"


SUBJECT: Mapping[Direction, Side] = MappingProxyType(
    {Direction.EGRESS: Side.SOURCE, Direction.INGRESS: Side.DESTINATION}
)
PEER: Mapping[Direction, Side] = MappingProxyType({Direction.EGRESS: Side.DESTINATION, Direction.INGRESS: Side.SOURCE})
"""The ends that a direction is decided for, and those that peers are matched with."""


@dataclass(frozen=True, slots=True)
class Members:
    """The points in this set of points of the encoding's universe."""

    points: int


@dataclass(frozen=True, slots=True)
class InAddresses:
    """The points that use an address of the set; free points are cut where it cuts them."""

    addresses: IntervalSet


@dataclass(frozen=True, slots=True)
class Possible:
    """Possible pods: any pod on the pod network that could be created. No point of a universe is one."""


@dataclass(frozen=True, slots=True)
class InNamespaces:
    """Possible pods in one of these namespaces of the snapshot, which are sorted."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InNewNamespace:
    """Possible pods in a namespace that is not in the snapshot and has such labels."""

    labels: Selector


@dataclass(frozen=True, slots=True)
class Labelled:
    """Possible pods with such labels."""

    labels: Selector


@dataclass(frozen=True, slots=True)
class OnNode:
    """Possible pods on this node of the snapshot."""

    name: str


@dataclass(frozen=True, slots=True)
class Declares:
    """Possible pods that declare the port of the flow under this name."""

    name: str


Hypothetical = Possible | InNamespaces | InNewNamespace | Labelled | OnNode | Declares


@dataclass(frozen=True, slots=True)
class At:
    """The end at one side is in the set. A set of points holds no possible pod, and the other way round."""

    side: Side
    where: Members | InAddresses | Hypothetical


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Groups of possible pods, with the numbers that points have.

    `namespaces`: the groups of those in namespaces of the snapshot; others there have none. Of those in new ones: the
    number of the first of `selectors` that matches the namespace; else, one group per value of the label `by_value`
    (none without that label); else, with `apart`, each new namespace is a group.
    """

    namespaces: tuple[tuple[str, int], ...] = ()
    selectors: tuple[tuple[Selector, int], ...] = ()
    by_value: str = ""
    apart: bool = False


@dataclass(frozen=True, slots=True)
class InPorts:
    """The destination port is in the set."""

    ports: IntervalSet


@dataclass(frozen=True, slots=True)
class Same:
    """Both ends belong to one group; `group_of[i]` is the group of point i, 0 for none."""

    group_of: tuple[int, ...]
    possible: Grouping = Grouping()


@dataclass(frozen=True, slots=True)
class All:
    """Every item holds; true when there is none."""

    items: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Some item holds; false when there is none."""

    items: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The item does not hold."""

    item: Formula


Formula = At | InPorts | Same | All | Some | Not
TRUE = All(())
FALSE = Some(())


# ---------------------------------------------------------------- what a formula mentions, and what can satisfy it


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


# ---------------------------------------------------------------- goals


class Wanted(StrEnum):
    """The truth that is wanted of a flow, over all that is left open (ties, domain names, unknown nodes).

    `CAN_ALLOW`: some outcome allows it. `MUST_ALLOW`: every outcome does. Likewise for deny.
    """

    CAN_ALLOW = "can be allowed"
    MUST_ALLOW = "is certainly allowed"
    CAN_DENY = "can be denied"
    MUST_DENY = "is certainly denied"


@dataclass(frozen=True, slots=True)
class Search:
    """Is there a flow in `region` with what is wanted?"""

    region: Formula
    wanted: Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Do the quantifiers over source, destination and port hold, read in that order?

    They range over endpoints, as `solver.ends` has them. True when: for every/some source in `sources`, for every/some
    destination with a flow in `region` from it, for every/some port with a flow in `region` between them, all such
    flows are as wanted, whichever addresses they use. A source without any flow is no example of one that reaches.
    """

    sources: Formula
    region: Formula
    every_source: bool
    every_destination: bool
    every_port: bool
    wanted: Wanted


Goal = Search | Ranked
