"""The reachability matrix and what it is made of, each against a plain reading of the same flows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reachproof.network.cluster import Pod
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import Protocol, place
from reachproof.solver.budget import Budget
from reachproof.solver.ends import EndCells, united
from reachproof.solver.goal import At, Members, Side
from reachproof.solver.reachability_matrix import Allowed, matrix, reachability
from tests.queries.given import network_policy, pod, session

LINES = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True).map(tuple), max_size=4)


@given(LINES, LINES, st.data())
def test_united_is_the_union_over_pairs_of_cells(
    rows: list[tuple[int, ...]], columns: list[tuple[int, ...]], data: st.DataObject
) -> None:
    words = data.draw(st.lists(st.integers(0, 2**64 - 1), min_size=50, max_size=50))
    table = np.array(words, dtype=np.uint64).reshape(5, 5, 2)
    found = united(table, rows, columns)
    assert found.shape == (len(rows), len(columns), 2)
    for at, line in enumerate(rows):
        for other, column in enumerate(columns):
            wanted = [table[cell, each] for cell in line for each in column]
            assert found[at, other].tolist() == np.bitwise_or.reduce(wanted, axis=0).tolist()
            assert united(table[:, :, 1], [line], [column]).tolist() == [[int(found[at, other, 1])]]


def test_ends_of_the_same_cells_share_a_line() -> None:
    lines = EndCells.of({"a": (1, 2), "b": (0,), "c": [1, 2]})
    assert lines.cells == ((1, 2), (0,))
    assert lines.line_of == {"a": 0, "b": 1, "c": 0}


def test_a_group_reaches_itself_only_by_two_of_its_parties() -> None:
    objects = (
        pod("shop/a", "10.0.0.1"),
        pod("shop/b", "10.0.0.2"),
        pod("shop/c", "10.0.0.3"),
        pod("shop/db", "10.0.0.4"),
        network_policy("shop/shut", {"app": "db"}, ingress=[]),
    )
    encoding = session(*objects).encoding
    universe = encoding.universe
    number = {"a": 1, "b": 1, "c": 2, "db": 3}
    group_of = [number[point.party.name] if isinstance(point.party, Pod) else 0 for point in universe.points]
    region = At(Side.DESTINATION, Members(universe.pods))
    budget = Budget().start()

    def said(allowed: Allowed, denied: IntervalSet) -> tuple[bool, bool, bool]:
        port = place(Protocol.TCP, 80)
        return port in allowed.ports, port in allowed.open, port in denied

    found = matrix(reachability(encoding, region, budget), group_of, budget, said)
    allowed, denied = (True, False, False), (False, False, True)
    to_db = [(1, 3, denied), (2, 3, denied)]
    assert sorted(found.pairs(budget)) == sorted(
        [(1, 1, allowed), (1, 2, allowed), (2, 1, allowed), (3, 1, allowed), (3, 2, allowed), *to_db]
    )
    assert found.values[0] == (False, False, False)
