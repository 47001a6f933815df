"""A Service in a sentence: its backends, on the ports that its own lead to."""

from __future__ import annotations

import pytest

from reachproof.documents.words import By
from reachproof.queries.ask import Session
from reachproof.queries.connectivity import connectivity, request
from reachproof.queries.explain import explain
from reachproof.queries.truth_table import truth_table
from tests.queries.given import (
    Manifest,
    codes,
    deployment,
    endpoints,
    network_policy,
    node,
    notice,
    pod,
    refused,
    service,
    session,
    shown,
    verdict,
)
from tests.queries.report_rows import rows_of

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


# ---------------------------------------------------------------- slices beside a selector

MANAGED = {
    "kubernetes.io/service-name": "web",
    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
}
WEB = {"name": "http", "port": 8080, "protocol": "TCP"}


def managed(*entries: Manifest, port: Manifest = WEB) -> Manifest:
    """The slice that the controller wrote for service shop/web."""
    found = endpoints("shop/web", port)
    found["metadata"]["labels"] = MANAGED
    return found | {"endpoints": [*entries]}


def entry(address: str, pod: str = "", *, ready: bool = True) -> Manifest:
    reference = {"targetRef": {"kind": "Pod", "name": pod}} if pod else {}
    return {"addresses": [address], "conditions": {"ready": ready}} | reference


def with_slice(*more: Manifest, name: str = "b", open_to: str = "b") -> Session:
    """Pods a and b are selected; what comes in is allowed to `open_to` alone."""
    return session(
        pod("shop/a", "10.0.0.1", "fd00::1", ports=[("http", 8080)], app="web"),
        pod("shop/b", "10.0.0.2", ports=[("http", 8080)], app="web", name=name),
        pod("shop/client", "10.0.0.9"),
        service("shop/web", {"app": "web"}, {"name": "http", "port": 80, "targetPort": "http"}),
        network_policy("shop/shut", ingress=[]),
        network_policy("shop/open", {"name": open_to}, ingress=[{"ports": [{"port": 8080}]}]),
        *more,
    )


CAN = "can pod shop/client reach service shop/web on tcp/80?"
WHY = f"why {CAN}"
WHY_NOT = CAN.replace("can", "why can't", 1)
TO_A = "pod shop/client (10.0.0.9) -> pod shop/a (10.0.0.1) on tcp/8080"
TO_B = "pod shop/client (10.0.0.9) -> pod shop/b (10.0.0.2) on tcp/8080"
UNLISTED = (
    "service shop/web: pod shop/b is selected, but in no EndpointSlice; whether traffic goes there is undetermined"
)
BOTH = (entry("10.0.0.1", "a"), entry("10.0.0.2", "b"))


