"""Packets beside the evaluator: the connections of a cluster, what is said of each, and what the kernel did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations, product
from random import Random

from reachproof.manifests.load import load_text
from reachproof.network.address import family, format_address, parse_address
from reachproof.network.cluster import Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.policy import Direction
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate_direction, truth
from reachproof.semantics.match import in_pod_set
from reachproof.semantics.trace import Truth
from tests.live.connections import Connection, Rig
from tests.live.dataplane import PORTS, WORLD_ADDRESSES, Dataplane

KINDS = "namespaces,nodes,pods,services,endpointslices,networkpolicies"
BOTH_TYPES = "a policy of both types lets its rules of one direction allow the other"


@dataclass(slots=True)
class Tally:
    """Connections by what is said of them, and those where the packets did something else.

    `explained` are by the name of a known departure of kube-router, `unexplained` are sentences.
    """

    said: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[str] = field(default_factory=list)

    @property
    def compared(self) -> int:
        """The connections of which something definite is said."""
        return self.said[Truth.ALLOWED] + self.said[Truth.DENIED]


def read_back(dataplane: Dataplane) -> Snapshot:
    """The cluster as its server has it, by way of YAML and of JSON, which must say the same."""
    with dataplane.node.entered():
        texts = [dataplane.server.kubectl("get", KINDS, "-A", "-o", form) for form in ("yaml", "json")]
    found, other = (load_text(text) for text in texts)
    assert found.digest == other.digest
    return found


def some_flows(snapshot: Snapshot, chance: Random, count: int, *, ipv6: bool) -> list[Flow]:
    """Some of a family's flows with a pod at one end; half of them denied, where there are as many."""
    every = [flow for flow in _all_flows(snapshot) if (family(flow.source_address) == 6) is ipv6]
    chance.shuffle(every)
    sides: dict[bool, list[Flow]] = {True: [], False: []}
    for flow in every:
        sides[truth(snapshot, flow) is Truth.DENIED].append(flow)
        if min(map(len, sides.values())) * 2 >= count:
            break
    denied = sides[True][: max(count // 2, count - len(sides[False]))]
    return denied + sides[False][: count - len(denied)]


def _all_flows(snapshot: Snapshot) -> Iterator[Flow]:
    party_at: dict[int, Party] = {parse_address(each): External() for each in WORLD_ADDRESSES}
    party_at |= {address: node for node in snapshot.nodes for address in node.addresses}
    party_at |= {address: pod for pod in snapshot.pods if not pod.host_network for address in pod.addresses}
    for source, destination in permutations(party_at, 2):
        ends = party_at[source], party_at[destination]
        if family(source) == family(destination) and ends[0] != ends[1] and any(isinstance(e, Pod) for e in ends):
            for protocol, port in product((Protocol.TCP, Protocol.UDP), PORTS):
                yield Flow(
                    source=ends[0],
                    destination=ends[1],
                    source_address=source,
                    destination_address=destination,
                    protocol=protocol,
                    port=port,
                )


def compare(rig: Rig, snapshot: Snapshot, flows: Sequence[Flow], tally: Tally) -> None:
    """Tries each flow. One that does not do what is said of it is tried once more, alone and with patience."""
    found = rig.opened(map(_connection, flows), seconds=2.5)
    for flow in flows:
        said = truth(snapshot, flow)
        tally.said[said] += 1
        opened = found[_connection(flow)]
        if said is Truth.EITHER or opened is (said is Truth.ALLOWED):
            continue
        opened = rig.opened([_connection(flow)], seconds=5)[_connection(flow)]
        if opened is (said is Truth.ALLOWED):
            continue
        if opened and _open_by_both_types(snapshot, flow):
            tally.explained[BOTH_TYPES] += 1
        else:
            tally.unexplained.append(f"{flow}: {said}, but the packets were {'let through' if opened else 'stopped'}")


def _connection(flow: Flow) -> Connection:
    source, destination = format_address(flow.source_address), format_address(flow.destination_address)
    return Connection(source, destination, flow.protocol, flow.port)


def _open_by_both_types(snapshot: Snapshot, flow: Flow) -> bool:
    """Whether each direction is allowed, by itself or by a both-typed policy of both ends in the other direction."""
    other = {Direction.INGRESS: Direction.EGRESS, Direction.EGRESS: Direction.INGRESS}
    shared = [
        snapshot.with_policies((policy,))
        for policy in snapshot.policies
        if len(policy.isolates) == 2
        and all(in_pod_set(snapshot, policy.subject, end) for end in (flow.source, flow.destination))
    ]
    return all(
        _allowed(snapshot, flow, direction) or any(_allowed(one, flow, other[direction]) for one in shared)
        for direction in Direction
    )


def _allowed(snapshot: Snapshot, flow: Flow, direction: Direction) -> bool:
    return evaluate_direction(snapshot, flow, direction).truth is not Truth.DENIED
