"""The outside as several parts of a comparison cut it, in pieces that are the same in all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from reachproof.network.flow import External
from reachproof.network.intervals import EMPTY, IntervalSet
from reachproof.solver.goal import Side
from reachproof.solver.joint import Joint, overlay


def outside_pieces(joints: Iterable[Joint]) -> dict[IntervalSet, tuple[IntervalSet, ...]]:
    """For each set of addresses outside that some part has as an endpoint, the disjoint sets that it is made of."""
    families = [each for joint in joints for side in Side if (each := _family(joint, side))]
    pieces: Sequence[IntervalSet] = ()
    for family in dict.fromkeys(families):
        pieces = _refined(pieces, family)
    found: dict[IntervalSet, tuple[IntervalSet, ...]] = {}
    for family in dict.fromkeys(families):
        parts: dict[int, list[IntervalSet]] = defaultdict(list)
        for (number, _), piece in overlay(family, pieces).items():
            parts[number].append(piece)
        found.update((each, tuple(parts[number])) for number, each in enumerate(family))
    return found


def _family(joint: Joint, side: Side) -> tuple[IntervalSet, ...]:
    """The sets of one side, which are disjoint."""
    points = (twin.known for cell in joint.twins[side] for twin in cell)
    return tuple(dict.fromkeys(point.addresses for point in points if isinstance(point.party, External)))


def _refined(pieces: Sequence[IntervalSet], family: Sequence[IntervalSet]) -> list[IntervalSet]:
    """Every meet of the two, and what is in one of them only."""
    left, right = (IntervalSet.of(span for each in sets for span in each) for sets in (pieces, family))
    one_sided = [each - right for each in pieces] + [each - left for each in family]
    return [*overlay(pieces, family).values(), *(each for each in one_sided if each != EMPTY)]