class TestSlicesOfTheController:
    def test_where_slices_and_selector_agree_nothing_is_left_open(self) -> None:
        answer = with_slice(managed(*BOTH)).ask(CAN)
        assert shown(answer) == TO_B
        assert codes(answer) == []

    def test_a_selected_pod_in_no_slice_may_be_a_backend(self) -> None:
        asked = with_slice(managed(entry("10.0.0.1", "a")))
        answer = asked.ask(CAN)
        assert shown(answer) == TO_B
        assert codes(answer) == ["SLICES_DIFFER", "BACKEND_LEFT_OPEN"]
        assert notice(answer, "SLICES_DIFFER") == UNLISTED
        assert notice(answer, "BACKEND_LEFT_OPEN") == ("the flow rests on a backend of a Service that is undetermined")

    def test_a_claim_must_hold_whether_it_is_one_or_not(self) -> None:
        asked = with_slice(managed(entry("10.0.0.1", "a")))
        assert verdict(asked, "no pod shop/client can reach service shop/web") == "violated"
        assert verdict(asked, "pod shop/client can reach only service shop/web or outside the cluster") == "violated"
        assert verdict(asked, "no pod shop/client can reach any pod except to service shop/web") == "violated"
        assert verdict(asked, "only service shop/web can reach pod shop/b") == "violated"

    def test_what_refutes_a_claim_only_perhaps_says_so(self) -> None:
        asked = with_slice(managed(entry("10.0.0.1", "a")))
        answer = asked.ask("pod shop/client can reach only service shop/web or outside the cluster")
        assert codes(answer) == ["SLICES_DIFFER", "BACKEND_LEFT_OPEN"]

    def test_services_on_both_sides_of_an_exception_are_left_open_each_for_itself(self) -> None:
        unlisted = endpoints("shop/other", WEB)
        unlisted["metadata"]["labels"] = MANAGED | {"kubernetes.io/service-name": "other"}
        other = service("shop/other", {"app": "web"}, {"name": "http", "port": 80, "targetPort": "http"})
        asked = with_slice(managed(entry("10.0.0.1", "a")), other, unlisted)
        sentence = "no pod shop/client can reach service shop/web except to service shop/other"
        assert verdict(asked, sentence) == "violated"
        assert codes(asked.ask(sentence)) == ["SLICES_DIFFER", "SLICES_DIFFER", "BACKEND_LEFT_OPEN"]

    def test_without_the_slice_it_is_one(self) -> None:
        asked = with_slice()
        assert codes(asked.ask(CAN)) == []
        assert verdict(asked, "pod shop/client can reach only service shop/web or outside the cluster") == "holds"

    def test_some_backend_has_to_be_one_for_sure(self) -> None:
        sentence = "every pod shop/client can reach some service shop/web on tcp/80"
        assert verdict(with_slice(managed(*BOTH)), sentence) == "holds"
        answer = with_slice(managed(entry("10.0.0.1", "a"))).ask(sentence)
        assert (answer.verdict, codes(answer)) == ("violated", ["SLICES_DIFFER"])

    def test_a_sure_backend_is_shown_before_one_that_may_be_one(self) -> None:
        answer = with_slice(managed(entry("10.0.0.2", "b"))).ask(CAN)
        assert codes(answer) == ["SLICES_DIFFER"]

    def test_an_endpoint_that_is_not_ready_may_be_used(self) -> None:
        answer = with_slice(managed(BOTH[0], entry("10.0.0.2", "b", ready=False))).ask(CAN)
        assert codes(answer) == ["ENDPOINT_NOT_READY", "BACKEND_LEFT_OPEN"]
        assert notice(answer, "ENDPOINT_NOT_READY") == (
            "service shop/web: pod shop/b is not ready in its EndpointSlice; whether traffic goes there is undetermined"
        )

    def test_a_slice_may_have_what_the_selector_does_not_select(self) -> None:
        extra = pod("shop/old", "10.0.0.7", name="b")
        answer = with_slice(extra, managed(*BOTH, entry("10.0.0.7", "old"))).ask(CAN)
        assert notice(answer, "SLICES_DIFFER") == (
            "service shop/web: pod shop/old is in an EndpointSlice, but not selected; whether traffic goes there is "
            "undetermined"
        )

    def test_an_address_of_no_pod_of_the_input_is_told(self) -> None:
        answer = with_slice(managed(*BOTH, entry("10.0.0.77", "gone"))).ask("no pod can reach service shop/web")
        assert notice(answer, "SLICES_DIFFER") == (
            "service shop/web: address 10.0.0.77 is in an EndpointSlice, but no pod of the input; whether traffic "
            "goes there is undetermined"
        )

    def test_a_former_address_of_a_pod_counts_for_nothing(self) -> None:
        answer = with_slice(managed(*BOTH, entry("10.0.0.77", "b"))).ask(CAN)
        assert codes(answer) == []

    def test_a_slice_on_another_port_leaves_both_ports_open(self) -> None:
        asked = with_slice(
            managed(*BOTH, port=WEB | {"port": 9090}),
            network_policy("shop/other", ingress=[{"ports": [{"port": 9090}]}]),
        )
        assert verdict(asked, "no pod shop/client can reach service shop/web except to pod shop/b") == "violated"
        answer = asked.ask(CAN)
        assert codes(answer) == ["SLICES_DIFFER", "BACKEND_LEFT_OPEN"]
        assert notice(answer, "SLICES_DIFFER") == (
            "service shop/web: pod shop/a, pod shop/b are in an EndpointSlice on another port than selected; whether "
            "traffic goes there is undetermined"
        )

    def test_a_workload_without_pods_is_recomputed(self) -> None:
        asked = with_slice(deployment("shop/new", app="web"), managed(*BOTH))
        assert codes(asked.ask("can pod shop/client reach service shop/web?")) == []
        assert (
            verdict(asked, "no deployment shop/new can reach pod shop/b except from service shop/web")
            == "holds, vacuous"
        )

    def test_other_slices_stand_beside_the_selector(self) -> None:
        other = endpoints("shop/web", WEB, "203.0.113.5")
        assert (
            verdict(with_slice(other), "no pod shop/client can reach service shop/web except to any pod") == "violated"
        )
        assert codes(with_slice(other, open_to="a").ask("which services can pod shop/client reach?")) == []

    def test_lists_and_reports_mark_what_depends(self) -> None:
        asked = with_slice(managed(entry("10.0.0.1", "a")))
        (row,) = asked.ask("which pods can reach service shop/web on tcp/80?").rows
        assert (row["ports"], row["depends"]) == ("tcp/8080", "tcp/8080")
        (row,) = asked.ask("which services can pod shop/client reach?").rows
        assert row == {"services": ("shop/web",), "ports": "tcp/80", "depends": "tcp/80"}
        found = connectivity(asked, request(By.POD, dst="service shop/web"))
        assert all(each.access.open == each.ports for each in rows_of(found))
        assert "SLICES_DIFFER" in [each.code for each in found.assumptions]

    def test_why_can_rests_on_what_can_rests_on(self) -> None:
        perhaps, sure = (with_slice(managed(each)) for each in (entry("10.0.0.1", "a"), entry("10.0.0.2", "b")))
        assert shown(perhaps.ask(WHY)) == TO_B
        assert codes(perhaps.ask(WHY)) == codes(perhaps.ask(CAN)) == ["SLICES_DIFFER", "BACKEND_LEFT_OPEN"]
        assert shown(sure.ask(WHY)) == TO_B
        assert codes(sure.ask(WHY)) == codes(sure.ask(CAN)) == ["SLICES_DIFFER"]

    def test_why_not_explains_a_sure_backend_and_says_of_another_that_it_may(self) -> None:
        answer = with_slice(managed(entry("10.0.0.1", "a"))).ask(WHY_NOT)
        assert shown(answer) == TO_A
        assert codes(answer) == ["SLICES_DIFFER", "SOME_CAN"]
        assert notice(answer, "SOME_CAN") == (
            f"some of these may, which is undetermined: {TO_B}; the explanation is for {TO_A}"
        )

    def test_why_not_of_a_backend_that_may_be_one_says_so(self) -> None:
        answer = with_slice(managed(entry("10.0.0.2", "b"))).ask(WHY_NOT)
        assert shown(answer) == TO_A
        assert codes(answer) == ["SLICES_DIFFER", "BACKEND_LEFT_OPEN", "SOME_CAN"]
        assert notice(answer, "SOME_CAN") == f"some of these can: {TO_B}; the explanation is for {TO_A}"

    def test_a_wrong_premise_is_answered_by_a_sure_backend(self) -> None:
        perhaps = with_slice(managed(entry("10.0.0.2", "b")), open_to="neither")
        answer = perhaps.ask(WHY)
        assert (answer.verdict, shown(answer)) == ("unreachable", TO_B)
        assert codes(answer) == ["SLICES_DIFFER", "PREMISE"]

    def test_explain_says_of_which_flows_it_is_left_open(self) -> None:
        answer = explain(with_slice(managed(entry("10.0.0.1", "a"))), "shop/client", "service shop/web", "80")
        assert [(each.access, str(each.witness.flow)) for each in answer.flows] == [("denied", TO_A), ("allowed", TO_B)]
        assert codes(answer) == ["SLICES_DIFFER", "BACKEND_LEFT_OPEN"]
        assert notice(answer, "BACKEND_LEFT_OPEN") == (
            f"whether the question includes {TO_B} is undetermined, as some backends of a Service are; allowed is "
            "the verdict of policy on the flow itself"
        )

    def test_explain_shows_a_sure_backend_before_one_of_its_kind_that_may_be_one(self) -> None:
        asked = with_slice(managed(entry("10.0.0.2", "b")), open_to="neither")
        answer = explain(asked, "shop/client", "service shop/web", "80")
        assert [(each.access, str(each.witness.flow)) for each in answer.flows] == [("denied", TO_B)]
        assert codes(answer) == ["SLICES_DIFFER"]

    @pytest.mark.parametrize(("listed", "access"), [(("10.0.0.1", "a"), "depends"), (("10.0.0.2", "b"), "allowed")])
    def test_a_truth_table_depends_where_a_list_does(self, listed: tuple[str, str], access: str) -> None:
        answer = truth_table(
            with_slice(managed(entry(*listed))), "80", source="pod shop/client", destination="service shop/web"
        )
        assert {row["to"]: row["access"] for row in answer.rows} == {"shop/a": "denied", "shop/b": access}


