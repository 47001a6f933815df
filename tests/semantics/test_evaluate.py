"""A flow that cannot be is refused; what a truth is made of."""

from __future__ import annotations

import pytest

from reachproof.network.address import parse_cidrs
from reachproof.network.flow import Flow
from reachproof.network.options import Options
from reachproof.network.policy import Action, Direction
from reachproof.semantics.evaluate import evaluate, truth
from reachproof.semantics.trace import Truth
from tests.semantics.stage import (
    DB,
    HOST,
    JOB,
    JOBS,
    N1,
    N2,
    PODS,
    WEB,
    WORLD,
    admin_policy,
    flow,
    network_policy,
    pod,
    rule,
    snapshot,
)
from tests.semantics.test_trace import CLOSED

NOT_EXTERNAL = "is not external: a pod, a node or a Service has it"
RANGE = Options(pod_range=parse_cidrs(("10.0.0.0/24",)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (flow(WEB, DB, 0), "port 0 is not in 1..65535"),
        (flow(WEB, DB, 65536), "port 65536 is not in 1..65535"),
        (flow(WEB, DB, at=("10.0.0.2", "10.0.0.2")), "10.0.0.2 is no address of pod shop/web"),
        (flow(WEB, N2, at=("10.0.0.1", "192.168.0.1")), "192.168.0.1 is no address of node n2"),
        (flow(WEB, N2, at=("10.0.0.1", "fd01::2")), "10.0.0.1 and fd01::2 are not of one address family"),
        (flow(WORLD, WEB, at=("10.0.0.2", "10.0.0.1")), f"10.0.0.2 {NOT_EXTERNAL}"),
        (
            flow(WEB, WORLD, at=("10.0.0.1", "192.168.0.2")),
            f"192.168.0.2 {NOT_EXTERNAL}",
        ),
        (flow(WEB, WORLD, at=("10.0.0.1", "127.0.0.1")), "127.0.0.1 is not external: it is at no other machine"),
        (flow(JOB, WEB, at=("10.1.0.1", "10.0.0.1")), "10.1.0.1 is no address of pod shop/job"),
        (flow(JOB, WEB, at=("10.0.0.2", "10.0.0.1")), "10.0.0.2 is no address of pod shop/job"),
        (flow(JOB, JOB, at=("10.0.0.7", "10.0.0.8")), "pod shop/job is one pod, and has one address of a family"),
        (flow(pod("gone", "10.0.0.9"), WEB), "pod shop/gone is not in the snapshot"),
        (flow(pod("web", "10.0.0.9"), DB), "pod shop/web is not in the snapshot"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_flow_that_cannot_be_is_refused(wrong: Flow, message: str) -> None:
    for ask in (evaluate, truth):
        with pytest.raises(ValueError) as refusal:
            ask(snapshot(options=RANGE), wrong)
        assert str(refusal.value) == message


@pytest.mark.parametrize(
    "right",
    [
        flow(JOB, WEB, at=("10.0.0.77", "10.0.0.1")),
        flow(JOBS, JOBS, at=("10.0.0.77", "10.0.0.78")),
        flow(JOB, JOB, at=("10.0.0.77", "10.0.0.77")),
        flow(WORLD, WEB, at=("10.0.0.77", "10.0.0.1")),
        flow(HOST, N1),
        flow(N2, WORLD, at=("fd01::2", "2001:db8::1")),
    ],
    ids=str,
)
def test_any_other_address_will_do(right: Flow) -> None:
    assert truth(snapshot(options=RANGE), right) is Truth.ALLOWED


def test_one_denied_direction_is_enough_whatever_the_other_leaves_open() -> None:
    tied = (
        admin_policy("a", egress=(rule(Action.DENY, PODS),)),
        admin_policy("b", egress=(rule(Action.ALLOW, PODS),)),
    )
    assert truth(snapshot(*tied), flow(WEB, DB)) is Truth.EITHER
    closed = network_policy("db", CLOSED.subject.pods)
    trace = evaluate(snapshot(*tied, closed), flow(WEB, DB))
    assert (trace.egress.truth, trace.ingress.truth, trace.truth) == (Truth.EITHER, Truth.DENIED, Truth.DENIED)
    assert trace.depends == ()
    assert [notice.code for notice in trace.egress.depends] == ["TIE"]


def test_replicas_of_an_abstract_pod_are_told_apart_by_address() -> None:
    closed = snapshot(CLOSED)
    assert truth(closed, flow(JOBS, JOBS, at=("10.0.9.1", "10.0.9.1"))) is Truth.ALLOWED
    assert truth(closed, flow(JOBS, JOBS, at=("10.0.9.1", "10.0.9.2"))) is Truth.DENIED


def test_rules_in_a_direction_that_a_policy_does_not_isolate_isolate_nothing() -> None:
    allows = (rule(Action.ALLOW, PODS),)
    open_only = network_policy("db", CLOSED.subject.pods, ingress=allows, isolates=(Direction.EGRESS,))
    assert truth(snapshot(open_only), flow(WORLD, DB)) is Truth.ALLOWED
    assert truth(snapshot(open_only), flow(DB, WORLD)) is Truth.DENIED
