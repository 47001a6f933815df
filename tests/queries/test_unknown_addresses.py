"""Pods whose address is not in the input: all of the range are possible, and an answer says when it matters."""

from __future__ import annotations

from tests.queries.given import Manifest, codes, deployment, network_policy, notice, pod, session, shown, verdict

A = pod("shop/a", "10.1.0.1")
TO_THE_LOWER_HALF: Manifest = network_policy(
    "shop/a",
    {"app": "a"},
    policyTypes=["Ingress", "Egress"],
    egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/25"}}]}],
    ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "d"}}}]}],
)
CLOSED = session(A, deployment("shop/d", 2), TO_THE_LOWER_HALF, podCidr="10.0.0.0/24")
KNOWN = "the address of shop/d is not in the input: any address in 10.0.0.0/24 is taken to be possible; narrow it with "


def test_a_verdict_that_needs_a_certain_address_says_so() -> None:
    answer = CLOSED.ask("can pod shop/a reach deployment shop/d on tcp/80?")
    assert answer.verdict == "reachable"
    assert shown(answer) == "pod shop/a (10.1.0.1) -> pod shop/d (10.0.0.1) on tcp/80"
    assert notice(answer, "POD_ADDRESS_UNKNOWN") == KNOWN + "--pod-cidr (podCidr over HTTP and in Python)"
    assert notice(answer, "DEPENDS_ON_ADDRESS") == (
        "the verdict depends on the address of pod shop/d, which is not in the input"
    )


def test_a_claim_has_to_hold_for_every_address() -> None:
    assert verdict(CLOSED, "no pod shop/a can reach deployment shop/d") == "violated"
    assert verdict(CLOSED, "every pod shop/a can reach deployment shop/d on tcp/80") == "violated"


def test_a_verdict_that_no_address_changes_does_not_depend_on_it() -> None:
    answer = CLOSED.ask("can deployment shop/d reach pod shop/a on tcp/80?")
    assert answer.verdict == "reachable"
    assert codes(answer) == ["POD_ADDRESS_UNKNOWN"]


def test_where_no_policy_and_no_question_asks_for_addresses_nothing_is_said_of_them() -> None:
    plain = session(A, deployment("shop/d"))
    assert codes(plain.ask("can pod shop/a reach deployment shop/d on tcp/80?")) == ["NO_POLICIES"]
    assert codes(plain.ask("can pod shop/a reach 10.0.0.0/8 on tcp/80?")) == ["POD_ADDRESS_UNKNOWN", "NO_POLICIES"]


def test_without_a_range_the_private_ranges_are_possible() -> None:
    answer = session(A, deployment("shop/d")).ask("no pod shop/a can reach 192.168.0.0/16")
    assert answer.verdict == "violated"
    assert notice(answer, "POD_ADDRESS_UNKNOWN") == (
        "the address of shop/d is not in the input: any address in 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, "
        "192.168.0.0/16 is taken to be possible; narrow it with --pod-cidr (podCidr over HTTP and in Python)"
    )


def test_an_address_of_the_range_may_be_the_pods_or_the_worlds() -> None:
    answer = CLOSED.ask("only pods can reach 10.0.0.5 on tcp/80")
    assert answer.verdict == "violated"
    assert shown(answer) == "1.0.0.1 -> pod shop/d (10.0.0.5) on tcp/80"


def test_one_replica_reaches_another_but_not_itself() -> None:
    """At a single address there is only one of them."""
    assert verdict(CLOSED, "can deployment shop/d reach deployment shop/d on tcp/80?") == "reachable"
    there = "(10.0.0.3 except outside the cluster)"
    assert verdict(CLOSED, f"can {there} reach {there}?") == "unreachable, vacuous"
    assert verdict(CLOSED, f"can {there} reach (10.0.0.4 except outside the cluster)?") == "reachable"
    assert verdict(CLOSED, f"every {there} can reach some {there}") == "violated, vacuous"
    assert verdict(CLOSED, f"every {there} can reach every {there}") == "holds, vacuous"
    single = session(deployment("shop/d", 1), podCidr="10.0.0.0/24")
    assert verdict(single, "can deployment shop/d reach deployment shop/d on tcp/80?") == "unreachable, vacuous"