class TestSlicesAlone:
    """A Service without a selector has what its slices have."""

    def asked(self, *entries: Manifest, twin: bool = False) -> Session:
        slices = endpoints("shop/db", WEB) | {"endpoints": list(entries)}
        more = [pod("shop/twin", "10.0.0.1")] if twin else []
        nobody = network_policy("shop/nobody", {"app": "nobody"})
        pods = (pod("shop/a", "10.0.0.1"), pod("shop/client", "10.0.0.9"), *more)
        return session(*pods, service("shop/db", None, HTTP), slices, nobody)

    @pytest.mark.parametrize(("ready", "found"), [(True, []), (False, ["ENDPOINT_NOT_READY", "BACKEND_LEFT_OPEN"])])
    def test_one_that_is_not_ready_may_be_used(self, ready: bool, found: list[str]) -> None:
        answer = self.asked(entry("10.0.0.1", ready=ready)).ask("can pod shop/client reach service shop/db?")
        assert shown(answer) == "pod shop/client (10.0.0.9) -> pod shop/a (10.0.0.1) on tcp/8080"
        assert codes(answer) == found

    def test_which_of_two_pods_with_its_address_is_meant_is_left_open(self) -> None:
        answer = self.asked(entry("10.0.0.1"), twin=True).ask("can pod shop/client reach service shop/db?")
        assert codes(answer)[-2:] == ["SLICES_DIFFER", "BACKEND_LEFT_OPEN"]
        assert notice(answer, "SLICES_DIFFER") == (
            "service shop/db: pod shop/a, pod shop/twin are in an EndpointSlice, with an address that other pods claim "
            "too; whether traffic goes there is undetermined"
        )

    def test_two_that_are_not_ready_at_one_address_are_told_as_that(self) -> None:
        answer = self.asked(entry("10.0.0.1", ready=False), twin=True).ask("can pod shop/client reach service shop/db?")
        assert codes(answer)[-2:] == ["ENDPOINT_NOT_READY", "BACKEND_LEFT_OPEN"]

    def test_an_address_of_no_pod_is_one_all_the_same(self) -> None:
        answer = self.asked(entry("203.0.113.7")).ask("can pod shop/client reach service shop/db?")
        assert shown(answer) == "pod shop/client (10.0.0.9) -> 203.0.113.7 on tcp/8080"
        assert codes(answer) == []


