"""`why` and `explain` say of what may be behind a Service what `can` says, with drawn slices of all sorts."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reachproof.documents.words import Verdict
from reachproof.queries.answer import Answer
from reachproof.queries.ask import Session
from reachproof.queries.explain import explain
from tests.queries.given import Manifest, network_policy, pod, service, session
from tests.queries.test_services import entry, managed

DESTINATIONS = ("service shop/web", "service shop/web or pod shop/p0", "pods except service shop/web", "pods")


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Up to four pods: selected or not, shut or open, and in no slice, in one as ready or not, or on another port."""
    objects: list[Manifest] = [
        pod("shop/client", "10.0.0.9"),
        service("shop/web", {"app": "web"}, {"name": "http", "port": 80, "targetPort": 8080}),
        network_policy("shop/shut", {"state": "shut"}, ingress=[]),
        network_policy("shop/client", {"app": "client"}, ingress=[]),
    ]
    entries: dict[int, list[Manifest]] = {8080: [], 9090: []}
    for number in range(draw(st.integers(1, 4))):
        app, state = draw(st.sampled_from(("web", "web", "db"))), draw(st.sampled_from(("open", "shut")))
        objects.append(pod(f"shop/p{number}", f"10.0.0.{number + 1}", app=app, state=state))
        if draw(st.booleans()):
            listed = entry(f"10.0.0.{number + 1}", f"p{number}", ready=draw(st.booleans()))
            entries[draw(st.sampled_from((8080, 8080, 9090)))].append(listed)
    if draw(st.integers(0, 4)):
        slices = [managed(*found, port={"name": "http", "port": port}) for port, found in entries.items()]
        for number, each in enumerate(slices):
            each["metadata"]["name"] = f"web-{number}"
        objects += slices
    return session(*objects)


def rests_on_it(answer: Answer) -> bool:
    return bool(told(answer))


def told(answer: Answer) -> list[str]:
    return [notice.text for notice in answer.assumptions if notice.code == "BACKEND_LEFT_OPEN"]


@pytest.mark.heavy
@settings(max_examples=max(100, settings().max_examples))
@given(sessions(), st.sampled_from((*DESTINATIONS, *DESTINATIONS[:1] * 3)))
def test_why_and_explain_agree_with_can(asked: Session, destination: str) -> None:
    question = f"can pod shop/client reach any {destination}?"
    can, why = asked.ask(question), asked.ask(f"why {question}")
    explained = explain(asked, "shop/client", destination, "any port")
    event(f"{can.verdict} {rests_on_it(can)}")
    if can.verdict is not Verdict.REACHABLE:
        assert why.verdict is Verdict.UNREACHABLE
        assert all(each.access == "denied" for each in explained.flows)
        return
    assert (why.verdict, rests_on_it(why)) == (Verdict.EXPLAINED, rests_on_it(can))
    possible = [str(each.witness.flow) for each in explained.flows if each.access != "denied"]
    assert possible
    assert rests_on_it(can) is all(any(flow in text for text in told(explained)) for flow in possible)


@pytest.mark.heavy
@settings(max_examples=max(100, settings().max_examples))
@given(sessions())
def test_why_not_says_that_it_can_where_it_surely_can(asked: Session) -> None:
    can = asked.ask("can pod shop/client reach any service shop/web?")
    why_not = asked.ask("why can't pod shop/client reach any service shop/web?")
    others = [notice.text for notice in why_not.warnings if notice.code == "SOME_CAN"]
    event(f"{can.verdict} {rests_on_it(can)} {why_not.verdict}")
    if can.verdict is Verdict.REACHABLE and not rests_on_it(can):
        assert why_not.verdict is Verdict.REACHABLE or "some of these can: " in "".join(others)
    else:
        assert not any("some of these can: " in text for text in others)
        assert can.verdict is Verdict.REACHABLE or why_not.verdict in (Verdict.EXPLAINED, Verdict.UNREACHABLE)
