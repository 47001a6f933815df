"""The part of an encoding that a question is about: cells of points, atoms of ports, and the patches of each rule.

    cell  = points of one side that neither the question nor any rule that matters to it tells apart
    atom  = ports that they do not tell apart
    patch = subject cells x peer cells x atoms, where a box of a rule holds

Only policies that select a point in question stay, and only boxes that meet the question's points and ports; every
other rule cannot match any flow of the region. Both engines read the same slice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from reachproof.network.intervals import IntervalSet, atoms
from reachproof.network.policy import Direction, Policy, Rule
from reachproof.network.tier import DirectedPolicy, TierOf
from reachproof.solver.bitset import Positions, positions
from reachproof.solver.boxes import EncodedPolicy, EncodedRule, Kept, Near
from reachproof.solver.budget import Budget
from reachproof.solver.cells import NOT_AT_A_NODE, Cell, Cells, Draft
from reachproof.solver.encoding import Encoding
from reachproof.solver.goal import PEER, SUBJECT, At, Formula, InPorts, Same, Side, addresses_in, leaves, upper_ports
from reachproof.solver.view import View


@dataclass(frozen=True, slots=True)
class Patch:
    """Cells of the subject's side x cells of the peer's side x atoms (bits)."""

    subjects: Positions
    peers: Positions
    atoms: int


@dataclass(frozen=True, slots=True)
class SlicedRule:
    """Where the rule matches for certain, and where it may match."""

    rule: Rule
    policy: Policy | None
    certain: tuple[Patch, ...]
    possible: tuple[Patch, ...]


SlicedPolicy: TypeAlias = DirectedPolicy[Positions, SlicedRule]
"""Its subjects are cells."""
SlicedTier: TypeAlias = TierOf[SlicedPolicy, SlicedRule]


def isolated_subjects(tier: TierOf[DirectedPolicy[Positions, object], object]) -> Positions:
    """The cells that some policy of the tier isolates, ascending."""
    found = [policy.subjects for policy in tier.isolating]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Slice:
    """All that both engines need for one question; cells and atoms are numbered from 0."""

    view: View
    sources: tuple[Cell, ...]
    destinations: tuple[Cell, ...]
    atoms: tuple[IntervalSet, ...]
    relations: tuple[Same, ...]
    egress: tuple[SlicedTier, ...]
    ingress: tuple[SlicedTier, ...]

    def tiers(self, direction: Direction) -> tuple[SlicedTier, ...]:
        """The tiers of one direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress

    def cells(self, side: Side) -> tuple[Cell, ...]:
        """The cells of one side."""
        return self.sources if side is Side.SOURCE else self.destinations

    def flags(self, item: At) -> list[bool]:
        """For each cell of the item's side whether its points are in the set: all are, or none."""
        points = self.view.points_of(item.where)
        return [bool(cell.points & points) for cell in self.cells(item.side)]

    def groups(self, same: Same, side: Side) -> list[int]:
        """The group of each cell of a side under a relation; 0 for none."""
        position = self.relations.index(same)
        return [cell.groups[position] for cell in self.cells(side)]

    def ports_of(self, atoms: int) -> IntervalSet:
        """The ports of a set of atoms."""
        found = [self.atoms[atom] for atom in positions(atoms)]
        return found[0] if len(found) == 1 else IntervalSet.of([span for each in found for span in each.spans])

    def atoms_in(self, ports: IntervalSet) -> int:
        """The atoms inside a set of ports, as bits."""
        return sum(1 << index for index, atom in enumerate(self.atoms) if atom.first in ports)


