"""A smaller snapshot with a flow of every kind: what lint finds by flows is the same in both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from reachproof.network.cluster import Pod
from reachproof.network.snapshot import Snapshot
from reachproof.queries import hygiene
from reachproof.queries.redundant_policies import redundant
from reachproof.solver.budget import Budget
from reachproof.solver.encoding import Encoding, prepare
from reachproof.solver.representatives import reduced
from tests.agreement.engines import prover
from tests.semantics.stage import DB, N1, WEB, snapshot
from tests.strategies.snapshots import snapshots

BUDGET = Budget()
COPIES = 4


def told(encoding: Encoding) -> set[tuple[str, ...]]:
    """The findings of idle, redundant or ambiguous, without the flows that show them."""
    found = [*hygiene.idle(encoding, BUDGET), *redundant(encoding, BUDGET, prover())]
    open_ = hygiene.ambiguous(encoding, BUDGET)
    return {
        *((each.code, each.severity, each.subject) for each in found),
        *((str(each.row["cause"]), str(each.row["direction"]), each.subject) for each in open_),
    }


def crowded(of: Snapshot) -> Snapshot:
    """The snapshot with more pods that are like those it has, some of them on other nodes."""

    def copy(pod: Pod, number: int) -> Pod:
        node = of.nodes[number % len(of.nodes)].name if of.nodes and not pod.host_network and number > 1 else pod.node
        addresses = () if pod.host_network else tuple(each + 100 * number for each in pod.addresses)
        return replace(pod, name=f"{pod.name}-{number}", addresses=addresses or pod.addresses, node=node)

    taken = {address for pod in of.pods for address in pod.addresses}
    more = [copy(pod, number) for pod in of.pods if not pod.host_network for number in range(1, COPIES)]
    free = [pod for pod in more if not taken & set(pod.addresses)]
    alone = {address: pod.key for pod in free for address in pod.addresses}
    own = [pod for pod in free if all(alone[address] == pod.key for address in pod.addresses)]
    return replace(of, pods=tuple(sorted((*of.pods, *own), key=lambda pod: pod.key)))


def test_of_pods_that_nothing_tells_apart_two_are_kept() -> None:
    many = [replace(WEB, name=f"web-{n}", addresses=(WEB.addresses[0] + 10 * n,), node=N1.name) for n in range(1, 6)]
    of = snapshot()
    of = replace(of, pods=tuple(sorted((*of.pods, *many), key=lambda pod: pod.key)))
    small = reduced(prepare(of)).snapshot
    names = [pod.name for pod in small.pods if pod.name.startswith("web")]
    assert len(names) == 2
    assert DB in small.pods
    left = [pod for pod in of.pods if pod not in small.pods]
    assert left and all(address in small.held for pod in left for address in pod.addresses)


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(snapshots().map(crowded))
def test_lint_finds_the_same_by_the_flows_of_the_smaller_snapshot(of: Snapshot) -> None:
    encoding = prepare(of)
    small = reduced(encoding)
    if small is not encoding:
        assert told(small) == told(encoding)
