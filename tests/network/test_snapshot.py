"""What a snapshot says of addresses: which are held, and where an unknown one may lie."""

from __future__ import annotations

from reachproof.network.address import NOT_ROUTED, PRIVATE, format_cidrs, parse_address, parse_cidr
from reachproof.network.cluster import Node, Pod, Service
from reachproof.network.intervals import EMPTY
from reachproof.network.options import Options
from reachproof.network.origin import Origin
from reachproof.network.snapshot import Snapshot

HERE = Origin(file="snapshot.yaml")


def pod(name: str, *addresses: str, host: bool = False) -> Pod:
    placed = tuple(map(parse_address, addresses))
    return Pod(namespace="shop", name=name, labels={}, addresses=placed, host_network=host, origin=HERE)


def node(name: str, address: str, ranges: str = "") -> Node:
    return Node(
        name=name,
        labels={},
        addresses=(parse_address(address),),
        pod_ranges=parse_cidr(ranges) if ranges else EMPTY,
        origin=HERE,
    )


def service(address: str) -> Service:
    placed = (parse_address(address),)
    return Service(namespace="shop", name="web", selector=None, ports=(), virtual_ips=placed, origin=HERE)


def test_the_pod_range_is_the_option_before_that_of_the_nodes_before_the_private_ranges() -> None:
    nodes = (node("n1", "192.168.0.1", "10.1.0.0/24"), node("n2", "192.168.0.2", "10.1.1.0/24"))
    option = Options(pod_range=parse_cidr("10.9.0.0/30"))
    assert format_cidrs(Snapshot(nodes=nodes, options=option).declared_pod_range) == ("10.9.0.0/30",)
    assert format_cidrs(Snapshot(nodes=nodes).declared_pod_range) == ("10.1.0.0/23",)
    assert Snapshot().declared_pod_range == PRIVATE


def test_what_a_pod_a_node_or_a_service_holds_is_nobody_elses() -> None:
    option = Options(pod_range=parse_cidr("10.0.0.0/30"))
    snapshot = Snapshot(
        pods=(pod("a", "10.0.0.1", "fd00::1"),),
        nodes=(node("n1", "10.0.0.2"),),
        services=(service("10.0.0.3"),),
        options=option,
    )
    assert format_cidrs(snapshot.held - NOT_ROUTED) == ("10.0.0.1/32", "10.0.0.2/31", "fd00::1/128")
    assert snapshot.held >= NOT_ROUTED
    assert format_cidrs(snapshot.pod_range) == ("10.0.0.0/32",)
    assert snapshot.free_range(pod("free")) == snapshot.pod_range


def test_an_abstract_pod_on_the_host_network_has_an_address_of_a_node() -> None:
    snapshot = Snapshot(nodes=(node("n1", "192.168.0.1"), node("n2", "192.168.0.3")))
    assert format_cidrs(snapshot.free_range(pod("d", host=True))) == ("192.168.0.1/32", "192.168.0.3/32")


def test_where_no_node_is_known_it_has_a_private_address_that_nothing_holds() -> None:
    snapshot = Snapshot(pods=(pod("a", "10.0.0.0"),))
    assert snapshot.free_range(pod("d", host=True)) == PRIVATE - parse_cidr("10.0.0.0/32")


def test_other_policies_or_options_leave_the_first_snapshot_as_it_is() -> None:
    snapshot = Snapshot(pods=(pod("a", "10.0.0.1"),), digest="sha256:1")
    other = snapshot.with_options(Options(tenant_label="team")).with_policies(())
    assert (other.digest, other.options.tenant_label) == ("sha256:1", "team")
    assert snapshot.options.tenant_label == "tenant"


def test_services_are_found_by_their_addresses_both_bounds_included() -> None:
    first, second = service("10.0.0.5"), service("10.0.0.9")
    snapshot = Snapshot(services=(second, first))
    low, high = parse_address("10.0.0.5"), parse_address("10.0.0.9")
    assert snapshot.services_at(low, high) == (second, first)
    assert snapshot.services_at(low + 1, high) == (second,)
    assert snapshot.services_at(low, high - 1) == (first,)
    assert snapshot.services_at(low + 1, high - 1) == ()
