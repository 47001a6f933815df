"""Laws of toServices: what it means is what the other peers of a rule mean, as an allow and as a deny."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.network.address import parse_address
from reachproof.network.cluster import Pod
from reachproof.network.flow import Flow
from reachproof.network.options import Channel, Cni, Options
from reachproof.network.ports import Protocol
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.laws.law import placed
from tests.strategies.cilium import mixed_manifests
from tests.strategies.flows import ends, possible
from tests.strategies.vocabulary import Manifest

SOME = max(50, settings().max_examples // 2)
CILIUM = Options(cni=Cni.CILIUM, channel=Channel.STANDARD)
POLICIES = (
    "AdminNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "CiliumNetworkPolicy",
    "ClusterNetworkPolicy",
    "NetworkPolicy",
)
ADDRESSES = ("203.0.113.7", "203.0.113.200", "10.0.0.1", "10.0.0.2", "192.168.0.2")
TO_FAR = {"toServices": [{"k8sService": {"serviceName": "far", "namespace": "bank"}}]}
PORTS: tuple[Manifest, ...] = ({}, {"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]})
ASKED = ((Protocol.TCP, 80), (Protocol.UDP, 53))
Endpoints = list[tuple[str, bool]]
"""Addresses, and whether they are ready."""


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Manifest], Manifest, bool]:
    """A cluster, mostly without policies; the ports of a rule; and whether it is to deny."""
    objects = draw(mixed_manifests())
    if draw(st.integers(0, 3)):
        objects = [each for each in objects if each["kind"] not in POLICIES]
    return objects, draw(st.sampled_from(PORTS)), draw(st.booleans())


def endpoints(*, ready: bool | None = None) -> st.SearchStrategy[Endpoints]:
    known = st.booleans() if ready is None else st.just(ready)
    listed = st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=4, unique=True)
    return listed.flatmap(lambda each: st.tuples(*(st.tuples(st.just(one), known) for one in each)).map(list))


def policy(rules: list[Manifest], *, deny: bool) -> Manifest:
    """A policy of all pods of one namespace with these egress rules, or with everything but them."""
    spec = {"egressDeny": rules, "egress": [{"toEntities": ["all"]}]} if deny else {"egress": rules}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "to-service", "namespace": "shop"},
        "spec": {"endpointSelector": {}, **spec},
    }


def with_slices(objects: list[Manifest], *lists: Endpoints) -> list[Manifest]:
    """The objects with one EndpointSlice for each list of endpoints, in place of every one that they have."""
    (model,) = (each for each in objects if each["kind"] == "EndpointSlice")
    slices = [
        {
            **model,
            "metadata": {**model["metadata"], "name": f"cut-{number}"},
            "endpoints": [{"addresses": [address], "conditions": {"ready": ready}} for address, ready in listed],
        }
        for number, listed in enumerate(lists)
    ]
    return [*(each for each in objects if each is not model), *slices]


def loaded(objects: list[Manifest], rules: list[Manifest], *, deny: bool) -> Snapshot:
    return load_objects([*objects, policy(rules, deny=deny)], options=CILIUM)


def flows(*snapshots: Snapshot) -> Iterator[Flow]:
    """Flows that the pods a policy selects may send to every end that any of the snapshots tells apart."""
    known = [(snapshot, end) for snapshot in snapshots for end in ends(snapshot)]
    known += [(snapshots[0], end) for end in listed_ends(snapshots[0])]
    for pod in snapshots[0].pods_in.get("shop", ()):
        for _, end in known:
            for address in pod.addresses:
                if possible((pod, address), end):
                    for protocol, port in ASKED:
                        yield Flow(
                            source=pod,
                            destination=end[0],
                            source_address=address,
                            destination_address=end[1],
                            protocol=protocol,
                            port=port,
                        )


def listed_ends(snapshot: Snapshot) -> Iterator[tuple[Any, int]]:
    """Those that have the addresses of the slices."""
    owners = {address: pod for pod in snapshot.pods for address in pod.addresses}
    for text in ADDRESSES:
        address = parse_address(text)
        pod = owners.get(address)
        if isinstance(pod, Pod):
            yield pod, address


def assert_alike(before: Snapshot, after: Snapshot) -> None:
    for flow in flows(before, after):
        flow = placed(before, flow)
        assert truth(before, flow) is truth(after, placed(after, flow)), str(flow)


@settings(max_examples=SOME)
@given(worlds(), endpoints(), st.data())
def test_how_backends_are_spread_over_slices_changes_nothing(
    drawn: tuple[list[Manifest], Manifest, bool], listed: Endpoints, data: st.DataObject
) -> None:
    objects, ports, deny = drawn
    cut = data.draw(st.integers(0, len(listed)))
    rules = [{**TO_FAR, **ports}]
    whole = loaded(with_slices(objects, listed), rules, deny=deny)
    assert_alike(whole, loaded(with_slices(objects, listed[cut:], listed[:cut]), rules, deny=deny))


@settings(max_examples=SOME)
@given(worlds(), endpoints())
def test_a_service_without_selector_is_the_addresses_of_its_slices_that_are_ready(
    drawn: tuple[list[Manifest], Manifest, bool], listed: Endpoints
) -> None:
    objects, ports, deny = drawn
    ready = [f"{address}/32" for address, ready in listed if ready]
    assume(ready)
    given_ = with_slices(objects, listed)
    by_service = loaded(given_, [{**TO_FAR, **ports}], deny=deny)
    assert_alike(by_service, loaded(given_, [{"toCIDR": ready, **ports}], deny=deny))


@settings(max_examples=SOME)
@given(worlds(), st.one_of(endpoints(ready=False), st.just([])))
def test_a_service_without_backends_is_nobody_but_may_be_everybody_beside_ports(
    drawn: tuple[list[Manifest], Manifest, bool], listed: Endpoints
) -> None:
    objects, ports, deny = drawn
    given_ = with_slices(objects, listed)
    found = loaded(given_, [{**TO_FAR, **ports}], deny=deny)
    nobody = loaded(given_, [{"toEndpoints": [], **ports}], deny=deny)
    if not ports:
        assert_alike(found, nobody)
        return
    everybody = loaded(given_, [ports], deny=deny)
    for flow in flows(found):
        both = {truth(each, placed(each, flow)) for each in (nobody, everybody)}
        event(f"{sorted(both)}")
        assert truth(found, flow) is (both.pop() if len(both) == 1 else Truth.EITHER), str(flow)


@settings(max_examples=SOME)
@given(worlds(), st.sampled_from((None, "shop", "bank")))
def test_a_service_with_a_selector_is_the_pods_of_its_namespace_that_it_selects(
    drawn: tuple[list[Manifest], Manifest, bool], named: str | None
) -> None:
    """Without a namespace every Service of the name is meant."""
    objects, ports, deny = drawn
    selectors = {"shop": {"app": "web"}, "bank": {"app": "db"}}
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "chosen", "namespace": home},
            "spec": {"selector": selector, "ports": [{"port": 8080}]},
        }
        for home, selector in selectors.items()
    ]
    given_ = [*objects, *services]
    rule = {"k8sService": {"serviceName": "chosen", **({"namespace": named} if named else {})}}
    chosen = [
        {"matchLabels": {**selector, "k8s:io.kubernetes.pod.namespace": home}}
        for home, selector in selectors.items()
        if named in (None, home)
    ]
    by_service = loaded(given_, [{"toServices": [rule], **ports}], deny=deny)
    assert_alike(by_service, loaded(given_, [{"toEndpoints": chosen, **ports}], deny=deny))
