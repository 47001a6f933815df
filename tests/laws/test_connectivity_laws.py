"""What holds of connectivity reports whatever the cluster and its policies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reachproof.documents.connectivity_matrix import connectivity_blocks
from reachproof.documents.words import By
from reachproof.grammar.parse import parse_ports
from reachproof.manifests.load import load_objects
from reachproof.network.intervals import IntervalSet
from reachproof.network.policy import Action, AddressPeer, Direction, Match, Rule
from reachproof.network.snapshot import Snapshot
from reachproof.queries.connectivity import Connectivity, Request, connectivity
from reachproof.queries.connectivity_document import connectivity_document
from reachproof.queries.report_nodes import End, EndKind
from reachproof.solver.encoding import prepare
from tests.laws.law import ANY, WRITTEN, with_rule
from tests.laws.test_networkpolicy_laws import of_namespaces, swapped
from tests.queries.report_rows import between, rows_of
from tests.strategies.snapshots import manifests, snapshots
from tests.strategies.vocabulary import Manifest

LAW = settings(max_examples=max(40, settings().max_examples // 10))
Rows = set[tuple[str, str, IntervalSet, IntervalSet, IntervalSet]]


def report(snapshot: Snapshot, by: By = By.POD) -> Connectivity:
    return connectivity(prepare(snapshot), Request(by=by))


def rows(found: Connectivity, named: Callable[[End], str] = str) -> Rows:
    return {
        (named(row.src), named(row.dst), row.access.ports, row.access.open, row.access.partial)
        for row in rows_of(found)
    }


@pytest.mark.heavy
@LAW
@given(manifests(), st.randoms(use_true_random=False), st.sampled_from(By))
def test_the_order_of_objects_changes_no_byte_of_a_report(objects: list[Manifest], chance: Random, by: By) -> None:
    def document(given_objects: list[Manifest]) -> dict[str, object]:
        found = json.loads(
            b"".join(connectivity_blocks(connectivity_document(report(load_objects(given_objects), by))))
        )
        assert isinstance(found, dict)
        return {key: found[key] for key in ("rows", "by", "evidence")}

    shuffled = list(objects)
    chance.shuffle(shuffled)
    assert json.dumps(document(objects)) == json.dumps(document(shuffled))


@LAW
@given(snapshots(), st.sampled_from(By))
def test_a_block_cut_in_halves_changes_no_row(snapshot: Snapshot, by: By) -> None:
    def halves(match: Match) -> tuple[Match, ...]:
        if not isinstance(match.peer, AddressPeer):
            return (match,)
        spans = match.peer.addresses.spans
        low = IntervalSet.of((first, (first + last) // 2) for first, last in spans)
        high = IntervalSet.of(((first + last) // 2 + 1, last) for first, last in spans)
        return tuple(replace(match, peer=replace(match.peer, addresses=half)) for half in (low, high))

    def cut(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        return tuple(replace(rule, matches=tuple(h for m in rule.matches for h in halves(m))) for rule in rules)

    policies = tuple(replace(p, egress=cut(p.egress), ingress=cut(p.ingress)) for p in snapshot.policies)
    assert rows(report(snapshot, by)) == rows(report(snapshot.with_policies(policies), by))


@pytest.mark.heavy
@LAW
@given(manifests())
def test_the_names_of_pods_do_not_matter(objects: list[Manifest]) -> None:
    renamed = [
        {**each, "metadata": {**each["metadata"], "name": f"z{each['metadata']['name'][::-1]}"}}
        if each["kind"] == "Pod"
        else each
        for each in objects
    ]

    def old_name(end: End) -> str:
        is_pod = end.kind is EndKind.POD and end.pods[0].origin.document in pods
        return f"{end.namespace}/{end.name[:0:-1]}" if is_pod else str(end)

    pods = {at for at, each in enumerate(objects) if each["kind"] == "Pod"}
    assert rows(report(load_objects(objects))) == rows(report(load_objects(renamed)), old_name)


@pytest.mark.heavy
@LAW
@given(snapshots(), st.sampled_from(Direction), st.data())
def test_an_allowing_rule_for_isolated_pods_removes_no_connection(
    snapshot: Snapshot, direction: Direction, data: st.DataObject
) -> None:
    isolating = [policy for policy in of_namespaces(snapshot) if direction in policy.isolates]
    assume(isolating)
    policy = data.draw(st.sampled_from(isolating))
    rule = Rule(action=Action.ALLOW, matches=ANY, origin=WRITTEN)
    before, after = report(snapshot), report(swapped(snapshot, policy, with_rule(policy, direction, rule)))
    for row in rows_of(before):
        for src, dst in ((a, b) for a in same(row.src, after) for b in same(row.dst, after)):
            assert row.ports <= between(after, src, dst).ports, f"{src} => {dst}"


def same(end: End, other: Connectivity) -> list[End]:
    """The ends of another report that are this one, or hold addresses of it; all its addresses are somewhere."""
    if end.kind is not EndKind.EXTERNAL:
        return [end]
    found = [each for each in other.ends if each.addresses & end.addresses]
    assert end.addresses <= IntervalSet.of(span for each in found for span in each.addresses)
    return found


@pytest.mark.heavy
@LAW
@given(snapshots(), st.sampled_from(By))
def test_reports_on_parts_of_the_ports_make_the_whole_report(snapshot: Snapshot, by: By) -> None:
    whole: dict[tuple[str, str], IntervalSet] = {}
    for ports in ("tcp/1-80", "tcp/81-65535", "udp or sctp"):
        part = connectivity(prepare(snapshot), Request(by=by, ports=parse_ports(ports)))
        for row in rows_of(part):
            if row.src.kind is not EndKind.EXTERNAL and row.dst.kind is not EndKind.EXTERNAL:
                key = str(row.src), str(row.dst)
                whole[key] = whole.get(key, IntervalSet()) | row.ports
    inside = {
        (str(row.src), str(row.dst)): row.ports
        for row in rows_of(report(snapshot, by))
        if row.src.kind is not EndKind.EXTERNAL and row.dst.kind is not EndKind.EXTERNAL
    }
    assert whole == inside
