"""Drawn pairs of snapshots: a cluster before and after some changes, and its flows as they are in either.

The flows are listed from the rules of docs/diff.md alone: nothing of `solver` is used.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import product

from hypothesis import assume
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.address import ALL_ADDRESSES, ALL_V4, ALL_V6, family
from reachproof.network.cluster import Node, Pod
from reachproof.network.flow import External, Flow, Party
from reachproof.network.intervals import IntervalSet, atoms
from reachproof.network.options import Channel, Cni, Options
from reachproof.network.ports import ALL_PORTS, Protocol, place, protocol_port
from reachproof.network.snapshot import Snapshot
from tests.strategies import calico, cilium, istio
from tests.strategies.clusters import clusters, containers
from tests.strategies.flows import End, cidrs, matches
from tests.strategies.policies import policy_sets
from tests.strategies.snapshots import model_options
from tests.strategies.unmodelled import edited
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


_NO_DOMAINS = Options(channel=Channel.EXPERIMENTAL)


@st.composite
def open_changes(draw: st.DrawFn) -> Change:
    """A cluster with much that is left open in both snapshots: source ports, requests, domain names, ties.

    In the second one some of it is edited, some policies are gone or new, and some pods have other labels.
    """
    options = draw(st.sampled_from((Options(cni=Cni.CALICO), Options(cni=Cni.CILIUM), _NO_DOMAINS, _NO_DOMAINS)))
    if options.cni is Cni.SPEC and draw(st.booleans()):
        objects = draw(istio.inputs())
        own = [each for each in objects if each["kind"] in ("AuthorizationPolicy", "PeerAuthentication")]
        objects = [each for each in objects if each not in own]
    else:
        objects = draw(clusters(most_pods=3))
        own = draw(_own(options, objects[0]["metadata"]["name"]))
    for rule in [rule for each in own if options.cni is Cni.CALICO for rule in _rules(each)]:
        if rule.get("protocol") in ("TCP", "UDP") and draw(st.booleans()):
            rule["source"] = {name: what for name, what in rule.get("source", {}).items() if name != "notPorts"}
            rule["source"]["ports"] = [1000]
    after = []
    for each in own:
        turned = draw(edited(each)) if draw(st.integers(0, 2)) else each
        if not each["kind"].endswith("Policy") or draw(st.integers(0, 4)):
            after.append(turned or each)
    if draw(st.integers(0, 3)) == 0 and options.cni in (Cni.SPEC, Cni.CILIUM):
        names = {(each["kind"], each["metadata"]["name"]) for each in (*objects, *after)}
        others = draw(policy_sets(channel=options.channel, most=1))
        after += [each for each in others if (each["kind"], each["metadata"]["name"]) not in names]
    changed = [found for each in objects if (found := draw(_changed(each))) is not None]
    later = changed if draw(st.integers(0, 2)) == 0 else objects
    return Change(load_objects([*objects, *own], options=options), load_objects([*later, *after], options=options))


@st.composite
def edits(draw: st.DrawFn) -> Change:
    """A cluster before and after one edit of one policy, in what no flow shows; staged policies are in force."""
    change_options = draw(
        st.sampled_from((Options(cni=Cni.CALICO, with_staged=True), Options(cni=Cni.CILIUM), _NO_DOMAINS))
    )
    if change_options.cni is Cni.SPEC:
        objects = draw(istio.inputs())
    else:
        objects = draw(clusters(most_pods=2))
        objects += draw(_own(change_options, objects[0]["metadata"]["name"]))
    turned = [(at, found) for at, each in enumerate(objects) if (found := draw(edited(each))) is not None]
    turned = [(at, found) for at, found in turned if found != objects[at] and not _is_inert(found)]
    assume(turned)
    at, found = draw(st.sampled_from(turned))
    after = [*objects[:at], found, *objects[at + 1 :]]
    return Change(load_objects(objects, options=change_options), load_objects(after, options=change_options))


def _is_inert(policy: Manifest) -> bool:
    """Whether nothing comes of it, whatever it says."""
    spec = policy.get("spec") or {}
    logs = any(rule.get("action") == "Log" for rule in _rules(policy) if isinstance(rule, dict))
    return spec.get("action") == "AUDIT" or policy["kind"].startswith("Staged") or logs


def _rules(policy: Manifest) -> list[Manifest]:
    return [rule for name in ("ingress", "egress") for rule in policy.get("spec", {}).get(name) or ()]


def _own(options: Options, home: str) -> st.SearchStrategy[list[Manifest]]:
    """Policies of the engine."""
    match options.cni:
        case Cni.CALICO:
            return calico.own_objects(home, most=3, doubtful=True)
        case Cni.CILIUM:
            return cilium.policy_sets(most=2)
        case _:
            return policy_sets(channel=options.channel, most=3)


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


def lone_flows(change: Change, when: int) -> Iterator[Flow]:
    """Every kind of flow that only one snapshot has, with an end that the other has not; `when`: 0 before, 1 after."""
    snapshot = (change.before, change.after)[when]
    ends = list(_all_ends(change, snapshot))
    lone = set(_lone_ends(change, when))
    for source, destination in product(ends, ends):
        if lone & {_name(source), _name(destination)}:
            for number in port_pieces(change):
                flow = _flow(source, destination, number)
                if flow is not None:
                    yield flow


def _all_ends(change: Change, snapshot: Snapshot) -> Iterator[End]:
    parties: tuple[Party, ...] = (*snapshot.pods, *snapshot.nodes, External())
    for party in parties:
        for addresses in (ALL_V4, ALL_V6):
            held = _held(snapshot, party, addresses)
            cuts = [*_address_cuts(change), change.before.held, change.after.held]
            yield from ((party, low) for low, _ in atoms(held, cuts))


def _name(end: End) -> tuple[str, int]:
    """Party and address; no address where nobody knows it."""
    return repr(end[0]), 0 if _is_free(end[0]) else end[1]


def _lone_ends(change: Change, when: int) -> Iterator[tuple[str, int]]:
    snapshot = (change.before, change.after)[when]
    counterparts: dict[str, list[Party]] = {}
    for match in _same(change):
        counterparts.setdefault(repr(match[when]), []).append(match[1 - when])
    both_have_nodes = bool(change.before.nodes and change.after.nodes)
    parties: tuple[Pod | Node, ...] = (*snapshot.pods, *snapshot.nodes)
    for party in parties:
        others = counterparts.get(repr(party), [])
        if isinstance(party, Node) and not both_have_nodes:
            continue
        if not others:
            yield from ((repr(party), address) for address in party.addresses or (0,))
        for address in party.addresses:
            if others and all(_is_unmet(address, party.addresses, other) for other in others):
                yield repr(party), address


def _is_unmet(address: int, own: tuple[int, ...], other: Party) -> bool:
    """Whether the other one has neither this address nor, beyond those that both have, one of its family."""
    if isinstance(other, External) or not other.addresses or address in other.addresses:
        return False
    return all(family(each) != family(address) for each in other.addresses if each not in own)


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
