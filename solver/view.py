"""The universe as one question sees it: free points are split where the question's addresses cut them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from reachproof.network.address import ALL_ADDRESSES
from reachproof.network.intervals import IntervalSet
from reachproof.solver.bitset import from_positions, ones, positions
from reachproof.solver.goal import (
    At,
    Declares,
    Formula,
    Hypothetical,
    InAddresses,
    InNamespaces,
    InNewNamespace,
    Labelled,
    Members,
    OnNode,
    Possible,
    Same,
    Side,
    bound,
)
from reachproof.solver.universe import Point, Universe, regions_of


@dataclass(frozen=True, slots=True)
class View:
    """Points 0 .. n-1 are the universe's; the parts of split points follow. `parts[i]` are the parts of point i."""

    universe: Universe
    points: tuple[Point, ...]
    parts: dict[int, int]
    parents: tuple[int, ...]

    @staticmethod
    def of(universe: Universe, cuts: Iterable[IntervalSet]) -> View:
        """The view in which every point is inside or outside each of the cuts as a whole."""
        wanted = tuple(dict.fromkeys(cuts))
        points = list(universe.points)
        parts: dict[int, int] = {}
        parents: list[int] = []
        regions: dict[IntervalSet, tuple[IntervalSet, ...]] = {}
        cut_through = 0
        for cut in wanted:
            cut_through |= universe.free_meeting(cut) & universe.free_meeting(ALL_ADDRESSES - cut)
        for index in positions(cut_through):
            point = universe.points[index]
            if point.addresses not in regions:
                regions[point.addresses] = regions_of(point.addresses, wanted)
            pieces = regions[point.addresses]
            parts[index] = ones(len(pieces)) << len(points)
            points.extend(Point(point.party, piece) for piece in pieces)
            parents.extend([index] * len(pieces))
        return View(universe, tuple(points), parts, tuple(parents))

    def lift(self, points: int) -> int:
        """A set of points of the universe as a set of points of the view."""
        for parent, parts in self.parts.items():
            if points >> parent & 1:
                points = points & ~(1 << parent) | parts
        return points

    def points_of(self, where: Members | InAddresses | Hypothetical) -> int:
        """The points of the view in a set; none of them is a possible pod."""
        match where:
            case Members(points):
                return self.lift(points)
            case InAddresses(addresses):
                found = self.universe.with_addresses(addresses)
                for parent, parts in self.parts.items():
                    inside = (i for i in positions(parts) if self.points[i].addresses.first in addresses)
                    found = found & ~(1 << parent) | from_positions(inside)
                return found
            case Possible() | InNamespaces() | InNewNamespace() | Labelled() | OnNode() | Declares():
                return 0
            case _:
                assert_never(where)

    def upper_bound(self, formula: Formula, side: Side) -> int:
        """The points that may stand at a side of a flow in the region of a formula: no other can."""

        def points(leaf: At) -> tuple[int, int]:
            found = self.points_of(leaf.where)
            return found, self.everything & ~found

        return bound(formula, side, self.everything, points)

    @property
    def free(self) -> int:
        """The free points that are not split."""
        return self.lift(self.universe.everything) & ~ones(self.universe.fixed)

    @property
    def everything(self) -> int:
        """All points that are not split."""
        return self.lift(self.universe.everything)

    def parent(self, index: int) -> int:
        """The universe's point that a point is, or is a part of."""
        count = len(self.universe.points)
        return index if index < count else self.parents[index - count]

    def group(self, same: Same, index: int) -> int:
        """The group of a point under a relation."""
        return same.group_of[self.parent(index)]
