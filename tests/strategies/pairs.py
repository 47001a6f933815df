"""Drawn pairs of snapshots: a cluster before and after some changes, and its flows as they are in either.

The flows are listed from the rules of docs/diff.md alone: nothing of `solver` is used.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import product

from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.address import ALL_ADDRESSES, ALL_V4, ALL_V6, family
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet, atoms
from reachproof.network.options import Cni, Options
from reachproof.network.ports import ALL_PORTS, Protocol, place, protocol_port
from reachproof.network.snapshot import Snapshot
from tests.strategies import calico, cilium
from tests.strategies.clusters import clusters, containers
from tests.strategies.flows import End, cidrs, matches
from tests.strategies.policies import policy_sets
from tests.strategies.snapshots import model_options
from tests.strategies.vocabulary import (
    CONTAINER_PORTS,
    NAMESPACE_LABELS,
    NODES,
    POD_ADDRESSES_4,
    POD_LABELS,
    Manifest,
)

_CALICO = st.just(Options(cni=Cni.CALICO))
REPLICAS = ("r-0", "r-1", "r-2")
_SUBSETS = st.sampled_from([(), ("r-0",), ("r-1",), ("r-0", "r-1"), ("r-1", "r-2"), REPLICAS])
_ADDRESSES = tuple(f"10.0.0.{number}" for number in range(10, 16))


@dataclass(frozen=True, slots=True)
class Change:
    """Two snapshots, read under the same options."""

    before: Snapshot
    after: Snapshot


# ---------------------------------------------------------------- snapshots


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A cluster with policies; in the second snapshot other ones, other labels, addresses, or pods, or all of it.

    In a fifth of the draws it is one of Calico or of Cilium, with policies of its kinds.
    """
    options = draw(st.one_of(*[model_options()] * 8, _CALICO, cilium.OPTIONS))
    objects = draw(clusters(most_pods=4))
    policies = draw(policy_sets(channel=options.channel, most=2))
    home = objects[0]["metadata"]["name"]
    before = [*objects, *draw(_replicas(home)), *policies]
    kept = [policy for policy in policies if draw(st.booleans())]
    others = draw(policy_sets(channel=options.channel, most=2)) if draw(st.booleans()) else []
    names = {(each["kind"], each["metadata"]["name"]) for each in others}
    merged = [each for each in kept if (each["kind"], each["metadata"]["name"]) not in names] + others
    changed = [found for each in objects if (found := draw(_changed(each))) is not None]
    after = [*(changed if draw(st.booleans()) else objects), *draw(_replicas(home)), *merged]
    if options.cni in (Cni.CALICO, Cni.CILIUM):
        own = (
            calico.own_objects(home, most=2, doubtful=True) if options.cni is Cni.CALICO else cilium.policy_sets(most=2)
        )
        before += (drawn := draw(own))
        after += draw(own) if draw(st.booleans()) else [each for each in drawn if draw(_kept(each["kind"]))]
    return Change(load_objects(before, options=options), load_objects(after, options=options))


def _kept(kind: str) -> st.SearchStrategy[bool]:
    """Whether an object is still there: half of the policies are, and all that they refer to."""
    return st.booleans() if kind.endswith("Policy") else st.just(True)


@st.composite
def _replicas(draw: st.DrawFn, home: str) -> list[Manifest]:
    """Pods of a StatefulSet `r`: each has a name that it may share with one of the other snapshot."""
    found: list[Manifest] = []
    for name in draw(_SUBSETS):
        address = _ADDRESSES[REPLICAS.index(name) + draw(st.sampled_from((0, 3)))]
        owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "r", "controller": True}
        metadata = {"name": name, "namespace": home, "labels": dict(draw(st.sampled_from(POD_LABELS)))}
        found.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": metadata | {"ownerReferences": [owner]},
                "spec": {"containers": containers(()), "nodeName": draw(st.sampled_from(NODES))},
                "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
            }
        )
    return found


@st.composite
def _changed(draw: st.DrawFn, given: Manifest) -> Manifest | None:
    """The object as it was in half of the draws, else with another label, address, port or node, or gone."""
    found = deepcopy(given)
    if draw(st.booleans()) or given["kind"] not in ("Pod", "Namespace", "Deployment", "Node"):
        return found
    if given["kind"] == "Namespace":
        found["metadata"]["labels"] = dict(draw(st.sampled_from(NAMESPACE_LABELS)))
    elif given["kind"] == "Deployment":
        found["spec"]["replicas"] = draw(st.sampled_from((1, 2)))
        found["spec"]["template"]["metadata"]["labels"] |= draw(st.sampled_from(POD_LABELS))
    elif given["kind"] == "Node":
        return None if draw(st.integers(0, 3)) == 0 else found
    else:
        return draw(_changed_pod(found))
    return found


@st.composite
def _changed_pod(draw: st.DrawFn, pod: Manifest) -> Manifest | None:
    match draw(st.sampled_from(("labels", "labels", "ports", "address", "node", "gone"))):
        case "labels":
            pod["metadata"]["labels"] = dict(draw(st.sampled_from(POD_LABELS)))
        case "ports":
            pod["spec"]["containers"] = containers(draw(st.sampled_from(CONTAINER_PORTS)))
        case "address" if not pod["spec"].get("hostNetwork"):
            number = int(pod["metadata"]["name"].removeprefix("p"))
            address = POD_ADDRESSES_4[number] if draw(st.booleans()) else f"10.0.1.{number}"
            pod["status"] = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
        case "node" if not pod["spec"].get("hostNetwork"):
            pod["spec"]["nodeName"] = draw(st.sampled_from(NODES))
        case "gone":
            return None
    return pod


