"""Addresses that no policy is asked about are refused in every form; sets that hold other addresses go without them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reachproof.grammar.parse import parse_set
from reachproof.network.address import NOT_ROUTED, format_address, parse_address, parse_cidr
from reachproof.network.errors import InputError
from reachproof.network.intervals import IntervalSet
from reachproof.queries.address_sets import why_not_askable
from reachproof.queries.connectivity import Request, connectivity
from reachproof.queries.explain import explain
from tests.api.requests import client, tenants
from tests.queries.given import Manifest, network_policy, pod, refused, session, shown, verdict

LOOP = "127.0.0.1 is loopback, which is the pod itself; no policy sees it; ask about another address"
ONE_END = "policies are about connections with one other end; ask about another address"
NOBODY = "is no address of a machine (a pod that connects to it reaches itself); no policy sees it; ask about another"


def to(*cidrs: str) -> Manifest:
    return network_policy(
        "shop/out", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]}]
    )


PODS = (pod("shop/web", "10.0.0.1", "fd00::1"), pod("shop/db", "10.0.0.2", "fd00::2"))
SHOP = session(*PODS, to("127.0.0.0/8", "::1/128", "224.0.0.0/4", "0.0.0.0/32", "255.255.255.255/32"))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("127.0.0.1", LOOP),
        ("127.0.0.0/8", LOOP.replace("127.0.0.1", "127.0.0.0/8")),
        ("127.0.0.5-127.0.0.9", LOOP.replace("127.0.0.1", "127.0.0.5-127.0.0.9")),
        ("::1", LOOP.replace("127.0.0.1", "::1")),
        ("0.0.0.0", f"0.0.0.0 {NOBODY} address"),
        ("::", f":: {NOBODY} address"),
        ("224.0.0.251", f"224.0.0.251 is multicast; {ONE_END}"),
        ("ff02::fb", f"ff02::fb is multicast; {ONE_END}"),
        ("255.255.255.255", f"255.255.255.255 is the broadcast address; {ONE_END}"),
        ("::ffff:10.0.0.2", "::ffff:10.0.0.2 is IPv4 written as IPv6; ask about 10.0.0.2"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1 is IPv4 written as IPv6; ask about 127.0.0.1"),
        ("::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104 is IPv4 written as IPv6; ask about 10.0.0.0-10.255.255.255"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(written: str, message: str) -> None:
    sentence = f"can pod shop/web reach {written} on tcp/80?"
    assert refused(SHOP, sentence) == [f"24: {message}"]


@pytest.mark.parametrize(
    "sentence",
    [
        "can pod shop/web reach 127.0.0.1?",
        "can 127.0.0.1 reach pod shop/web?",
        "no pod can reach 127.0.0.1",
        "every pod can reach 127.0.0.1",
        "only pod shop/web can reach 127.0.0.1",
        "pods can reach only 127.0.0.1",
        "which pods can reach 127.0.0.1?",
        "which pods can 127.0.0.1 reach?",
        "why can't pod shop/web reach 127.0.0.1?",
        "can pod shop/web reach 10.0.0.0/8 or 127.0.0.1?",
        "can any possible pod reach 127.0.0.1?",
    ],
)
def test_loopback_is_refused_in_every_form(sentence: str) -> None:
    (found,) = refused(SHOP, sentence)
    assert found == f"{sentence.index('127') + 1}: {LOOP}"


def test_loopback_is_refused_in_explanations_and_reports() -> None:
    for ends in (("shop/web", "127.0.0.1"), ("127.0.0.1", "shop/web")):
        with pytest.raises(InputError) as error:
            explain(SHOP, *ends, "tcp/80")
        assert LOOP in str(error.value)
    for request in (Request(source=parse_set("127.0.0.1")), Request(destination=parse_set("127.0.0.1"))):
        with pytest.raises(InputError) as error:
            connectivity(SHOP, request)
        assert LOOP in str(error.value)


def test_loopback_is_refused_over_http() -> None:
    bodies = {
        "/query": {"query": "can any pod reach 127.0.0.1?"},
        "/explain": {"source": "pods", "destination": "127.0.0.1", "port": "80"},
        "/connectivity": {"dst": "127.0.0.1"},
    }
    for path, body in bodies.items():
        response = client(tenants()).post(path, json=body)
        assert response.status_code == 422
        assert LOOP in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("sentence", ["can any pod reach 0.0.0.0/0?", "can any pod reach outside the cluster?"])
def test_a_wide_set_goes_without_what_leads_nowhere(sentence: str) -> None:
    assert verdict(SHOP, sentence) == "unreachable"
    open_to = session(*PODS, to("126.0.0.0/7", "223.255.255.255/32"))
    answer = open_to.ask(sentence)
    assert str(answer.verdict) == "reachable"
    assert not parse_cidr("127.0.0.0/8") & IntervalSet.single(answer.witness.flow.destination_address)  # type: ignore[union-attr]


def test_what_is_taken_away_may_lead_nowhere() -> None:
    assert verdict(SHOP, "can any pod reach 0.0.0.0/0 except 127.0.0.0/8?") == "unreachable"
    assert verdict(SHOP, "no pod can reach outside the cluster except to 127.0.0.1") == "holds"


@pytest.mark.parametrize("written", ["169.254.169.254", "169.254.20.10", "fe80::1", "240.0.0.1", "10.0.0.0/8", "::/0"])
def test_link_local_and_other_addresses_stay_askable(written: str) -> None:
    assert verdict(session(*PODS), f"can pod shop/web reach {written}?") == "reachable"


def test_a_report_shows_the_outside_without_holes() -> None:
    ends = {str(end) for end in connectivity(session(*PODS), Request()).ends}
    assert ends == {"shop/db", "shop/web", "0.0.0.0/0,::/0"}


@given(st.sampled_from([0, parse_address("::")]), st.integers(0, 2**32 - 1), st.integers(0, 2**20))
def test_exactly_the_ranges_inside_are_refused(base: int, low: int, length: int) -> None:
    high = min(base + low + length, base + 2**32 - 1)
    inside = IntervalSet(((base + low, high),)) <= NOT_ROUTED
    assert (why_not_askable(format_address(base + low), base + low, high) is not None) is inside


def test_a_witness_is_still_an_address_outside() -> None:
    assert shown(session(*PODS).ask("can pod shop/web reach 0.0.0.0/0?")).startswith("pod shop/web (10.0.0.1) -> ")
