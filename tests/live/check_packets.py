"""Real packets do what is said of them: drawn clusters on a node of which kube-router programs the kernel.

Run by `make live`. Each draw is a cluster that a real API server holds, read back from it as YAML and as JSON; each of
its connections is tried, and asked of the evaluator and of the solver.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from reachproof.network.flow import Flow
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from tests.agreement.engines import all_flows_of, by_z3, looked_up
from tests.live.connections import Connection
from tests.live.dataplane import POD_ADDRESSES, Dataplane, dataplane, lacking, pod_object
from tests.live.drawn import drawn_cluster
from tests.live.packets import Tally, compare, read_back, some_flows
from tests.live.server import Object
from tests.required import missing
from tests.strategies.clusters import namespace

DRAWS, FLOWS, PROOFS = 20, 250, 3


@pytest.fixture(scope="module", params=[False, True], ids=["ipv4", "ipv6"])
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataplane]:
    if os.geteuid() != 0 or lacking():
        missing(f"no packet was tried: that needs root, and {', '.join(lacking()) or 'nothing else'}")
    with dataplane(tmp_path_factory.mktemp("plane"), ipv6=request.param) as found:
        yield found


def test_without_policies_every_connection_is_open(plane: Dataplane) -> None:
    objects = [each for each in drawn_cluster(Random(1)) if each["kind"] != "NetworkPolicy"]
    snapshot = _held(plane, objects)
    flows = some_flows(snapshot, Random(1), 800, ipv6=plane.ipv6)
    tally = Tally()
    compare(plane.rig, snapshot, flows, tally)
    plane.delete(objects)
    assert (tally.said, tally.unexplained) == ({Truth.ALLOWED: 800}, [])


def test_packets_do_what_is_said_of_them(plane: Dataplane) -> None:
    tally = Tally()
    for number in range(DRAWS):
        chance = Random(f"{number} {plane.ipv6}")
        objects = drawn_cluster(chance)
        snapshot = _held(plane, objects)
        flows = some_flows(snapshot, chance, FLOWS, ipv6=plane.ipv6)
        compare(plane.rig, snapshot, flows, tally)
        _solver_agrees(snapshot, flows)
        plane.delete(objects)
    print(f"\n{'IPv6' if plane.ipv6 else 'IPv4'}: {tally.compared} connections in {DRAWS} clusters; {tally}")
    assert tally.unexplained == []
    assert tally.compared >= 4_000
    assert tally.said[Truth.DENIED] * 5 >= tally.compared <= tally.said[Truth.ALLOWED] * 5
    assert sum(tally.explained.values()) * 20 <= tally.compared


def test_a_policy_that_is_not_read_is_noticed(plane: Dataplane) -> None:
    deny = _policy({"podSelector": {}})
    objects = [*_three_pods(), deny]
    snapshot = _held(plane, objects)
    tally = Tally()
    blind = snapshot.with_policies(())
    compare(plane.rig, blind, [_flow(snapshot, plane, "a", "b", 80)], tally)
    plane.delete(objects)
    (departure,) = tally.unexplained
    assert departure.endswith("on tcp/80: allowed, but the packets were stopped")


_WEB = {"port": "web"}
_ALL_EGRESS = {"podSelector": {}, "policyTypes": ["Egress"]}
_BLOCKS = {
    False: [{"cidr": "10.0.0.0/24", "except": ["10.0.0.2/32"]}, {"cidr": "10.0.0.0/28"}],
    True: [{"cidr": "fd00::/64", "except": ["fd00::2/128"]}, {"cidr": "fd00::/112"}],
}
# Rows of docs/live-checks.md: what is said by the API, while kube-router 2.1.0 does the opposite.
_DEPARTURES = {
    "rules of the other direction": (
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}]},
        ("a", "b", 80),
        Truth.DENIED,
    ),
    "a name without to": ({**_ALL_EGRESS, "egress": [{"ports": [_WEB]}]}, ("a", "c", 80), Truth.DENIED),
    "a name with an ipBlock": (
        {**_ALL_EGRESS, "egress": [{"to": [{"ipBlock": "blocks[1]"}], "ports": [_WEB]}]},
        ("a", "b", 8080),
        Truth.ALLOWED,
    ),
    "a name that no pod has": (
        {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": "none-such"}]}]},
        ("a", "c", 81),
        Truth.DENIED,
    ),
    "an except beside a block": (
        {**_ALL_EGRESS, "egress": [{"to": [{"ipBlock": "blocks[0]"}, {"ipBlock": "blocks[1]"}]}]},
        ("a", "b", 80),
        Truth.ALLOWED,
    ),
}


@pytest.mark.parametrize("name", _DEPARTURES)
def test_kube_router_departs_as_documented(plane: Dataplane, name: str) -> None:
    spec, (source, destination, port), said = _DEPARTURES[name]
    objects = [*_three_pods(), _policy(_with_blocks(spec, plane.ipv6))]
    snapshot = _held(plane, objects)
    flow = _flow(snapshot, plane, source, destination, port)
    here, there = (POD_ADDRESSES["abc".index(end)][plane.ipv6] for end in (source, destination))
    connection = Connection(here, there, Protocol.TCP, port)
    opened = plane.rig.opened([connection], seconds=3)[connection]
    plane.delete(objects)
    assert (truth(snapshot, flow), opened) == (said, said is Truth.DENIED)


def _held(plane: Dataplane, objects: list[Object]) -> Snapshot:
    plane.create(objects)
    plane.settle()
    return read_back(plane)


def _solver_agrees(snapshot: Snapshot, flows: list[Flow]) -> None:
    part, tables = all_flows_of(prepare(snapshot))
    z3 = by_z3(snapshot)
    for flow in flows:
        said = truth(snapshot, flow)
        assert looked_up(part, tables, flow) == (said is not Truth.DENIED, said is not Truth.ALLOWED), str(flow)
    for flow in flows[:PROOFS]:
        assert z3(flow) is truth(snapshot, flow), str(flow)


def _three_pods() -> list[Object]:
    """a has the port web on 80, b on 8080, c not at all."""
    ports = {"a": 80, "b": 8080, "c": None}
    pods = [
        pod_object(
            {"name": name, "namespace": "shop", "labels": {"app": name}},
            list(POD_ADDRESSES[number]),
            containers=[
                {"name": "c", "image": "none", "ports": [{"name": "web", "containerPort": port}] if port else []}
            ],
        )
        for number, (name, port) in enumerate(ports.items())
    ]
    return [namespace("shop", {}), *pods]


def _policy(spec: Object) -> Object:
    metadata = {"name": "one", "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def _with_blocks(spec: Any, ipv6: bool) -> Any:
    """The spec with `blocks[N]` replaced by a block of the family."""
    match spec:
        case str() if spec.startswith("blocks["):
            return _BLOCKS[ipv6][int(spec[len("blocks[") : -1])]
        case dict():
            return {key: _with_blocks(value, ipv6) for key, value in spec.items()}
        case list():
            return [_with_blocks(value, ipv6) for value in spec]
    return spec


def _flow(snapshot: Snapshot, plane: Dataplane, source: str, destination: str, port: int) -> Flow:
    ends = [snapshot.pod_of["shop", name] for name in (source, destination)]
    addresses = [each.addresses[plane.ipv6] for each in ends]
    return Flow(
        source=ends[0],
        destination=ends[1],
        source_address=addresses[0],
        destination_address=addresses[1],
        protocol=Protocol.TCP,
        port=port,
    )
