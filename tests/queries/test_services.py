"""A Service in a sentence: its backends, on the ports that its own lead to."""

from __future__ import annotations

from tests.queries.given import (
    codes,
    endpoints,
    network_policy,
    notice,
    pod,
    refused,
    service,
    session,
    shown,
    verdict,
)

HTTP = {"name": "http", "port": 80, "targetPort": "http"}
METRICS = {"name": "metrics", "port": 9100, "targetPort": 9100}
SHOP = session(
    pod("shop/web", "10.0.0.1", ports=[("http", 8080)]),
    pod("shop/new", "10.0.0.2", ports=[("http", 9090)], app="web"),
    pod("shop/udp", "10.0.0.4", ports=[("http", 7070, "UDP")], app="web"),
    pod("shop/db", "10.0.0.3"),
    pod("bank/web", "10.1.0.1", ports=[("http", 8080)]),
    service("shop/web", {"app": "web"}, HTTP, METRICS, clusterIP="10.96.0.1"),
    service("shop/none", {"app": "typo"}, {"port": 80}),
    service("shop/unnamed", {"app": "web"}, {"port": 80, "targetPort": "typo"}),
    service("shop/slices", None, {"name": "x", "port": 80}),
    endpoints("shop/slices", {"name": "x", "port": 8443, "protocol": "TCP"}, "10.0.0.3", "203.0.113.9"),
    service("shop/lb", {"app": "web"}, HTTP, type="LoadBalancer"),
    service("shop/alias", None, {"port": 80}, type="ExternalName", externalName="example.com"),
    network_policy("shop/web", {"app": "web"}, ingress=[{"ports": [{"port": 8080}]}]),
)


class TestPorts:
    def test_a_named_target_is_looked_up_at_each_backend(self) -> None:
        open_one = SHOP.ask("can pod shop/db reach service shop/web on tcp/80?")
        assert shown(open_one) == "pod shop/db (10.0.0.3) -> pod shop/web (10.0.0.1) on tcp/8080"
        shut_one = SHOP.ask("every pod shop/db can reach service shop/web on tcp/80")
        assert shown(shut_one) == "pod shop/db (10.0.0.3) -> pod shop/new (10.0.0.2) on tcp/9090"

    def test_only_backends_that_have_the_named_target_in_that_protocol_are_meant(self) -> None:
        answer = "every pod shop/db can reach service shop/web on tcp/80 except to pod shop/new"
        assert verdict(SHOP, answer) == "holds"

    def test_a_numeric_target_is_meant_at_every_backend(self) -> None:
        assert verdict(SHOP, "can pod shop/db reach service shop/web on tcp/9100?") == "unreachable"

    def test_a_port_of_the_service_is_named_by_its_own_name(self) -> None:
        assert verdict(SHOP, "can pod shop/db reach service shop/web on port http?") == "reachable"
        assert verdict(SHOP, "can pod shop/db reach service shop/web on port metrics?") == "unreachable"

    def test_without_ports_all_its_ports_are_meant_and_no_others(self) -> None:
        assert verdict(SHOP, "no pod shop/db can reach service shop/web on tcp/9100") == "holds"
        answer = SHOP.ask("can pod shop/db reach service shop/web?")
        assert shown(answer) == "pod shop/db (10.0.0.3) -> pod shop/web (10.0.0.1) on tcp/8080"

    def test_a_port_that_it_does_not_offer_is_refused_and_the_port_behind_it_too(self) -> None:
        assert refused(SHOP, "can pod shop/db reach service shop/web on tcp/8080?") == [
            "31: service shop/web has none of these ports; its ports: tcp/80, tcp/9100"
        ]
        assert refused(SHOP, "can pod shop/db reach service shop/web on udp/80?") == [
            "31: service shop/web has none of these ports; its ports: tcp/80, tcp/9100"
        ]


