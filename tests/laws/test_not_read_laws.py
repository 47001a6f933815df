"""Laws of objects that are not read: a verdict that is certain is the one that each thing they could be gives.

Such a thing is a policy in the object's place and scope with rules that certainly match: allow all, deny all, deny one
flow, or nothing; or one of a kind that is read, with the object's subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.documents.words import Verdict
from reachproof.engines.not_read import apart, is_not_read
from reachproof.engines.registry import profile_of
from reachproof.network.address import parse_cidrs
from reachproof.network.policy import (
    Action,
    AddressPeer,
    Intersection,
    Policy,
    PolicyRef,
    PortMatch,
    Rule,
    TierName,
)
from reachproof.network.ports import Protocol, port_range
from reachproof.network.snapshot import Snapshot
from reachproof.queries.ask import Session
from reachproof.semantics.evaluate import truth
from reachproof.semantics.trace import Truth
from tests.laws.law import placed
from tests.strategies.flows import some_flows
from tests.strategies.not_read import snapshots_with
from tests.strategies.vocabulary import Manifest

FLOWS = 60
SENTENCES = (
    "can any pod reach any pod on tcp/80",
    "can every pod reach every pod on tcp/80",
    "can every pod in namespace shop reach some pod in namespace bank on tcp/80",
    "no pod in namespace bank can reach pods in namespace shop",
    "no pod in namespace shop can reach 203.0.113.7",
    "every pod in namespace shop can reach every pod in namespace bank on tcp/80",
    "every pod in namespace shop can reach some pod on tcp/80",
    "can some pod in namespace bank reach every pod in namespace shop on tcp/80",
    "only pods in namespace shop can reach pods in namespace shop",
    "pods in namespace shop can reach only pods on tcp/80",
    "namespaces are isolated from each other",
    "every pod in namespace shop is selected by a network policy",
    "the cluster enforces default deny for pods in namespace shop",
    "no possible pod in namespace bank can reach pods in namespace shop",
    "no rule is shadowed",
    "no policy is redundant",
    "no verdict is ambiguous",
)
CERTAIN = (Verdict.REACHABLE, Verdict.UNREACHABLE, Verdict.HOLDS, Verdict.VIOLATED)
ONE_FLOW = PortMatch(port_range(Protocol.TCP, 80, 80))
Resolve = Callable[[Rule], tuple[Rule, ...]]


def nothing(rule: Rule) -> tuple[Rule, ...]:
    return ()


def does(rule: Rule, action: Action) -> bool:
    """True if the rule is the one for this; what lets past a mesh is as good as what allows."""
    return (rule.action is Action.DENY) is (action is Action.DENY)


def matching(action: Action) -> Resolve:
    return lambda rule: (replace(rule, may=False),) if does(rule, action) else ()


def some_of_it(action: Action) -> Resolve:
    """The rule for tcp/80 with a few addresses alone."""

    def resolved(rule: Rule) -> tuple[Rule, ...]:
        few = AddressPeer(parse_cidrs(("10.0.0.0/30", "203.0.113.0/24", "fd00::/127")))
        matches = tuple(replace(each, peer=Intersection((each.peer, few)), ports=ONE_FLOW) for each in rule.matches)
        return (replace(rule, may=False, matches=matches),) if does(rule, action) else ()

    return resolved


RESOLUTIONS: dict[str, Resolve] = {
    "nothing": nothing,
    "allow all": matching(Action.ALLOW),
    "deny all": matching(Action.DENY),
    "allow some": some_of_it(Action.ALLOW),
    "deny some": some_of_it(Action.DENY),
}


def resolved(policy: Policy, resolve: Resolve) -> Policy:
    """One thing that the object could be, in its own place; what its contents say for certain stays."""
    egress, ingress = (
        tuple(each for rule in rules for each in (resolve(rule) if rule.may else (rule,)))
        for rules in (policy.egress, policy.ingress)
    )
    return replace(policy, egress=egress, ingress=ingress, unmodelled=())


def of_a_kind_that_is_read(policy: Policy) -> Policy:
    """An AdminNetworkPolicy with the subject of the object, which denies what the object may deny."""
    return replace(
        resolved(policy, matching(Action.DENY)),
        ref=PolicyRef(kind="AdminNetworkPolicy", namespace="", name=f"for-{policy.ref.name}"),
        tier=TierName.ADMIN,
        priority=5,
        extension=None,
    )


def each_case(snapshot: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    """The snapshot with what the objects could be, by name; without them the two last ones differ in nothing else.

    What an object is known to deny is denied in each of them.
    """
    profile = profile_of(snapshot.options)
    settled = [profile.settled(each, snapshot.policies) for each in snapshot.policies]
    for name, resolve in RESOLUTIONS.items():
        changed = (resolved(each, resolve) if is_not_read(each) else each for each in settled)
        yield name, snapshot.with_policies(tuple(changed))
    read, unread = apart(settled)
    yield "a kind that is read", snapshot.with_policies((*read, *map(of_a_kind_that_is_read, unread)))
    known = [each for each in unread if any(_denies_for_certain(rule) for rule in (*each.egress, *each.ingress))]
    yield "not there", snapshot.with_policies((*read, *(resolved(each, nothing) for each in known)))


def _denies_for_certain(rule: Rule) -> bool:
    return rule.action is Action.DENY and not rule.may


@pytest.mark.heavy
@settings(max_examples=max(150, settings().max_examples))
@given(snapshots_with())
def test_a_certain_truth_is_that_of_whatever_the_objects_are(drawn: tuple[Snapshot, list[Manifest]]) -> None:
    snapshot, _ = drawn
    others = list(each_case(snapshot))
    for flow in some_flows(snapshot, FLOWS):
        found = truth(snapshot, flow)
        for name, other in others:
            assert found is Truth.EITHER or truth(other, placed(other, flow)) is found, f"{flow}: {name}"


@pytest.mark.heavy
@settings(max_examples=max(40, settings().max_examples))
@given(snapshots_with(most_pods=4), st.lists(st.sampled_from(SENTENCES), min_size=3, max_size=3, unique=True))
def test_a_certain_verdict_is_that_of_whatever_the_objects_are(
    drawn: tuple[Snapshot, list[Manifest]], sentences: list[str]
) -> None:
    snapshot, _ = drawn
    session = Session(snapshot)
    cases = [(name, Session(other)) for name, other in each_case(snapshot)]
    for sentence in sentences:
        found = session.ask(sentence)
        if found.verdict in CERTAIN:
            told = {name: other.ask(sentence).verdict for name, other in cases}
            assert set(told.values()) == {found.verdict}, f"{sentence}: {found.verdict}, {told}"


@pytest.mark.heavy
@settings(max_examples=max(40, settings().max_examples))
@given(snapshots_with(most_pods=4), st.sampled_from(SENTENCES))
def test_an_unknown_verdict_names_an_object(drawn: tuple[Snapshot, list[Manifest]], sentence: str) -> None:
    snapshot, _ = drawn
    rest = snapshot.with_policies(tuple(apart(snapshot.policies)[0]))
    if Session(rest).ask(sentence).verdict is Verdict.UNKNOWN:
        return
    found = Session(snapshot).ask(sentence)
    if found.verdict is Verdict.UNKNOWN:
        named = {each.text.partition(" is not read")[0] for each in found.assumptions if each.code == "OBJECT_NOT_READ"}
        assert named
        assert named <= {str(each.ref) for each in apart(snapshot.policies)[1]}
        assert any(name in found.reason for name in named)


def _unread(snapshot: Snapshot) -> list[Policy]:
    return [each for each in snapshot.policies if is_not_read(each)]


CHANGES = ("nothing changed since snapshot old", "nothing is newly allowed since snapshot old")


@pytest.mark.heavy
@settings(max_examples=max(40, settings().max_examples))
@given(snapshots_with(most_pods=4), st.data())
def test_a_certain_verdict_about_two_snapshots_is_that_of_whatever_the_objects_are(
    drawn: tuple[Snapshot, list[Manifest]], data: st.DataObject
) -> None:
    """One policy, read or not, is gone in the later snapshot. What stands behind it may decide then."""
    snapshot, _ = drawn
    gone = data.draw(st.sampled_from(snapshot.policies))
    sentence = data.draw(st.sampled_from(CHANGES))

    def asked(before: Snapshot) -> Verdict:
        left = (each for each in before.policies if each.ref not in (gone.ref, of_a_kind_that_is_read(gone).ref))
        after = before.with_policies(tuple(left))
        return Session(after, {"old": Session(before)}).ask(sentence).verdict

    found = asked(snapshot)
    if found in CERTAIN:
        others = list(each_case(snapshot))[: len(RESOLUTIONS)]
        if all(Action.ALLOW in {rule.action for rule in (*each.egress, *each.ingress)} for each in _unread(snapshot)):
            others += list(each_case(snapshot))[len(RESOLUTIONS) : -1]  # a mesh is a filter of its own, and no tier
        told = {name: asked(other) for name, other in others}
        assert set(told.values()) == {found}, f"{sentence} without {gone.ref}: {found}, {told}"
