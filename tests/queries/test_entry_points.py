"""Traffic from outside to a Service: with which source it arrives, and whether it can arrive at all."""

from __future__ import annotations

from typing import Any

import pytest

from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.explain import explain
from tests.queries.given import Manifest, codes, deployment, network_policy, node, notice, pod, service, session, shown

HTTP = {"port": 80, "targetPort": 8080}
NODES = (node("n1", "192.168.0.1"), node("n2", "192.168.0.2"))
PODS = (pod("shop/front", "10.0.0.1", on="n1"), pod("shop/other", "10.0.0.2", on="n2"))
CONTROLLER = pod("edge/nginx", "10.0.0.9", on="n2") | {
    "metadata": {"namespace": "edge", "name": "nginx", "labels": {"app.kubernetes.io/name": "ingress-nginx"}}
}


def opened(**spec: Any) -> Manifest:
    return service("shop/front", {"app": "front"}, HTTP, **({"type": "NodePort"} | spec))


def ingress(name: str = "front") -> Manifest:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    metadata = {"namespace": "shop", "name": "web"}
    spec = {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def allowing(*peers: Manifest, **more: Manifest) -> Manifest:
    return network_policy("shop/front", {"app": "front"}, ingress=[{"from": list(peers)}] if peers else [], **more)


def blocks(*cidrs: str) -> list[Manifest]:
    return [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]


CAN = "can anything outside the cluster reach service shop/front on tcp/80?"
NEVER = "no address outside the cluster can reach service shop/front on tcp/80"


def verdicts(asking: Session, *sentences: str) -> list[str]:
    return [str(asking.ask(sentence).verdict) for sentence in sentences]


class TestNodes:
    def test_a_client_may_arrive_with_the_address_of_the_pods_own_node_which_is_exempt(self) -> None:
        asking = session(*NODES, *PODS, opened(), allowing())
        answer = asking.ask(CAN)
        assert answer.verdict == "reachable"
        assert shown(answer) == "node n1 (192.168.0.1) -> pod shop/front (10.0.0.1) on tcp/8080"
        assert notice(answer, "ARRIVES_FROM_A_NODE") == (
            "a node as the source stands for clients outside: what they send to service shop/front may arrive with the "
            "address of any node (externalTrafficPolicy: Cluster)"
        )
        assert verdicts(asking, NEVER) == ["violated"]

    def test_another_node_is_not_exempt_and_is_judged_by_its_address(self) -> None:
        elsewhere = (node("n2", "192.168.0.2"), pod("shop/front", "10.0.0.1", on="n1"))
        asking = session(*elsewhere, opened(), allowing())
        assert verdicts(asking, CAN, NEVER) == ["unreachable", "holds"]
        assert notice(asking.ask(NEVER), "NODE_NOT_GIVEN") == (
            "pods behind service shop/front run on n1, which the input does not have as a Node: what arrives with its "
            "address, which they always accept, is not judged"
        )
        by_address = session(*elsewhere, opened(), allowing(*blocks("192.168.0.2/32")))
        assert shown(by_address.ask(CAN)) == "node n2 (192.168.0.2) -> pod shop/front (10.0.0.1) on tcp/8080"

    def test_a_pod_whose_node_is_not_known_may_be_on_any(self) -> None:
        answer = session(*NODES, pod("shop/front", "10.0.0.1"), opened(), allowing()).ask(CAN)
        assert (answer.verdict, codes(answer)) == ("reachable", ["ARRIVES_FROM_A_NODE", "UNKNOWN_NODE"])

    def test_the_client_itself_is_shown_where_it_gets_through(self) -> None:
        answer = session(*NODES, *PODS, opened()).ask(CAN)
        assert shown(answer) == "1.0.0.1 -> pod shop/front (10.0.0.1) on tcp/8080"
        assert codes(answer) == ["NO_POLICIES"]

    def test_with_the_policy_local_only_the_client_is_judged(self) -> None:
        asking = session(*NODES, *PODS, opened(externalTrafficPolicy="Local"), allowing())
        answer = asking.ask(CAN)
        assert (answer.verdict, codes(answer)) == ("unreachable", [])

    def test_without_nodes_in_the_input_the_client_is_judged_and_the_answer_says_so(self) -> None:
        answer = session(pod("shop/front", "10.0.0.1"), opened(), allowing()).ask(CAN)
        assert (answer.verdict, codes(answer)) == ("unreachable", ["CLIENT_ADDRESS_KEPT"])

    def test_every_client_reaches_it_only_if_every_node_does(self) -> None:
        claim = "every address outside the cluster can reach service shop/front on tcp/80"
        clients = allowing(*blocks("0.0.0.0/0"), *blocks("::/0"))
        assert verdicts(session(*NODES, *PODS, opened(), clients), claim) == ["holds"]
        but_n2 = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["192.168.0.2/32"]}}
        answer = session(*NODES, *PODS, opened(), allowing(but_n2, *blocks("::/0"))).ask(claim)
        assert (answer.verdict, shown(answer)) == (
            "violated",
            "node n2 (192.168.0.2) -> pod shop/front (10.0.0.1) on tcp/8080",
        )

    def test_only_some_clients_is_refuted_by_the_others_that_arrive_from_a_node(self) -> None:
        claim = "only 203.0.113.0/24 can reach service shop/front except from pods"
        peers = allowing(*blocks("203.0.113.0/24"))
        answer = session(*NODES, *PODS, opened(), peers).ask(claim)
        assert (answer.verdict, codes(answer)) == ("violated", ["ARRIVES_FROM_A_NODE"])
        kept = session(*NODES, *PODS, opened(externalTrafficPolicy="Local"), peers)
        assert verdicts(kept, claim) == ["holds"]

    def test_only_the_outside_is_not_refuted_by_what_stands_for_it(self) -> None:
        asking = session(*NODES, *PODS, opened(), allowing(*blocks("203.0.113.0/24")))
        assert verdicts(asking, "only outside the cluster can reach service shop/front") == ["holds"]

    def test_an_exception_for_nodes_leaves_them_out(self) -> None:
        asking = session(*NODES, *PODS, opened(), allowing())
        assert verdicts(asking, NEVER.replace(" on tcp/80", " except from nodes")) == ["holds"]

    @pytest.mark.parametrize("source", ["pods", "pod shop/other", "10.0.0.0/8"])
    def test_traffic_from_inside_does_not_come_that_way(self, source: str) -> None:
        asking = session(*NODES, *PODS, opened(), allowing(), podCidr="10.0.0.0/8")
        answer = asking.ask(f"can {source} reach service shop/front on tcp/80?")
        assert answer.verdict == "unreachable" or "ARRIVES_FROM_A_NODE" in codes(answer)
        if source != "10.0.0.0/8":
            assert (answer.verdict, codes(answer)) == ("unreachable", [])

    def test_a_pod_that_is_asked_for_itself_is_reached_by_the_client_only(self) -> None:
        asking = session(*NODES, *PODS, opened(), allowing())
        assert verdicts(asking, "can anything outside the cluster reach pod shop/front?") == ["unreachable"]

    def test_external_addresses_are_a_way_in_too(self) -> None:
        answer = session(*NODES, *PODS, opened(type="ClusterIP", externalIPs=["192.0.2.1"]), allowing()).ask(CAN)
        assert (answer.verdict, codes(answer)) == ("reachable", ["ARRIVES_FROM_A_NODE"])

    def test_a_bound_name_and_a_prefix_hold_of_what_arrives_as_well(self) -> None:
        asking = session(*NODES, *PODS, opened(), allowing())
        answer = asking.ask("for every namespace N: no address outside the cluster can reach service N/front")
        assert codes(answer) == ["BOUND_NAME", "ARRIVES_FROM_A_NODE"]
        assert verdicts(asking, f"without networkpolicy shop/front: {CAN}") == ["reachable"]
        removed = f"assuming no pod in namespace shop is labelled app=front: {CAN}"
        assert verdicts(asking, removed) == ["unreachable"]

    def test_why_and_explain_see_them_too(self) -> None:
        asking = session(*NODES, *PODS, opened(), allowing())
        answer = asking.ask(CAN.replace("can", "why can", 1))
        assert (answer.verdict, shown(answer)) == (
            "explained",
            "node n1 (192.168.0.1) -> pod shop/front (10.0.0.1) on tcp/8080",
        )
        explained = explain(asking, "outside the cluster", "service shop/front", "80")
        assert [(each.access, str(each.witness.flow).split(" -> ")[0]) for each in explained.flows] == [
            ("denied", "1.0.0.1"),
            ("allowed", "node n1 (192.168.0.1)"),
        ]


