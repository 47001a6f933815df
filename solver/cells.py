"""Cells: the points of one side of a question, grouped by everything that is asked about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External
from reachproof.solver.bits import Flags, flags, position_list, positions
from reachproof.solver.goal import Same
from reachproof.solver.ground import Classes
from reachproof.solver.universe import sole_key
from reachproof.solver.view import View

Positions = NDArray[np.intp]
NOT_AT_A_NODE = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """Points of one side that nothing in the question tells apart, as bits over the view.

    `party` is set when all of them belong to one pod or node; to an abstract pod of several replicas only where they
    are a single address, which one replica has. `node` is known when the question involves nodes: the name of the node
    that the points are on, None if unknown. `host`: they are nodes or host-network pods.
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
    """The cells of one side; `of_draft[i]` is the cell that draft cell i became a part of."""

    cells: tuple[Cell, ...]
    of_draft: Positions
    draft: Draft
    _found: dict[int, Positions] = field(default_factory=dict)

    def of_classes(self, classes: int) -> Positions:
        """The cells that lie in a set of classes, ascending. Each cell lies in it or outside as a whole."""
        occurring = classes & self.draft.class_bits
        if occurring not in self._found:
            self._found[occurring] = np.unique(self.of_draft[self.draft.in_classes(occurring)])
        return self._found[occurring]


Key = tuple[int, tuple[int, ...], str | None, bool]


@dataclass(frozen=True)
class Draft:
    """Cells before merging: points of one class that the question's own sets and relations do not tell apart."""

    view: View
    classes: Positions
    points: tuple[int, ...]
    keys: tuple[Key, ...]
    class_count: int

    @staticmethod
    def of(
        view: View, classes: Classes, domain: int, *, sets: Iterable[int], relations: Sequence[Same], nodes: bool
    ) -> Draft:
        """The draft cells of a domain. `nodes`: whether on which node a point is matters."""
        blocks = _blocks(view, classes, domain)
        for points in dict.fromkeys(sets):
            blocks = [(number, part) for number, block in blocks for part in (block & points, block & ~points) if part]
        found: dict[tuple[int, int, Key], int] = {}
        for order, (number, block) in enumerate(blocks):
            for key, part in _keyed(view, block, relations, nodes=nodes):
                found[number, order, key] = part
        return Draft(
            view=view,
            classes=np.array([number for number, _, _ in found], dtype=np.intp),
            points=tuple(found.values()),
            keys=tuple(key for _, _, key in found),
            class_count=len(classes.members),
        )

    @cached_property
    def class_bits(self) -> int:
        """The classes that occur."""
        bits = 0
        for number in self.classes.tolist():
            bits |= 1 << number
        return bits

    def in_classes(self, classes: int) -> Flags:
        """Which draft cells lie in a set of classes."""
        return flags(classes, self.class_count)[self.classes]

    def merged(self, class_sets: Iterable[int], sets: Iterable[int]) -> Cells:
        """Cells that agree on every set of classes that still matters, on the question's sets and on its keys."""
        numbers = {key: number for number, key in enumerate(dict.fromkeys(self.keys))}
        number_of = np.array([numbers[key] for key in self.keys], dtype=np.intp)
        columns = [(number_of >> bit & 1).astype(np.bool_) for bit in range(max(1, len(numbers).bit_length()))]
        occurring = dict.fromkeys(classes & self.class_bits for classes in class_sets)
        columns += [self.in_classes(classes) for classes in occurring if classes not in (0, self.class_bits)]
        columns += [np.array([bool(p & points) for p in self.points], dtype=np.bool_) for points in dict.fromkeys(sets)]
        of_draft = _grouped(np.stack(columns, axis=1)) if self.points else np.zeros(0, dtype=np.intp)
        merged = [0] * (int(of_draft.max()) + 1 if len(of_draft) else 0)
        keys: dict[int, Key] = {}
        for cell, points, key in zip(of_draft.tolist(), self.points, self.keys, strict=True):
            merged[cell] |= points
            keys.setdefault(cell, key)
        return Cells(tuple(_cell(self.view, points, keys[cell]) for cell, points in enumerate(merged)), of_draft, self)


def _blocks(view: View, classes: Classes, domain: int) -> list[tuple[int, int]]:
    """The domain by class; parts of split points are in the class of the whole."""
    whole = domain & view.universe.everything
    found = [(number, whole & members) for number, members in enumerate(classes.members) if whole & members]
    for parent, parts in view.parts.items():
        if parts & domain:
            number = next(number for number, members in enumerate(classes.members) if members >> parent & 1)
            found.append((number, parts & domain))
    return found


def _keyed(view: View, block: int, relations: Sequence[Same], *, nodes: bool) -> Iterable[tuple[Key, int]]:
    """A block split by address family, groups and node; classes already agree on family and on being external."""
    first = next(positions(block))
    v6 = int(view.points[first].family == 6)
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


def _grouped(rows: NDArray[np.bool_]) -> Positions:
    """For each row the number of its group of equal rows, numbered in order of first appearance."""
    packed = np.packbits(rows, axis=1)
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), len(seen)) for row in packed], dtype=np.intp)


def _cell(view: View, points: int, key: Key) -> Cell:
    v6, groups, node, host = key
    parties = positions(points)
    first = view.points[next(parties)]
    external = isinstance(first.party, External)
    name = None if external else sole_key(first)
    single = name is not None and all(sole_key(view.points[index]) == name for index in parties)
    return Cell(points, bool(v6), external, name if single else None, groups, node, host)
