"""Traces can be read: every step is one sentence that names all it speaks of, and open choices are stated."""

from __future__ import annotations

import pytest

from reachproof.network.cluster import Notice
from reachproof.network.flow import Party
from reachproof.network.intervals import EMPTY
from reachproof.network.labels import Selector
from reachproof.network.options import Cni, Options
from reachproof.network.policy import (
    Action,
    AnyPeer,
    Direction,
    DomainPeer,
    NamedPort,
    PodSet,
    PolicyRef,
    PortMatch,
    TierName,
)
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate, truth
from reachproof.semantics.trace import Trace, Truth
from tests.semantics.stage import (
    DB,
    HOST,
    JOB,
    N1,
    N2,
    ORIGIN,
    PODS,
    SHOP,
    WEB,
    WORLD,
    admin_policy,
    flow,
    network_policy,
    rule,
    snapshot,
)

FROM_WEB = PodSet(SHOP, Selector.equal("app", "web"))
ALLOW_DB = network_policy(
    "allow-db",
    Selector.equal("app", "db"),
    ingress=(rule(Action.ALLOW, FROM_WEB, PortMatch(EMPTY, (NamedPort("sql", None),))),),
)
CLOSED = network_policy("closed", Selector(), isolates=tuple(Direction))


def texts(trace: Trace) -> list[str]:
    return [step.text for step in trace.steps]


def codes(trace: Trace) -> list[str]:
    return [notice.code for notice in trace.depends]


def test_a_rule_that_allows() -> None:
    trace = evaluate(snapshot(ALLOW_DB), flow(WEB, DB))
    assert trace.truth is Truth.ALLOWED
    assert texts(trace) == [
        "no policy decides egress from pod shop/web to pod shop/db on tcp/5432; it is allowed by default",
        "NetworkPolicy shop/allow-db rule 0 allows ingress from pod shop/web to pod shop/db on tcp/5432",
    ]
    step = trace.ingress.decider
    assert (step.subject, step.tier, step.action) == (DB, TierName.NETWORK_POLICY, Action.ALLOW)
    assert step.policy == PolicyRef(kind="NetworkPolicy", namespace="shop", name="allow-db")
    assert (step.rule_index, step.rule_name, step.origin, step.depends) == (0, "", ORIGIN, ())


def test_isolation_by_one_policy() -> None:
    trace = evaluate(snapshot(ALLOW_DB), flow(WEB, DB, 80))
    assert trace.truth is Truth.DENIED
    assert trace.ingress.decider.text == (
        "NetworkPolicy shop/allow-db isolates pod shop/db for ingress and none of its rules allows ingress"
        " from pod shop/web to pod shop/db on tcp/80"
    )


def test_isolation_by_several_policies() -> None:
    trace = evaluate(snapshot(ALLOW_DB, CLOSED), flow(WORLD, DB))
    step = trace.ingress.decider
    assert step.text == (
        "NetworkPolicies shop/allow-db and shop/closed isolate pod shop/db for ingress and none of their rules allows"
        " ingress from 203.0.113.7 to pod shop/db on tcp/5432"
    )
    assert [ref.name for ref in step.policies] == ["allow-db", "closed"]
    assert (step.rule_index, step.rule_name, step.action) == (None, "isolation", Action.DENY)


def test_pass_comes_before_what_decides() -> None:
    admin = admin_policy("tenants", ingress=(rule(Action.PASS, PODS, name="own tenant"),))
    trace = evaluate(snapshot(admin, ALLOW_DB), flow(WEB, DB))
    assert [step.text for step in trace.ingress.steps] == [
        'AdminNetworkPolicy tenants rule 0 "own tenant" leaves ingress from pod shop/web to pod shop/db on tcp/5432'
        " to the next tier",
        "NetworkPolicy shop/allow-db rule 0 allows ingress from pod shop/web to pod shop/db on tcp/5432",
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (WORLD, "203.0.113.7 is outside the cluster; no egress policy applies"),
        (N1, "node n1 is not a pod; no egress policy applies"),
        (HOST, "pod shop/host is on the host network; no egress policy applies"),
    ],
)
def test_who_is_no_subject(source: Party, text: str) -> None:
    trace = evaluate(snapshot(CLOSED), flow(source, WEB))
    assert trace.egress.truth is Truth.ALLOWED
    assert texts(trace)[0] == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (N2, "pod shop/db always accepts ingress from the node it runs on: node n2"),
        (HOST, "pod shop/db always accepts ingress from the node it runs on: pod shop/host, on the host network there"),
    ],
)
def test_the_own_node_is_exempt(source: Party, text: str) -> None:
    trace = evaluate(snapshot(CLOSED), flow(source, DB))
    assert trace.truth is Truth.ALLOWED
    assert trace.ingress.decider.text == text
    assert (trace.ingress.decider.policies, trace.ingress.decider.origin) == ((), None)


