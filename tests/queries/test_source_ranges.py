"""Clients that a load balancer is asked not to serve: certain where they have another way, else not known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.manifests.errors import ManifestError
from reachproof.manifests.load import load_objects
from reachproof.manifests.stored_snapshot import load_stored, objects_to_store
from reachproof.network.address import format_cidrs
from reachproof.queries.ask import Session
from tests.queries.given import Manifest, codes, network_policy, node, notice, pod, service, session, shown

RANGES = ["203.0.113.0/24"]
IN, OUT = "203.0.113.7", "198.51.100.7"
ALONE: Manifest = {"allocateLoadBalancerNodePorts": False, "loadBalancerSourceRanges": RANGES}
ANNOTATION = "service.beta.kubernetes.io/load-balancer-source-ranges"
HTTP: Manifest = {"port": 80, "targetPort": 8080}


def front(port: Manifest = HTTP, **spec: Any) -> Manifest:
    local = {"type": "LoadBalancer", "externalTrafficPolicy": "Local"}
    return service("shop/front", {"app": "front"}, port, **(local | spec))


def asking(balancer: Manifest, *more: Manifest, peers: list[Manifest] | None = None) -> Session:
    policy = network_policy("shop/front", {"app": "front"}, ingress=[{} if peers is None else {"from": peers}])
    return session(pod("shop/front", "10.0.0.1", on="n1"), balancer, policy, *more)


def can(client: str) -> str:
    return f"can {client} reach service shop/front on tcp/80?"


def every(client: str) -> str:
    return f"every {client} can reach service shop/front on tcp/80"


def no(client: str) -> str:
    return f"no {client} can reach service shop/front on tcp/80"


@pytest.mark.parametrize(
    ("spec", "client", "verdict"),
    [
        (ALONE, IN, "reachable"),
        (ALONE, OUT, "unknown"),
        (ALONE, "198.51.100.0-203.0.113.9", "reachable"),
        (ALONE, "anything outside the cluster", "reachable"),
        (ALONE, "(anything outside the cluster except 203.0.113.0/24)", "unknown"),
        (ALONE | {"allocateLoadBalancerNodePorts": True}, OUT, "reachable"),
        ({"loadBalancerSourceRanges": RANGES}, OUT, "reachable"),
        (ALONE | {"externalIPs": ["192.0.2.1"]}, OUT, "reachable"),
        (ALONE | {"type": "NodePort"}, OUT, "reachable"),
        (ALONE | {"loadBalancerSourceRanges": []}, OUT, "reachable"),
        (ALONE | {"loadBalancerSourceRanges": ["0.0.0.0/0"]}, OUT, "reachable"),
        (ALONE | {"loadBalancerSourceRanges": ["2001:db8::/32"]}, OUT, "unknown"),
    ],
)
def test_a_client_outside_the_ranges_is_certain_where_there_is_another_way(
    spec: Manifest, client: str, verdict: str
) -> None:
    assert asking(front(**spec)).ask(can(client)).verdict == verdict


def test_a_node_port_that_is_asked_for_is_another_way() -> None:
    assert asking(front(HTTP | {"nodePort": 30080}, **ALONE)).ask(can(OUT)).verdict == "reachable"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (no(OUT), "unknown"),
        (no(IN), "violated"),
        (every(IN), "holds"),
        (every(OUT), "unknown"),
        (every("203.0.113.0/24"), "holds"),
        ("no address outside the cluster can reach service shop/front on tcp/80", "violated"),
        ("every address outside the cluster can reach service shop/front on tcp/80", "unknown"),
        ("only 203.0.113.0/24 can reach service shop/front on tcp/80 except from pods", "unknown"),
    ],
)
def test_claims_about_them_are_not_decided(claim: str, verdict: str) -> None:
    assert asking(front(**ALONE)).ask(claim).verdict == verdict


def test_the_answer_says_why_it_is_not_known() -> None:
    answer = asking(front(**ALONE)).ask(can(OUT))
    assert answer.reason == (
        "198.51.100.7 -> pod shop/front (10.0.0.1) on tcp/8080: service shop/front asks its load balancer to serve "
        "some clients only (loadBalancerSourceRanges), and has no node port there; whether it drops what others send "
        "depends on the platform"
    )
    assert codes(answer) == ["SOURCE_RANGES"]


def test_what_policy_stops_anyhow_stays_certain() -> None:
    closed = asking(front(**ALONE), peers=[{"podSelector": {}}])
    assert [closed.ask(each(OUT)).verdict for each in (can, no, every)] == ["unreachable", "holds", "violated"]


def test_what_arrives_from_nodes_is_theirs_only_if_some_client_is_served() -> None:
    balancer = front(**ALONE, externalTrafficPolicy="Cluster")
    closed = asking(balancer, node("n1", "192.168.0.1"), peers=[{"podSelector": {}}])
    assert [closed.ask(can(each)).verdict for each in (IN, OUT)] == ["reachable", "unknown"]
    assert shown(closed.ask(can(IN))) == "node n1 (192.168.0.1) -> pod shop/front (10.0.0.1) on tcp/8080"
    assert closed.ask(no(OUT)).verdict == "unknown"


def test_another_service_to_the_same_pods_is_another_way() -> None:
    other = front() | {"metadata": {"namespace": "shop", "name": "open"}}
    both = asking(front(**ALONE), other)
    assert both.ask(f"can {OUT} reach service shop/front or service shop/open?").verdict == "reachable"
    assert both.ask(can(OUT)).verdict == "unknown"


def test_where_they_are_not_judged_the_answer_says_so() -> None:
    answer = asking(front(**ALONE)).ask(f"why can {OUT} reach service shop/front on tcp/80?")
    assert notice(answer, "SOURCE_RANGES_IGNORED") == (
        "service shop/front asks its load balancer to serve some clients only (loadBalancerSourceRanges); not every "
        "platform does, so all clients are judged"
    )


class TestAnnotation:
    def annotated(self, written: str, **spec: Any) -> Manifest:
        made = front(allocateLoadBalancerNodePorts=False, **spec)
        return made | {"metadata": made["metadata"] | {"annotations": {ANNOTATION: written}}}

    @pytest.mark.parametrize("written", ["203.0.113.0/24", " 203.0.113.0/25, 203.0.113.128/25 "])
    def test_it_stands_for_the_field(self, written: str) -> None:
        found = asking(self.annotated(written))
        assert [found.ask(can(each)).verdict for each in (IN, OUT)] == ["reachable", "unknown"]

    def test_the_field_counts_where_both_are_given(self) -> None:
        found = load_objects([self.annotated("0.0.0.0/0", loadBalancerSourceRanges=RANGES)])
        assert format_cidrs(found.services[0].source_ranges) == ("203.0.113.0/24",)

    def test_it_is_stored(self) -> None:
        stored = objects_to_store([self.annotated("203.0.113.0/24")], name="a")
        assert load_stored(stored.content, stored.snapshot.digest).services == stored.snapshot.services

    def test_what_is_no_cidr_is_refused(self) -> None:
        with pytest.raises(ManifestError) as refused:
            load_objects([self.annotated("everyone")])
        assert [(each.path, each.message) for each in refused.value.problems] == [
            (f"metadata.annotations.{ANNOTATION}", "not a CIDR: 'everyone' is not of the form ADDRESS/PREFIX")
        ]


PEERS: st.SearchStrategy[list[Manifest] | None] = st.sampled_from(
    (
        None,
        [{"podSelector": {}}],
        [{"ipBlock": {"cidr": "203.0.113.0/25"}}],
        [{"ipBlock": {"cidr": "198.51.100.0/24"}}],
        [{"ipBlock": {"cidr": "192.168.0.1/32"}}],
    )
)
CLIENTS = {OUT: None, IN: IN, "198.51.100.0-203.0.113.9": "203.0.113.0-203.0.113.9", "203.0.113.200": "203.0.113.200"}
"""Clients, and those of them that are in the ranges."""


@given(PEERS, st.sampled_from(("Local", "Cluster")), st.sampled_from(tuple(CLIENTS)), st.sampled_from((can, no)))
@settings(max_examples=40, deadline=None)
def test_a_verdict_stands_if_it_is_that_of_every_platform(
    peers: list[Manifest] | None, policy: str, client: str, sentence: Any
) -> None:
    """A platform serves all clients, or those in the ranges: the verdict is that of both, or it is unknown."""
    nodes = (node("n1", "192.168.0.1"), node("n2", "192.168.0.2"))
    limited = asking(front(**ALONE, externalTrafficPolicy=policy), *nodes, peers=peers)
    free = asking(front(allocateLoadBalancerNodePorts=False, externalTrafficPolicy=policy), *nodes, peers=peers)
    served = CLIENTS[client]
    nothing = "unreachable" if sentence is can else "holds"
    enforced = nothing if served is None else str(free.ask(sentence(served)).verdict)
    could = {str(free.ask(sentence(client)).verdict), enforced}
    found = str(limited.ask(sentence(client)).verdict)
    assert found == (could.pop() if len(could) == 1 else "unknown")
