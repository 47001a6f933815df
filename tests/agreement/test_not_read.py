"""Objects that are not read: evaluator, sets engine and Z3 say of a flow what a reading of the manifests alone says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reachproof.engines.not_read import apart
from reachproof.network.flow import Flow
from reachproof.network.options import Cni, Options
from reachproof.network.policy import Action, Direction, TierName
from reachproof.network.snapshot import Snapshot
from reachproof.semantics.evaluate import evaluate, tiers, truth
from reachproof.semantics.trace import Truth
from reachproof.solver.encoding import prepare
from reachproof.solver.goal import Wanted
from tests.agreement.engines import all_flows_of, asked, looked_up, possible
from tests.agreement.test_agreement import some_of
from tests.strategies.flows import some_flows
from tests.strategies.not_read import actions, snapshots_with
from tests.strategies.vocabulary import Manifest

FLOWS = 80
PROOFS = 2
_OUTCOMES = {
    Truth.ALLOWED: frozenset((Action.ALLOW,)),
    Truth.DENIED: frozenset((Action.DENY,)),
    Truth.EITHER: frozenset((Action.ALLOW, Action.DENY)),
}


def expected(snapshot: Snapshot, rest: Snapshot, unread: list[Manifest], flow: Flow) -> Truth:
    """The truth of a flow, from what it is without the objects and what each can do to it."""
    trace = evaluate(rest, flow)
    sides = []
    for direction in Direction:
        found = set(_OUTCOMES[trace.side(direction).truth])
        if tiers(snapshot, flow, direction):  # else nothing decides about this end
            done = [actions(snapshot, each, flow, direction) for each in unread]
            denying = [each for each, does in zip(unread, done, strict=True) if does == {Action.DENY}]
            if any(is_certain(snapshot, each, unread) for each in denying):
                found = {Action.DENY}
            found.update(action for each in done for action in each)
        sides.append(found)
    allowed = all(Action.ALLOW in side for side in sides)
    denied = any(Action.DENY in side for side in sides)
    return Truth.EITHER if allowed and denied else Truth.ALLOWED if allowed else Truth.DENIED


def is_certain(snapshot: Snapshot, written: Manifest, unread: list[Manifest]) -> bool:
    """True if the object is the one firewall of its namespace, and no admin policy may let traffic past it."""
    past = any(
        policy.tier is TierName.ADMIN and {rule.action for rule in policy.egress} - {Action.DENY}
        for policy in snapshot.policies
    )
    homes = [each["metadata"]["namespace"] for each in unread if each["kind"] == "EgressFirewall"]
    firewall = written["kind"] == "EgressFirewall" and "egress" in written["spec"]
    alone = firewall and homes.count(written["metadata"]["namespace"]) == 1
    return alone and snapshot.options.cni is Cni.OVN_KUBERNETES and not past and _names_nothing(written)


def _names_nothing(written: Manifest) -> bool:
    return not any("dnsName" in rule["to"] for rule in written["spec"]["egress"])


def without(snapshot: Snapshot) -> Snapshot:
    return snapshot.with_policies(tuple(apart(snapshot.policies)[0]))


@pytest.mark.heavy
@settings(max_examples=max(300, settings().max_examples))
@given(snapshots_with(options=Options(cni=Cni.OVN_KUBERNETES), kinds=("EgressFirewall", "SuperNetworkPolicy")))
def test_under_its_implementation_a_firewall_denies_what_its_rules_deny(
    drawn: tuple[Snapshot, list[Manifest]],
) -> None:
    snapshot, unread = drawn
    rest = without(snapshot)
    part, tables = all_flows_of(prepare(snapshot))
    for flow in filter(asked, some_flows(snapshot, FLOWS)):
        found = expected(snapshot, rest, unread, flow)
        assert truth(snapshot, flow) is found, str(flow)
        assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(300, settings().max_examples))
@given(snapshots_with())
def test_the_evaluator_says_what_the_manifests_say(drawn: tuple[Snapshot, list[Manifest]]) -> None:
    snapshot, unread = drawn
    rest = without(snapshot)
    for flow in some_flows(snapshot, FLOWS):
        assert truth(snapshot, flow) is expected(snapshot, rest, unread, flow), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(300, settings().max_examples))
@given(snapshots_with(), st.integers(0, 2**32))
def test_the_sets_engine_says_what_the_manifests_say(drawn: tuple[Snapshot, list[Manifest]], seed: int) -> None:
    snapshot, unread = drawn
    rest = without(snapshot)
    part, tables = all_flows_of(prepare(snapshot))
    for flow in some_of(snapshot, FLOWS, seed):
        found = expected(snapshot, rest, unread, flow)
        assert looked_up(part, tables, flow) == (found is not Truth.DENIED, found is not Truth.ALLOWED), str(flow)


@pytest.mark.heavy
@settings(max_examples=max(60, settings().max_examples))
@given(snapshots_with(), st.integers(0, 2**32))
def test_z3_says_what_the_evaluator_says(drawn: tuple[Snapshot, list[Manifest]], seed: int) -> None:
    snapshot, _ = drawn
    encoding = prepare(snapshot)
    for flow in (each for each in some_of(snapshot, PROOFS, seed) if asked(each)):
        found = truth(snapshot, flow)
        assert possible(encoding, flow, Wanted.CAN_ALLOW) is (found is not Truth.DENIED), str(flow)
        assert possible(encoding, flow, Wanted.CAN_DENY) is (found is not Truth.ALLOWED), str(flow)