def test_a_pod_reaches_its_own_address() -> None:
    trace = evaluate(snapshot(CLOSED), flow(DB, DB))
    assert trace.truth is Truth.ALLOWED
    assert texts(trace) == ["pod shop/db reaches its own address; no policy applies to that"] * 2


def test_egress_to_the_own_node_shows_either_outcome() -> None:
    asked = flow(DB, N2)
    allowed, denied = (evaluate(snapshot(CLOSED), asked, prefer=prefer) for prefer in (Action.ALLOW, Action.DENY))
    assert allowed.truth is denied.truth is Truth.EITHER
    unmet = (
        "NetworkPolicy shop/closed isolates pod shop/db for egress and none of its rules allows egress"
        " from pod shop/db to node n2 on tcp/5432"
    )
    assert allowed.egress.decider.text == unmet + ", but NetworkPolicy may not apply to its own node"
    assert denied.egress.decider.text == unmet
    notice = Notice(
        code="OWN_NODE_EGRESS",
        text="whether NetworkPolicy exempts what pod shop/db sends to its own node is not defined",
    )
    assert allowed.depends == denied.depends == (notice,)


def test_a_profile_may_settle_egress_to_the_own_node() -> None:
    settled = snapshot(CLOSED, options=Options(cni=Cni.KUBE_NETWORK_POLICIES))
    trace = evaluate(settled, flow(DB, N2))
    assert trace.truth is Truth.ALLOWED
    assert trace.egress.decider.text.endswith(", but NetworkPolicy does not apply to its own node")


def test_an_unknown_node_is_a_choice() -> None:
    trace = evaluate(snapshot(CLOSED), flow(N1, JOB))
    assert trace.truth is Truth.EITHER
    assert [notice.text for notice in trace.depends] == [
        "whether pod shop/job and node n1 are on the same node is not known"
    ]


def test_a_tie_is_a_choice_and_names_the_policies() -> None:
    tied = snapshot(
        admin_policy("a", priority=7, ingress=(rule(Action.DENY, PODS),)),
        admin_policy("b", priority=7, ingress=(rule(Action.PASS, PODS),)),
    )
    allowed, denied = (evaluate(tied, flow(WEB, DB), prefer=prefer) for prefer in (Action.ALLOW, Action.DENY))
    assert allowed.truth is denied.truth is truth(tied, flow(WEB, DB)) is Truth.EITHER
    assert [step.text for step in allowed.ingress.steps] == [
        "AdminNetworkPolicy b rule 0 leaves ingress from pod shop/web to pod shop/db on tcp/5432 to the next tier",
        "no policy decides ingress from pod shop/web to pod shop/db on tcp/5432; it is allowed by default",
    ]
    assert [step.text for step in denied.ingress.steps] == [
        "AdminNetworkPolicy a rule 0 denies ingress from pod shop/web to pod shop/db on tcp/5432"
    ]
    both = "AdminNetworkPolicy a and AdminNetworkPolicy b"
    text = f"{both} have equal priority 7 and disagree; which one applies is not defined"
    assert allowed.depends == denied.depends == (Notice(code="TIE", text=text, origin=ORIGIN),)


def test_what_a_silent_tier_rests_on_is_carried_to_the_next_step() -> None:
    admin = admin_policy(
        "a", egress=(rule(Action.ALLOW, DomainPeer(("example.com",))), rule(Action.DENY, AnyPeer(), index=1))
    )
    denied = evaluate(snapshot(admin), flow(WEB, WORLD), prefer=Action.DENY)
    assert [step.rule_index for step in denied.egress.steps] == [1]
    assert [notice.text for notice in denied.egress.decider.depends] == [
        "AdminNetworkPolicy a rule 0: whether example.com stands for 203.0.113.7 is not known"
    ]
    open_end = evaluate(snapshot(admin_policy("a", egress=admin.egress[:1])), flow(WEB, WORLD))
    assert open_end.truth is Truth.ALLOWED
    assert codes(open_end) == []


def test_the_baseline_that_a_selection_ends() -> None:
    egress_only = network_policy("out", Selector.equal("app", "db"), isolates=(Direction.EGRESS,))
    under: Snapshot = snapshot(egress_only, options=Options(cni=Cni.KUBE_NETWORK_POLICIES))
    assert evaluate(under, flow(WEB, DB)).ingress.decider.text == (
        "NetworkPolicy shop/out selects pod shop/db, which ends its baseline tier;"
        " ingress from pod shop/web to pod shop/db on tcp/5432 is allowed"
    )