class TestBackends:
    def test_pods_of_other_namespaces_are_none(self) -> None:
        assert verdict(SHOP, "no pod can reach service shop/web except to namespace shop") == "holds, vacuous"

    def test_a_service_without_endpoints_is_a_warning_and_a_vacuous_answer(self) -> None:
        for name in ("shop/none", "shop/alias", "shop/unnamed"):
            answer = SHOP.ask(f"can pods reach service {name} on tcp/80?")
            assert (answer.verdict, answer.vacuous) == ("unreachable", True)
            assert notice(answer, "NO_ENDPOINTS") == f"service {name} has no endpoints: nothing is behind it"

    def test_addresses_of_endpoint_slices_are_the_pods_that_have_them_or_the_world(self) -> None:
        at_pod = SHOP.ask("can pod shop/web reach service shop/slices on tcp/80?")
        assert shown(at_pod) == "pod shop/web (10.0.0.1) -> pod shop/db (10.0.0.3) on tcp/8443"
        outside = SHOP.ask("can pod shop/db reach service shop/slices on tcp/80?")
        assert shown(outside) == "pod shop/db (10.0.0.3) -> 203.0.113.9 on tcp/8443"

    def test_as_a_source_it_is_its_backends_whatever_the_port(self) -> None:
        assert (
            verdict(SHOP, "only service shop/web can reach pod shop/db except from outside the cluster") == "violated"
        )
        answer = SHOP.ask("can service shop/web reach pod shop/db on tcp/5432?")
        assert shown(answer) == "pod shop/new (10.0.0.2) -> pod shop/db (10.0.0.3) on tcp/5432"

    def test_taken_away_from_a_set_it_takes_its_backends_away_on_every_port(self) -> None:
        assert verdict(SHOP, "no pod shop/db can reach pods labelled app=web except service shop/web") == "violated"
        gone = "no pod shop/db can reach pods in namespace shop except service shop/web"
        assert verdict(SHOP, gone) == "holds, vacuous"


class TestNotices:
    def test_traffic_from_outside_to_a_load_balancer_is_judged_with_the_clients_address(self) -> None:
        answer = SHOP.ask("can outside the cluster reach service shop/lb on tcp/80?")
        assert answer.verdict == "reachable"
        assert notice(answer, "CLIENT_ADDRESS_KEPT") == (
            "traffic from outside to the LoadBalancer service shop/lb is judged with the client's own address; after "
            "source rewriting (externalTrafficPolicy: Cluster) it may arrive with a node's"
        )

    def test_a_services_address_is_in_no_set_and_a_question_about_it_is_warned_of(self) -> None:
        answer = SHOP.ask("can pods reach 10.96.0.1 on tcp/80?")
        assert (answer.verdict, answer.vacuous) == ("unreachable", True)
        assert notice(answer, "SERVICE_ADDRESS") == (
            "the addresses of service shop/web are not in this set: traffic to them is rewritten to a backend before "
            "policy applies; ask for `service shop/web`"
        )

    def test_an_internal_service_asked_for_from_inside_needs_no_notice(self) -> None:
        assert codes(SHOP.ask("can pod shop/db reach service shop/web on tcp/80?")) == []


class TestVia:
    """`via` is the Service by which the shown flow was asked for."""

    def via(self, sentence: str) -> str:
        witness = SHOP.ask(sentence).witness
        assert witness is not None
        return str(witness.via)

    def test_a_flow_to_a_backend_came_by_the_service(self) -> None:
        assert self.via("can pod shop/db reach service shop/web on tcp/80?") == "shop/web"

    def test_of_two_services_it_is_the_one_that_leads_there(self) -> None:
        sentence = "can pod shop/db reach service shop/none or service shop/web on tcp/80?"
        assert self.via(sentence) == "shop/web"

    def test_a_flow_to_something_else_that_was_asked_for_did_not(self) -> None:
        assert self.via("can pod shop/web reach service shop/none or pod shop/db on tcp/80?") == "None"

    def test_a_service_that_was_taken_away_or_is_the_source_is_none(self) -> None:
        assert self.via("can pod shop/web reach pods except service shop/web?") == "None"
        assert self.via("can service shop/web reach pod shop/db?") == "None"


def test_a_pod_is_behind_a_service_by_the_addresses_of_its_slices_only() -> None:
    asked = session(
        pod("shop/both", "10.0.0.5", "fd00::5"),
        service("shop/four", None, {"name": "x", "port": 80}),
        endpoints("shop/four", {"name": "x", "port": 8443, "protocol": "TCP"}, "10.0.0.5"),
    )
    assert verdict(asked, "can 203.0.113.7 reach service shop/four?") == "reachable"
    assert verdict(asked, "can 2001:db8::7 reach service shop/four?") == "unreachable, vacuous"
