"""Cells: the points of one side of a question, grouped by everything that is asked about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External
from reachproof.solver.bitset import Positions, from_flags, position_list, positions
from reachproof.solver.boxes import Classes, Rows
from reachproof.solver.goal import Same
from reachproof.solver.universe import sole_key
from reachproof.solver.view import View

NOT_AT_A_NODE = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """Points of one side that nothing in the question tells apart, as bits over the view.

    `party` is set when all of them belong to one pod or node; to an abstract pod of several replicas only where they
    are a single address, which one replica has. `external`: all of them are outside the cluster; where nothing tells
    pods from addresses outside, a cell holds both. `node` is known when the question involves nodes: the name of the
    node that the points are on, None if unknown. `host`: they are nodes or host-network pods.
    """

    points: int
    v6: bool
    external: bool
    party: str | None
    groups: tuple[int, ...] = ()
    node: str | None = NOT_AT_A_NODE
    host: bool = False


@dataclass(frozen=True)
class Cells:
    """The cells of one side; `inside` has the cells, ascending, that lie in each set of classes that was asked for."""

    cells: tuple[Cell, ...]
    inside: dict[int, Positions]

    def of_classes(self, classes: int) -> Positions:
        """The cells that lie in a set of classes, ascending. Each cell lies in it or outside as a whole."""
        return self.inside[classes]


Key = tuple[bool, tuple[int, ...], str | None, bool]


@dataclass(frozen=True)
class Draft:
    """Cells before merging: points of one class that the question's own sets and relations do not tell apart.

    `marks` are the question's sets that the points of a draft cell are in, as bits.
    """

    view: View
    classes: Positions
    points: tuple[int, ...]
    keys: tuple[Key, ...]
    marks: tuple[int, ...]
    class_count: int

    @staticmethod
    def of(
        view: View, classes: Classes, domain: int, *, sets: Iterable[int], relations: Sequence[Same], nodes: bool
    ) -> Draft:
        """The draft cells of a domain. `nodes`: whether on which node a point is matters."""
        blocks = [(number, 0, block) for number, block in _blocks(view, classes, domain)]
        for bit, points in enumerate(dict.fromkeys(sets)):
            blocks = [
                half
                for number, marks, block in blocks
                for half in _halves(number, marks, block, block & points, 1 << bit)
            ]
        v6 = view.lift(view.universe.v6)
        found = [
            (number, marks, key, part)
            for number, marks, block in blocks
            for key, part in _keyed(view, block, relations, v6=bool(block & v6), nodes=nodes)
        ]
        return Draft(
            view=view,
            classes=np.array([number for number, _, _, _ in found], dtype=np.intp),
            points=tuple(part for _, _, _, part in found),
            keys=tuple(key for _, _, key, _ in found),
            marks=tuple(marks for _, marks, _, _ in found),
            class_count=len(classes.members),
        )

    @cached_property
    def class_bits(self) -> int:
        """The classes that occur."""
        occurring = np.zeros(self.class_count, dtype=np.bool_)
        occurring[self.classes] = True
        return from_flags(occurring)

    def merged(self, rows: Rows, chosen: Positions) -> Cells:
        """Cells that agree on the chosen sets of classes, on the question's sets and on the keys."""
        numbers: dict[tuple[int, Key], int] = {}
        signatures = [numbers.setdefault(each, len(numbers)) for each in zip(self.marks, self.keys, strict=True)]
        number_of = np.array(signatures, dtype=np.intp)
        columns = rows.columns(chosen, self.classes)
        bits = [number_of >> bit & 1 for bit in range(max(1, len(numbers).bit_length()))]
        of_draft = _grouped(np.concatenate([np.array(bits, dtype=np.bool_), columns]))
        count = int(of_draft.max()) + 1 if len(of_draft) else 0
        merged, first = [0] * count, [-1] * count
        for number, (cell, points) in enumerate(zip(of_draft.tolist(), self.points, strict=True)):
            merged[cell] |= points
            if first[cell] < 0:
                first[cell] = number
        inside = ~self.view.lift(self.view.universe.external)
        cells = tuple(
            _cell(self.view, points, self.keys[at], external=not points & inside)
            for points, at in zip(merged, first, strict=True)
        )
        return Cells(cells, rows.inside(chosen, columns[:, np.array(first, dtype=np.intp)]))


def _blocks(view: View, classes: Classes, domain: int) -> list[tuple[int, int]]:
    """The domain by class; parts of split points are in the class of the whole."""
    whole = domain & view.universe.everything
    found = [(number, block) for number, members in enumerate(classes.members) if (block := whole & members)]
    for parent, parts in view.parts.items():
        if parts & domain:
            number = next(number for number, members in enumerate(classes.members) if members >> parent & 1)
            found.append((number, parts & domain))
    return found


def _halves(number: int, marks: int, block: int, inside: int, mark: int) -> tuple[tuple[int, int, int], ...]:
    """The part of a block that is inside a set of the question, then the part that is not, without empty ones."""
    if not inside:
        return ((number, marks, block),)
    if inside == block:
        return ((number, marks | mark, block),)
    return (number, marks | mark, inside), (number, marks, block ^ inside)


def _keyed(view: View, block: int, relations: Sequence[Same], *, v6: bool, nodes: bool) -> Iterable[tuple[Key, int]]:
    """A block split by address family, groups and node; classes already agree on family and on being external."""
    if not relations and not nodes:
        return [((v6, (), NOT_AT_A_NODE, False), block)]
    found: dict[Key, int] = {}
    for index in position_list(block, len(view.points)):
        groups = tuple(view.group(same, index) for same in relations)
        node, host = _node(view, index) if nodes else (NOT_AT_A_NODE, False)
        key = (v6, groups, node, host)
        found[key] = found.get(key, 0) | 1 << index
    return found.items()


def _node(view: View, index: int) -> tuple[str | None, bool]:
    match view.points[index].party:
        case Node(name=name):
            return name, True
        case Pod(node=node, host_network=host):
            return node, host
        case External():
            return NOT_AT_A_NODE, False


def _grouped(columns: NDArray[np.bool_]) -> Positions:
    """For each column the number of its group of equal columns, numbered in order of first appearance."""
    packed = np.packbits(columns, axis=0).T
    raw, width = packed.tobytes(), packed.shape[1]
    seen: dict[bytes, int] = {}
    starts = range(0, len(raw), width)
    return np.array([seen.setdefault(raw[start : start + width], len(seen)) for start in starts], dtype=np.intp)


def _cell(view: View, points: int, key: Key, *, external: bool) -> Cell:
    """`external`: whether all of its points are outside the cluster; a cell may hold pods and addresses outside."""
    v6, groups, node, host = key
    return Cell(points, v6, external, None if external else _only_party(view, points), groups, node, host)


def _only_party(view: View, points: int) -> str | None:
    """The sole key of all these points, where they have one; most cells differ in their first two points."""
    low = points & -points
    name = _sole_key(view, low.bit_length() - 1)
    rest = points ^ low
    if not rest or name is None:
        return name
    if _sole_key(view, (rest & -rest).bit_length() - 1) != name:
        return None
    return name if all(_sole_key(view, index) == name for index in positions(rest)) else None


def _sole_key(view: View, index: int) -> str | None:
    known = view.universe.sole_keys
    return known[index] if index < len(known) else sole_key(view.points[index])