def cut(encoding: Encoding, formulas: Sequence[Formula], budget: Budget) -> Slice:
    """The slice for a question: flows of `formulas[0]`, and sources of the others; cells respect all of them.

    Raises OutOfBudget.
    """
    view = View.of(encoding.universe, (cut for formula in formulas for cut in addresses_in(formula)))
    relations = tuple(dict.fromkeys(x for formula in formulas for x in leaves(formula) if isinstance(x, Same)))
    region, *others = formulas
    domain = {side: view.upper_bound(region, side) for side in Side}
    for formula in others:
        domain[Side.SOURCE] |= view.upper_bound(formula, Side.SOURCE)
    sets = {side: [view.points_of(x.where) for x in _ats(formulas, side)] for side in Side}
    hosts = view.lift(encoding.universe.nodes | encoding.universe.host_pods)
    nodes = bool((domain[Side.SOURCE] | domain[Side.DESTINATION]) & hosts)
    classes = {Side.SOURCE: encoding.sources, Side.DESTINATION: encoding.destinations}
    drafts = {
        side: Draft.of(view, classes[side], domain[side], sets=sets[side], relations=relations, nodes=nodes)
        for side in Side
    }
    budget.check()
    ports = upper_ports(region)
    index = encoding.index
    kept = index.kept({side: drafts[side].class_bits for side in Side}, ports)
    cells = {side: drafts[side].merged(index.rows[side], _rows(kept, side)) for side in Side}
    budget.check()
    asked = [leaf.ports for formula in formulas for leaf in leaves(formula) if isinstance(leaf, InPorts)]
    pieces = port_atoms(ports, [*(index.ports[number] for number in _ports(kept)), *asked])
    budget.check_table(len(cells[Side.SOURCE].cells) * len(cells[Side.DESTINATION].cells) * (len(pieces) // 64 + 1))
    tiers = {
        direction: _Patcher(cells[SUBJECT[direction]], cells[PEER[direction]], pieces).tiers(kept[direction])
        for direction in Direction
    }
    return Slice(
        view=view,
        sources=cells[Side.SOURCE].cells,
        destinations=cells[Side.DESTINATION].cells,
        atoms=pieces,
        relations=relations,
        egress=tiers[Direction.EGRESS],
        ingress=tiers[Direction.INGRESS],
    )


def _ats(formulas: Sequence[Formula], side: Side) -> Iterator[At]:
    for formula in formulas:
        yield from (leaf for leaf in leaves(formula) if isinstance(leaf, At) and leaf.side is side)


def _rows(kept: dict[Direction, list[Kept]], side: Side) -> Positions:
    """The rows of one side that what is kept tells apart."""
    found = [each.subjects for direction in Direction if SUBJECT[direction] is side for each in kept[direction]]
    found += [each.peers for direction in Direction if PEER[direction] is side for each in kept[direction]]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.intp)


def _ports(kept: dict[Direction, list[Kept]]) -> list[int]:
    """The numbers of the sets of ports that what is kept tells apart, in order of appearance."""
    return list(dict.fromkeys(number for tiers in kept.values() for tier in tiers for number in tier.ports.tolist()))


def port_atoms(domain: IntervalSet, cuts: Iterable[IntervalSet]) -> tuple[IntervalSet, ...]:
    """The domain by which cuts hold, in order of each atom's first port.

    Cost: that of one bit for each cut, as often as a cut begins or ends.
    """
    distinct = [cut & domain for cut in dict.fromkeys(cuts)]
    changes: defaultdict[int, int] = defaultdict(int)
    for number, cut in enumerate(distinct):
        for low, high in cut:
            changes[low] ^= 1 << number
            changes[high + 1] ^= 1 << number
    waiting = sorted(changes)
    waiting.reverse()
    holding = 0
    grouped: dict[int, list[tuple[int, int]]] = {}
    for low, high in atoms(domain, distinct):
        while waiting and waiting[-1] <= low:
            holding ^= changes[waiting.pop()]
        grouped.setdefault(holding, []).append((low, high))
    return tuple(IntervalSet.of(spans) for spans in grouped.values())


class _Patcher:
    """Turns the boxes of one direction into patches."""

    def __init__(self, subjects: Cells, peers: Cells, pieces: tuple[IntervalSet, ...]) -> None:
        self._subjects = subjects
        self._peers = peers
        self._firsts = [atom.first for atom in pieces]
        self._ports: dict[IntervalSet, int] = {}

    def tiers(self, kept: Iterable[Kept]) -> tuple[SlicedTier, ...]:
        def policy(encoded: EncodedPolicy) -> SlicedPolicy:
            return encoded.map(self._subjects.of_classes, self._rule)

        return tuple(each.tier.map(policy, self._rule) for each in kept)

    def _rule(self, encoded: EncodedRule) -> SlicedRule:
        certain: list[Patch] = []
        possible: list[Patch] = []
        for box in encoded.boxes:
            subjects, peers = self._subjects.of_classes(box.subjects), self._peers.of_classes(box.peers)
            pairs = self._near(subjects, peers, box.near) if box.near else [(subjects, peers, False)]
            for some, others, may in pairs:
                patch = Patch(some, others, self._mask(box.ports))
                (possible if may or box.may else certain).append(patch)
        return SlicedRule(encoded.rule, encoded.policy, tuple(certain), tuple(possible))

    def _mask(self, ports: IntervalSet) -> int:
        if ports not in self._ports:
            self._ports[ports] = sum(self._between(low, high) for low, high in ports)
        return self._ports[ports]

    def _between(self, low: int, high: int) -> int:
        """The atoms that begin there, which are in order."""
        begin, end = bisect_left(self._firsts, low), bisect_right(self._firsts, high)
        return ((1 << (end - begin)) - 1) << begin

    def _near(self, subjects: Positions, peers: Positions, near: Near) -> Iterator[tuple[Positions, Positions, bool]]:
        """Pairs of cells that are so, then pairs where the node of one of them is not known (these may match)."""
        here = _by_node(self._subjects.cells, subjects)
        there = _by_node(self._peers.cells, [peer for peer in peers.tolist() if self._peers.cells[peer].host])
        for node, cells in here.items():
            for other, others in there.items():
                same = (node == other) is (near is Near.OWN_NODE)
                if node is not None and other is not None and same:
                    yield cells, others, False
        for node, cells in here.items():
            for other, others in there.items():
                if node is None or other is None:
                    yield cells, others, True


def _by_node(cells: tuple[Cell, ...], chosen: Iterable[int]) -> dict[str | None, Positions]:
    found: dict[str | None, list[int]] = {}
    for index in chosen:
        node = cells[int(index)].node
        if node != NOT_AT_A_NODE:
            found.setdefault(node, []).append(int(index))
    return {node: np.array(indexes, dtype=np.intp) for node, indexes in found.items()}


# ---------------------------------------------------------------- over finer cells


def refined(part: Slice, cells: dict[Side, list[int]], numbers: Sequence[int], atoms: tuple[IntervalSet, ...]) -> Slice:
    """The slice over cells and atoms that are parts of its own; `cells` and `numbers` say of which.

    Trusted by both engines when snapshots are compared; checked with `solver.joint_slices`.
    """
    work = _Refiner(part, cells, numbers)
    return replace(
        part,
        sources=tuple(part.sources[number] for number in cells[Side.SOURCE]),
        destinations=tuple(part.destinations[number] for number in cells[Side.DESTINATION]),
        atoms=atoms,
        egress=tuple(work.tier(tier, Direction.EGRESS) for tier in part.egress),
        ingress=tuple(work.tier(tier, Direction.INGRESS) for tier in part.ingress),
    )


class _Refiner:
    """Writes a slice over finer cells and atoms; `cells` and `atoms` number those that these are parts of."""

    def __init__(self, part: Slice, cells: dict[Side, list[int]], atoms: Sequence[int]) -> None:
        self._part = part
        self._cells = {side: np.array(numbers, dtype=np.intp) for side, numbers in cells.items()}
        self._atoms = atoms
        self._positions: dict[tuple[Side, bytes], Positions] = {}
        self._masks: dict[int, int] = {}

    def tier(self, tier: SlicedTier, direction: Direction) -> SlicedTier:
        subjects, peers = SUBJECT[direction], PEER[direction]

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
