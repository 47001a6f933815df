"""A slice written anew over finer cells and atoms, and which of its rules are about own nodes.

Trusted by both engines when snapshots are compared; checked with `solver.joint_slices`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import DomainPeer, OtherNodePeer, OwnNodePeer
from reachproof.network.tier import BUILT_IN
from reachproof.solver.box_index import Positions
from reachproof.solver.goal import Side
from reachproof.solver.slice import Patch, Slice, SlicedRule, SlicedTier


class SliceRefiner:
    """Writes a slice over finer cells and atoms; `cells` and `atoms` number those that these are parts of."""

    def __init__(self, part: Slice, cells: dict[Side, list[int]], atoms: Sequence[int]) -> None:
        self._part = part
        self._numbers = cells
        self._cells = {side: np.array(numbers, dtype=np.intp) for side, numbers in cells.items()}
        self._atoms = atoms
        self._positions: dict[tuple[Side, bytes], Positions] = {}
        self._masks: dict[int, int] = {}

    def slice(self, atoms: tuple[IntervalSet, ...]) -> Slice:
        """The slice with these atoms, and with a cell for each number."""
        part = self._part
        sources, destinations = ([part.cells(side)[number] for number in self._numbers[side]] for side in Side)
        return replace(
            part,
            sources=tuple(sources),
            destinations=tuple(destinations),
            atoms=atoms,
            egress=tuple(self._tier(tier, Side.SOURCE, Side.DESTINATION) for tier in part.egress),
            ingress=tuple(self._tier(tier, Side.DESTINATION, Side.SOURCE) for tier in part.ingress),
        )

    def _tier(self, tier: SlicedTier, subjects: Side, peers: Side) -> SlicedTier:
        def rule(each: SlicedRule) -> SlicedRule:
            certain, possible = (tuple(map(patch, patches)) for patches in (each.certain, each.possible))
            return replace(each, certain=certain, possible=possible)

        def patch(each: Patch) -> Patch:
            return Patch(self._at(subjects, each.subjects), self._at(peers, each.peers), self._mask(each.atoms))

        return tier.map(lambda policy: policy.map(lambda cells: self._at(subjects, cells), rule), rule)

    def _at(self, side: Side, cells: Positions) -> Positions:
        key = side, cells.tobytes()
        if key not in self._positions:
            inside = np.zeros(len(self._part.cells(side)), dtype=np.bool_)
            inside[cells] = True
            self._positions[key] = np.flatnonzero(inside[self._cells[side]])
        return self._positions[key]

    def _mask(self, atoms: int) -> int:
        if atoms not in self._masks:
            self._masks[atoms] = sum(1 << place for place, atom in enumerate(self._atoms) if atoms >> atom & 1)
        return self._masks[atoms]


def is_about_nodes(rule: SlicedRule) -> bool:
    """True if all that is open about the rule is where the ends of a flow run, or what a built-in rule means."""
    if rule.rule.may and rule.rule.origin != BUILT_IN:
        return False
    peers = [match.peer for match in rule.rule.matches]
    near = [isinstance(peer, kind) for kind in (OwnNodePeer, OtherNodePeer) for peer in peers]
    both = all(any(isinstance(peer, kind) for peer in peers) for kind in (OwnNodePeer, OtherNodePeer))
    return any(near) and not both and not any(isinstance(peer, DomainPeer) for peer in peers)