class TestFamilies:
    def test_a_slice_of_one_family_counts_for_the_addresses_in_it(self) -> None:
        asked = with_slice(managed(*BOTH), open_to="a")
        assert verdict(asked, "no 2001:db8::7 can reach service shop/web") == "holds, vacuous"

    def test_a_service_of_one_family_leads_to_no_address_of_the_other(self) -> None:
        asked = session(
            pod("shop/a", "10.0.0.1", "fd00::1", app="web"),
            service("shop/four", {"app": "web"}, {"port": 80}, ipFamilies=["IPv4"]),
            service("shop/both", {"app": "web"}, {"port": 80}, clusterIPs=["10.96.0.1", "fd00:96::1"]),
        )
        assert verdict(asked, "can 2001:db8::7 reach service shop/four?") == "unreachable, vacuous"
        assert verdict(asked, "can 2001:db8::7 reach service shop/both?") == "reachable"


class TestHeadless:
    ASKED = session(
        pod("shop/db", "10.0.0.1", ports=[("sql", 5432)], app="db"),
        pod("shop/client", "10.0.0.9"),
        service("shop/plain", {"app": "db"}, clusterIP="None"),
        service("shop/db", {"app": "db"}, {"name": "sql", "port": 80, "targetPort": "sql"}, clusterIP="None"),
        service("shop/own", None, {"name": "x", "port": 80}, clusterIP="None"),
        endpoints("shop/own", {"name": "x", "port": 8443, "protocol": "TCP"}, "203.0.113.5"),
        network_policy("shop/db", {"app": "db"}, ingress=[{"ports": [{"port": 5432}]}]),
    )

    def test_one_without_ports_is_its_pods_on_every_port(self) -> None:
        answer = self.ASKED.ask("can pod shop/client reach service shop/plain?")
        assert shown(answer) == "pod shop/client (10.0.0.9) -> pod shop/db (10.0.0.1) on tcp/5432"
        assert notice(answer, "HEADLESS_SERVICE") == (
            "service shop/plain is headless: clients connect to its pods directly, on all ports; it declares no "
            "ports, so all ports are checked"
        )

    def test_a_number_is_the_port_of_the_pod(self) -> None:
        for name in ("plain", "db"):
            assert verdict(self.ASKED, f"can pod shop/client reach service shop/{name} on tcp/5432?") == "reachable"
            assert verdict(self.ASKED, f"can pod shop/client reach service shop/{name} on tcp/80?") == "unreachable"
        assert codes(self.ASKED.ask("can pod shop/client reach service shop/db on tcp/80?")) == []

    def test_without_a_number_its_ports_and_where_they_lead_are_meant(self) -> None:
        answer = self.ASKED.ask("can pod shop/client reach service shop/db?")
        assert shown(answer) == "pod shop/client (10.0.0.9) -> pod shop/db (10.0.0.1) on tcp/5432"
        assert notice(answer, "HEADLESS_SERVICE") == (
            "service shop/db is headless: clients connect to its pods directly, on all ports; checked: tcp/80 and the "
            "ports they lead to"
        )
        assert verdict(self.ASKED, "every pod shop/client can reach service shop/db") == "violated"
        assert verdict(self.ASKED, "can pod shop/client reach service shop/db on port sql?") == "reachable"

    def test_one_without_a_selector_has_the_addresses_of_its_slices(self) -> None:
        answer = self.ASKED.ask("can pod shop/client reach service shop/own on tcp/9999?")
        assert shown(answer) == "pod shop/client (10.0.0.9) -> 203.0.113.5 on tcp/9999"

    def test_a_name_that_is_none_of_its_ports_is_refused(self) -> None:
        assert refused(self.ASKED, "can pod shop/client reach service shop/plain on port sql?") == [
            "35: service shop/plain has none of these ports; its ports: none"
        ]

    def test_lists_of_services_have_it_on_the_ports_of_its_pods(self) -> None:
        rows = self.ASKED.ask("which services can pod shop/client reach on tcp/5432?").rows
        assert rows == ({"services": ("shop/db", "shop/own", "shop/plain"), "ports": "tcp/5432", "depends": ""},)

    def test_lists_of_services_have_one_without_ports_on_the_ports_of_the_question(self) -> None:
        asked = session(
            pod("shop/open", "10.0.0.2", app="open"),
            pod("shop/client", "10.0.0.9"),
            service("shop/free", {"app": "open"}, clusterIP="None"),
            network_policy("shop/nobody", {"app": "nobody"}),
        )
        rows = asked.ask("which services can pod shop/client reach on tcp/9999?").rows
        assert rows == ({"services": ("shop/free",), "ports": "tcp/9999", "depends": ""},)

    def test_lists_of_services_have_it_on_its_ports_and_where_they_lead_or_on_all(self) -> None:
        rows = self.ASKED.ask("which services can pod shop/client reach?").rows
        assert {row["services"]: row["ports"] for row in rows} == {
            ("shop/db", "shop/plain"): "tcp/5432",
            ("shop/own",): "tcp/80, tcp/8443",
        }