class TestNoEntry:
    def test_a_service_that_nothing_outside_can_connect_to_is_judged_by_policy_alone(self) -> None:
        asking = session(*NODES, *PODS, opened(type="ClusterIP"))
        answer = asking.ask(CAN)
        assert answer.verdict == "reachable"
        assert notice(answer, "NOT_AN_ENTRY_POINT") == (
            "service shop/front is of type ClusterIP, which nothing outside the cluster can connect to; what is said "
            "is whether policy would let an outside address through to the pods behind it"
        )
        assert "NOT_AN_ENTRY_POINT" not in codes(asking.ask("can pod shop/other reach service shop/front?"))

    def test_what_policy_stops_needs_no_notice(self) -> None:
        answer = session(*NODES, *PODS, opened(type="ClusterIP"), allowing()).ask(CAN)
        assert (answer.verdict, codes(answer)) == ("unreachable", [])

    def test_source_ranges_of_a_load_balancer_are_told_and_not_judged(self) -> None:
        ranges = opened(type="LoadBalancer", loadBalancerSourceRanges=["203.0.113.0/24"])
        answer = session(*NODES, *PODS, ranges).ask("can 198.51.100.7 reach service shop/front?")
        assert answer.verdict == "reachable"
        assert notice(answer, "SOURCE_RANGES_IGNORED") == (
            "service shop/front asks its load balancer to serve some clients only (loadBalancerSourceRanges); others "
            "may come by node ports or external IPs, so all clients are judged"
        )


