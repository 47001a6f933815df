"""Which endpoints of two snapshots are one: by name, by workload, by node name."""

from __future__ import annotations

from dataclasses import replace

from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot
from reachproof.solver.endpoint_matching import EndpointMatching, pair

HERE = Origin(file="cluster.yaml")


def pod(name: str, workload: str = "", address: int | None = 1) -> Pod:
    addresses = () if address is None else (address,)
    return Pod(namespace="shop", name=name, labels={}, addresses=addresses, workload=workload, origin=HERE)


def node(name: str) -> Node:
    return Node(name=name, labels={}, addresses=(7,), origin=HERE)


def paired(before: list[Pod], after: list[Pod]) -> EndpointMatching:
    return pair(Snapshot(pods=tuple(before)), Snapshot(pods=tuple(after)))


def names(pairing: EndpointMatching) -> list[tuple[list[str], list[str]]]:
    """The pods of every match."""
    return [
        (
            [pod.name for pod in match.before if isinstance(pod, Pod)],
            [p.name for p in match.after if isinstance(p, Pod)],
        )
        for match in pairing.matches
        if not isinstance(match.before[0], External)
    ]


def test_pods_of_one_name_are_one_whatever_else_differs() -> None:
    other = replace(pod("web", "StatefulSet/other"), labels={"app": "x"}, addresses=(9,), node="n1")
    found = paired([pod("web", "StatefulSet/db")], [other])
    assert (names(found), found.lost, found.new) == ([(["web"], ["web"])], (), ())


def test_pods_that_are_in_one_snapshot_only_are_lost_or_new() -> None:
    found = paired([pod("web"), pod("old")], [pod("web"), pod("new")])
    assert (found.lost, found.new) == ((pod("old"),), (pod("new"),))


def test_all_replicas_with_other_names_are_compared_with_each_other() -> None:
    before = [pod("web-a1", "Deployment/web"), pod("web-a2", "Deployment/web")]
    after = [pod("web-b1", "Deployment/web"), pod("web-b2", "Deployment/web"), pod("web-b3", "Deployment/web")]
    found = paired(before, after)
    assert names(found) == [(["web-a1", "web-a2"], ["web-b1", "web-b2", "web-b3"])]
    assert (found.lost, found.new) == ((), ())


def test_an_additional_replica_is_compared_with_those_that_were_there() -> None:
    one, two = pod("db-0", "StatefulSet/db"), pod("db-1", "StatefulSet/db")
    assert names(paired([one], [one, two])) == [(["db-0"], ["db-0"]), (["db-0"], ["db-1"])]
    assert names(paired([one, two], [one])) == [(["db-0"], ["db-0"]), (["db-1"], ["db-0"])]


def test_what_stands_for_a_workload_is_its_pods_and_no_other_workload_or_pod_of_its_name() -> None:
    stand_in = pod("web", "Deployment/web", address=None)
    assert names(paired([stand_in], [pod("web-x", "Deployment/web")])) == [(["web"], ["web-x"])]
    assert names(paired([stand_in], [pod("web", "StatefulSet/web", address=None)])) == []
    assert names(paired([stand_in], [pod("web")])) == []


def test_bare_pods_have_no_workload_in_common() -> None:
    assert names(paired([pod("a")], [pod("b")])) == []


def test_nodes_are_one_by_name_and_the_outside_is_always_there() -> None:
    found = pair(Snapshot(nodes=(node("n1"), node("n2"))), Snapshot(nodes=(node("n2"), node("n3"))))
    assert [match.before[0] for match in found.matches] == [node("n2"), External()]
    assert (found.lost, found.new) == ((node("n1"),), (node("n3"),))
