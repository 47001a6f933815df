"""What is no policy and may still keep a connection from working is told with explanations, and changes no verdict."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.manifests.load import load_objects
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.explain import explain
from tests.queries.given import (
    Manifest,
    codes,
    network_policy,
    node,
    notice,
    pod,
    refused,
    service,
    session,
)
from tests.strategies.snapshots import manifests


def in_state(manifest: Manifest, *, phase: str = "Running", ready: str | None = None) -> Manifest:
    status = manifest["status"] | {"phase": phase}
    if ready is not None:
        status["conditions"] = [{"type": "PodResizePending", "status": "False"}, {"type": "Ready", "status": ready}]
    return manifest | {"status": status}


def owned(manifest: Manifest, kind: str, name: str) -> Manifest:
    reference = {"apiVersion": "v1", "kind": kind, "name": name, "controller": True}
    return manifest | {"metadata": manifest["metadata"] | {"ownerReferences": [reference]}}


WAITING = pod("shop/next", "10.0.0.8") | {"status": {"phase": "Pending"}}
SHOP = session(
    node("n1", "192.168.0.1"),
    pod("shop/web", "10.0.0.1", ports=[("http", 8080)]),
    in_state(pod("shop/slow", "10.0.0.2", ports=[("http", 8080)], app="web"), ready="False"),
    pod("shop/db", "10.0.0.3"),
    pod("shop/agent", "192.168.0.1", on="n1", host=True),
    owned(in_state(pod("shop/migrate-x", "10.0.0.4", app="migrate"), phase="Succeeded"), "Job", "migrate"),
    WAITING,
    service("shop/web", {"app": "web"}, {"name": "http", "port": 80, "targetPort": "http"}, {"port": 81}),
    service("shop/early", {"app": "web"}, {"port": 80, "targetPort": 8080}, publishNotReadyAddresses=True),
    service("shop/typo", {"app": "wep"}, {"port": 80}),
    service("shop/migrate", {"app": "migrate"}, {"port": 80}),
    service("shop/named", {"app": "web"}, {"port": 80, "targetPort": "https"}),
    service("shop/plain", {"app": "db"}, {"port": 80, "targetPort": "sql"}),
    network_policy("shop/db", {"app": "db"}),
)


def why_not(destination: str, source: str = "pod shop/db", on: str = "") -> Answer:
    return SHOP.ask(f"why can't {source} reach {destination}{on}?")


class TestServices:
    def test_a_selector_that_matches_no_pod_is_told_with_its_labels(self) -> None:
        answer = why_not("service shop/typo")
        assert (answer.verdict, answer.vacuous) == ("unreachable", True)
        assert codes(answer) == ["POD_WITHOUT_ADDRESS", "NO_ENDPOINTS", "SELECTOR_MATCHES_NO_POD"]
        assert notice(answer, "SELECTOR_MATCHES_NO_POD") == (
            "service shop/typo selects pods labelled app=wep, and there is none in namespace shop"
        )

    def test_where_only_finished_pods_have_the_labels_they_are_named(self) -> None:
        assert notice(why_not("service shop/migrate"), "SELECTOR_MATCHES_NO_POD") == (
            "service shop/migrate selects pods labelled app=migrate, and there is none in namespace shop that takes "
            "part: shop/migrate-x is finished, or without an address yet"
        )

    def test_a_target_port_by_a_name_that_no_backend_declares_is_told(self) -> None:
        answer = why_not("service shop/named")
        assert (answer.verdict, answer.vacuous) == ("unreachable", True)
        assert notice(answer, "TARGET_PORT_UNKNOWN") == (
            "port tcp/80 of service shop/named leads to the container port 'https', which no pod behind it declares "
            "for TCP; they declare http"
        )
        assert notice(why_not("service shop/plain", "pod shop/web"), "TARGET_PORT_UNKNOWN").endswith(
            "; they declare no names"
        )

    def test_a_target_port_by_a_number_that_no_backend_declares_may_work_all_the_same(self) -> None:
        answer = SHOP.ask("why can pod shop/agent reach service shop/web on tcp/81?")
        assert answer.verdict == "explained"
        assert notice(answer, "TARGET_PORT_NOT_DECLARED") == (
            "port tcp/81 of service shop/web leads to tcp/81, which no container behind it declares; it may listen "
            "there all the same"
        )

    def test_ports_of_the_service_that_are_not_asked_for_are_left_out(self) -> None:
        for on in (" on tcp/80", " on port http"):
            assert "TARGET_PORT_NOT_DECLARED" not in codes(why_not("service shop/web", on=on))
        assert "TARGET_PORT_NOT_DECLARED" in codes(why_not("service shop/web"))

    def test_backends_that_are_not_ready_are_told_unless_the_service_does_not_care(self) -> None:
        assert notice(why_not("service shop/web", on=" on tcp/80"), "BACKENDS_NOT_READY") == (
            "1 of the 2 pods behind service shop/web is not ready, and gets nothing from it: shop/slow"
        )
        assert "BACKENDS_NOT_READY" not in codes(why_not("service shop/early"))


class TestPods:
    def test_a_pod_that_is_finished_takes_no_part_and_is_no_unknown_name(self) -> None:
        answer = why_not("pod shop/migrate-x")
        assert (answer.verdict, answer.vacuous) == ("unreachable", True)
        assert notice(answer, "POD_FINISHED") == (
            "pod shop/migrate-x is finished, so it takes no part: nothing can reach it, and it reaches nothing"
        )
        assert refused(SHOP, "can pod shop/migrate-y reach pod shop/db?") == [
            "9: no pod shop/migrate-y in the snapshot; it has shop/agent, shop/db, shop/slow, shop/web"
        ]

    def test_a_workload_whose_pods_are_finished_takes_no_part_either(self) -> None:
        for words in ("job shop/migrate", "workload shop/migrate"):
            answer = why_not("pod shop/db", words)
            assert (answer.verdict, answer.vacuous) == ("unreachable", True)
            assert notice(answer, "POD_FINISHED").startswith(f"{words} is finished")
        assert refused(SHOP, "can deployment shop/migrate reach pod shop/db?") == [
            "16: no deployment shop/migrate in the snapshot; the snapshot has no deployment at all"
        ]

    def test_a_pod_without_an_address_yet_is_no_unknown_name(self) -> None:
        answer = why_not("pod shop/next")
        assert (answer.verdict, answer.vacuous) == ("unreachable", True)
        assert "POD_WITHOUT_ADDRESS" in codes(answer)

    def test_a_destination_that_is_not_ready_is_told_where_no_service_is_asked_for(self) -> None:
        answer = why_not("pod shop/slow", on=" on tcp/8080")
        assert answer.verdict == "reachable"
        assert notice(answer, "POD_NOT_READY") == (
            "pod shop/slow is not ready: it may not answer, and a Service sends it nothing"
        )
        assert "POD_NOT_READY" not in codes(why_not("service shop/early", on=" on tcp/80"))

    def test_an_end_on_the_host_network_is_told_unless_policy_sees_it_as_a_pod(self) -> None:
        answer = why_not("pod shop/db", "pod shop/agent")
        assert notice(answer, "HOST_NETWORK") == (
            "pod shop/agent is on the host network: no policy applies to it, and others see its node in its place"
        )
        objects = [node("n1", "192.168.0.1"), pod("shop/agent", "192.168.0.1", on="n1", host=True)]
        seen = session(*objects, pod("shop/db", "10.0.0.3"), hostNetworkPods="pods")
        assert codes(seen.ask("why can pod shop/agent reach pod shop/db?")) == ["NO_POLICIES"]

    @pytest.mark.parametrize("ready", ["True", None])
    def test_a_pod_that_is_ready_or_does_not_say_needs_no_notice(self, ready: str | None) -> None:
        asking = session(in_state(pod("shop/web", "10.0.0.1"), ready=ready), pod("shop/db", "10.0.0.2"))
        assert codes(asking.ask("why can pod shop/db reach pod shop/web?")) == ["NO_POLICIES"]

    def test_a_pod_that_the_cluster_lost_sight_of_is_not_ready(self) -> None:
        asking = session(in_state(pod("shop/web", "10.0.0.1"), ready="Unknown"), pod("shop/db", "10.0.0.2"))
        assert codes(asking.ask("why can pod shop/db reach pod shop/web?")) == ["NO_POLICIES", "POD_NOT_READY"]


def test_explain_tells_the_same() -> None:
    assert codes(explain(SHOP, "shop/db", "service shop/typo", "80"))[-1] == "SELECTOR_MATCHES_NO_POD"
    assert codes(explain(SHOP, "shop/agent", "shop/slow", "8080")) == [
        "POD_WITHOUT_ADDRESS",
        "HOST_NETWORK",
        "POD_NOT_READY",
    ]
    assert "POD_FINISHED" in codes(explain(SHOP, "shop/db", "shop/migrate-x", "80"))


def test_other_questions_are_not_bothered() -> None:
    assert codes(SHOP.ask("can pod shop/agent reach pod shop/slow on tcp/8080?")) == ["POD_WITHOUT_ADDRESS"]


# ---------------------------------------------------------------- law


def unready(objects: list[Manifest], chosen: set[int]) -> list[Manifest]:
    """Some of the pods that have a status, made not ready."""
    pods = [each for each in objects if each["kind"] == "Pod" and "status" in each]
    marked = [pods[number % len(pods)] for number in chosen] if pods else []
    return [in_state(each, ready="False") if any(each is one for one in marked) else each for each in objects]


@pytest.mark.heavy
@given(manifests(), st.sets(st.integers(0, 4), min_size=1))
def test_readiness_changes_no_verdict_and_no_digest(objects: list[Any], chosen: set[int]) -> None:
    before, after = load_objects(objects), load_objects(unready(objects, chosen))
    assert before.digest == after.digest
    assert (before.pods, before.policies) == (after.pods, after.policies)
    question = "can pods reach pods on tcp/80?"
    assert Session(before).ask(question).verdict == Session(after).ask(question).verdict
