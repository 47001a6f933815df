"""The rows of a difference are what the evaluator says of all flows of two drawn snapshots, put together by end."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.documents.words import By
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import Flow, Party
from reachproof.network.ports import place
from reachproof.queries.diff_causes import Explainer
from reachproof.queries.diff_rows import DiffRow, difference_rows
from reachproof.queries.report_nodes import End, grouping
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.budget import Budget
from reachproof.solver.compare import compare
from reachproof.solver.encoding import prepare
from reachproof.solver.endpoint_matching import pair
from reachproof.solver.goal import TRUE
from tests.strategies.pairs import Change, all_flow_pairs, changes, lone_flows, port_pieces

RANK = {Truth.DENIED: 0, Truth.EITHER: 1, Truth.ALLOWED: 2}
Told = tuple[Flow, tuple[Truth, Truth]]
Content = tuple[frozenset[int], ...]
"""Ports: before, after, of these open before, open after; gained, lost."""


def found(change: Change, by: By) -> tuple[DiffRow, ...]:
    encodings = prepare(change.before), prepare(change.after)
    parts = compare(encodings, pair(change.before, change.after), TRUE, Budget())
    before, after = (grouping(each.universe, by, nodes=False) for each in encodings)
    return difference_rows(parts, (before, after), Explainer(parts, {}), Budget())


def home(party: Party, address: int, by: By) -> object:
    """What an endpoint of the second snapshot is put together with: by name, outside with nothing."""
    match party:
        case Pod() as pod if by is By.POD:
            return pod.key
        case Pod() as pod if by is By.WORKLOAD:
            return pod.namespace, pod.workload or pod.name
        case Pod() as pod:
            return pod.namespace
        case Node(name=name):
            return name
        case _:
            return address


def all_told(change: Change, numbers: set[int]) -> Iterator[Told]:
    """Every flow on these ports that some snapshot has, with its truths; DENIED where it does not exist."""
    for before, after in all_flow_pairs(change):
        if place(after.protocol, after.port) in numbers:
            yield after, (truth(change.before, before), truth(change.after, after))
    for flow in lone_flows(change, 0):
        if place(flow.protocol, flow.port) in numbers:
            yield flow, (truth(change.before, flow), Truth.DENIED)
    for flow in lone_flows(change, 1):
        if place(flow.protocol, flow.port) in numbers:
            yield flow, (Truth.DENIED, truth(change.after, flow))


def expected(told_flows: Sequence[Told], by: By) -> dict[tuple[object, object], list[set[int]]]:
    """For every pair of ends what the evaluator says of all of its flows."""
    pairs: dict[tuple[object, object], list[set[int]]] = defaultdict(lambda: [set() for _ in range(6)])
    for known, truths in told_flows:
        ends = home(known.source, known.source_address, by), home(known.destination, known.destination_address, by)
        port = place(known.protocol, known.port)
        told = (
            truths[0] is not Truth.DENIED,
            truths[1] is not Truth.DENIED,
            truths[0] is Truth.EITHER,
            truths[1] is Truth.EITHER,
            RANK[truths[1]] > RANK[truths[0]],
            RANK[truths[1]] < RANK[truths[0]],
        )
        for ports, holds in zip(pairs[ends], told, strict=True):
            if holds:
                ports.add(port)
    return {ends: ports for ends, ports in pairs.items() if ports[4] or ports[5]}


def members(end: End, by: By, addresses: set[int]) -> set[object]:
    if end.pods:
        return {home(end.pods[0], 0, by)}
    if end.addresses:
        return {address for address in addresses if address in end.addresses}
    return set(end.name.split(","))


def shown(
    rows: tuple[DiffRow, ...], by: By, wanted: dict[tuple[object, object], list[set[int]]]
) -> dict[object, DiffRow]:
    """The row of every pair of ends, outside ends and nodes each by itself; each pair in one row only."""
    addresses = {end for pair in wanted for end in pair if isinstance(end, int)}
    by_ends: dict[object, DiffRow] = {}
    for row in rows:
        for source in members(row.src, by, addresses):
            for destination in members(row.dst, by, addresses):
                assert (source, destination) not in by_ends
                by_ends[source, destination] = row
    return by_ends


@pytest.mark.heavy
@settings(max_examples=max(25, settings().max_examples // 8))
@given(change=changes(), seed=st.integers(0, 2**32))
def test_rows_are_what_the_evaluator_says_of_all_flows_on_some_ports(change: Change, seed: int) -> None:
    cut = [place(*number) for number in port_pieces(change)]
    numbers = set(random.Random(seed).sample(cut, min(4, len(cut))))
    told = list(all_told(change, numbers))
    for by in (By.POD, By.WORKLOAD, By.NAMESPACE):
        check_rows(change, by, numbers, expected(told, by))


def check_rows(change: Change, by: By, numbers: set[int], wanted: dict[tuple[object, object], list[set[int]]]) -> None:
    """Each row has the ports that are wanted for its ends, and there is a row for all of these."""
    rows = shown(found(change, by), by, wanted)
    for ends, row in rows.items():
        ports = [{port for port in numbers if port in each} for each in row.ports]
        if ends in wanted:
            assert ports == wanted.pop(ends), ends
        else:
            assert not ports[4] and not ports[5], ends
    assert not wanted
