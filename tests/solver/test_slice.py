"""The slice of a question: which points and ports it tells apart, and which policies are left."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reachproof.network.flow import External
from reachproof.network.intervals import IntervalSet
from reachproof.network.ports import ALL_PORTS, format_ports
from reachproof.network.snapshot import Snapshot
from reachproof.solver.bitset import positions
from reachproof.solver.budget import Budget, OutOfBudget
from reachproof.solver.cells import Cells
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import FALSE, TRUE, All, At, Formula, InPorts, Members, Not, Side, Some, upper_ports
from reachproof.solver.slice import Slice, _Patcher, cut, port_atoms
from reachproof.solver.table import everything, pairs_with
from reachproof.solver.universe import Point, sole_key
from tests.queries.given import deployment, network_policy, node, pod, session
from tests.solver.asked import all_of, at, destination, names, sliced, source, tcp
from tests.strategies.snapshots import snapshots

A, B, C = (pod(f"shop/{name}", f"10.0.0.{number}") for number, name in enumerate("abc", start=1))
ON_A = network_policy("shop/a", {"app": "a"}, ingress=[{"ports": [{"port": 80}, {"port": 443}]}])


def shop(*objects: dict[str, object]) -> Snapshot:
    return session(A, B, C, *objects).snapshot


def has_flows(a: Point, b: Point) -> bool:
    """Two ends of one family, of which one is in the cluster, and that are not one and the same."""
    outside = isinstance(a.party, External) and isinstance(b.party, External)
    return a.family == b.family and not outside and (sole_key(a) is None or sole_key(a) != sole_key(b))


class TestCells:
    def test_ends_that_nothing_tells_apart_are_one_cell(self) -> None:
        part = sliced(shop())
        assert names(part, part.sources) == [["external", "pod shop/a", "pod shop/b", "pod shop/c"], ["external"]]

    @given(snapshots())
    @example(shop())
    def test_there_are_flows_between_the_cells_of_any_two_points_that_can_have_one(self, snapshot: Snapshot) -> None:
        part = sliced(snapshot)
        exists = pairs_with(everything(part))
        points = part.view.points
        for i, here in enumerate(part.sources):
            for j, there in enumerate(part.destinations):
                ends = [(points[a], points[b]) for a in positions(here.points) for b in positions(there.points)]
                assert bool(exists[i, j]) is any(has_flows(a, b) for a, b in ends)

    def test_a_policy_tells_its_subjects_and_peers_apart(self) -> None:
        part = sliced(shop(ON_A))
        assert names(part, part.destinations)[0] == ["pod shop/a"]
        assert names(part, part.sources)[0] == ["external", "pod shop/a", "pod shop/b", "pod shop/c"]

    def test_so_does_the_question(self) -> None:
        snapshot = shop()
        part = sliced(snapshot, source(prepare(snapshot), "pod shop/b", "pod shop/c"))
        assert names(part, part.sources) == [["pod shop/b", "pod shop/c"]]

    def test_address_families_are_never_in_one_cell(self) -> None:
        part = sliced(session(pod("shop/a", "10.0.0.1", "fd00::1")).snapshot)
        assert [cell.v6 for cell in part.sources] == [False, True]

    def test_addresses_of_the_question_split_what_is_outside(self) -> None:
        part = sliced(shop(), at(Side.SOURCE, "203.0.113.0/24"))
        assert names(part, part.sources) == [["external"]]
        assert part.sources[0].external

    def test_a_party_is_named_where_a_cell_is_all_its_own(self) -> None:
        snapshot = session(A, node("n", "192.168.0.1"), deployment("shop/one", 1), deployment("shop/two", 2)).snapshot
        encoding = prepare(snapshot)
        alone = {
            name: sliced(snapshot, source(encoding, name)).sources[0].party
            for name in ("pod shop/a", "node n", "pod shop/one", "pod shop/two", "external")
        }
        assert alone == {
            "pod shop/a": "pod shop/a",
            "node n": "node n",
            "pod shop/one": "pod shop/one",
            "pod shop/two": None,
            "external": None,
        }

    def test_on_which_node_a_point_is_matters_only_where_nodes_do(self) -> None:
        snapshot = session(
            pod("shop/a", "10.0.0.1", on="n1"), pod("shop/b", "10.0.0.2", on="n2"), node("n1", "192.168.0.1")
        )
        encoding = prepare(snapshot.snapshot)
        without = sliced(snapshot.snapshot, all_of(source(encoding, "pods"), destination(encoding, "pods")))
        assert len(without.sources) == 1
        with_node = sliced(snapshot.snapshot, all_of(source(encoding, "pods"), destination(encoding, "node n1")))
        assert [cell.node for cell in with_node.sources] == ["n1", "n2"]


class TestAtoms:
    def test_ports_are_cut_where_a_rule_or_the_question_cuts_them(self) -> None:
        snapshot = shop(ON_A)
        part = sliced(snapshot, all_of(destination(prepare(snapshot), "pod shop/a"), tcp(1, 1000)))
        assert [format_ports(atom) for atom in part.atoms] == ["tcp/1-79, tcp/81-442, tcp/444-1000", "tcp/80, tcp/443"]

    def test_rules_that_cannot_match_do_not_cut(self) -> None:
        snapshot = shop(ON_A)
        part = sliced(snapshot, destination(prepare(snapshot), "pod shop/b"))
        assert [format_ports(atom) for atom in part.atoms] == ["any port"]

    def test_a_question_about_no_port_has_no_atom(self) -> None:
        assert sliced(shop(ON_A), InPorts(IntervalSet())).atoms == ()


class TestPolicies:
    def kept(self, part: Slice) -> list[str]:
        return [policy.policy.ref.name for tier in part.ingress for policy in tier.policies if policy.policy.ref.kind]

    def test_only_policies_that_select_an_end_in_question_stay(self) -> None:
        on_b = network_policy("shop/b", {"app": "b"}, ingress=[{}])
        snapshot = shop(ON_A, on_b)
        encoding = prepare(snapshot)
        assert self.kept(sliced(snapshot, destination(encoding, "pod shop/a"))) == ["a"]
        assert self.kept(sliced(snapshot, destination(encoding, "pod shop/a", "pod shop/b"))) == ["a", "b"]
        assert self.kept(sliced(snapshot, destination(encoding, "pod shop/c"))) == []

    def test_rules_for_other_ports_go_and_isolation_stays(self) -> None:
        snapshot = shop(ON_A)
        part = sliced(snapshot, all_of(destination(prepare(snapshot), "pod shop/a"), tcp(81, 90)))
        assert self.kept(part) == []
        assert [policy.policy.ref.name for tier in part.ingress for policy in tier.isolating] == ["a"]


def test_a_table_that_is_too_large_is_refused_before_it_is_made() -> None:
    with pytest.raises(OutOfBudget) as over:
        cut(prepare(shop(ON_A)), (TRUE,), Budget(table_words=1))
    assert str(over.value) == "memory limit reached: a table of 6 words is needed, 1 are allowed"


# ---------------------------------------------------------------- bounds


def formulas(count: int) -> st.SearchStrategy[Formula]:
    """Formulas over `count` points of a universe and a few ports."""
    points = st.builds(At, st.sampled_from(Side), st.integers(0, (1 << count) - 1).map(Members))
    blocks = st.builds(at, st.sampled_from(Side), st.sampled_from(("10.0.0.0/30", "0.0.0.0/0", "::/0", "10.0.0.2/32")))
    others: list[Formula] = [tcp(80), tcp(1, 443), TRUE, FALSE]
    leaves: st.SearchStrategy[Formula] = st.one_of(points, blocks, st.sampled_from(others))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.lists(inner, max_size=3).map(lambda items: All(tuple(items))),
            st.lists(inner, max_size=3).map(lambda items: Some(tuple(items))),
        ),
        max_leaves=6,
    )


def holds(part: Slice, formula: Formula, source_: int, destination_: int, port: int) -> bool:
    match formula:
        case At(side=side, where=where):
            return bool(part.view.points_of(where) >> (source_ if side is Side.SOURCE else destination_) & 1)
        case InPorts(ports):
            return port in ports
        case Not(item):
            return not holds(part, item, source_, destination_, port)
        case All(items):
            return all(holds(part, item, source_, destination_, port) for item in items)
        case Some(items):
            return any(holds(part, item, source_, destination_, port) for item in items)
        case _:
            raise AssertionError(formula)


@settings(max_examples=max(100, settings().max_examples))
@given(snapshots(most_pods=3), st.data())
def test_every_flow_of_a_region_is_in_some_cell_and_atom_and_within_its_bounds(
    snapshot: Snapshot, data: st.DataObject
) -> None:
    encoding = prepare(snapshot)
    formula = data.draw(formulas(len(encoding.universe.points)))
    part = sliced(snapshot, formula)
    points = list(positions(part.view.everything))
    cells = {side: sum(cell.points for cell in part.cells(side)) for side in Side}
    covered = IntervalSet.of(span for atom in part.atoms for span in atom)
    for port in (80, 443, 444, 65536 + 53):
        for one in points:
            for other in points:
                if holds(part, formula, one, other, port):
                    assert part.view.upper_bound(formula, Side.SOURCE) >> one & 1
                    assert part.view.upper_bound(formula, Side.DESTINATION) >> other & 1
                    assert port in upper_ports(formula)
                    assert cells[Side.SOURCE] >> one & 1
                    assert cells[Side.DESTINATION] >> other & 1
                    assert port in covered
    assert covered <= ALL_PORTS


@settings(max_examples=max(100, settings().max_examples))
@given(snapshots(most_pods=3), st.data())
def test_cells_are_disjoint_and_no_set_of_the_question_divides_one(snapshot: Snapshot, data: st.DataObject) -> None:
    encoding = prepare(snapshot)
    formula = data.draw(formulas(len(encoding.universe.points)))
    part = sliced(snapshot, formula)
    for side in Side:
        seen = 0
        for cell in part.cells(side):
            assert cell.points
            assert not seen & cell.points
            seen |= cell.points
            assert {part.view.points[index].family == 6 for index in positions(cell.points)} == {cell.v6}
    for leaf in (leaf for leaf in _leaves(formula) if isinstance(leaf, At)):
        where = part.view.points_of(leaf.where)
        assert all(cell.points & where in (0, cell.points) for cell in part.cells(leaf.side))


def _leaves(formula: Formula) -> list[Formula]:
    match formula:
        case All(items) | Some(items):
            return [leaf for item in items for leaf in _leaves(item)]
        case Not(item):
            return _leaves(item)
        case _:
            return [formula]


SOME_PORTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6).map(IntervalSet.of)


@given(domain=SOME_PORTS, cuts=st.lists(SOME_PORTS, max_size=8), asked=SOME_PORTS)
def test_atoms_are_the_ports_that_the_cuts_do_not_tell_apart(
    domain: IntervalSet, cuts: list[IntervalSet], asked: IntervalSet
) -> None:
    alike: dict[tuple[bool, ...], list[int]] = {}
    for port in (port for port in range(42) if port in domain):
        alike.setdefault(tuple(port in cut for cut in (*cuts, asked)), []).append(port)
    found = port_atoms(domain, [*cuts, asked])
    assert [[port for port in range(42) if port in atom] for atom in found] == list(alike.values())
    nothing = Cells(cells=(), inside={})
    patcher = _Patcher(nothing, nothing, found)
    for ports in (*cuts, asked, domain):
        assert list(positions(patcher._mask(ports))) == [n for n, atom in enumerate(found) if atom.first in ports]