class TestIngress:
    def closed(self, *more: Manifest) -> Session:
        edge = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}}}
        return session(*NODES, *PODS, opened(type="ClusterIP"), allowing(edge), ingress(), *more)

    def test_what_comes_by_an_ingress_comes_from_its_controller(self) -> None:
        asking = self.closed(CONTROLLER)
        answer = asking.ask(CAN)
        assert answer.verdict == "reachable"
        assert shown(answer) == "pod edge/nginx (10.0.0.9) -> pod shop/front (10.0.0.1) on tcp/8080"
        assert notice(answer, "ARRIVES_BY_INGRESS") == (
            "the ingress controller as the source stands for clients outside: an Ingress leads to service shop/front"
        )
        assert verdicts(asking, NEVER) == ["violated"]
        assert verdicts(asking, NEVER.replace(" on tcp/80", " except from the ingress controller")) == ["holds"]

    def test_where_the_controller_is_not_in_the_input_a_pod_stands_for_it(self) -> None:
        asking = self.closed()
        answer = asking.ask(CAN)
        assert answer.verdict == "reachable"
        assert shown(answer) == "pod (ingress)/controller (10.0.0.3) -> pod shop/front (10.0.0.1) on tcp/8080"
        assert codes(answer) == [
            "INGRESS_CONTROLLER_ASSUMED",
            "ARRIVES_BY_INGRESS",
            "MAY_MATCH",
        ]
        assert verdicts(asking, NEVER) == ["violated"]
        explained = explain(asking, "the internet", "service shop/front", "80")
        assert [each.access for each in explained.flows] == ["denied", "depends"]

    def test_a_policy_that_no_controller_gets_through_is_proved_for_all_of_them(self) -> None:
        asking = session(*NODES, *PODS, opened(type="ClusterIP"), allowing(), ingress())
        answer = asking.ask(NEVER)
        assert (answer.verdict, codes(answer)) == ("holds", ["INGRESS_CONTROLLER_ASSUMED"])

    def test_where_it_is_not_judged_the_answer_says_whom_to_ask_about(self) -> None:
        answer = self.closed().ask("only pods in namespace shop can reach service shop/front on tcp/80")
        assert answer.verdict == "holds"
        assert notice(answer, "BEHIND_INGRESS") == (
            "Ingress shop/web leads to service shop/front; what comes that way comes from the ingress controller, and "
            "is not judged here: ask about `the ingress controller`"
        )

    def test_an_ingress_is_no_proof_that_every_client_gets_in(self) -> None:
        claim = "every address outside the cluster can reach service shop/front on tcp/80"
        answer = self.closed(CONTROLLER).ask(claim)
        assert (answer.verdict, codes(answer)) == ("violated", ["BEHIND_INGRESS", "NOT_AN_ENTRY_POINT"])

    def test_what_changed_is_compared_without_a_controller_that_neither_snapshot_has(self) -> None:
        asking = self.closed().since({"old": self.closed()})
        sentence = "nothing changed since snapshot old except to outside the cluster or service shop/front"
        assert verdicts(asking, sentence) == ["holds"]

    def test_an_ingress_to_another_service_does_not_matter(self) -> None:
        asking = session(*NODES, *PODS, opened(type="ClusterIP"), allowing(), ingress("other"), CONTROLLER)
        answer = asking.ask(CAN)
        assert (answer.verdict, codes(answer)) == ("unreachable", [])

    def test_the_controller_alone_may_be_claimed_to_get_in(self) -> None:
        assert verdicts(self.closed(CONTROLLER), "only the ingress controller can reach service shop/front") == [
            "holds"
        ]


def test_a_proof_names_the_rules_that_stop_the_client_and_every_node() -> None:
    elsewhere = (node("n2", "192.168.0.2"), pod("shop/front", "10.0.0.1", on="n1"))
    answer: Answer = session(*elsewhere, deployment("shop/x"), opened(), allowing()).ask(NEVER)
    assert answer.verdict == "holds"
    assert (answer.evidence.replayed, answer.evidence.cross_checked) == (True, True)
    assert [str(each.policy) for each in answer.because] == ["NetworkPolicy shop/front"] * len(answer.because)