# ---------------------------------------------------------------- flows


def all_flow_pairs(change: Change) -> Iterator[tuple[Flow, Flow]]:
    """Every kind of flow that both snapshots have, as it is before and after."""
    numbers = port_pieces(change)
    ends = list(_ends(change))
    for source, destination in product(ends, ends):
        for number in numbers:
            before, after = (_flow(source[at], destination[at], number) for at in range(2))
            if before is not None and after is not None and not _rescheduled(change, before, after):
                yield before, after


def some_flow_pairs(change: Change, count: int, seed: int) -> list[tuple[Flow, Flow]]:
    """A seeded choice of them."""
    pairs = list(all_flow_pairs(change))
    return random.Random(seed).sample(pairs, min(len(pairs), count))


def _flow(source: End, destination: End, number: tuple[Protocol, int]) -> Flow | None:
    """None where the two ends have no flow: both outside, two families, or one endpoint."""
    if family(source[1]) != family(destination[1]):
        return None
    if isinstance(source[0], External) and isinstance(destination[0], External):
        return None
    if source[0] == destination[0]:
        several = isinstance(source[0], Pod) and source[0].repeated
        if not several or source[1] == destination[1]:
            return None
    return Flow(
        source=source[0],
        destination=destination[0],
        source_address=source[1],
        destination_address=destination[1],
        protocol=number[0],
        port=number[1],
    )


def _ends(change: Change) -> Iterator[tuple[End, End]]:
    """Every endpoint with the addresses that it has before and after."""
    for one, other in _same(change):
        for addresses in (ALL_V4, ALL_V6):
            before, after = _held(change.before, one, addresses), _held(change.after, other, addresses)
            common = before & after
            lows = [low for low, _ in atoms(common, _address_cuts(change))]
            yield from (((one, low), (other, low)) for low in lows)
            if not common or not (_is_free(one) or _is_free(other)):
                rest = [[low for low, _ in atoms(each - common, _address_cuts(change))] for each in (before, after)]
                yield from (((one, x), (other, y)) for x, y in product(*rest))


def _same(change: Change) -> Iterator[tuple[Party, Party]]:
    """Endpoints of the one and of the other snapshot that are the same."""
    before, after = change.before, change.after
    names = before.pod_of.keys() & after.pod_of.keys()
    yield from ((before.pod_of[key], after.pod_of[key]) for key in sorted(names))
    replicas = [[pod for pod in each.pods if pod.workload == "StatefulSet/r"] for each in (before, after)]
    others = [[pod for pod in each if pod.key not in names] for each in replicas]
    if any(others):
        yield from product(*(other or each for other, each in zip(others, replicas, strict=True)))
    yield from ((node, after.node_of[node.name]) for node in before.nodes if node.name in after.node_of)
    yield External(), External()


def _held(snapshot: Snapshot, party: Party, addresses: IntervalSet) -> IntervalSet:
    if isinstance(party, External):
        return (ALL_ADDRESSES - snapshot.held) & addresses
    if isinstance(party, Pod) and party.abstract:
        return snapshot.free_range(party) & addresses
    return IntervalSet.of((each, each) for each in party.addresses if each in addresses)


def _is_free(party: Party) -> bool:
    return isinstance(party, External) or (isinstance(party, Pod) and party.abstract)


def _rescheduled(change: Change, before: Flow, after: Flow) -> bool:
    """Whether it is a flow with the own node in one of them only, since a pod runs on another one."""
    if not all(each.nodes or any(map(_is_host, each.pods)) for each in (change.before, change.after)):
        return False
    hosts = any(_is_host(party) for flow in (before, after) for party in (flow.source, flow.destination))
    return hosts and _at_home(before) is not _at_home(after)


def _at_home(flow: Flow) -> bool | None:
    """Whether both ends are on one node; None where that is not known."""
    nodes = [_node(flow.source), _node(flow.destination)]
    return None if None in nodes else nodes[0] == nodes[1]


def _node(party: Party) -> str | None:
    match party:
        case Pod(node=node):
            return node
        case Node(name=name):
            return name
        case External():
            return ""


def _is_host(party: Party) -> bool:
    return isinstance(party, Node) or (isinstance(party, Pod) and party.host_network)


def _address_cuts(change: Change) -> list[IntervalSet]:
    """The CIDRs of policies, and each address of a node: a host-network pod may have any of them."""
    both = (change.before, change.after)
    cuts = [addresses for each in both for addresses in cidrs(each)]
    return cuts + [IntervalSet.single(address) for each in both for node in each.nodes for address in node.addresses]


def port_pieces(change: Change) -> Sequence[tuple[Protocol, int]]:
    """One protocol and port of every piece that either snapshot cuts them into."""
    cuts: list[IntervalSet] = []
    for snapshot in (change.before, change.after):
        written = [match.ports for match in matches(snapshot) if match.ports is not None]
        cuts += [numbers for each in written for numbers in (each.numbers, each.not_numbers)]
        cuts += [IntervalSet.single(place(port.protocol, port.number)) for pod in snapshot.pods for port in pod.ports]
    return [protocol_port(low) for low, _ in atoms(ALL_PORTS, cuts)]