OUTSIDE = {"name": "http", "port": 80, "targetPort": 8080, "nodePort": 30080}


class TestNodePorts:
    ASKED = session(
        node("n1", "192.168.0.1"),
        pod("shop/web", "10.0.0.1", on="n2"),
        pod("shop/client", "10.0.0.9"),
        service("shop/web", {"app": "web"}, OUTSIDE, type="NodePort", externalTrafficPolicy="Local"),
        network_policy("shop/web", {"app": "web"}, ingress=[{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}]),
    )

    def test_of_a_service_it_is_the_port_that_it_belongs_to(self) -> None:
        answer = self.ASKED.ask("can 203.0.113.7 reach service shop/web on tcp/30080?")
        assert shown(answer) == "203.0.113.7 -> pod shop/web (10.0.0.1) on tcp/8080"
        assert notice(answer, "NODE_PORT") == (
            "tcp/30080 is the node port of service shop/web; it leads to its port tcp/80"
        )
        assert refused(self.ASKED, "can 203.0.113.7 reach service shop/web on udp/30080?") == [
            "31: service shop/web has none of these ports; its ports: tcp/80"
        ]

    def test_of_a_node_it_leads_to_the_service(self) -> None:
        for there in ("node n1", "nodes", "192.168.0.1"):
            answer = self.ASKED.ask(f"can 203.0.113.7 reach {there} on tcp/30080?")
            assert shown(answer) == "203.0.113.7 -> pod shop/web (10.0.0.1) on tcp/8080"
            assert notice(answer, "NODE_PORT") == (
                "tcp/30080 is a node port: what is sent to a node there goes to a backend of service shop/web on its "
                "port tcp/80, and is judged as that; one without a backend of its own drops what comes from outside "
                "(externalTrafficPolicy: Local)"
            )
            assert verdict(self.ASKED, f"can 198.51.100.7 reach {there} on tcp/30080?") == "unreachable"

    def test_another_port_of_a_node_is_its_own(self) -> None:
        assert shown(self.ASKED.ask("can pod shop/client reach node n1 on tcp/30081?")) == (
            "pod shop/client (10.0.0.9) -> node n1 (192.168.0.1) on tcp/30081"
        )

    def test_lists_of_services_take_it_too(self) -> None:
        rows = self.ASKED.ask("which services can 203.0.113.7 reach on tcp/30080?").rows
        assert rows == ({"services": ("shop/web",), "ports": "tcp/80", "depends": ""},)
